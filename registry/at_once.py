"""Transactions on SQLite in one go: in a thread of their own, with no turn of the event loop between statements."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar, cast

from registry.database_faults import connect_faults_mapped, faults_mapped
from registry.engines import sqlite_direct_engine
from registry.undisturbed import undisturbed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from sqlalchemy import Connection, CursorResult, Dialect
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class AtOnce:
    """Does work over one connection to a SQLite file, in one thread, a transaction each.

    Through the asynchronous driver each statement waits for the event loop several times, and a busy loop takes tens
    of milliseconds a turn: a transaction of ten statements keeps the write lock for seconds.
    """

    def __init__(self, path: Path, database: str, *, busy_timeout_seconds: float) -> None:
        self._database = database
        self._engine = sqlite_direct_engine(path, busy_timeout_seconds=busy_timeout_seconds)
        self._worker: _Worker | None = None

    async def run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What ``work`` returns, committed; it may wait for nothing but its connection.

        Whoever cancels before it has begun prevents it; later, the cancellation comes out when it is done.

        Raises:
            StoreError: no connection, or a statement inside or the commit failed.
            RuntimeError: ``work`` waits for something else.
        """
        if self._worker is None:
            self._worker = _Worker()
        doing = self._worker.do(partial(self._transact, work))
        try:
            return await asyncio.wrap_future(doing)
        except asyncio.CancelledError:
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            doing.add_done_callback(lambda _: loop.call_soon_threadsafe(ended.set))
            await undisturbed(ended.wait())
            raise

    async def close(self) -> None:
        """Close the connection and end the thread, where there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await asyncio.wrap_future(worker.do(self._engine.dispose))
            worker.end()

    def _transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        with connect_faults_mapped(self._database):
            connection = self._engine.connect()
        with connection:
            with connect_faults_mapped(self._database):
                connection.begin()
            with faults_mapped(self._database):
                result = _without_waiting(work(cast("AsyncConnection", Direct(connection))))
                connection.commit()
        return result


class _Worker:
    """A thread that does one thing after the other; unlike an executor, also at the exit of the interpreter."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="turnout-writer", daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], T]) -> Future[T]:
        """What the job will have given."""
        done: Future[T] = Future()
        self._jobs.put((job, done))
        return done

    def end(self) -> None:
        """End the thread, once it has done what it was given."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (given := self._jobs.get()) is not None:
            job, done = given
            if not done.set_running_or_notify_cancel():
                continue
            try:
                done.set_result(job())
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's
                done.set_exception(error)
            del given, job, done  # what it was about may go while the next one is waited for


class Direct:
    """As much of an ``AsyncConnection`` as transactions in one go use, over a connection that answers at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's idea of the database."""
        return self._connection.dialect

    async def execute(self, statement: Any, parameters: Any = None) -> CursorResult[Any]:
        """See SQLAlchemy's ``Connection.execute``."""
        return self._connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[Any]:
        """See SQLAlchemy's ``Connection.exec_driver_sql``."""
        return self._connection.exec_driver_sql(statement, parameters)

    async def scalar(self, statement: Any, parameters: Any = None) -> Any:
        """See SQLAlchemy's ``Connection.scalar``."""
        return self._connection.scalar(statement, parameters)


def _without_waiting(work: Awaitable[T]) -> T:
    """The result of a coroutine that never waits."""
    coroutine = cast("Coroutine[Any, Any, T]", work)
    try:
        coroutine.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    coroutine.close()
    raise RuntimeError("a transaction in one go may wait for nothing but its connection")
