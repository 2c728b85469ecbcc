"""Scores: what checks, judges and people said of results, and how good each model is by all they said."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select

from registry.clock import now_us
from registry.dialects import SCORES_TURN, insert_into, insert_into_sqlite, stepped, take_turn
from registry.evidence import (
    SOURCE_WEIGHTS,
    EvidenceKey,
    Opinions,
    Shift,
    contribution_of,
    decay_at,
    shift_between,
)
from registry.tables import checked_tasks, quality_evidence, scores
from registry.task_ids import task_time_seconds
from registry.words import Capability, Score

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store

# The prior weighs as much as this much evidence: four people's opinions, or thirteen results that were only checked.
PRIOR_EVIDENCE = 4.0
UNKNOWN_QUALITY = 0.5
# Half the width of the interval that holds 90 % of a normal distribution, in standard deviations.
_NINETY_PERCENT = 1.645
_BATCH = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScores:
    """What was said of one task's result, and whose quality that tells of.

    Of checks, ``scores`` holds all that judged the task, those that passed too; they stand in place of what checks
    said of it before. Judges' and people's stand in place of their own of the same name.
    """

    task_id: int
    model_id: int
    capability: Capability
    scores: tuple[Score, ...]
    workspace: str = "default"
    principal: str = "local"


class Passed(NamedTuple):
    """A result that passed all its checks, ``checks`` of them, and was judged by nobody before."""

    task_id: int
    model_id: int
    capability: Capability
    checks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How good a model is at something, in 0..1: the mean, and the ends of an interval that is right 9 times in 10.

    ``evidence`` is what it rests on besides the prior, counted in opinions that people gave just now.
    """

    mean: float
    low: float
    high: float
    evidence: float


