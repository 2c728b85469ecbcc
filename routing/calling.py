"""Calls with places: one attempt, and others beside it where it is late; what each teaches and has cost is taken in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from registry.words import FailureClass
from routing.estimating import estimate_needs, expected_cost_nanousd
from routing.hedging import SHORTEST_HEDGE_SECONDS, HedgeBudget, Race
from routing.tries import Begun

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from registry.words import Streaming
    from routing.attempting import Attempting
    from routing.health import Health
    from routing.latency import Latency
    from routing.placing import Placing
    from routing.spending import Spending
    from routing.tries import Outcome
    from routing.walking import Placed, Walk

    Recorded = Callable[[Outcome], None]

T = TypeVar("T")

SHORTEST_ATTEMPT_SECONDS = 0.05  # with less than this left, nothing is begun
VERY_LATE = 4  # times as long as what is late: then even the same offering is asked beside itself
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
        self._settled = settled
        self._hedges = HedgeBudget()

    async def call(self, walk: Walk, placed: Placed, recorded: Recorded) -> Outcome:
        """One attempt, and another beside it where it is late; every outcome is taken in."""
        late_seconds = self._late_seconds(walk, placed.standing.latency)
        first = self._attempt(walk, placed, recorded)
        if late_seconds is None:
            return await first
        race = Race(
            late_seconds,
            late=lambda so_far: self._health.late(placed.offering, so_far * 1_000),
            second=lambda so_far: self._second(
                walk, placed, so_far >= VERY_LATE * late_seconds, lambda another: self._attempt(walk, another, recorded)
            ),
            is_good=_is_good,
            settled=lambda outcome: self._settled(walk, outcome),
        )
        outcome = await race.run(first)
        if outcome.attempt.failure is None and outcome.attempt.number != placed.number:
            self._health.of(outcome.offering).hedges_won += 1
        return outcome

    async def begin(self, walk: Walk, placed: Placed, recorded: Recorded, streaming: Streaming) -> Begun | Outcome:
        """Begin a call, and another beside it where its first output is late; whoever begins first goes on.

        What comes of a call that goes on is to be told to :meth:`ended`.
        """
        late_seconds = self._late_seconds(walk, placed.standing.opening(streaming))
        first = self._open(walk, placed, recorded, streaming)
        if late_seconds is None:
            return await first

        async def close(unused: Begun | Outcome) -> None:
            assert isinstance(unused, Begun)  # noqa: S101 - nothing else is good
            await self._give_up(walk, unused, recorded)

        def settled(outcome: Begun | Outcome) -> None:
            assert not isinstance(outcome, Begun)  # noqa: S101 - that one is good
            self._settled(walk, outcome)

        race = Race(
            late_seconds,
            late=lambda so_far: self._health.late(placed.offering, so_far * 1_000),
            second=lambda so_far: self._second(
                walk, placed, so_far >= VERY_LATE * late_seconds,
                lambda another: self._open(walk, another, recorded, streaming),
            ),
            is_good=lambda one: isinstance(one, Begun),
            settled=settled,
            unused=close,
        )  # fmt: skip
        begun = await race.run(first)
        if isinstance(begun, Begun) and begun.placed is not placed and begun.placed is not None:
            begun.placed.standing.hedges_won += 1
        return begun

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

    @staticmethod
    def _late_seconds(walk: Walk, latency: Latency) -> float | None:
        """After how long a call is late; None where nobody could step in, or too little is known."""
        late_ms = latency.late_ms
        if late_ms is None or not walk.policy.hedge.calls_share:
            return None
        return max(SHORTEST_HEDGE_SECONDS, late_ms / 1_000)

    def _second(
        self, walk: Walk, first: Placed, is_very_late: bool, call: Callable[[Placed], Coroutine[None, None, T]]
    ) -> Coroutine[None, None, T] | None:
        """A call beside a late one; at the offering that is late itself only where no other is left, and very late."""
        if walk.deadline - self._clock() < SHORTEST_ATTEMPT_SECONDS or self._placing.is_crowded:
            return None
        placed = self._placing.take_beside(walk, first.offering if is_very_late else None, self._spending.affordable)
        if placed is None:
            return None
        expected = expected_cost_nanousd(placed.offering, estimate_needs(walk.request))
        may = self._spending.try_hold(walk, placed) and self._hedges.afford(placed.standing.usual_nanousd(expected))
        if not may:
            self._spending.release(placed)
            self._placing.put_back(walk, placed)
            return None
        placed.standing.hedges_made += 1
        return call(placed)

    async def _attempt(self, walk: Walk, placed: Placed, recorded: Recorded) -> Outcome:
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

    async def _open(self, walk: Walk, placed: Placed, recorded: Recorded, streaming: Streaming) -> Begun | Outcome:
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

    async def _give_up(self, walk: Walk, begun: Begun, recorded: Recorded) -> None:
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
        self._placing.leave(placed)
        if outcome is None:
            self._spending.settle(placed, None)
        else:
            self._took_in(walk, placed, outcome)

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
            standing.places.taken(placed.at_once, self._clock())
            health.succeeded(placed.offering, attempt.latency_ms)
            standing.cost(attempt.cost_nanousd)
            self._hedges.earn(
                calls_share=hedge.calls_share, cost_share=hedge.cost_share, cost_nanousd=attempt.cost_nanousd
            )
        elif failure is FailureClass.TRANSIENT or (failure is FailureClass.INVALID_OUTPUT and outcome.reply is None):
            health.broke(placed.offering)
        elif failure is FailureClass.RATE_LIMITED:
            outcome.is_crowding = standing.places.turned_away(placed.at_once, self._clock())
            if placed.looks:
                standing.breaker.unsaid()
        elif failure is FailureClass.CANCELLED:
            if outcome.reply is None:  # else it was answering, and nobody listened any more
                standing.latency.is_late(attempt.latency_ms, self._clock())
            if placed.looks:
                standing.breaker.unsaid()
        else:
            standing.places.taken(placed.at_once, self._clock())
            standing.breaker.worked()
        self._placing.changed(placed.offering)


def _is_good(outcome: Outcome) -> bool:
    return outcome.attempt.failure is None


def _bounded(placed: Placed, outcome: Outcome) -> Outcome:
    """Bound what a call is said to have cost whose bill nobody knows."""
    attempt = outcome.attempt
    if attempt.failure is not None and attempt.cost_nanousd and not attempt.usage.reported:
        most = placed.standing.at_most(attempt.cost_nanousd)
        if most < attempt.cost_nanousd:
            outcome.attempt = replace(attempt, cost_nanousd=most)
    return outcome
