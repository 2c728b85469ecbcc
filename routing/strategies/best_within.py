"""The best within a price and a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.words import usd_to_nanousd
from routing.strategies.seen import tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen

_INFINITE = float("inf")


@dataclass(frozen=True, slots=True)
class BestWithin:
    """The best of those expected to cost and to take at most so much, then the others by how little they exceed it.

    The price's bound is given in nano-dollars or, as text, in dollars (``max_usd``). An unknown price is not within a
    bound on the price.
    """

    max_nanousd: int | None = None
    max_latency_ms: float | None = None
    max_usd: str | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that make no sense."""
        if self.max_usd is not None:
            if self.max_nanousd is not None:
                raise ValueError("best_within takes max_usd or max_nanousd, not both")
            object.__setattr__(self, "max_nanousd", _nanousd(self.max_usd))
        if self.max_nanousd is None and self.max_latency_ms is None:
            raise ValueError('best_within needs a bound: max_usd, such as "0.01", or max_latency_ms')
        if self.max_nanousd is not None and not 0 <= self.max_nanousd < _INFINITE:
            raise ValueError(f"the most it may cost is {self.max_nanousd} nano-dollars; it must be at least 0")
        if self.max_latency_ms is not None and not 0 < self.max_latency_ms < _INFINITE:
            raise ValueError(f"max_latency_ms is {self.max_latency_ms}; it must be more than 0")

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by excess, then by quality."""
        seen.sort(key=lambda one: (self._excess(one), -one.quality * one.factor, -one.utility, *tie(one)))
        return 1.0

    def _excess(self, one: Seen) -> float:
        """By which share of a bound it is passed at most; 0 within both."""
        excess = 0.0
        if self.max_nanousd is not None:
            price = one.expected_nanousd
            if price is None or (price > 0 and not self.max_nanousd):
                return _INFINITE
            if price > self.max_nanousd:
                excess = price / self.max_nanousd - 1
        if self.max_latency_ms is not None and one.latency_ms > self.max_latency_ms:
            excess = max(excess, one.latency_ms / self.max_latency_ms - 1)
        return excess


def _nanousd(amount: str) -> int:
    try:
        return usd_to_nanousd(str(amount))
    except (ArithmeticError, ValueError):
        raise ValueError(f'max_usd is {amount!r}; write an amount of dollars, such as "0.01"') from None
