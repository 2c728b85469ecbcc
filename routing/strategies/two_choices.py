"""The power of two choices on latency and load: of two drawn ones, the one that will be done sooner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.strategies.seen import drawn, tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen


@dataclass(frozen=True, slots=True)
class TwoChoices:
    """Two are drawn evenly, and that of the lower latency x (1 + in flight) comes first; the others by the same.

    Many processes that each go by what they saw last do not all run to the same one (Mitzenmacher, "The power of two
    choices in randomized load balancing", 2001); the latency is a moving average that believes what is late, as in
    Finagle's peak EWMA.
    """

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:
        """Sort by load, and draw two."""
        seen.sort(key=_load)
        count = len(seen)
        if count < 2:
            return 1.0
        one, other = drawn(chance, count), drawn(chance, count - 1)
        other += other >= one
        place = min(one, other)
        first = seen.pop(place)
        seen.insert(0, first)
        return _chance_at(place, count)

    def chance_of(self, one: Seen, seen: list[Seen]) -> float:
        """How often one of them comes first."""
        load, count = _load(one), len(seen)
        return 1.0 if count < 2 else _chance_at(sum(_load(other) < load for other in seen), count)


def _load(one: Seen) -> tuple[float, int, int]:
    return (one.latency_ms * (1 + one.in_flight) / one.factor, *tie(one))


def _chance_at(place: int, count: int) -> float:
    """How often the one at that place of the sorted ones wins: in every pair with one that is behind it."""
    return 2 * (count - 1 - place) / (count * (count - 1))
