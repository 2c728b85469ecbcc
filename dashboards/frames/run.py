"""One run: its facts, its calls over time, its items, and why each task went where it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry import Decisions, FailureClass, Names, NotFound, Policies, Runs, Snapshots, now_us
from registry.page_reads import read_offering_names
from registry.run_reads import RunReads
from registry.spending import totals_of_run
from routing.wording import exclusion_in_words, missed_in_words, sought_in_words, why_it_lost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry import Clock, Decision, Explanation, Policy, Run, Store
    from registry.page_reads import OfferingName
    from registry.run_reads import CallLine, ItemLine
    from registry.spending import RunTotals

MOST_BARS = 1_500
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A call on the timeline. Seconds count from the run's start."""

    task_id: int
    lane: str
    name: str
    service: str
    begin_seconds: float
    end_seconds: float
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFrame:
    """A run with what it adds up to. ``bars`` are its first calls; ``has_more_calls`` where there are others."""

    run: Run
    totals: RunTotals
    bars: tuple[Bar, ...]
    has_more_calls: bool
    at_us: int

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.run.ended_us or self.at_us) - self.run.started_us) / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """A call in the list: who was asked, and how it ended (see :func:`outcome_of`)."""

    line: CallLine
    offering: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """A candidate as a decision saw it: ``rank`` None was left out, ``reason`` says why, or what it lost on."""

    rank: int | None
    offering: str
    utility: float
    quality: float
    cost: float
    speed: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFrame:
    """Why a task went where it went: the policy, what it went by and what of that was missed, every candidate."""

    task_id: int
    name: str
    policy: str
    sought: str
    missed: str
    candidates: tuple[CandidateRow, ...]
    explanation: Explanation


class RunReader:
    """Reads single runs. Every method raises ``StoreError`` where the database cannot be used."""

    def __init__(self, store: Store, clock: Clock) -> None:
        names = Names(store)
        self._store = store
        self._clock = clock
        self._runs = Runs(store, clock)
        self._reads = RunReads(store, names)
        self._policies = Policies(store, clock)
        self._decisions = Decisions(store, names, Snapshots(store, clock), self._policies)

    async def run(self, run_id: int) -> RunFrame:
        """A run with its totals and its first calls.

        Raises:
            NotFound: there is no such run.
        """
        run = await self._runs.get(run_id)
        lines = await self._reads.calls(run_id, limit=MOST_BARS + 1)
        names = await read_offering_names(self._store)
        return RunFrame(
            run=run,
            totals=await totals_of_run(self._store, run_id),
            bars=tuple(_bar(line, run, names) for line in lines[:MOST_BARS] if line.attempt),
            has_more_calls=len(lines) > MOST_BARS,
            at_us=now_us(self._clock),
        )

    async def items(self, run_id: int, state: str, after: tuple[str, str] | None) -> tuple[ItemLine, ...]:
        """A page of items, and one more where there are others."""
        return await self._reads.items(run_id, state=state, after=after, limit=PAGE_ROWS + 1)

    async def calls(self, run_id: int, after: tuple[int, int] | None, *, only_failed: bool) -> tuple[CallRow, ...]:
        """A page of calls, and one more where there are others."""
        lines = await self._reads.calls(run_id, after=after, limit=PAGE_ROWS + 1, only_failed=only_failed)
        names = await read_offering_names(self._store)
        return tuple(CallRow(line=line, offering=_offering(line, names), outcome=outcome_of(line)) for line in lines)

    async def task(self, run_id: int, task_id: int) -> TaskFrame:
        """Why a task of a run went where it went.

        Raises:
            NotFound: the run has no such task, or what it was decided on is gone.
            RecordUnreadable: its decision is damaged.
        """
        explanation = await self._decisions.explain_task(task_id)
        if explanation.run_id != run_id:
            raise NotFound("task", task_id)
        decision = explanation.decision
        name = "/".join(part for part in (explanation.stage, explanation.item) if part) or f"task {task_id}"
        if decision is None:
            return TaskFrame(
                task_id=task_id, name=name, policy="", sought="", missed="", candidates=(), explanation=explanation
            )
        policy = await self._policies.load(decision.policy_id)
        return TaskFrame(
            task_id=task_id,
            name=name,
            policy=f"{decision.policy} version {decision.policy_version}",
            sought=sought_in_words(policy, decision),
            missed=missed_in_words(policy, decision, [explanation]),
            candidates=_candidates(decision, policy),
            explanation=explanation,
        )


def outcome_of(line: CallLine) -> str:
    """How a call ended: ``done``, ``asked again``, ``given again``, ``no candidate``, or a failure class in words."""
    if line.attempt == 0:
        return "given again" if line.offering_id else "no candidate"
    try:
        failure = FailureClass.from_code(line.outcome)
    except KeyError:
        return "failed"
    if failure is None:
        return "asked again" if line.is_asked_again else "done"
    return failure.value.replace("_", " ")


def _offering(line: CallLine, names: Mapping[int, OfferingName]) -> str:
    known = names.get(line.offering_id)
    if known is not None:
        return f"{known.service}/{known.model}"
    return "-" if line.offering_id == 0 else f"offering {line.offering_id} (removed)"


def _bar(line: CallLine, run: Run, names: Mapping[int, OfferingName]) -> Bar:
    begin = (line.started_us - run.started_us) / 1_000_000
    return Bar(
        task_id=line.task_id,
        lane=line.stage or "calls",
        name=line.item or line.stage or f"task {line.task_id}",
        service=_offering(line, names),
        begin_seconds=begin,
        end_seconds=begin + line.latency_us / 1_000_000,
        outcome=outcome_of(line),
    )


def _candidates(decision: Decision, policy: Policy) -> tuple[CandidateRow, ...]:
    ranked, objective = decision.ranked, policy.weighing(decision.rules)
    rows = []
    for candidate in (*ranked, *decision.excluded):
        if candidate.rank is None:
            reason = exclusion_in_words(candidate, decision.capability)
        else:
            reason = "chosen first" if candidate is ranked[0] else why_it_lost(ranked[0], candidate, objective)
        rows.append(
            CandidateRow(
                rank=candidate.rank,
                offering=candidate.offering,
                utility=candidate.utility,
                quality=candidate.quality,
                cost=candidate.cost,
                speed=candidate.speed,
                reason=reason,
            )
        )
    return tuple(rows)
