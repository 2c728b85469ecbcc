"""Numbers for tasks: 64 bits, sorted by time, never the same in two processes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from registry.dialects import insert_into
from registry.tables import counters

if TYPE_CHECKING:
    from registry.clock import Clock
    from registry.store import Store

# 2024-01-01T00:00:00Z. With 41 bits for the milliseconds since then, the numbers last until 2093.
EPOCH_MS = 1_704_067_200_000
WORKERS = 1 << 12
_SEQUENCE_BITS = 10
_MS_SHIFT = 22
SMALLEST = 1 << 40
"""No task is given a number below this: it would be one of the first minutes of 2024."""


class TaskIds:
    """Gives task ids: milliseconds since 2024, then 12 bits for the worker, then a sequence of 10 bits.

    Safe to use from several threads. When more than 1,024 are asked for within a millisecond, or the clock goes back,
    the ids run ahead of the clock and do not repeat. ``worker`` comes from :func:`claim_worker`; a process that forks
    claims another one.

    Example:
        >>> ids = TaskIds(lambda: 1_800_000_000.0, worker=7)
        >>> next(ids) < next(ids)
        True
    """

    def __init__(self, clock: Clock, worker: int) -> None:
        if not 0 <= worker < WORKERS:
            raise ValueError(f"a worker's number lies in 0..{WORKERS - 1}, not at {worker}")
        self._clock = clock
        self._worker = worker << _SEQUENCE_BITS
        self._ms = 0
        self._sequence = 0
        self._lock = threading.Lock()

    def __iter__(self) -> TaskIds:
        return self

    def __next__(self) -> int:
        ms = int(self._clock() * 1000) - EPOCH_MS
        with self._lock:
            if ms > self._ms:
                self._ms, self._sequence = ms, 0
            else:
                self._sequence += 1
                if self._sequence >> _SEQUENCE_BITS:
                    self._ms, self._sequence = self._ms + 1, 0
            return self._ms << _MS_SHIFT | self._worker | self._sequence


def task_time_seconds(task_id: int) -> float:
    """When a task was given its id, in seconds since 1970.

    >>> task_time_seconds(next(TaskIds(lambda: 1_800_000_000.0, worker=7)))
    1800000000.0
    """
    return ((task_id >> _MS_SHIFT) + EPOCH_MS) / 1000


def first_task_id_at(seconds: float) -> int:
    """The smallest id that a task can have been given at a moment, in seconds since 1970; 0 before 2024.

    >>> task_time_seconds(first_task_id_at(1_800_000_000.0))
    1800000000.0
    """
    return max(0, int(seconds * 1000) - EPOCH_MS) << _MS_SHIFT


async def claim_worker(store: Store) -> int:
    """A worker's number that no other process of this database has, unless 4,096 were started after it.

    A random one would be shared by one pair of processes in 4,096, and their calls would overwrite each other.

    Raises:
        StoreError: the database cannot be used.
    """
    async with store.write() as connection:
        statement = insert_into(connection, counters).values(name="worker", value=1)
        statement = statement.on_conflict_do_update(
            index_elements=[counters.c.name], set_={"value": counters.c.value + 1}
        )
        claimed = await connection.scalar(statement.returning(counters.c.value))
    return int(claimed or 0) % WORKERS
