"""Shares by name: the first is drawn, each as often as its share says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from routing.strategies.naming import Named
from routing.strategies.seen import tie

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from routing.strategies.seen import Seen

SMALLEST_SHARE = 1e-9  # of the largest; less is nothing, and no number gets lost between them


@dataclass(frozen=True, slots=True)
class Weighted:
    """The first is drawn by ``shares``, which give services, models or offerings a weight, in any unit.

    Several candidates of one name share its weight evenly. After the first come the others, the larger weight first,
    and at last those that have none, by utility.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    _weights: Named[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse shares that are none."""
        for name, share in self.shares.items():
            if not 0 <= share < float("inf"):
                raise ValueError(f"the share of {name} is {share}; it must be at least 0")
        most = max(self.shares.values(), default=0)
        if not most:
            raise ValueError("weighted needs shares that are not all 0, such as {openai: 0.9, mistral: 0.1}")
        weights = {name: share / most for name, share in self.shares.items()}
        object.__setattr__(
            self, "_weights", Named({name: weight for name, weight in weights.items() if weight >= SMALLEST_SHARE})
        )

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:
        """Draw the first, and sort the others."""
        weights = self._weights_of(seen)
        if not weights:
            seen.sort(key=lambda one: (-one.utility, *tie(one)))
            return 1.0
        seen.sort(key=lambda one: (-weights.get(one.offering.offering_id, 0.0), -one.utility, *tie(one)))
        total = sum(weights.values())
        left = chance() * total
        place = 0
        for place in range(len(weights)):
            left -= weights[seen[place].offering.offering_id]
            if left < 0:
                break
        first = seen.pop(place)
        seen.insert(0, first)
        return weights[first.offering.offering_id] / total

    def chance_of(self, one: Seen, seen: list[Seen]) -> float:
        """How often one of them is drawn first."""
        weights = self._weights_of(seen)
        if not weights:
            best = min(seen, key=lambda other: (-other.utility, *tie(other)))
            return float(best.offering.offering_id == one.offering.offering_id)
        return weights.get(one.offering.offering_id, 0.0) / sum(weights.values())

    def _weights_of(self, seen: list[Seen]) -> dict[int, float]:
        """The weights of those that have one, by offering id."""
        found: dict[int, tuple[str, float]] = {}
        sharing: dict[str, int] = {}
        for one in seen:
            named = self._weights.of(one.offering)
            if named is not None:
                found[one.offering.offering_id] = named
                sharing[named[0]] = sharing.get(named[0], 0) + 1
        return {offering_id: weight / sharing[name] for offering_id, (name, weight) in found.items()}
