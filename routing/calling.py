"""Calls with places: one attempt, and others beside it where it is late; what each teaches and has cost is taken in."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from registry.words import FailureClass
from routing.estimating import expected_cost_nanousd
from routing.hedging import SHORTEST_HEDGE_SECONDS, HedgeBudget, Race
from routing.tries import Begun

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from registry.words import Offering, Streaming
    from routing.attempting import Attempting
    from routing.health import Health
    from routing.placing import Placing
    from routing.spending import Spending
    from routing.tries import Outcome
    from routing.walking import Placed, Walk

    Recorded = Callable[[Outcome], None]

T = TypeVar("T")

SHORTEST_ATTEMPT_SECONDS = 0.05  # with less than this left, nothing is begun
VERY_LATE = 4  # times as long as what is late: then even the same offering is asked beside itself
CROWDED_SECONDS = 2.0  # the longest Retry-After of one who wants for places: they come free with the next answer
SHARE_OF_TIME = 0.5  # of what is left until the deadline, for an attempt while others wait for their turn


class Calling:
    """Makes calls. ``settled`` hears of one that failed while another to the same end is under way."""

    def __init__(
        self,
        *,
        attempting: Attempting,
        health: Health,
        placing: Placing,
        spending: Spending,
        clock: Callable[[], float],
        settled: Callable[[Walk, Outcome], None],
    ) -> None:
        self._attempting = attempting
        self._health = health
        self._placing = placing
        self._spending = spending
        self._clock = clock
        self.settled = settled
        self.alarms = attempting.alarms  # one timer for deadlines and for late calls
        self._hedges = HedgeBudget()

    def call(self, walk: Walk, placed: Placed, recorded: Recorded) -> Coroutine[None, None, Outcome]:
        """One attempt, and another beside it where it is late; every outcome is taken in. To be awaited."""
        late_ms = placed.standing.latency.late_ms
        first = self.attempt(walk, placed, recorded)
        if late_ms is None or not walk.policy.hedge.calls_share:  # too little is known, or nobody may step in
            return first
        return _WholeRace(self, walk, placed, recorded, late_ms).run(first)

    def begin(
        self, walk: Walk, placed: Placed, recorded: Recorded, streaming: Streaming
    ) -> Coroutine[None, None, Begun | Outcome]:
        """Begin a call, and another beside it where its first output is late; whoever begins first goes on.

        What comes of a call that goes on is to be told to :meth:`ended`.
        """
        late_ms = placed.standing.opening(streaming).late_ms
        first = self.open(walk, placed, recorded, streaming)
        if late_ms is None or not walk.policy.hedge.calls_share:
            return first
        return _OpeningRace(self, walk, placed, recorded, late_ms, streaming).run(first)

    def won(self, offering: Offering) -> None:
        """A call there, beside a late one, came first."""
        self._health.of(offering).hedges_won += 1

    def late(self, placed: Placed, so_far_seconds: float) -> None:
        """A call takes longer than nearly all before it."""
        self._health.late(placed.offering, so_far_seconds * 1_000)

    def ended(self, walk: Walk, begun: Begun, outcome: Outcome) -> None:
        """Take in how a call that was begun has ended."""
        assert begun.placed is not None  # noqa: S101 - whoever begins it takes a place
        self._leave(walk, begun.placed, outcome)

    def unused(self, placed: Placed) -> None:
        """A place that was taken is left, and nothing was sent."""
        if placed.looks:
            placed.standing.breaker.unsaid()
        placed.standing.is_probed = placed.standing.is_probed and not placed.is_probe
        self._spending.release(placed)
        self._placing.leave(placed)

    def share_of_time(self, walk: Walk) -> float:
        """The seconds for an attempt: whoever hangs may not use up the time of those that come next."""
        seconds = walk.deadline - self._clock()
        others = walk.route or walk.again
        return max(SHORTEST_ATTEMPT_SECONDS, SHARE_OF_TIME * seconds) if others else seconds

    def beside(self, walk: Walk, late: Placed, *, is_very_late: bool) -> Placed | None:
        """A place for a call beside a late one; at the offering that is late itself only where no other is left."""
        if walk.deadline - self._clock() < SHORTEST_ATTEMPT_SECONDS or self._placing.is_crowded:
            return None
        placed = self._placing.take_beside(walk, late.offering if is_very_late else None, self._spending.affordable)
        if placed is None:
            return None
        expected = expected_cost_nanousd(placed.offering, walk.needs)
        may = self._spending.try_hold(walk, placed) and self._hedges.afford(placed.standing.usual_nanousd(expected))
        if not may:
            self._spending.release(placed)
            self._placing.put_back(walk, placed)
            return None
        placed.standing.hedges_made += 1
        return placed

    async def attempt(self, walk: Walk, placed: Placed, recorded: Recorded) -> Outcome:
        """One call with its place, to its end."""
        walk.held_nanousd += placed.expected_nanousd
        outcome: Outcome | None = None

        def given_up(cancelled: Outcome) -> None:
            nonlocal outcome
            outcome = _bounded(placed, cancelled)
            recorded(outcome)

        try:
            outcome = await self._attempting.attempt(
                placed.number, walk.request, placed.offering, self.share_of_time(walk), given_up, walk.accept
            )
            recorded(_bounded(placed, outcome))
            return outcome
        finally:
            self._leave(walk, placed, outcome)

    async def open(self, walk: Walk, placed: Placed, recorded: Recorded, streaming: Streaming) -> Begun | Outcome:
        """One call with its place, to its beginning."""
        walk.held_nanousd += placed.expected_nanousd
        begun: Begun | Outcome | None = None

        def given_up(cancelled: Outcome) -> None:
            nonlocal begun
            begun = _bounded(placed, cancelled)
            recorded(begun)

        seconds = self.share_of_time(walk), walk.deadline - self._clock()
        began = self._clock()
        try:
            begun = await self._attempting.begin(
                placed.number, walk.request, placed.offering, seconds, given_up, streaming
            )
            if isinstance(begun, Begun):
                begun.placed = placed
                now = self._clock()
                placed.standing.opening(streaming).took(1_000 * (now - began), now)
            else:
                recorded(_bounded(placed, begun))
            return begun
        finally:
            if not isinstance(begun, Begun):
                self._leave(walk, placed, begun)

    async def give_up(self, walk: Walk, begun: Begun, recorded: Recorded) -> None:
        """Break off a call that began too late to be of use."""
        try:
            await begun.close()
        finally:
            outcome = begun.under_way.cancelled(begun.folding.so_far())
            recorded(outcome)
            self.ended(walk, begun, outcome)

    def _leave(self, walk: Walk, placed: Placed, outcome: Outcome | None) -> None:
        """Leave a place; without an ``outcome`` nobody knows what the call has come to."""
        walk.held_nanousd -= placed.expected_nanousd
        placed.standing.places.leave()
        if outcome is None:
            self._spending.settle(placed, None)
        else:
            self._took_in(walk, placed, outcome)
        self._placing.changed(placed.offering)

    def _took_in(self, walk: Walk, placed: Placed, outcome: Outcome) -> None:
        """Learn from how an attempt has ended."""
        attempt, standing, health = outcome.attempt, placed.standing, self._health
        walk.attempts.append(attempt)
        self._spending.settle(placed, attempt)
        failure = attempt.failure
        hedge = walk.policy.hedge
        if placed.is_probe:
            standing.probed(self._clock(), worked=failure is None)
            if failure is None:
                health.answered_a_probe(placed.offering)
        if failure is None:
            standing.places.taken(placed.at_once, self._clock(), placed.turned_before)
            health.succeeded(placed.offering, attempt.latency_ms)
            standing.cost(attempt.cost_nanousd)
            self._hedges.earn(
                calls_share=hedge.calls_share, cost_share=hedge.cost_share, cost_nanousd=attempt.cost_nanousd
            )
        else:
            self._took_in_failure(placed, outcome, failure)

    def _took_in_failure(self, placed: Placed, outcome: Outcome, failure: FailureClass) -> None:
        attempt, standing = outcome.attempt, placed.standing
        if failure is FailureClass.TRANSIENT or (failure is FailureClass.INVALID_OUTPUT and outcome.reply is None):
            self._health.broke(placed.offering)
        elif failure is FailureClass.RATE_LIMITED:
            if (outcome.retry_after_seconds or 0.0) <= CROWDED_SECONDS:  # who names a longer time means it
                outcome.is_crowding = standing.places.turned_away(placed.at_once, self._clock())
            if placed.looks:
                standing.breaker.unsaid()
        elif failure is FailureClass.CANCELLED:
            if outcome.reply is None:  # else it was answering, and nobody listened any more
                standing.latency.is_late(attempt.latency_ms, self._clock())
            if placed.looks:
                standing.breaker.unsaid()
        else:
            standing.places.taken(placed.at_once, self._clock(), placed.turned_before)
            standing.breaker.worked()


class _Race(Race[T]):
    """A call of a walk and those beside it."""

    __slots__ = ("_calling", "_late_ms", "_placed", "_recorded", "_walk")

    def __init__(self, calling: Calling, walk: Walk, placed: Placed, recorded: Recorded, late_ms: float) -> None:
        Race.__init__(self, calling.alarms, max(SHORTEST_HEDGE_SECONDS, late_ms / 1_000))
        self._calling = calling
        self._walk = walk
        self._placed = placed
        self._recorded = recorded
        self._late_ms = late_ms

    def late(self, so_far_seconds: float) -> None:
        self._calling.late(self._placed, so_far_seconds)

    def second(self, so_far_seconds: float) -> Coroutine[None, None, T] | None:
        is_very_late = so_far_seconds >= VERY_LATE * max(SHORTEST_HEDGE_SECONDS, self._late_ms / 1_000)
        placed = self._calling.beside(self._walk, self._placed, is_very_late=is_very_late)
        return None if placed is None else self._call(placed)

    @abstractmethod
    def _call(self, placed: Placed) -> Coroutine[None, None, T]:
        """Another call to the same end."""


class _WholeRace(_Race["Outcome"]):
    """Calls for a whole answer."""

    __slots__ = ()

    def _call(self, placed: Placed) -> Coroutine[None, None, Outcome]:
        return self._calling.attempt(self._walk, placed, self._recorded)

    def is_good(self, outcome: Outcome) -> bool:
        return outcome.attempt.failure is None

    def settled(self, outcome: Outcome) -> None:
        self._calling.settled(self._walk, outcome)

    def won(self, outcome: Outcome) -> None:
        self._calling.won(outcome.offering)


class _OpeningRace(_Race["Begun | Outcome"]):
    """Calls for the beginning of an answer."""

    __slots__ = ("_streaming",)

    def __init__(
        self, calling: Calling, walk: Walk, placed: Placed, recorded: Recorded, late_ms: float, streaming: Streaming
    ) -> None:
        super().__init__(calling, walk, placed, recorded, late_ms)
        self._streaming = streaming

    def _call(self, placed: Placed) -> Coroutine[None, None, Begun | Outcome]:
        return self._calling.open(self._walk, placed, self._recorded, self._streaming)

    def is_good(self, outcome: Begun | Outcome) -> bool:
        return isinstance(outcome, Begun)

    def settled(self, outcome: Begun | Outcome) -> None:
        assert not isinstance(outcome, Begun)  # noqa: S101 - that one is good
        self._calling.settled(self._walk, outcome)

    def won(self, outcome: Begun | Outcome) -> None:
        assert isinstance(outcome, Begun)  # noqa: S101 - nothing else is good
        self._calling.won(outcome.under_way.offering)

    async def unused(self, outcome: Begun | Outcome) -> None:
        assert isinstance(outcome, Begun)  # noqa: S101 - nothing else is good
        await self._calling.give_up(self._walk, outcome, self._recorded)


def _bounded(placed: Placed, outcome: Outcome) -> Outcome:
    """Bound what a call is said to have cost whose bill nobody knows."""
    attempt = outcome.attempt
    if attempt.failure is not None and attempt.cost_nanousd and not attempt.usage.reported:
        most = placed.standing.at_most(attempt.cost_nanousd)
        if most < attempt.cost_nanousd:
            outcome.attempt = replace(attempt, cost_nanousd=most)
    return outcome
