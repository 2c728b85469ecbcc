"""The weighted objective: the sum of quality, cost and speed by the policy's weights, highest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.strategies.seen import tie

if TYPE_CHECKING:
    from collections.abc import Callable

    from routing.strategies.seen import Seen


@dataclass(frozen=True, slots=True)
class BestObjective:
    """Highest utility first."""

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by utility."""
        seen.sort(key=lambda one: (-one.utility, *tie(one)))
        return 1.0
