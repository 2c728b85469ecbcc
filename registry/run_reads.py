"""What pages read of runs: filtered lists by key, counts, items and calls of one run a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal, or_, select, tuple_

from registry.names import Names
from registry.outcomes import cancelled, failed
from registry.tables import call_messages, calls, items, runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.store import Store

_NEAR = 5_000  # calls among which one is looked for that asked the same again: it comes soon, and a run may be long
_MADE = calls.c.attempt > 0  # attempt 0 is a task for which nobody could be called


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are meant; what is left empty narrows nothing. ``text`` is looked for in message, output, pipeline."""

    state: str = ""
    pipeline: str = ""
    since_us: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run on one line, with what its calls add up to. Times are in microseconds since 1970."""

    run_id: int
    pipeline: str
    state: str
    message: str
    process: str
    started_us: int
    heartbeat_us: int
    ended_us: int | None
    principal: str
    calls: int = 0
    failed_calls: int = 0
    cancelled_calls: int = 0
    cost_nanousd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLine:
    """An item of a run on one line; ``calls`` and ``cost_nanousd`` are those of the task that ended it."""

    stage: str
    item: str
    state: str
    message: str
    task_id: int | None
    changed_us: int
    calls: int = 0
    cost_nanousd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """A call of a run, as :class:`registry.calls.CallRow` keeps it.

    ``attempt`` 0: nobody was called. ``outcome`` 0 is success, else a failure class's code. ``is_asked_again``: a later
    task asked for the same item, so this answer was not used.
    """

    task_id: int
    attempt: int
    stage: str
    item: str
    offering_id: int
    outcome: int
    started_us: int
    latency_us: int
    cost_nanousd: int
    message: str
    is_asked_again: bool = False


_LINE = (
    runs.c.run_id, runs.c.pipeline, runs.c.state, runs.c.message, runs.c.process, runs.c.started_us,
    runs.c.heartbeat_us, runs.c.ended_us, runs.c.principal,
)  # fmt: skip


class RunReads:
    """Reads runs for those who look at them. Every method raises ``StoreError`` where the database cannot be used."""

    def __init__(self, store: Store, names: Names | None = None) -> None:
        self._store = store
        self._names = names or Names(store)

    async def page(
        self, wanted: RunFilter, *, limit: int, before: int | None = None, after: int | None = None
    ) -> tuple[RunLine, ...]:
        """Runs, newest first: those with an id below ``before``, or the next ones above ``after``."""
        statement = _filtered(select(*_LINE), wanted).limit(limit)
        if after is not None:
            statement = statement.where(runs.c.run_id > after).order_by(runs.c.run_id)
        else:
            statement = statement.order_by(runs.c.run_id.desc())
        if before is not None:
            statement = statement.where(runs.c.run_id < before)
        async with self._store.read() as connection:
            rows = list(await connection.execute(statement))
        totals = await self._totals([row.run_id for row in rows])
        lines = tuple(_line(row, totals) for row in rows)
        return lines[::-1] if after is not None else lines

    async def count(self, wanted: RunFilter) -> int:
        """How many runs are meant."""
        async with self._store.read() as connection:
            return int(await connection.scalar(_filtered(select(func.count()).select_from(runs), wanted)) or 0)

    async def count_by_state(self, since_us: int) -> dict[str, int]:
        """How many runs that began since a moment are in each state."""
        statement = select(runs.c.state, func.count()).where(runs.c.started_us >= since_us).group_by(runs.c.state)
        async with self._store.read() as connection:
            return {state: int(count) for state, count in await connection.execute(statement)}

    async def pipelines(self) -> tuple[str, ...]:
        """The pipelines that have runs, by name."""
        async with self._store.read() as connection:
            return tuple(sorted(await connection.scalars(select(runs.c.pipeline).distinct())))

    async def items(
        self, run_id: int, *, state: str = "", after: tuple[str, str] | None = None, limit: int = 50
    ) -> tuple[ItemLine, ...]:
        """Items of a run by stage and name, those behind the (stage, item) ``after``."""
        columns = (items.c.stage, items.c.item, items.c.state, items.c.message, items.c.task_id, items.c.changed_us)
        statement = select(*columns).where(items.c.run_id == run_id).order_by(items.c.stage, items.c.item).limit(limit)
        if state:
            statement = statement.where(items.c.state == state)
        if after is not None:
            statement = statement.where(tuple_(items.c.stage, items.c.item) > tuple_(*map(literal, after)))
        async with self._store.read() as connection:
            found = list(await connection.execute(statement))
            tasks = [row.task_id for row in found if row.task_id is not None]
            summed = (
                select(calls.c.task_id, func.count().filter(_MADE).label("calls"), func.sum(calls.c.cost_nanousd))
                .where(calls.c.task_id.in_(tasks))
                .group_by(calls.c.task_id)
            )
            totals = {task: (made, int(cost)) for task, made, cost in await connection.execute(summed)} if tasks else {}
        lines = []
        for row in found:
            made, cost = totals.get(row.task_id, (0, 0))
            lines.append(ItemLine(**row._mapping, calls=made, cost_nanousd=cost))  # noqa: SLF001 - public name
        return tuple(lines)

    async def count_items(self, run_id: int) -> dict[str, int]:
        """How many items of a run are in each state."""
        statement = select(items.c.state, func.count()).where(items.c.run_id == run_id).group_by(items.c.state)
        async with self._store.read() as connection:
            return {state: int(count) for state, count in await connection.execute(statement)}

    async def calls(
        self, run_id: int, *, after: tuple[int, int] | None = None, limit: int = 50, only_failed: bool = False
    ) -> tuple[CallLine, ...]:
        """Calls of a run in the order in which their tasks began, those behind the (task id, attempt) ``after``."""
        same = and_(call_messages.c.task_id == calls.c.task_id, call_messages.c.attempt == calls.c.attempt)
        statement = (
            select(calls, call_messages.c.message)
            .outerjoin(call_messages, same)
            .where(calls.c.run_id == run_id)
            .order_by(calls.c.task_id, calls.c.attempt)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(tuple_(calls.c.task_id, calls.c.attempt) > tuple_(*map(literal, after)))
        if only_failed:
            statement = statement.where(failed())
        async with self._store.read() as connection:
            rows = list(await connection.execute(statement))
            lasts = await _last_tasks(connection, run_id, rows[0].task_id) if rows else {}
        texts = await self._names.texts({number for row in rows for number in (row.stage_id, row.item_id)})
        return tuple(_call(row, texts, lasts) for row in rows)

    async def _totals(self, run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
        if not run_ids:
            return {}
        statement = (
            select(
                calls.c.run_id,
                func.count().filter(_MADE).label("calls"),
                func.count().filter(_MADE & failed()).label("failed_calls"),
                func.count().filter(_MADE & cancelled()).label("cancelled_calls"),
                func.sum(calls.c.cost_nanousd).label("cost_nanousd"),
            )
            .where(calls.c.run_id.in_(run_ids))
            .group_by(calls.c.run_id)
        )
        async with self._store.read() as connection:
            rows = (await connection.execute(statement)).mappings()
            return {row["run_id"]: {name: int(row[name]) for name in row if name != "run_id"} for row in rows}


async def _last_tasks(connection: AsyncConnection, run_id: int, first: int) -> dict[tuple[int, int], int]:
    """The last task of each item, by stage and item, among so many calls from the task ``first`` on."""
    near = (
        select(calls.c.stage_id, calls.c.item_id, calls.c.task_id)
        .where(calls.c.run_id == run_id, calls.c.task_id >= first)
        .order_by(calls.c.task_id)
        .limit(_NEAR)
        .subquery()
    )
    key = near.c.stage_id, near.c.item_id
    statement = select(*key, func.max(near.c.task_id)).group_by(*key)
    return {(stage, item): last for stage, item, last in await connection.execute(statement)}


def _filtered(statement: Select[Any], wanted: RunFilter) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state:
        conditions.append(runs.c.state == wanted.state)
    if wanted.pipeline:
        conditions.append(runs.c.pipeline == wanted.pipeline)
    if wanted.since_us:
        conditions.append(runs.c.started_us >= wanted.since_us)
    text = wanted.text.replace("\x00", "").strip()
    if text:
        looked_in = (runs.c.message, runs.c.output, runs.c.pipeline, runs.c.principal)
        conditions.append(or_(*(column.icontains(text, autoescape=True) for column in looked_in)))
    return statement.where(*conditions)


def _line(row: Row[Any], totals: Mapping[int, dict[str, int]]) -> RunLine:
    facts: dict[str, Any] = {**row._mapping, **totals.get(row.run_id, {})}  # noqa: SLF001 - public name
    return RunLine(**facts)


def _call(row: Row[Any], texts: Mapping[int, str], lasts: Mapping[tuple[int, int], int]) -> CallLine:
    item = texts.get(row.item_id, "")
    return CallLine(
        task_id=row.task_id,
        attempt=row.attempt,
        stage=texts.get(row.stage_id, ""),
        item=item,
        offering_id=row.offering_id,
        outcome=row.outcome,
        started_us=row.started_us,
        latency_us=row.latency_us,
        cost_nanousd=row.cost_nanousd,
        message=row.message or "",
        is_asked_again=bool(item) and row.task_id < lasts.get((row.stage_id, row.item_id), 0),
    )
