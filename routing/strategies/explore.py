"""Exploring: now and then another one first, so that there is something to learn from what was not the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.strategies.seen import drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen, Strategy


@dataclass(frozen=True, slots=True)
class Explore:
    """Orders as ``of`` does; in a ``share`` of decisions one of those behind the first is put before it, evenly.

    Whoever comes first, it is known how likely that was: both ways of coming there count.
    """

    share: float
    of: Strategy

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0 <= self.share <= 1:
            raise ValueError(f"the share of explore is {self.share}; it must be between 0 and 1")

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:
        """Order as it would be, and perhaps put another one first."""
        usual = self.of.order(seen, chance)
        others = len(seen) - 1
        chance_of = getattr(self.of, "chance_of", None)
        if others < 1 or not self.share or (usual < 1 and chance_of is None):
            return usual  # what draws and does not say how likely each is cannot be explored honestly
        if chance() < self.share:
            first = seen.pop(1 + drawn(chance, others))
            seen.insert(0, first)
            usual = 0.0 if usual >= 1 or chance_of is None else chance_of(first, seen)
        return (1 - self.share) * usual + self.share * (1 - usual) / others

    def learn(self, offering_id: int, *, good: bool, cost_nanousd: int, latency_ms: float) -> None:
        """Pass on what came of a call to a strategy that learns."""
        learn = getattr(self.of, "learn", None)
        if learn is not None:
            learn(offering_id, good=good, cost_nanousd=cost_nanousd, latency_ms=latency_ms)
