"""What a failure changes of a walk: who is asked next, who is asked again and when, and whether it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from registry.words import FailureClass, Message
from routing.errors import TaskEnded
from routing.health import SLOW_FAILURE_SECONDS

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from registry.words import Offering, TaskRequest
    from routing.attempting import Credentials
    from routing.health import Health
    from routing.tries import Outcome
    from routing.walking import Walk

FIRST_BACKOFF_SECONDS = 0.5  # before the same offering is asked again; doubles each time, with full jitter
LONGEST_BACKOFF_SECONDS = 8.0
MOST_HALF_ANSWERS = 2  # after which an offering that answers with no answer is not asked again

_END = frozenset({FailureClass.CALLER_FAULT, FailureClass.CANCELLED})
_AGAIN = frozenset({FailureClass.TRANSIENT, FailureClass.RATE_LIMITED})
_ACCOUNT_OUT = frozenset({FailureClass.QUOTA, FailureClass.CREDENTIALS})


class Reacting:
    """Changes routes by the failure classes. ``clock`` gives monotonic seconds, ``chance`` spreads the waits."""

    def __init__(
        self, *, credentials: Credentials, health: Health, clock: Callable[[], float], chance: random.Random
    ) -> None:
        self._credentials = credentials
        self._health = health
        self._clock = clock
        self._chance = chance

    def react(self, walk: Walk, outcome: Outcome, *, may_end: bool = True) -> None:
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
            walk.ask(repair(walk.request, outcome.attempt.message))
            walk.route.append(offering)

    def _ask_again(self, walk: Walk, offering: Offering, retry_after_seconds: float) -> None:
        rounds = walk.rounds.get(offering.offering_id, 0)
        walk.rounds[offering.offering_id] = rounds + 1
        backoff = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2**rounds)
        wait = max(self._chance.uniform(0, backoff), retry_after_seconds)
        walk.again[offering.offering_id] = offering, self._clock() + wait


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
