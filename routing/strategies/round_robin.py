"""One after the other, each in its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.strategies.seen import tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen

MOST_REMEMBERED = 10_000


class RoundRobin:
    """The one whose turn lies back longest comes first: also where candidates come and go, each gets as many turns."""

    __slots__ = ("_turn", "_turns")

    def __init__(self) -> None:
        self._turn = 0
        self._turns: dict[int, int] = {}

    def __repr__(self) -> str:
        return "RoundRobin()"

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by whose turn lies back longest, and count this one as the first one's."""
        turns = self._turns
        seen.sort(key=lambda one: (turns.get(one.offering.offering_id, 0), *tie(one)))
        if seen:
            self._turn += 1
            if len(turns) >= MOST_REMEMBERED:
                turns.clear()
            turns[seen[0].offering.offering_id] = self._turn
        return 1.0
