"""The dispatcher: walks a decision's route under one deadline and one cost budget, by the failure classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks import is_accepted
from registry.words import Capability, Exclusion, FailureClass, TaskResult
from registry.words.quick import maker
from routing.calling import SHORTEST_ATTEMPT_SECONDS, Calling
from routing.candidates import Ranking
from routing.errors import NoCandidate, RouteExhausted
from routing.estimating import estimate_needs
from routing.placing import NOBODY_ELSE_SECONDS, Placing
from routing.reacting import Reacting
from routing.spending import Spending
from routing.tries import Begun
from routing.walking import Placed, Walk

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Sequence

    from registry.words import Candidate, Decision, Offering, Policy, Snapshot, Streaming, TaskRequest
    from routing.allowances import Allowances
    from routing.attempting import Accept, Attempting, Credentials
    from routing.health import Health
    from routing.tries import Outcome

TEXT_LIKE = frozenset({Capability.TEXT, Capability.UNDERSTANDING, Capability.SEARCH})
_OUT_FOR_NOW = frozenset({Exclusion.COOLING, Exclusion.BREAKER})
_new_walk, _result = maker(Walk), maker(TaskResult)


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
        self._health = health
        self._clock = clock
        self._placing = Placing(health, clock, sleep)
        self._spending = Spending(allowances)
        self._reacting = Reacting(credentials=credentials, health=health, clock=clock, chance=chance)
        self._calling = Calling(
            attempting=attempting, health=health, placing=self._placing, spending=self._spending, clock=clock,
            settled=lambda walk, outcome: self._reacting.react(walk, outcome, may_end=False),
        )  # fmt: skip

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
            outcome = await self._calling.call(walk, placed, recorded)
            if outcome.attempt.failure is None:
                return self.result(walk, outcome)
            self._reacting.react(walk, outcome)

    async def begin(
        self,
        request: TaskRequest,
        decision: Decision,
        snapshot: Snapshot,
        policy: Policy,
        recorded: Callable[[Outcome], None],
        streaming: Streaming = "first_token",
    ) -> tuple[Walk, Begun]:
        """Walk the route until a service gives its first output; :meth:`ended` takes what comes of that call.

        Where it is ``guarded``, until one has begun in a way that checks have nothing against.

        Raises:
            NoCandidate, RouteExhausted, TaskEnded: as :meth:`dispatch`.
        """
        walk = self._walk(request, decision, snapshot, policy)
        while True:
            placed = await self._next(walk)
            begun = await self._calling.begin(walk, placed, recorded, streaming)
            if isinstance(begun, Begun):
                return walk, begun
            self._reacting.react(walk, begun)

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

    def looked(self, begun: Begun) -> Outcome | None:
        """The failure that a stream shows before its end; None where it shows none."""
        return self._attempting.looked(begun)

    def ended(self, walk: Walk, begun: Begun, outcome: Outcome) -> None:
        """Take in how a call that was begun has ended."""
        self._calling.ended(walk, begun, outcome)
        failure = outcome.attempt.failure
        if failure is not None and failure is not FailureClass.CANCELLED:
            self._health.failed(outcome.offering, failure, outcome.retry_after_seconds, outcome.attempt.message)

    def _walk(self, request: TaskRequest, decision: Decision, snapshot: Snapshot, policy: Policy) -> Walk:
        started = self._clock()
        candidates = decision.candidates
        if isinstance(candidates, Ranking):
            route, needs = [one.offering for one in candidates.seen], candidates.needs
            excluded: Sequence[Candidate] = candidates.excluded
        else:
            route = [snapshot.offering(candidate.offering_id) for candidate in decision.ranked]
            excluded, needs = decision.excluded, estimate_needs(request)
        seconds = request.deadline_seconds if request.deadline_seconds is not None else policy.deadline_seconds
        walk = _new_walk(
            request=request,
            decision=decision,
            policy=policy,
            started=started,
            deadline=started + seconds,
            seconds=seconds,
            budget_nanousd=request.budget_nanousd if request.budget_nanousd is not None else policy.budget_nanousd,
            priority=request.priority or policy.priority,
            route=route,
            needs=needs,
        )
        for candidate in excluded:
            if candidate.excluded in _OUT_FOR_NOW:
                walk.again[candidate.offering_id] = snapshot.offering(candidate.offering_id), started
        if not walk.route and not walk.again:
            raise NoCandidate(request, decision)
        self._placing.arrived(walk)
        return walk

    async def _next(self, walk: Walk) -> Placed:
        """A place at the offering to try now; waits where all that are left are to be asked later.

        Raises:
            RouteExhausted: there is none, or no time or money for it.
        """
        while True:
            if walk.deadline - self._clock() < SHORTEST_ATTEMPT_SECONDS:
                raise self._exhausted(walk, walk.too_late())
            placed = self._placing.take(walk, self._spending.affordable)
            if placed is not None:
                if self._spending.try_hold(walk, placed) or await self._allowed(walk, placed):
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
            self._calling.unused(placed)
            raise
        if refusal is None:
            return True
        self._calling.unused(placed)
        walk.refusal = refusal
        seconds = self._spending.seconds_until_room(placed, refusal)
        if seconds is not None:
            walk.again[placed.offering.offering_id] = placed.offering, self._clock() + seconds
        return False

    @staticmethod
    def _exhausted(walk: Walk, why: str, retry_after_seconds: float | None = None) -> RouteExhausted:
        return RouteExhausted(
            walk.request, walk.decision, tuple(walk.attempts), why, retry_after_seconds=retry_after_seconds,
            refusal=walk.refusal,
        )  # fmt: skip

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
        return _result(
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


def _dropped(request: TaskRequest, offering: Offering) -> tuple[str, ...]:
    """The parameters that the offering was not sent. Those of pictures are a service's own affair."""
    if request.capability not in TEXT_LIKE or not request.params:
        return ()
    return tuple(
        sorted(name for name in request.params if name != "max_output_tokens" and not is_accepted(name, offering))
    )
