"""The dispatcher: walks a decision's route under one deadline and one cost budget, by the failure classes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blocks import is_accepted
from registry.words import Capability, Exclusion, FailureClass, Message, TaskResult
from routing.attempting import Begun
from routing.candidates import Ranking
from routing.errors import NoCandidate, RouteExhausted, TaskEnded
from routing.estimating import estimate_needs, expected_cost_nanousd
from routing.health import SLOW_FAILURE_SECONDS
from routing.hedging import SHORTEST_HEDGE_SECONDS, HedgeBudget, Race
from routing.placing import NOBODY_ELSE_SECONDS, Placing
from routing.spending import Spending
from routing.walking import Placed, Walk

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from registry.words import Candidate, Decision, Offering, Policy, Snapshot, TaskRequest
    from routing.allowances import Allowances
    from routing.attempting import Accept, Attempting, Credentials, Outcome
    from routing.health import Health

FIRST_BACKOFF_SECONDS = 0.5  # before the same offering is asked again; doubles each time, with full jitter
LONGEST_BACKOFF_SECONDS = 8.0
SHORTEST_ATTEMPT_SECONDS = 0.05  # with less than this left, nothing is begun
VERY_LATE = 4  # times as long as what is late: then even the same offering is asked beside itself
MOST_HALF_ANSWERS = 2  # after which an offering that answers with no answer is not asked again
SHARE_OF_TIME = 0.5  # of what is left until the deadline, for an attempt while others wait for their turn

TEXT_LIKE = frozenset({Capability.TEXT, Capability.UNDERSTANDING, Capability.SEARCH})
_END = frozenset({FailureClass.CALLER_FAULT, FailureClass.CANCELLED})
_AGAIN = frozenset({FailureClass.TRANSIENT, FailureClass.RATE_LIMITED})
_ACCOUNT_OUT = frozenset({FailureClass.QUOTA, FailureClass.CREDENTIALS})
_OUT_FOR_NOW = frozenset({Exclusion.COOLING, Exclusion.BREAKER})


class Dispatcher:
    """Carries decisions through. ``recorded`` is told of every attempt the moment it ends, the cancelled one included.

    ``clock`` gives monotonic seconds, ``sleep`` waits for some, ``chance`` spreads the waits; ``allowances`` bound
    what may be spent.
    """

    def __init__(
        self,
        *,
        attempting: Attempting,
        credentials: Credentials,
        health: Health,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: random.Random,
        allowances: Allowances | None = None,
    ) -> None:
        self._attempting = attempting
        self._credentials = credentials
        self._health = health
        self._clock = clock
        self._chance = chance
        self._placing = Placing(health, clock, sleep)
        self._hedges = HedgeBudget()
        self._spending = Spending(allowances)

    async def dispatch(
        self,
        request: TaskRequest,
        decision: Decision,
        snapshot: Snapshot,
        policy: Policy,
        recorded: Callable[[Outcome], None],
        accept: Accept | None = None,
    ) -> TaskResult:
        """Walk the route until a result passes its critical checks, and the caller's own (``accept``).

        Raises:
            NoCandidate: the route is empty.
            RouteExhausted: nothing on it worked within deadline and budget.
            TaskEnded: a failure that no other service would mend.
        """
        walk = self._walk(request, decision, snapshot, policy)
        walk.accept = accept
        while True:
            placed = await self._next(walk)
            outcome = await self._call(walk, placed, recorded)
            if outcome.attempt.failure is None:
                return self.result(walk, outcome)
            self._react(walk, outcome)

    async def begin(
        self,
        request: TaskRequest,
        decision: Decision,
        snapshot: Snapshot,
        policy: Policy,
        recorded: Callable[[Outcome], None],
    ) -> tuple[Walk, Begun]:
        """Walk the route until a service gives its first output; :meth:`ended` takes what comes of that call.

        Raises:
            NoCandidate, RouteExhausted, TaskEnded: as :meth:`dispatch`.
        """
        walk = self._walk(request, decision, snapshot, policy)
        while True:
            placed = await self._next(walk)
            seconds = self._share(walk), walk.deadline - self._clock()
            try:
                begun = await self._attempting.begin(placed.number, walk.request, placed.offering, seconds, recorded)
            except BaseException:
                self._placing.leave(placed)
                self._spending.settle(placed, None)
                raise
            if isinstance(begun, Begun):
                begun.placed = placed
                return walk, begun
            self._placing.leave(placed)
            recorded(begun)
            self._took_in(walk, placed, begun)
            self._react(walk, begun)

    @property
    def waiting(self) -> dict[str, int]:
        """How many requests wait for a place, by priority."""
        return self._placing.waiting

    def judged(self, begun: Begun) -> Outcome:
        """The outcome of a stream that has come to its end.

        Raises:
            ServiceFailure: it was cut.
        """
        return self._attempting.judged(begun.under_way, begun.folding.reply())

    def ended(self, walk: Walk, begun: Begun, outcome: Outcome) -> None:
        """Take in how a call that was begun has ended."""
        assert begun.placed is not None  # noqa: S101 - whoever begins it takes a place
        self._placing.leave(begun.placed)
        self._took_in(walk, begun.placed, outcome)
        failure = outcome.attempt.failure
        if failure is not None and failure is not FailureClass.CANCELLED:
            self._health.failed(outcome.offering, failure, outcome.retry_after_seconds, outcome.attempt.message)

    def _walk(self, request: TaskRequest, decision: Decision, snapshot: Snapshot, policy: Policy) -> Walk:
        started = self._clock()
        seconds = request.deadline_seconds if request.deadline_seconds is not None else policy.deadline_seconds
        walk = Walk(
            request=request,
            decision=decision,
            policy=policy,
            started=started,
            deadline=started + seconds,
            seconds=seconds,
            budget_nanousd=request.budget_nanousd if request.budget_nanousd is not None else policy.budget_nanousd,
            priority=request.priority or policy.priority,
            route=[],
        )
        candidates = decision.candidates
        if isinstance(candidates, Ranking):
            walk.route = [one.offering for one in candidates.seen]
            excluded: Sequence[Candidate] = candidates.excluded
        else:
            walk.route = [snapshot.offering(candidate.offering_id) for candidate in decision.ranked]
            excluded = decision.excluded
        for candidate in excluded:
            if candidate.excluded in _OUT_FOR_NOW:
                walk.again[candidate.offering_id] = snapshot.offering(candidate.offering_id), started
        if not walk.route and not walk.again:
            raise NoCandidate(request, decision)
        self._placing.arrived(walk)
        return walk

    def _share(self, walk: Walk) -> float:
        """The seconds for an attempt: whoever hangs may not use up the time of those that come next."""
        seconds = walk.deadline - self._clock()
        others = walk.route or walk.again
        return max(SHORTEST_ATTEMPT_SECONDS, SHARE_OF_TIME * seconds) if others else seconds

    async def _next(self, walk: Walk) -> Placed:
        """A place at the offering to try now; waits where all that are left are to be asked later.

        Raises:
            RouteExhausted: there is none, or no time or money for it.
        """
        while True:
            if walk.deadline - self._clock() < SHORTEST_ATTEMPT_SECONDS:
                raise self._exhausted(walk, walk.too_late())
            placed = self._placing.take(walk, self._affordable)
            if placed is not None:
                if not self._spending.applies(walk) or await self._allowed(walk, placed):
                    return placed
                continue
            if not walk.route and not walk.again:
                raise self._exhausted(walk, self._why_nobody(walk))
            seconds = self._placing.seconds_until_some(walk)
            if seconds > NOBODY_ELSE_SECONDS and self._clock() + seconds >= walk.deadline:
                why = f"the next try would have to wait {seconds:.0f} s, past the deadline"
                raise self._exhausted(walk, why, retry_after_seconds=seconds)
            await self._placing.wait(walk, seconds)

    @staticmethod
    def _why_nobody(walk: Walk) -> str:
        if walk.refusal is not None:
            return walk.refusal[1]
        return "the budget is spent" if walk.unaffordable else "all candidates failed"

    async def _allowed(self, walk: Walk, placed: Placed) -> bool:
        """Hold what the call may come to; where budgets or limits say no, the place is left and others are asked."""
        try:
            refusal = await self._spending.hold(walk, placed, walk.deadline - self._clock())
        except BaseException:
            self._unused(placed)
            raise
        if refusal is None:
            return True
        self._unused(placed)
        walk.refusal = refusal
        seconds = self._spending.seconds_until_room(placed, refusal)
        if seconds is not None:
            walk.again[placed.offering.offering_id] = placed.offering, self._clock() + seconds
        return False

    def _unused(self, placed: Placed) -> None:
        """A place that was taken is left, and nothing was sent."""
        if placed.looks:
            placed.standing.breaker.unsaid()
        placed.standing.is_probed = placed.standing.is_probed and not placed.is_probe
        self._spending.release(placed)
        self._placing.leave(placed)

    async def _call(self, walk: Walk, placed: Placed, recorded: Callable[[Outcome], None]) -> Outcome:
        """One attempt, and another beside it where it is late; every outcome is taken in."""
        late_seconds = self._late_seconds(walk, placed)
        first = self._attempt(walk, placed, recorded)
        if late_seconds is None:
            return await first

        def second(so_far_seconds: float) -> Coroutine[None, None, Outcome] | None:
            very_late = so_far_seconds >= VERY_LATE * late_seconds
            another = self._hedge(walk, placed.offering if very_late else None)
            return None if another is None else self._attempt(walk, another, recorded)

        race = Race(
            late_seconds,
            late=lambda so_far: self._health.late(placed.offering, so_far * 1_000),
            second=second,
            settled=lambda outcome: self._react(walk, outcome, may_end=False),
        )
        outcome = await race.run(first)
        if outcome.attempt.failure is None and outcome.attempt.number != placed.number:
            self._health.of(outcome.offering).hedges_won += 1
        return outcome

    def _late_seconds(self, walk: Walk, placed: Placed) -> float | None:
        """After how long a call is late; None where nobody could step in, or too little is known."""
        late_ms = placed.standing.latency.late_ms
        if late_ms is None or not walk.policy.hedge.calls_share:
            return None
        return max(SHORTEST_HEDGE_SECONDS, late_ms / 1_000)

    def _hedge(self, walk: Walk, very_late: Offering | None) -> Placed | None:
        """A place for a second call; at the offering that is late itself only where no other is left, and very late."""
        if walk.deadline - self._clock() < SHORTEST_ATTEMPT_SECONDS or self._placing.is_crowded:
            return None
        placed = self._placing.take_beside(walk, very_late, self._affordable)
        if placed is None:
            return None
        expected = expected_cost_nanousd(placed.offering, estimate_needs(walk.request))
        may = self._spending.try_hold(walk, placed) and self._hedges.afford(placed.standing.usual_nanousd(expected))
        if not may:
            self._spending.release(placed)
            self._placing.put_back(walk, placed)
            return None
        placed.standing.hedges_made += 1
        return placed

    async def _attempt(self, walk: Walk, placed: Placed, recorded: Callable[[Outcome], None]) -> Outcome:
        walk.held_nanousd += placed.expected_nanousd
        given: list[Outcome] = []

        def given_up(outcome: Outcome) -> None:
            _bound(placed, outcome)
            given.append(outcome)
            recorded(outcome)

        try:
            outcome = await self._attempting.attempt(
                placed.number, walk.request, placed.offering, self._share(walk), given_up, walk.accept
            )
            _bound(placed, outcome)
            recorded(outcome)
            given.append(outcome)
            return outcome
        finally:
            walk.held_nanousd -= placed.expected_nanousd
            self._placing.leave(placed)
            if not given:
                self._spending.settle(placed, None)
            for outcome in given:
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
            standing.latency.is_late(attempt.latency_ms, self._clock())
            if placed.looks:
                standing.breaker.unsaid()
        else:
            standing.places.taken(placed.at_once, self._clock())
            standing.breaker.worked()
        self._placing.changed(placed.offering)

    def _affordable(self, walk: Walk, offering: Offering) -> int | None:
        """What to hold of the walk's budget for a call there; None where there is not so much left."""
        if walk.budget_nanousd is None:
            return 0
        cost = expected_cost_nanousd(offering, estimate_needs(walk.request))
        return cost if cost is not None and walk.spent_nanousd() + cost <= walk.budget_nanousd else None

    @staticmethod
    def _exhausted(walk: Walk, why: str, retry_after_seconds: float | None = None) -> RouteExhausted:
        return RouteExhausted(
            walk.request, walk.decision, tuple(walk.attempts), why, retry_after_seconds=retry_after_seconds,
            refusal=walk.refusal,
        )  # fmt: skip

    def _react(self, walk: Walk, outcome: Outcome, *, may_end: bool = True) -> None:
        """Change the route as the failure's class asks.

        Raises:
            TaskEnded: the class ends the task, and it ``may_end``: no other call is under way.
        """
        failure, offering = outcome.attempt.failure, outcome.offering
        if failure in _END or (failure is FailureClass.REFUSED and walk.policy.on_refusal == "end"):
            walk.route, walk.again = [], {}
            if may_end:
                raise TaskEnded(walk.request, walk.decision, tuple(walk.attempts))
            return
        reference = offering.service.credential_ref
        if failure is FailureClass.CREDENTIALS and reference is not None and reference not in walk.reloaded:
            walk.reloaded.add(reference)  # the key may have been changed since it was read
            self._credentials.forget(reference)
            walk.route.insert(0, offering)
            return
        if failure is FailureClass.TRANSIENT and outcome.attempt.latency_ms >= SLOW_FAILURE_SECONDS * 1_000:
            self._health.hung(offering)
        if failure is not None and not outcome.is_crowding:
            self._health.failed(offering, failure, outcome.retry_after_seconds, outcome.attempt.message)
        self._reroute(walk, outcome)

    def _reroute(self, walk: Walk, outcome: Outcome) -> None:
        """Who is asked next after a failure that does not end the task."""
        failure, offering = outcome.attempt.failure, outcome.offering
        if failure in _ACCOUNT_OUT:
            walk.drop_service(offering.service.service_id)
        elif failure is FailureClass.TOO_LONG:
            walk.keep_larger(offering)
        elif failure in _AGAIN:
            self._ask_again(walk, offering, 0.0 if outcome.is_crowding else outcome.retry_after_seconds or 0.0)
        elif failure is FailureClass.INVALID_OUTPUT and outcome.reply is None:
            # Half an answer is an accident of the service's; a page of HTML each time is not.
            if walk.rounds.get(offering.offering_id, 0) < MOST_HALF_ANSWERS:
                walk.rounds[offering.offering_id] = walk.rounds.get(offering.offering_id, 0) + 1
                walk.again[offering.offering_id] = offering, self._clock()
        elif failure is FailureClass.INVALID_OUTPUT and not walk.route and not walk.repaired:
            walk.repaired = True
            walk.request = repair(walk.request, outcome.attempt.message)
            walk.route.append(offering)

    def _ask_again(self, walk: Walk, offering: Offering, retry_after_seconds: float) -> None:
        rounds = walk.rounds.get(offering.offering_id, 0)
        walk.rounds[offering.offering_id] = rounds + 1
        backoff = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2**rounds)
        wait = max(self._chance.uniform(0, backoff), retry_after_seconds)
        walk.again[offering.offering_id] = offering, self._clock() + wait

    def result(self, walk: Walk, outcome: Outcome) -> TaskResult:
        """What the caller gets of an attempt that was answered."""
        reply = outcome.reply
        assert reply is not None  # noqa: S101 - an attempt without failure has a reply
        attempts = walk.attempts
        if attempts[-1] is not outcome.attempt:  # a call that lost against it has ended after it
            attempts = [one for one in attempts if one is not outcome.attempt] + [outcome.attempt]
        usage = outcome.attempt.usage
        for attempt in attempts:
            if attempt is not outcome.attempt and attempt.usage.reported:
                usage += attempt.usage
        return TaskResult(
            task_id=walk.decision.task_id,
            text=reply.text,
            tools=reply.tools,
            reasoning=reply.reasoning,
            dropped_params=_dropped(walk.request, outcome.offering),
            data=outcome.data,
            media=reply.media,
            vectors=reply.vectors,
            finish_reason=reply.finish_reason,
            usage=usage,
            cost_nanousd=sum([attempt.cost_nanousd for attempt in attempts]),
            latency_ms=(self._clock() - walk.started) * 1_000,
            decision=walk.decision,
            attempts=tuple(attempts),
            verdicts=outcome.verdicts,
        )