class Scores:
    """Keeps scores and adds them up by model and capability. Every method raises ``StoreError`` where it cannot.

    A row is kept for each check that failed and for each score of a judge or a person; of the checks that passed only
    how many there were. See :mod:`registry.evidence` for what moves an estimate.

    Example:
        >>> async def like(scores: Scores, task_id: int) -> None:
        ...     liked = Score(task_id=task_id, source="person", name="liked", value=1.0)
        ...     await scores.record(
        ...         [TaskScores(task_id=task_id, model_id=1, capability=Capability.TEXT, scores=(liked,))]
        ...     )
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def record(self, judged: Sequence[TaskScores]) -> None:
        """Keep what was said of some tasks, all in one transaction.

        Saying the same again changes nothing; saying something else moves the estimate by the difference.

        Raises:
            ValueError: a value is not in 0..1, or a score is of another task than it stands with.
        """
        for task in judged:
            for score in task.scores:
                if not 0 <= score.value <= 1 or score.task_id != task.task_id:
                    raise ValueError(f"a score of task {score.task_id} with {task.task_id} is {score.value}")

        async def work(connection: AsyncConnection) -> None:
            await take_turn(connection, SCORES_TURN)
            for start in range(0, len(judged), _BATCH):
                await self._record_some(connection, judged[start : start + _BATCH])

        await self._store.write_at_once(work)

    async def record_passed(self, passed: Sequence[Passed]) -> None:
        """Keep that results passed all their checks: what nearly all do, in a fraction of the time.

        Each is counted, whatever was said of its task before: a task whose first answer failed, and whose second one
        passed, tells of two models.
        """
        if not passed:
            return
        task_ids, models, capabilities, checks = zip(*passed, strict=True)
        # All at once as of the middle of their times: they lie a second apart, and evidence lives for weeks.
        middle_seconds = (task_time_seconds(min(task_ids)) + task_time_seconds(max(task_ids))) / 2
        each = SOURCE_WEIGHTS["check"] * decay_at(middle_seconds)
        counts = Counter(zip(models, capabilities, strict=True))
        shifts = {key: Shift(each * count, 0.0, count) for key, count in counts.items()}

        async def work(connection: AsyncConnection) -> None:
            await take_turn(connection, SCORES_TURN)
            await _write_counts(connection, task_ids, checks)
            await _write_evidence(connection, shifts)

        await self._store.write_at_once(work)

    async def quality(self, priors: Mapping[int, float] | None = None) -> dict[EvidenceKey, Estimate]:
        """How good each model is at each capability that anything was said of.

        The estimate is the posterior of a Beta distribution whose prior has the mean that ``priors`` gives for the
        model (0.5 where it gives none) and the weight of :data:`PRIOR_EVIDENCE`; the interval is that of a normal
        distribution with the same mean and variance, cut to 0..1.
        """
        decay = 1 / decay_at(self._clock())
        async with self._store.read() as connection:
            rows = (await connection.execute(select(quality_evidence))).all()
        return {
            (row.model_id, Capability(row.capability)): estimate(
                row.good * decay, row.bad * decay, (priors or {}).get(row.model_id, UNKNOWN_QUALITY)
            )
            for row in rows
        }

    async def of_task(self, task_id: int) -> tuple[Score, ...]:
        """The scores that rows are kept for: failed checks, judges and people."""
        async with self._store.read() as connection:
            return tuple(score for _, score in await _read_scores(connection, [task_id]))

    async def _record_some(self, connection: AsyncConnection, judged: Sequence[TaskScores]) -> None:
        task_ids = sorted({task.task_id for task in judged})
        opinions = {task_id: Opinions() for task_id in task_ids}
        for task_id, score in await _read_scores(connection, task_ids):
            opinions[task_id].add(score)
        counted = select(checked_tasks).where(checked_tasks.c.task_id.in_(stepped(task_ids)))
        for task_id, checks in (await connection.execute(counted)).all():
            opinions[task_id].checks = checks
        shifts: dict[EvidenceKey, Shift] = {}
        for task in judged:
            before = contribution_of(opinions[task.task_id])
            opinions[task.task_id].replace(task.scores)
            shift = shift_between(before, contribution_of(opinions[task.task_id]), task.task_id)
            key = (task.model_id, task.capability)
            shifts[key] = shifts.get(key, Shift()) + shift
        await self._write_scores(connection, judged, opinions)
        await _write_evidence(connection, shifts)

    async def _write_scores(
        self, connection: AsyncConnection, judged: Sequence[TaskScores], opinions: Mapping[int, Opinions]
    ) -> None:
        checked = [task.task_id for task in judged if any(score.source == "check" for score in task.scores)]
        if checked:
            stale = delete(scores).where(scores.c.task_id.in_(stepped(checked)), scores.c.source == "check")
            await connection.execute(stale)
            insert = insert_into(connection, checked_tasks)
            counts = [{"task_id": task_id, "checks": opinions[task_id].checks} for task_id in sorted(set(checked))]
            new = {"checks": insert.excluded.checks}
            await connection.execute(insert.on_conflict_do_update(index_elements=["task_id"], set_=new), counts)
        owners = {task.task_id: task for task in judged}
        at_us = now_us(self._clock)
        rows = [
            _row(score) | {"created_us": at_us, "workspace": task.workspace, "principal": task.principal}
            for task_id, task in owners.items()
            for score in opinions[task_id].kept()
        ]
        if rows:
            insert = insert_into(connection, scores)
            key = ("task_id", "source", "name")
            keep = (*key, "created_us", "workspace", "principal")
            new = {column.name: insert.excluded[column.name] for column in scores.c if column.name not in keep}
            await connection.execute(insert.on_conflict_do_update(index_elements=key, set_=new), rows)


def estimate(good: float, bad: float, prior: float) -> Estimate:
    """The estimate from evidence that has decayed to now, and a prior mean; see :meth:`Scores.quality`."""
    good, bad = max(good, 0.0), max(bad, 0.0)
    alpha, beta = PRIOR_EVIDENCE * prior + good, PRIOR_EVIDENCE * (1 - prior) + bad
    total = alpha + beta
    mean = alpha / total
    width = _NINETY_PERCENT * math.sqrt(mean * (1 - mean) / (total + 1))
    return Estimate(mean=mean, low=max(0.0, mean - width), high=min(1.0, mean + width), evidence=good + bad)


async def _read_scores(connection: AsyncConnection, task_ids: Collection[int]) -> list[tuple[int, Score]]:
    names = ("task_id", "source", "name", "value", "critical", "rater", "rule_version", "reason", "sampled")
    statement = select(*(scores.c[name] for name in names)).where(scores.c.task_id.in_(stepped(task_ids)))
    rows = (await connection.execute(statement.order_by(*scores.primary_key))).mappings()
    return [(row["task_id"], Score(**row)) for row in rows]


def _row(score: Score) -> dict[str, object]:
    def clean(text: str, longest: int = 2_000) -> str:
        return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:longest]

    return {
        "task_id": score.task_id,
        "source": score.source,
        "name": clean(score.name, 100),
        "value": score.value,
        "critical": score.critical,
        "rater": clean(score.rater, 100),
        "rule_version": clean(score.rule_version, 50),
        "reason": clean(score.reason),
        "sampled": score.sampled,
    }


async def _write_counts(connection: AsyncConnection, task_ids: Sequence[int], checks: Sequence[int]) -> None:
    """How many checks judged each task. In the driver's own words: this is written for nearly every call."""
    if connection.dialect.name == "sqlite":
        await insert_into_sqlite(connection, checked_tasks, (task_ids, checks))
    else:
        statement = (
            "INSERT INTO checked_tasks (task_id, checks) "
            "SELECT * FROM unnest($1::bigint[], $2::integer[]) ON CONFLICT DO NOTHING"
        )
        await connection.exec_driver_sql(statement, (list(task_ids), list(checks)))


async def _write_evidence(connection: AsyncConnection, shifts: Mapping[EvidenceKey, Shift]) -> None:
    rows = [
        {"model_id": model_id, "capability": capability.value, "good": it.good, "bad": it.bad, "results": it.results}
        for (model_id, capability), it in sorted(shifts.items())
        if it != Shift()
    ]
    if not rows:
        return
    insert = insert_into(connection, quality_evidence)
    added = {name: quality_evidence.c[name] + insert.excluded[name] for name in ("good", "bad", "results")}
    statement = insert.on_conflict_do_update(index_elements=["model_id", "capability"], set_=added)
    await connection.execute(statement, rows)
