"""Money as whole nano-dollars: 1 USD = 1,000,000,000 nanousd, in a 64-bit integer."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

NANOUSD_PER_USD = 1_000_000_000


def usd_to_nanousd(amount_usd: Decimal | str | int) -> int:
    """Whole nano-dollars in an amount of dollars, rounded up so that nothing is booked too low.

    Takes no float: 0.1 has none that is exact.

    >>> usd_to_nanousd("0.15")
    150000000
    """
    return int((Decimal(amount_usd) * NANOUSD_PER_USD).to_integral_value(rounding=ROUND_CEILING))


def format_usd(amount_nanousd: int) -> str:
    """An amount as people read it: two significant digits below a cent, else cents.

    >>> format_usd(0), format_usd(1_230_000_000), format_usd(42_000), format_usd(7)
    ('$0', '$1.23', '$0.000042', '$0.000000007')
    """
    if amount_nanousd == 0:
        return "$0"
    amount = Decimal(amount_nanousd) / NANOUSD_PER_USD
    if abs(amount) >= Decimal("0.01"):
        return f"${amount:,.2f}"
    digits = -amount.adjusted() + 1
    return "$" + f"{amount:.{digits}f}".rstrip("0")
