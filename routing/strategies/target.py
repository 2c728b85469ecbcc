"""A target: the best, the cheapest or the fastest within bounds; where nothing is within, what misses them least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.strategies.seen import tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.words import Target
    from routing.strategies.seen import Seen

_FAR = 1e9  # how far from a bound an offering is whose price nobody knows


@dataclass(frozen=True, slots=True)
class Towards:
    """Those that keep to all bounds first, by the target's goal; then the others, by how much they miss in all."""

    target: Target

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by what the bounds are missed by, and then by the goal."""
        seen.sort(key=lambda one: (self._missed(one), self._goal(one) / one.factor, -one.utility, *tie(one)))
        return 1.0

    def _missed(self, one: Seen) -> float:
        """By how much of the bounds, added up: 0.5 is half as dear again as allowed."""
        target, missed = self.target, 0.0
        if target.min_quality:
            missed += max(0.0, 1 - one.quality / target.min_quality)
        if target.max_cost_nanousd is not None:
            missed += _over(one.expected_nanousd, target.max_cost_nanousd)
        if target.max_latency_ms is not None:
            missed += max(0.0, one.latency_ms / target.max_latency_ms - 1)
        return missed

    def _goal(self, one: Seen) -> float:
        """What is to be small."""
        if self.target.goal == "quality":
            return 1 - one.quality
        if self.target.goal == "speed":
            return one.latency_ms
        return float("inf") if one.expected_nanousd is None else float(one.expected_nanousd)


def _over(nanousd: int | None, most_nanousd: int) -> float:
    if nanousd is None:
        return _FAR
    if not most_nanousd:
        return _FAR if nanousd else 0.0
    return max(0.0, nanousd / most_nanousd - 1)