def _bound(placed: Placed, outcome: Outcome) -> None:
    """Bound what a call is said to have cost whose bill nobody knows."""
    attempt = outcome.attempt
    if attempt.failure is not None and attempt.cost_nanousd and not attempt.usage.reported:
        most = placed.standing.at_most(attempt.cost_nanousd)
        if most < attempt.cost_nanousd:
            outcome.attempt = replace(attempt, cost_nanousd=most)


def _dropped(request: TaskRequest, offering: Offering) -> tuple[str, ...]:
    """The parameters that the offering was not sent. Those of pictures are a service's own affair."""
    if request.capability not in TEXT_LIKE or not request.params:
        return ()
    return tuple(
        sorted(name for name in request.params if name != "max_output_tokens" and not is_accepted(name, offering))
    )


def repair(request: TaskRequest, complaint: str) -> TaskRequest:
    """The same request, told what was wrong with its answer and with another seed.

    The complaint joins the last turn: many services refuse two turns of one role in a row.
    """
    params = {**request.params, "seed": int(request.params.get("seed", 0)) + 1}
    if not request.messages:
        return replace(request, params=params)
    *before, last = request.messages
    told = Message(last.role, f"{last.content}\n\nAn earlier answer could not be used: {complaint}. Answer anew.")
    return replace(request, messages=(*before, told), params=params)
