"""Reading the ledger: the calls of a run, and why each task went where it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select

from registry.calls import CallRow
from registry.candidates import unpack_decision
from registry.errors import NotFound
from registry.tables import call_messages, calls
from registry.words import Attempt, FailureClass, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from registry.names import Names
    from registry.policies import Policies
    from registry.snapshot import Snapshots
    from registry.store import Store
    from registry.words import Decision, Snapshot

_NAMED = ("stage", "item", "owner", "prompt_version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A task as the ledger knows it: what was decided and on which grounds, and what came of it.

    ``snapshot`` is the catalogue that it was decided on.
    ``decision`` is None where the ledger keeps no candidates of the task. ``message`` says why nothing was called,
    where nothing was; ``given_again_of`` names who had answered, where a kept result was given again. ``checks`` are
    the bits of the last attempt's checks (two for each check's number).
    """

    task_id: int
    run_id: int
    stage: str
    item: str
    owner: str
    prompt_version: str
    started_us: int
    snapshot: Snapshot
    decision: Decision | None
    attempts: tuple[Attempt, ...]
    cost_nanousd: int
    cost_known: bool
    checks: int | None
    message: str
    given_again_of: str = ""


class Decisions:
    """Reads decisions back from the ledger, each against the snapshot and the policy that it was made on.

    What waits in a :class:`registry.ledger.Ledger` is not seen: drain it first. Every method raises ``StoreError``
    where the database cannot be used, and ``RecordUnreadable`` or ``NotFound`` where what it holds is damaged.
    """

    def __init__(self, store: Store, names: Names, snapshots: Snapshots, policies: Policies) -> None:
        self._store = store
        self._names = names
        self._snapshots = snapshots
        self._policies = policies

    async def calls_of_run(self, run_id: int) -> tuple[CallRow, ...]:
        """All calls of a run, in the order in which their tasks began."""
        return await self._read(calls.c.run_id == run_id)

    async def explain_task(self, task_id: int) -> Explanation:
        """One task.

        Raises:
            NotFound: the ledger has no such task.
        """
        rows = await self._read(calls.c.task_id == task_id)
        if not rows:
            raise NotFound("task", task_id)
        return await self._explain(rows)

    async def explain_run(self, run_id: int) -> tuple[Explanation, ...]:
        """All tasks of a run, in the order in which they began."""
        by_task: dict[int, list[CallRow]] = {}
        for row in await self._read(calls.c.run_id == run_id):
            by_task.setdefault(row.task_id, []).append(row)
        return tuple([await self._explain(rows) for rows in by_task.values()])

    async def recent(self, limit: int) -> tuple[Explanation, ...]:
        """The latest tasks that were decided, the newest first; at most ``limit``."""
        latest = (
            select(calls.c.task_id)
            .where(calls.c.candidates.is_not(None))
            .order_by(calls.c.task_id.desc())
            .limit(limit)
            .scalar_subquery()
        )
        by_task: dict[int, list[CallRow]] = {}
        for row in await self._read(calls.c.task_id.in_(latest)):
            by_task.setdefault(row.task_id, []).append(row)
        return tuple([await self._explain(rows) for rows in reversed(by_task.values())])

    async def _read(self, where: ColumnElement[bool]) -> tuple[CallRow, ...]:
        same = and_(call_messages.c.task_id == calls.c.task_id, call_messages.c.attempt == calls.c.attempt)
        statement = (
            select(calls, call_messages.c.message)
            .outerjoin(call_messages, same)
            .where(where)
            .order_by(calls.c.task_id, calls.c.attempt)
        )
        async with self._store.read() as connection:
            rows: list[dict[str, Any]] = [dict(row) for row in (await connection.execute(statement)).mappings()]
        texts = await self._names.texts({row[f"{name}_id"] for row in rows for name in _NAMED})
        for row in rows:
            for name in _NAMED:
                number = row.pop(f"{name}_id")
                row[name] = texts.get(number, f"name {number}")
            row["message"] = row["message"] or ""
        return tuple(CallRow(**row) for row in rows)

    async def _explain(self, rows: Sequence[CallRow]) -> Explanation:
        first, last = rows[0], rows[-1]
        snapshot = await self._snapshots.load(first.snapshot_id)
        decision = None
        if first.candidates is not None:
            policy = await self._policies.load(first.policy_id)
            decision = unpack_decision(first.candidates, snapshot, policy, task_id=first.task_id)
        return Explanation(
            task_id=first.task_id,
            run_id=first.run_id,
            stage=first.stage,
            item=first.item,
            owner=first.owner,
            prompt_version=first.prompt_version,
            started_us=first.started_us,
            snapshot=snapshot,
            decision=decision,
            attempts=tuple(_attempt(row, snapshot) for row in rows if row.attempt),
            cost_nanousd=sum(row.cost_nanousd for row in rows),
            cost_known=all(row.cost_known or _broken_off_for_free(row, snapshot) for row in rows),
            checks=last.checks,
            message=first.message if first.attempt == 0 else "",
            given_again_of=_attempt(first, snapshot).offering if first.attempt == 0 and first.offering_id else "",
        )


def _broken_off_for_free(row: CallRow, snapshot: Snapshot) -> bool:
    """Whether a call was cancelled that costs nothing, however much had come of it."""
    if row.outcome != FailureClass.CANCELLED.code:
        return False
    try:
        price = snapshot.offering(row.offering_id).price
    except KeyError:
        return False
    return price is not None and price.is_free


def _attempt(row: CallRow, snapshot: Snapshot) -> Attempt:
    try:
        offering = snapshot.offering(row.offering_id).name
    except KeyError:
        offering = f"offering {row.offering_id}"
    return Attempt(
        number=row.attempt,
        offering_id=row.offering_id,
        offering=offering,
        failure=FailureClass.from_code(row.outcome),
        message=row.message,
        latency_ms=row.latency_us / 1000,
        first_output_ms=None if row.first_output_us is None else row.first_output_us / 1000,
        usage=Usage(input_tokens=row.input_tokens, output_tokens=row.output_tokens),
        cost_nanousd=row.cost_nanousd,
    )
