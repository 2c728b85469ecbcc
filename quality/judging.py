"""Checks applied to results: the judge of a request, verdicts, and the scores that verdicts make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quality.subject import Subject
from registry.words import Score, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blocks.contract import Reply
    from quality.checks import Checks, NamedCheck
    from registry.words import TaskRequest

_SCORE_NAME_CHARACTERS = 100
_JUDGES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Judge:
    """The checks of one request, ready to look at its results.

    >>> from blocks.contract import Reply
    >>> from quality import Checks, compile_checks
    >>> from registry.words import Capability, TaskRequest
    >>> request = TaskRequest(capability=Capability.TEXT, checks=("not_empty", "length:3:9"))
    >>> judge = compile_checks(request, Checks.standard())
    >>> [verdict.passed for verdict in judge(Subject.of(request, Reply(text="hi")))]
    [True, False]
    """

    named: tuple[NamedCheck, ...]

    def __call__(self, subject: Subject | None) -> tuple[Verdict, ...]:
        """A verdict from each check, in the request's order. None is a call that left nothing. Never raises."""
        return tuple([named.look(subject) for named in self.named])

    def early(self, subject: Subject) -> Verdict | None:
        """What a critical check has against the beginning of an answer; None where none has anything. Never raises."""
        for named in self.named:
            if named.check.early and named.check.critical:
                verdict = named.look(subject)
                if verdict.critical and not verdict.passed:
                    return verdict
        return None


def check_specs(request: TaskRequest) -> tuple[str, ...]:
    """The checks that judge a request's results: those it names, and its schema where it has one."""
    if request.schema is not None and "matches_schema" not in request.checks:
        return (*request.checks, "matches_schema")
    return tuple(dict.fromkeys(request.checks))


def compile_checks(request: TaskRequest, checks: Checks) -> Judge:
    """The judge of a request's results. A request with a schema is always judged by it.

    Raises:
        UnknownCheck: it names a check that there is not.
        MalformedCheck: it names one with parameters that make no sense.
        MalformedSchema: its schema is not valid.
    """
    if request.schema is not None:
        checks.check_schema(request.schema)
        return Judge(tuple(map(checks.named, check_specs(request))))
    compiled: Judge | None = checks.compiled.get(request.checks)
    if compiled is None:
        compiled = Judge(tuple(map(checks.named, check_specs(request))))
        if len(checks.compiled) >= _JUDGES_KEPT:
            checks.compiled.clear()
        checks.compiled[request.checks] = compiled
    return compiled


def judge(request: TaskRequest, reply: Reply, data: Any = None, *, checks: Checks) -> tuple[Verdict, ...]:
    """The verdicts on one reply: :func:`compile_checks` and the judge in one.

    ``data`` is the reply's JSON where it has been parsed already. Raises as :func:`compile_checks` does.
    """
    return compile_checks(request, checks)(Subject.of(request, reply, data))


def look_early(request: TaskRequest, so_far: Reply, *, checks: Checks) -> Verdict | None:
    """What is already wrong with an answer of which only the beginning has come; None where nothing is.

    Raises as :func:`compile_checks` does.
    """
    return compile_checks(request, checks).early(Subject.of(request, so_far))


def verdicts_to_scores(task_id: int, verdicts: Iterable[Verdict], *, rule_version: str = "1") -> tuple[Score, ...]:
    """The score rows that verdicts leave: one for each failure.

    Passes leave none: they stand as bits in the ledger's row, which is a hundredth of the size.
    """
    return tuple(
        Score(
            task_id=task_id,
            source="check",
            name=verdict.check[:_SCORE_NAME_CHARACTERS],
            value=0.0,
            critical=verdict.critical,
            rater="quality",
            rule_version=rule_version,
            reason=verdict.reason,
        )
        for verdict in verdicts
        if not verdict.passed
    )
