"""Where the fewest calls are under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.strategies.seen import tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen


@dataclass(frozen=True, slots=True)
class LeastBusy:
    """Fewest in flight from here first, equals by utility."""

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by calls under way."""
        seen.sort(key=lambda one: (one.in_flight, -one.utility, *tie(one)))
        return 1.0
