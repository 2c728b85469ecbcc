"""Retention: what is older than it is kept for is removed, in small steps, and never from under a run."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, tuple_, update

from registry.clock import MICROSECONDS_PER_SECOND, now_us
from registry.rollups import US_PER_MINUTE
from registry.tables import call_messages, calls, checked_tasks, cooldowns, items, rollups, runs, scores
from registry.task_ids import first_task_id_at
from registry.windows import database_time_us

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Table

    from registry.clock import Clock
    from registry.settings import Settings
    from registry.store import Store

ROWS_AT_ONCE = 1_000
"""Rows a transaction: some ten milliseconds, for which another writer may have to wait."""

_US_PER_DAY = 24 * 3600 * MICROSECONDS_PER_SECOND

# The calls come last: by them it is known which tasks belong to a run that is under way.
_OF_TASKS = (call_messages, scores, checked_tasks, calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """How many rows went, or would go. ``calls`` counts those of the ledger, ``details`` what hangs on them."""

    calls: int = 0
    details: int = 0
    runs: int = 0
    items: int = 0
    rollups: int = 0

    def by_kind(self) -> dict[str, int]:
        """The numbers by name."""
        return asdict(self)


class Retention:
    """Removes calls, runs and rollups beyond their days, each counted back from now.

    A call goes with its messages and scores; what a model has learned of them stays. A run goes with its items once it
    has ended so long ago. Nothing of a run that is under way is touched. Rollups have sums of their own: they stay
    true when their calls have gone. Cool-downs that are over go, too; they are not counted.

    Args:
        store: where they are.
        clock: says what now is.
        calls_days: how long calls are kept.
        runs_days: how long runs are kept after their end.
        rollups_days: how long sums by minute are kept.

    Example:
        >>> async def tidy(store: Store) -> int:
        ...     retention = Retention(store, time.time, calls_days=30, runs_days=180, rollups_days=730)
        ...     return (await retention.remove()).calls
    """

    def __init__(self, store: Store, clock: Clock, *, calls_days: float, runs_days: float, rollups_days: float) -> None:
        self._store = store
        at_us = now_us(clock)
        self._calls_before = first_task_id_at((at_us - calls_days * _US_PER_DAY) / MICROSECONDS_PER_SECOND)
        self._runs_before_us = int(at_us - runs_days * _US_PER_DAY)
        self._rollups_before = int(at_us - rollups_days * _US_PER_DAY) // US_PER_MINUTE

    @classmethod
    def of(cls, settings: Settings, store: Store, clock: Clock) -> Retention:
        """What the settings say."""
        return cls(
            store,
            clock,
            calls_days=settings.retain_calls_days,
            runs_days=settings.retain_runs_days,
            rollups_days=settings.retain_rollups_days,
        )

    async def count(self) -> Removed:
        """What :meth:`remove` would remove now.

        Raises:
            StoreError: the database cannot be used.
        """
        wanted = [self._old_tasks(table) for table in _OF_TASKS]
        async with self._store.read() as connection:
            *details, of_calls = [
                int(await connection.scalar(select(func.count()).select_from(rows.subquery())) or 0) for rows in wanted
            ]
            old_runs = select(runs.c.run_id).where(*self._old_runs())
            of_items = select(func.count()).where(items.c.run_id.in_(old_runs))
            return Removed(
                calls=of_calls,
                details=sum(details),
                runs=int(await connection.scalar(select(func.count()).select_from(old_runs.subquery())) or 0),
                items=int(await connection.scalar(of_items) or 0),
                rollups=int(
                    await connection.scalar(select(func.count()).where(rollups.c.minute < self._rollups_before)) or 0
                ),
            )

    async def remove(self) -> Removed:
        """Remove it, in transactions of :data:`ROWS_AT_ONCE` rows with pauses in between.

        It may be cut off at any moment, and goes on the next time.

        Raises:
            StoreError: the database cannot be used.
        """
        removed = Removed()
        for table in _OF_TASKS:
            gone = await self._in_steps(table, self._old_tasks(table))
            name = "calls" if table is calls else "details"
            removed = replace(removed, **{name: getattr(removed, name) + gone})
        # First nobody can go on with them any more: half of a run's items would be done, and paid for, once more.
        async with self._store.write() as connection:
            await connection.execute(update(runs).where(*self._old_runs()).values(fingerprint=""))
        old_runs = select(runs.c.run_id).where(*self._old_runs(), runs.c.fingerprint == "")
        of_items = await self._in_steps(items, _keys(items).where(items.c.run_id.in_(old_runs)))
        of_runs = await self._in_steps(runs, old_runs)
        of_rollups = await self._in_steps(rollups, _keys(rollups).where(rollups.c.minute < self._rollups_before))
        await self._remove_cooldowns()
        return replace(removed, items=of_items, runs=of_runs, rollups=of_rollups)

    async def _remove_cooldowns(self) -> None:
        """Remove the cool-downs that are over, by the clock that they were told by."""
        async with self._store.write() as connection:
            over = cooldowns.c.until_us <= await database_time_us(connection)
            await connection.execute(delete(cooldowns).where(over))

    def _old_tasks(self, table: Table) -> Select[tuple[int, ...]]:
        """The keys of a table's rows that hang on old tasks, but for those of runs that are under way."""
        under_way = (
            select(calls.c.task_id)
            .join(runs, runs.c.run_id == calls.c.run_id)
            .where(runs.c.state == "running", calls.c.task_id < self._calls_before)
        )
        return _keys(table).where(table.c.task_id < self._calls_before, table.c.task_id.not_in(under_way))

    def _old_runs(self) -> tuple[ColumnElement[bool], ...]:
        ended_us = func.coalesce(runs.c.ended_us, runs.c.heartbeat_us)
        return runs.c.state != "running", ended_us < self._runs_before_us

    async def _in_steps(self, table: Table, keys: Select[tuple[int, ...]]) -> int:
        """Delete the rows with these keys; how many there were."""
        wanted = keys.order_by(*table.primary_key).limit(ROWS_AT_ONCE)
        statement = delete(table).where(tuple_(*table.primary_key).in_(wanted))
        gone = 0
        while True:
            began = time.monotonic()
            async with self._store.write() as connection:
                count = (await connection.execute(statement)).rowcount
            gone += count
            if count < ROWS_AT_ONCE:
                return gone
            await asyncio.sleep(time.monotonic() - began)  # half of the time is the others'


def _keys(table: Table) -> Select[tuple[int, ...]]:
    return select(*table.primary_key)
