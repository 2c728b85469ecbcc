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


UNKNOWN_PRICE_NANOUSD = 5_000_000  # what text costs at a good model, more or less: neither free nor hopeless


class Strategy(Protocol):
    """Puts candidates in order. One object serves all decisions of a policy, in one event loop.

    One that draws has ``chance_of`` too (:class:`Drawing`), one that learns ``learn`` (:class:`Learning`).
    """

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:
        """Sort ``seen`` in place, the first to be asked in front; the probability with which that one came first.

        ``chance`` gives numbers in 0..1, evenly spread. Ties go to the service with the lower priority number, then to
        the lower offering id, so that the same circumstances lead to the same route.
        """
        ...


class Drawing(Strategy, Protocol):
    """A strategy that leaves something to chance, and says how likely each candidate was to come first."""

    def chance_of(self, one: Seen, seen: list[Seen]) -> float:
        """The probability with which :meth:`order` puts ``one`` of ``seen`` first, whatever order they are in."""
        ...


class Learning(Strategy, Protocol):
    """A strategy that is told what came of calls that were judged."""

    def learn(self, offering_id: int, *, good: bool, cost_nanousd: int, latency_ms: float) -> None:
        """A call of that offering passed its critical checks, or did not. Called on the way of each call: be quick."""
        ...


def drawn(chance: Callable[[], float], count: int) -> int:
    """A place in 0..count - 1, drawn evenly."""
    return min(int(chance() * count), count - 1)


def price_of(one: Seen) -> int:
    """What a call is expected to cost, in nano-dollars; what text costs more or less where nobody knows."""
    return UNKNOWN_PRICE_NANOUSD if one.expected_nanousd is None else one.expected_nanousd


def tie(one: Seen) -> tuple[int, int]:
    """What decides between equals."""
    return one.offering.service.priority, one.offering.offering_id
