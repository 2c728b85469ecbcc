"""The ledger: takes a row per call without waiting for SQL, and writes many at once behind the caller's back."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from registry.calls import CallRow, column, columns_of, names_in, only_new, write_calls
from registry.clock import now_us
from registry.errors import CallsRepeated, ConstraintBroken, LedgerFull, StatementFailed
from registry.outbox import append
from registry.rollups import add_up, write_rollups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.calls import Columns
    from registry.clock import Clock
    from registry.names import Names
    from registry.outbox import Event
    from registry.store import Store

logger = logging.getLogger(__name__)

LONGEST_BACKOFF_SECONDS = 10.0
_DRAIN_PAUSE_SECONDS = 0.05

# A row may itself be to blame for these; anything else is the database's affair, and the rows are as good as before.
_PERHAPS_THE_ROW = (StatementFailed, ConstraintBroken, OverflowError, ValueError, TypeError)


class Ledger:
    """Takes calls and writes them, with their messages, rollups and events, in one transaction a batch.

    A row stays in memory until its transaction has committed. A row that the ledger has already, by task and attempt,
    is not written or counted again. While the database cannot be written, rows are kept up to ``most_rows``, and then
    refused; a row that the database will never take is set aside, so that it does not hold up the others.

    Args:
        store: where to.
        names: gives stages, items and owners their numbers.
        clock: dates the events.
        flush_seconds: how long a row may wait for others; the next batch is written earlier when it is full.
        rows_per_write: how many rows make a batch full.
        most_rows: how many rows may wait, some 1 kB each.

    Example:
        >>> async def keep(ledger: Ledger, row: CallRow) -> None:
        ...     await ledger.start()
        ...     ledger.record(row)
        ...     await ledger.close()
    """

    def __init__(
        self,
        store: Store,
        names: Names,
        clock: Clock,
        flush_seconds: float = 0.2,
        *,
        rows_per_write: int = 5_000,
        most_rows: int = 200_000,
    ) -> None:
        self._store = store
        self._names = names
        self._clock = clock
        self._flush_seconds = flush_seconds
        self._rows_per_write = rows_per_write
        self._most_rows = most_rows
        self._rows: list[CallRow] = []
        self._events: dict[tuple[int, int], Event] = {}
        self._set_aside: deque[CallRow] = deque(maxlen=1_000)
        self._turn = asyncio.Lock()
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flusher: asyncio.Task[None] | None = None
        self._drains: set[asyncio.Task[bool]] = set()
        self._failing = False

    @property
    def waiting(self) -> int:
        """How many rows are not written yet."""
        return len(self._rows)

    @property
    def set_aside(self) -> tuple[CallRow, ...]:
        """The last 1,000 rows that the database would not take; each was logged as an error."""
        return tuple(self._set_aside)

    def record(self, row: CallRow, event: Event | None = None) -> None:
        """Take a row; it is written soon after, and ``event`` with it. Never waits; any thread may call it.

        Raises:
            LedgerFull: too many rows wait already; this one was not taken.
        """
        rows = self._rows
        if len(rows) >= self._most_rows:
            raise LedgerFull(len(rows))
        if event is not None:
            self._events[row.task_id, row.attempt] = event
        rows.append(row)
        count = len(rows)
        if count in (1, self._rows_per_write) and self._loop is not None:
            self._loop.call_soon_threadsafe(self._some.set if count == 1 else self._full.set)

    async def start(self) -> None:
        """Begin to write. Rows taken before are written too."""
        self._loop = asyncio.get_running_loop()
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._keep_flushing(), name="turnout-ledger")

    async def drain(self, timeout_seconds: float) -> int:
        """Write what waits, now, and say how many rows are left unwritten after at most that long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while self._rows and (left_seconds := deadline - loop.time()) > 0:
            flush = asyncio.create_task(self._flush())
            self._drains.add(flush)
            flush.add_done_callback(self._drains.discard)
            # Not cancelled when time is up: a write that is under way may still make it.
            await asyncio.wait({flush}, timeout=left_seconds)
            if not flush.done():
                break
            if not flush.result():
                await asyncio.sleep(min(_DRAIN_PAUSE_SECONDS, left_seconds))
        return len(self._rows)

    async def close(self, timeout_seconds: float = 3.0) -> int:
        """Drain, stop writing, and say how many rows were left unwritten; those are lost with the process."""
        left = await self.drain(timeout_seconds)
        tasks = [*self._drains, *([self._flusher] if self._flusher else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._flusher = None
        if left:
            logger.error("%d calls could not be written to the ledger before the end", left)
        return left

    async def _keep_flushing(self) -> None:
        backoff_seconds = 0.0
        while True:
            self._some.clear()
            if not self._rows:
                await self._some.wait()
            if backoff_seconds:
                await asyncio.sleep(backoff_seconds)
            elif len(self._rows) < self._rows_per_write:
                self._full.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._flush_seconds):
                        await self._full.wait()
            if await self._flush():
                backoff_seconds = 0.0
            else:
                backoff_seconds = min(max(2 * backoff_seconds, self._flush_seconds, 0.1), LONGEST_BACKOFF_SECONDS)

    async def _flush(self) -> bool:
        """Write what waits at this moment; whether that went well."""
        async with self._turn:
            goal = len(self._rows)
            try:
                while goal > 0:
                    batch = self._rows[: min(goal, self._rows_per_write)]
                    await self._write(batch)
                    del self._rows[: len(batch)]
                    goal -= len(batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, the rows are kept and the flusher lives on
                if not self._failing:
                    logger.warning("the ledger cannot be written, %d calls wait: %s", len(self._rows), error)
                self._failing = True
                return False
            if self._failing:
                logger.warning("the ledger is written again, %d calls wait", len(self._rows))
                self._failing = False
            return True

    async def _write(self, rows: Sequence[CallRow]) -> None:
        bad = await self._write_halving(rows)
        if len(bad) == len(rows):
            raise bad[0][1]  # nothing was taken: that is the database, not the rows
        for row, _ in bad:
            await self._write_or_set_aside(row)

    async def _write_or_set_aside(self, row: CallRow) -> None:
        """Try once more, since the database may have been at fault before and is not now."""
        try:
            await self._write_together([row])
        except _PERHAPS_THE_ROW as error:
            self._set_aside.append(row)
            self._events.pop((row.task_id, row.attempt), None)
            message = "call %d of task %d was not taken into the ledger: %s"
            logger.error(message, row.attempt, row.task_id, error)  # noqa: TRY400 - the sentence says it all

    async def _write_halving(self, rows: Sequence[CallRow]) -> list[tuple[CallRow, Exception]]:
        """Write the rows, in ever smaller parts where one of them is bad; the bad ones, each with its error."""
        try:
            await self._write_together(rows)
        except _PERHAPS_THE_ROW as error:
            if len(rows) == 1:
                return [(rows[0], error)]
            middle = len(rows) // 2
            return [*await self._write_halving(rows[:middle]), *await self._write_halving(rows[middle:])]
        return []

    async def _write_together(self, rows: Sequence[CallRow]) -> None:
        columns = columns_of(rows)
        numbers = await self._names.intern(names_in(columns))
        try:
            await self._store.write_at_once(partial(self._write_new, columns, numbers))
        except CallsRepeated:
            # After a commit whose answer was lost, or half a batch: what is there must not be counted twice.
            await self._store.write_at_once(partial(self._write_missing, rows, numbers))
        for row in rows if self._events else ():
            self._events.pop((row.task_id, row.attempt), None)

    async def _write_missing(
        self, rows: Sequence[CallRow], numbers: Mapping[str, int], connection: AsyncConnection
    ) -> None:
        new = await only_new(connection, rows)
        if new:
            await self._write_new(columns_of(new), numbers, connection)

    async def _write_new(self, columns: Columns, numbers: Mapping[str, int], connection: AsyncConnection) -> None:
        await write_calls(connection, columns, numbers)
        if self._events:
            keys = zip(column(columns, "task_id"), column(columns, "attempt"), strict=True)
            events = [self._events[key] for key in keys if key in self._events]
            await append(connection, now_us(self._clock), *events)
        # Last, because on PostgreSQL it takes a turn that other processes may wait for.
        await write_rollups(connection, add_up(columns, numbers))
