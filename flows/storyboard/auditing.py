"""The audit: Great Expectations looks at all results of a run once more, and has to come to the same verdicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quality import Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry.words import TaskRequest, TaskResult, Verdict
    from routing import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One check over a run: how many results passed, failed, and were judged otherwise when they came in."""

    check: str
    passed: int
    failed: int
    disagreed: int

    def told(self) -> dict[str, str | int]:
        """The line as a row of a table."""
        return {"check": self.check, "passed": self.passed, "failed": self.failed, "disagreed": self.disagreed}


async def audit(runtime: Runtime, results: Sequence[tuple[TaskRequest, TaskResult]]) -> tuple[AuditLine, ...]:
    """A line for each check that judged any of these results. No results, no lines.

    Raises:
        QualityError: Great Expectations' process fails.
    """
    subjects = {
        result.task_id: Subject(request=request, text=result.text, data=result.data, media=result.media)
        for request, result in results
    }
    if not subjects:
        return ()
    audited = await runtime.audit(subjects)
    direct = {result.task_id: result.verdicts for _, result in results}
    return tuple(_lines(direct, audited))


def _lines(direct: dict[int, tuple[Verdict, ...]], audited: dict[int, tuple[Verdict, ...]]) -> list[AuditLine]:
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    disagreed: Counter[str] = Counter()
    for task_id, verdicts in audited.items():
        before = {verdict.check: verdict.passed for verdict in direct[task_id]}
        for verdict in verdicts:
            (passed if verdict.passed else failed)[verdict.check] += 1
            disagreed[verdict.check] += before.get(verdict.check) is not verdict.passed
    return [
        AuditLine(check=check, passed=passed[check], failed=failed[check], disagreed=disagreed[check])
        for check in sorted(disagreed)
    ]
