"""The store: one door to the SQL database, SQLite or PostgreSQL, for reading and for writing in transactions."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from registry.at_once import AtOnce
from registry.database_faults import connect_faults_mapped, faults_mapped
from registry.database_url import dialect_of, parse_database_url, shown, sqlite_path
from registry.engines import postgresql_engine, prepare_sqlite_file, sqlite_engine
from registry.schema import TURNOUT_SCHEMA, Schema, recorded_version, upgrade
from registry.undisturbed import undisturbed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")

logger = logging.getLogger(__name__)

# How long an opener waits for another one's migration.
MIGRATION_WAIT_SECONDS = 120.0


class Store:
    """A database at the schema of this Turnout.

    ``engine`` is SQLAlchemy's; ``dialect`` says which database it is (``sqlite``, ``postgresql``); ``database_url`` is
    the whole URL, password and all; ``database`` is how messages name it, without the password.

    A store belongs to the event loop that opened it.

    Example:
        >>> async def count_services(path: Path) -> int:
        ...     store = await Store.open(f"sqlite:///{path}")
        ...     async with store.read() as connection:
        ...         count = await connection.scalar(text("SELECT count(*) FROM services"))
        ...     await store.close()
        ...     return count
    """

    def __init__(self, url: URL, *, busy_timeout_seconds: float = 5.0) -> None:
        self._url = url
        self._busy_timeout_seconds = busy_timeout_seconds
        self._writing: asyncio.Task[Any] | None = None
        # One writer at a time waits here, in order and without a thread, and not in SQLite's busy_timeout.
        self._turn: asyncio.Lock | None = None
        self._at_once: AtOnce | None = None
        self.dialect = dialect_of(url)
        self.database = shown(url)
        self.database_url = url.render_as_string(hide_password=False)
        if self.dialect == "sqlite":
            path = sqlite_path(url)
            self._turn = asyncio.Lock()
            self.engine = sqlite_engine(path, "write", busy_timeout_seconds=busy_timeout_seconds)
            self._reader = sqlite_engine(path, "read", busy_timeout_seconds=busy_timeout_seconds)
            self._at_once = AtOnce(path, self.database, busy_timeout_seconds=busy_timeout_seconds)
        else:
            self.engine = postgresql_engine(url)
            self._reader = self.engine.execution_options(postgresql_readonly=True)

    @classmethod
    async def open(
        cls,
        database_url: str,
        *,
        backup_directory: Path | None = None,
        busy_timeout_seconds: float = 5.0,
        schema: Schema = TURNOUT_SCHEMA,
    ) -> Store:
        """Open a database; make it or bring it up to date where needed.

        Args:
            database_url: ``sqlite:///path`` or ``postgresql://user:password@host/name``.
            backup_directory: where an existing database is backed up before a migration; ``backups`` beside a SQLite
                file when left out. A PostgreSQL database is backed up when a directory is given and ``pg_dump`` is on
                PATH; else that is its administrator's business, and the log says so.
            busy_timeout_seconds: how long SQLite waits for another process's write.
            schema: the history of migrations, Turnout's own.

        Raises:
            StoreError: the database cannot be used; the message says why and the way out.
            BackupError: it is older, and could not be backed up before the migration.
        """
        url = parse_database_url(database_url)
        with connect_faults_mapped(shown(url)):
            if dialect_of(url) == "sqlite":
                prepare_sqlite_file(sqlite_path(url))
            store = cls(url, busy_timeout_seconds=busy_timeout_seconds)
            try:
                await store._prepare(schema, backup_directory)
            except BaseException:
                await store.close()
                raise
        return store

    def __repr__(self) -> str:
        return f"Store({self._url.render_as_string(hide_password=True)!r})"

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database; None for a server's."""
        return sqlite_path(self._url) if self.dialect == "sqlite" else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that may not change anything, in one transaction.

        Raises:
            StoreError: no connection, or a statement inside failed; a write among them is a ``DatabaseReadOnly``.
        """
        async with _transaction(self._reader, self.database) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A connection in one transaction: committed at the end, rolled back when the block raises.

        Raises:
            StoreError: no connection, or a statement inside or the commit failed.
            RuntimeError: called inside another ``write`` of the same task, which would wait for itself.
        """
        if self._turn is None:
            async with _transaction(self.engine, self.database) as connection:
                yield connection
                await connection.commit()
            return
        async with self._sole_turn(self._turn), _transaction(self.engine, self.database) as connection:
            yield connection
            await connection.commit()

    async def write_at_once(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What ``work`` returns from one transaction that the event loop does not hold up.

        On SQLite it runs in a thread of its own from beginning to end, whoever cancels meanwhile: for what a busy
        process writes all the time. ``work`` may wait for nothing but its connection there, and uses only what its
        caller does not touch meanwhile. On PostgreSQL it is a :meth:`write`.

        Raises:
            StoreError: no connection, or a statement inside or the commit failed.
            RuntimeError: ``work`` waits for something else, or this is called inside a :meth:`write`.
        """
        if self._turn is None or self._at_once is None:
            async with self.write() as connection:
                return await work(connection)
        async with self._sole_turn(self._turn):
            return await self._at_once.run(work)

    @asynccontextmanager
    async def _sole_turn(self, turn: asyncio.Lock) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if self._writing is task:
            raise RuntimeError("a write inside a write would wait for itself: pass the connection on instead")
        async with turn:
            self._writing = task
            try:
                yield
            finally:
                self._writing = None

    async def close(self) -> None:
        """Close every connection, whenever somebody cancels. The store cannot be used afterwards."""
        await undisturbed(self._reader.dispose())
        await undisturbed(self.engine.dispose())
        if self._at_once is not None:
            await undisturbed(self._at_once.close())

    async def _prepare(self, schema: Schema, backup_directory: Path | None) -> None:
        if self.dialect == "sqlite":
            await self._switch_to_wal()
        async with _transaction(self._reader, self.database) as connection:
            version = await recorded_version(connection)
        if version != schema.head:
            await self._upgrade(schema, backup_directory)

    async def _upgrade(self, schema: Schema, backup_directory: Path | None) -> None:
        engine = self.engine
        if self.dialect == "sqlite":
            engine = sqlite_engine(sqlite_path(self._url), "migrate", busy_timeout_seconds=MIGRATION_WAIT_SECONDS)
        try:
            async with _transaction(engine, self.database) as connection:
                # Not interrupted: Alembic cleans up after a cancellation, fails at it, and that is what would be told.
                await undisturbed(
                    upgrade(
                        connection,
                        schema,
                        database=self.database,
                        database_url=self.database_url,
                        backup_directory=backup_directory,
                    )
                )
                await connection.commit()
        finally:
            await engine.dispose()

    async def _switch_to_wal(self) -> None:
        """Set the write-ahead log, which the file remembers: readers and the writer no longer wait for each other."""
        deadline = asyncio.get_running_loop().time() + self._busy_timeout_seconds
        async with _connected(self.engine) as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            if driver is None:  # pragma: no cover - a connection that is open has one
                return
            while True:
                try:
                    async with driver.execute("PRAGMA journal_mode=WAL") as cursor:
                        mode = (await cursor.fetchone())[0]
                    break
                except sqlite3.OperationalError as error:
                    # SQLite does not wait by itself when two openers of a fresh file switch at once.
                    busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                    if not busy or asyncio.get_running_loop().time() > deadline:
                        raise
                    await asyncio.sleep(0.01)
        if mode != "wal":
            logger.warning(
                "%s cannot keep a write-ahead log (it is in mode %s): is its disk local?", self.database, mode
            )


@asynccontextmanager
async def _transaction(engine: AsyncEngine, database: str) -> AsyncIterator[AsyncConnection]:
    async with AsyncExitStack() as parts:
        with connect_faults_mapped(database):
            connection = await parts.enter_async_context(_connected(engine))
            await connection.begin()
        with faults_mapped(database):
            yield connection


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that is closed at the end, whenever somebody cancels.

    One that is being made when that happens is made first, and one that is being closed is closed: SQLite's driver
    answers from a thread of its own, and the event loop might be closed by then.
    """
    connection = engine.connect()
    try:
        await undisturbed(connection.start())
    except asyncio.CancelledError:
        if connection.sync_connection is not None:
            await undisturbed(connection.close())
        raise
    try:
        yield connection
    finally:
        await undisturbed(connection.close())
