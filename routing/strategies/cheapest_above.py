"""The cheapest above a floor of quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.strategies.seen import price_of, tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen


@dataclass(frozen=True, slots=True)
class CheapestAbove:
    """The cheapest of those whose quality is at least ``min_quality`` (0..1), then the others, the best first."""

    min_quality: float = 0.8

    def __post_init__(self) -> None:
        """Refuse a floor that nothing can stand on."""
        if not 0 <= self.min_quality <= 1:
            raise ValueError(f"min_quality is {self.min_quality}; it must be between 0 and 1")

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by price above the floor, by quality below it."""
        floor = self.min_quality

        def key(one: Seen) -> tuple[bool, float, float, int, int]:
            if one.quality >= floor:
                return (False, price_of(one) / one.factor, -one.quality, *tie(one))
            return (True, -one.quality * one.factor, price_of(one), *tie(one))

        seen.sort(key=key)
        return 1.0
