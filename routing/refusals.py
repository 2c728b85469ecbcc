"""What is said of a call that a budget or a limit does not let pass: the exclusion, and a sentence with a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.words import Exclusion, format_usd
from routing.purses import BUDGET, PLACES, REQUESTS

if TYPE_CHECKING:
    from routing.constraints import Refusal
    from routing.purses import Pocket


def refusal_of(pocket: Pocket, need: int, now: float) -> Refusal:
    """There is not enough left of it for ``need``."""
    purse, label, amount = pocket.purse, pocket.label, pocket.amount
    if pocket.index == BUDGET:
        left = f"has {format_usd(max(0, purse.left))} left of {format_usd(amount)} a {pocket.per}"
        soon = "" if pocket.per == "run" else f"; the next {pocket.per} begins in {_told(purse.window_ends - now)}"
        return Exclusion.BUDGET, f"the budget {label} {left}, and this may cost {format_usd(need)}{soon}"
    if pocket.index == PLACES:
        return Exclusion.LIMIT, f"{label} takes {amount:,} calls at once, and so many are under way"
    if pocket.index == REQUESTS:
        used = f"{label} takes {amount:,} requests a minute, and they are used"
        return Exclusion.LIMIT, f"{used}; the next minute begins in {_told(purse.window_ends - now)}"
    if need > amount:
        return Exclusion.LIMIT, f"it may need {need:,} tokens, and {label} takes {amount:,} a minute"
    used = f"{label} takes {amount:,} tokens a minute, and fewer are left than the {need:,} that this may need"
    return Exclusion.LIMIT, f"{used}; the next minute begins in {_told(purse.window_ends - now)}"


def unknown_price(pocket: Pocket) -> Refusal:
    """A budget that cannot be checked is not kept."""
    return Exclusion.BUDGET, f"its price is unknown, and the budget {pocket.label} bounds what may be spent"


def unreachable(pocket: Pocket) -> Refusal:
    """Nor is one that only a database knows which does not answer."""
    sentence = "cannot be checked: the database does not answer. Work without a budget goes on"
    return Exclusion.BUDGET, f"the budget {pocket.label} {sentence}"


def _told(seconds: float) -> str:
    """A time that is still to pass, as people say it.

    >>> _told(42.0), _told(5_400.0), _told(200_000.0)
    ('42 s', '2 h', '3 days')
    """
    if seconds < 120:
        return f"{max(0.0, seconds):.0f} s"
    if seconds < 3_600:
        return f"{seconds / 60:.0f} min"
    return f"{-(-seconds // 3_600):.0f} h" if seconds < 86_400 else f"{-(-seconds // 86_400):.0f} days"
