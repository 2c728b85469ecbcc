"""The dispatcher: walks a decision's route under one deadline and one cost budget, by the failure classes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from blocks import is_accepted
from registry.words import Capability, FailureClass, Message, TaskResult, Usage
from routing.attempting import Begun
from routing.errors import NoCandidate, RouteExhausted, TaskEnded
from routing.estimating import estimate_needs, expected_cost_nanousd
from routing.health import SLOW_FAILURE_SECONDS

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from registry.words import Attempt, Decision, Offering, Policy, Snapshot, TaskRequest
    from routing.attempting import Attempting, Credentials, Outcome
    from routing.health import Health

MOST_ROUNDS = 3  # how often the same offering is asked when no other is left
FIRST_BACKOFF_SECONDS = 0.5  # doubles each round, with full jitter
LONGEST_BACKOFF_SECONDS = 8.0
SHORTEST_ATTEMPT_SECONDS = 0.05  # with less than this left, nothing is begun
SHARE_OF_TIME = 0.5  # of what is left until the deadline, for an attempt while others wait for their turn

TEXT_LIKE = frozenset({Capability.TEXT, Capability.UNDERSTANDING, Capability.SEARCH})
_END = frozenset({FailureClass.CALLER_FAULT, FailureClass.CANCELLED})
_AGAIN = frozenset({FailureClass.TRANSIENT, FailureClass.RATE_LIMITED})
_SERVICE_OUT = frozenset({FailureClass.QUOTA, FailureClass.CREDENTIALS})


@dataclass(slots=True)
class Walk:
    """The state of one walk: where it is, what is left, what was spent."""

    request: TaskRequest
    decision: Decision
    policy: Policy
    started: float
    deadline: float
    seconds: float
    budget_nanousd: int | None
    route: list[Offering]
    again: list[Offering] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    wait_until: float = 0.0
    round: int = 1
    repaired: bool = False
    reloaded: set[str] = field(default_factory=set)

    def spent_nanousd(self) -> int:
        """What all attempts together have cost."""
        return sum(attempt.cost_nanousd for attempt in self.attempts)

    def too_late(self) -> str:
        """Why nothing more is tried."""
        return f"the deadline of {self.seconds:g} s has passed"


class Dispatcher:
    """Carries decisions through. ``recorded`` is told of every attempt the moment it ends, the cancelled one included.

    ``clock`` gives monotonic seconds, ``sleep`` waits for some, ``chance`` spreads the waits.
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
    ) -> None:
        self._attempting = attempting
        self._credentials = credentials
        self._health = health
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

    async def dispatch(
        self,
        request: TaskRequest,
        decision: Decision,
        snapshot: Snapshot,
        policy: Policy,
        recorded: Callable[[Outcome], None],
    ) -> TaskResult:
        """Walk the route until a result passes its critical checks.

        Raises:
            NoCandidate: the route is empty.
            RouteExhausted: nothing on it worked within deadline and budget.
            TaskEnded: a failure that no other service would mend.
        """
        walk = self._walk(request, decision, snapshot, policy)
        while True:
            offering = await self._next(walk)
            number = len(walk.attempts) + 1
            outcome = await self._attempting.attempt(number, walk.request, offering, self._share(walk), recorded)
            recorded(outcome)
            walk.attempts.append(outcome.attempt)
            if outcome.attempt.failure is None:
                self._health.succeeded(offering, outcome.attempt.latency_ms)
                return self.result(walk, outcome)
            self._react(walk, offering, outcome)

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
            offering = await self._next(walk)
            seconds = self._share(walk), walk.deadline - self._clock()
            begun = await self._attempting.begin(len(walk.attempts) + 1, walk.request, offering, seconds, recorded)
            if isinstance(begun, Begun):
                return walk, begun
            recorded(begun)
            walk.attempts.append(begun.attempt)
            self._react(walk, offering, begun)

    def judged(self, begun: Begun) -> Outcome:
        """The outcome of a stream that has come to its end.

        Raises:
            ServiceFailure: it was cut.
        """
        return self._attempting.judged(begun.under_way, begun.folding.reply())

    def ended(self, walk: Walk, begun: Begun, outcome: Outcome) -> None:
        """Take in how a call that was begun has ended."""
        walk.attempts.append(outcome.attempt)
        failure = outcome.attempt.failure
        if failure is None:
            self._health.succeeded(begun.under_way.offering, outcome.attempt.latency_ms)
        elif failure is not FailureClass.CANCELLED:
            self._health.failed(begun.under_way.offering, failure, outcome.retry_after_seconds)

    def _walk(self, request: TaskRequest, decision: Decision, snapshot: Snapshot, policy: Policy) -> Walk:
        if not decision.ranked:
            raise NoCandidate(request, decision)
        started = self._clock()
        seconds = request.deadline_seconds if request.deadline_seconds is not None else policy.deadline_seconds
        return Walk(
            request=request,
            decision=decision,
            policy=policy,
            started=started,
            deadline=started + seconds,
            seconds=seconds,
            budget_nanousd=request.budget_nanousd if request.budget_nanousd is not None else policy.budget_nanousd,
            route=[snapshot.offering(candidate.offering_id) for candidate in decision.ranked],
        )

    def _share(self, walk: Walk) -> float:
        """The seconds for an attempt: whoever hangs may not use up the time of those that come next."""
        seconds = walk.deadline - self._clock()
        return max(SHORTEST_ATTEMPT_SECONDS, SHARE_OF_TIME * seconds) if walk.route else seconds

    async def _next(self, walk: Walk) -> Offering:
        """The offering to try now; waits when all that are left are to be asked again.

        Raises:
            RouteExhausted: there is none, or no time or money for it.
        """
        if not walk.route:
            await self._begin_round(walk)
        while walk.route:
            offering = walk.route.pop(0)
            if self._affordable(walk, offering):
                break
        else:
            raise self._exhausted(walk, "the budget is spent")
        if walk.deadline - self._clock() < SHORTEST_ATTEMPT_SECONDS:
            raise self._exhausted(walk, walk.too_late())
        return offering

    async def _begin_round(self, walk: Walk) -> None:
        if not walk.again or walk.round >= MOST_ROUNDS:
            raise self._exhausted(walk, "all candidates failed")
        backoff = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (walk.round - 1))
        wait = max(self._chance.uniform(0, backoff), walk.wait_until - self._clock())
        if walk.deadline - self._clock() < SHORTEST_ATTEMPT_SECONDS:
            raise self._exhausted(walk, walk.too_late())
        if self._clock() + wait >= walk.deadline:
            raise self._exhausted(walk, f"the next try would have to wait {wait:.0f} s, past the deadline")
        await self._sleep(wait)
        walk.round += 1
        walk.route, walk.again, walk.wait_until = walk.again, [], 0.0

    @staticmethod
    def _affordable(walk: Walk, offering: Offering) -> bool:
        if walk.budget_nanousd is None:
            return True
        cost = expected_cost_nanousd(offering, estimate_needs(walk.request))
        return cost is not None and walk.spent_nanousd() + cost <= walk.budget_nanousd

    @staticmethod
    def _exhausted(walk: Walk, why: str) -> RouteExhausted:
        return RouteExhausted(walk.request, walk.decision, tuple(walk.attempts), why)

    def _react(self, walk: Walk, offering: Offering, outcome: Outcome) -> None:
        """Change the route as the failure's class asks.

        Raises:
            TaskEnded: the class ends the task.
        """
        failure = outcome.attempt.failure
        if failure in _END or (failure is FailureClass.REFUSED and walk.policy.on_refusal == "end"):
            raise TaskEnded(walk.request, walk.decision, tuple(walk.attempts))
        reference = offering.service.credential_ref
        if failure is FailureClass.CREDENTIALS and reference is not None and reference not in walk.reloaded:
            walk.reloaded.add(reference)  # the key may have been changed since it was read
            self._credentials.forget(reference)
            walk.route.insert(0, offering)
            return
        if failure is FailureClass.TRANSIENT and outcome.attempt.latency_ms >= SLOW_FAILURE_SECONDS * 1_000:
            self._health.hung(offering)
        if failure is not None:
            self._health.failed(offering, failure, outcome.retry_after_seconds)
        if failure in _SERVICE_OUT:
            walk.route = [other for other in walk.route if other.service.service_id != offering.service.service_id]
        elif failure is FailureClass.TOO_LONG:
            walk.route = [other for other in walk.route if _is_larger(other, offering)]
        elif failure in _AGAIN:
            walk.again.append(offering)
            walk.wait_until = self._earliest(walk, outcome)
        elif failure is FailureClass.INVALID_OUTPUT and not walk.route and not walk.repaired:
            walk.repaired = True
            walk.request = repair(walk.request, outcome.attempt.message)
            walk.route.append(offering)

    def _earliest(self, walk: Walk, outcome: Outcome) -> float:
        """When the first of those that asked us to wait may be asked again."""
        at = self._clock() + (outcome.retry_after_seconds or 0.0)
        return at if len(walk.again) == 1 else min(walk.wait_until, at)

    def result(self, walk: Walk, outcome: Outcome) -> TaskResult:
        """What the caller gets of an attempt that was answered."""
        reply = outcome.reply
        assert reply is not None  # noqa: S101 - an attempt without failure has a reply
        usage = Usage()
        for attempt in walk.attempts:
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
            cost_nanousd=walk.spent_nanousd(),
            latency_ms=(self._clock() - walk.started) * 1_000,
            decision=walk.decision,
            attempts=tuple(walk.attempts),
            verdicts=outcome.verdicts,
        )


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


def _is_larger(other: Offering, than: Offering) -> bool:
    return other.context_window is None or (than.context_window or 0) < other.context_window
