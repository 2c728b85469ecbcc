"""The least expected cost of a good answer, in money and in time, where checks tell good answers from bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.words import NANOUSD_PER_USD
from routing.strategies.seen import UNKNOWN_PRICE_NANOUSD

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen

_LEAST_QUALITY = 0.01


@dataclass(frozen=True, slots=True)
class LeastExpectedCost:
    """Candidates by what asking them costs, over how likely their answer is good; the lowest ratio first.

    A call costs its price and its time, at ``usd_per_second``. Candidates are asked one after the other until an answer
    passes its checks; going by this ratio makes the whole walk as cheap as any order can (Mitten, "An analytic
    solution to the least cost testing sequence problem", 1960).
    """

    usd_per_second: float = 0.002

    def __post_init__(self) -> None:
        """Refuse a value of time that makes no sense."""
        if not 0 <= self.usd_per_second < float("inf"):
            raise ValueError(f"usd_per_second is {self.usd_per_second}; it must be at least 0")

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by cost over quality."""
        nanousd_per_ms = self.usd_per_second * NANOUSD_PER_USD / 1_000
        rated = []
        for one in seen:
            offering, _, quality, _, _, expected, latency_ms, in_flight, factor = one
            cost = (UNKNOWN_PRICE_NANOUSD if expected is None else expected) + nanousd_per_ms * latency_ms
            good = quality if quality > _LEAST_QUALITY else _LEAST_QUALITY  # noqa: FURB136 - a call less
            if factor != 1.0:
                good *= max(factor, _LEAST_QUALITY)
            rated.append((cost / good, in_flight, offering.service.priority, offering.offering_id, one))
        rated.sort()
        seen[:] = [rating[4] for rating in rated]
        return 1.0
