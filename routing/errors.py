"""The errors of this room.

::

    RoutingError
    ├── NoCandidate          no offering may do the work; the decision says why for each
    ├── RouteExhausted       every candidate was tried; the attempts say what happened
    ├── StreamBroken         a stream broke after its first output; what came of it has been passed on
    ├── TaskEnded            a failure that is the same everywhere: caller's fault, refusal, cancellation
    ├── RulesInvalid         a file of rules or a policy makes no sense; the line says where
    └── RuntimeClosed        the runtime has been closed, or was never opened
"""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.words import Attempt, Candidate, Decision, FailureClass, TaskRequest
    from routing.constraints import Refusal

_MOST_REASONS = 6
_MOST_NAMES = 12


class RoutingError(Exception):
    """Anything that goes wrong in ``routing``."""


class NoCandidate(RoutingError):
    """No offering may do the work. ``decision.excluded`` holds the reason for each.

    The message names those that can do such work at all first: they are what a person can do something about.
    """

    def __init__(self, request: TaskRequest, decision: Decision) -> None:
        self.request = request
        self.decision = decision
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        from registry.words import Exclusion

        if not self.decision.candidates:
            return (
                f"no service can do `{self.request.capability}`: the registry is empty; `turnout services add` adds a "
                "service, and work goes on within seconds"
            )
        capable = [c for c in self.decision.excluded if c.excluded is not Exclusion.CAPABILITY]
        if not capable:
            return (
                f"no service can do `{self.request.capability}`: none of the {len(self.decision.candidates)} offerings "
                "in the registry has that capability; `turnout services add` adds one that has"
            )
        # What was meant and is not to be had comes alone, if anything was meant; each service says a reason once.
        meant = [c for c in capable if c.excluded is not Exclusion.NOT_PINNED]
        if not meant:
            return (
                f"no service can do `{self.request.capability}` now: {capable[0].reason}, and there is no such "
                f"offering{self._nearest()}"
            )
        # What is switched on and kept out comes first: what is switched off, one has known.
        meant.sort(key=lambda c: c.excluded is Exclusion.DISABLED)
        reasons = _each_with_its_reason(meant)
        more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
        return f"no service can do `{self.request.capability}` now: {'; '.join(reasons[:_MOST_REASONS])}{more}"

    def _nearest(self) -> str:
        pinned = self.request.requirements.pinned or ""
        known = {
            name
            for candidate in self.decision.candidates
            for name in (candidate.offering, *candidate.offering.split("/", 1))
        }
        close = difflib.get_close_matches(pinned, sorted(known - {pinned}), n=1)
        return f"; did you mean {close[0]!r}?" if close else ""


def _each_with_its_reason(excluded: list[Candidate]) -> list[str]:
    """Who is left out, by reason: a service by its name where one reason holds for all that it offers."""
    of_service: dict[str, set[str]] = {}
    for one in excluded:
        of_service.setdefault(_service(one), set()).add(one.reason)
    told: dict[str, dict[str, None]] = {}
    for one in excluded:
        name = _service(one) if len(of_service[_service(one)]) == 1 else one.offering
        told.setdefault(one.reason, {})[name] = None
    return [f"{_few(list(names))}: {reason}" for reason, names in told.items()]


def _service(candidate: Candidate) -> str:
    return candidate.offering.partition("/")[0]


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"


class AttemptsFailed(RoutingError):
    """A walk that ended without a result; ``attempts`` says what happened at each step."""

    def __init__(self, request: TaskRequest, decision: Decision, attempts: tuple[Attempt, ...], sentence: str) -> None:
        super().__init__(sentence)
        self.request = request
        self.decision = decision
        self.attempts = attempts

    @property
    def failure(self) -> FailureClass | None:
        """The class of the last failure; None where nothing was called."""
        return self.attempts[-1].failure if self.attempts else None


class RouteExhausted(AttemptsFailed):
    """Every candidate was tried as often as made sense, or the deadline or the budget ran out.

    ``retry_after_seconds`` is when somebody may be asked again, where that is known. ``refusal`` is what a budget or a
    limit has said no with, where one has.
    """

    def __init__(
        self,
        request: TaskRequest,
        decision: Decision,
        attempts: tuple[Attempt, ...],
        why: str = "all candidates failed",
        *,
        retry_after_seconds: float | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        tried = Counter(attempt.offering for attempt in attempts)
        last = {attempt.offering: attempt for attempt in attempts}
        told = "; ".join(
            f"{offering}{f' ({count} times)' if count > 1 else ''}: {last[offering].message or last[offering].failure}"
            for offering, count in tried.items()
        )
        super().__init__(request, decision, attempts, f"`{request.capability}` failed, {why}. {told}".strip())
        self.retry_after_seconds = retry_after_seconds
        self.refusal = refusal


class TaskEnded(AttemptsFailed):
    """A failure that no other service would mend: the caller's fault, a refusal the policy accepts, a cancellation."""

    def __init__(self, request: TaskRequest, decision: Decision, attempts: tuple[Attempt, ...]) -> None:
        last = attempts[-1]
        sentence = f"`{request.capability}` ended at {last.offering}: {last.message} ({last.failure})"
        super().__init__(request, decision, attempts, sentence)


class StreamBroken(AttemptsFailed):
    """A stream that broke after its first output: too late for another service to begin anew."""

    def __init__(self, request: TaskRequest, decision: Decision, attempts: tuple[Attempt, ...]) -> None:
        last = attempts[-1]
        sentence = f"`{request.capability}` broke off at {last.offering}: {last.message} ({last.failure})"
        super().__init__(request, decision, attempts, sentence)


class RulesInvalid(RoutingError):
    """A file of rules or a policy makes no sense. ``line`` counts from 1."""

    def __init__(self, source: str, line: int, problem: str) -> None:
        super().__init__(f"{source}, line {line}: {problem}")
        self.source = source
        self.line = line
        self.problem = problem


class RuntimeClosed(RoutingError):
    """The runtime has been closed, or was never opened."""

    def __init__(self) -> None:
        super().__init__("the runtime is closed; open one with `async with Runtime.open(settings) as runtime`")
