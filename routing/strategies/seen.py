"""What a strategy sees of each candidate, and what it does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.words import Offering


class Seen(NamedTuple):
    """A candidate at the moment of a decision.

    ``utility``, ``quality``, ``cost`` and ``speed`` lie in 0..1, 1 best, as the policy's objective sees them.
    ``expected_nanousd`` is what a call is expected to cost, None where the price is unknown; ``latency_ms`` how long
    calls take lately; ``in_flight`` how many are under way from here. ``factor`` is how much more (or less) it is liked
    than others by rules and for what it has in its cache; the utility has it already.
    """

    offering: Offering
    utility: float
    quality: float
    cost: float
    speed: float
    expected_nanousd: int | None
    latency_ms: float
    in_flight: int
    factor: float = 1.0


class Strategy(Protocol):
    """Puts candidates in order. One object serves all decisions of a policy, in one event loop."""

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:
        """Sort ``seen`` in place, the first to be asked in front; the probability with which that one came first.

        ``chance`` gives numbers in 0..1, evenly spread. Ties go to the service with the lower priority number, then to
        the lower offering id, so that the same circumstances lead to the same route.
        """
        ...


def tie(one: Seen) -> tuple[int, int]:
    """What decides between equals."""
    return one.offering.service.priority, one.offering.offering_id
