"""How we connect: SQLAlchemy engines for SQLite and PostgreSQL with the settings that the store relies on."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

from registry.errors import DatabaseReadOnly, DatabaseUrlInvalid
from registry.undisturbed import undisturbed

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.pool import ConnectionPoolEntry

Use = Literal["read", "write", "migrate"]

CONNECT_TIMEOUT_SECONDS = 10.0


def sqlite_engine(path: Path, use: Use, *, busy_timeout_seconds: float) -> AsyncEngine:
    """An engine over a SQLite file for one use.

    ``read`` begins a deferred transaction and refuses to write. ``write`` and ``migrate`` take the write lock at the
    beginning: a transaction that reads first may find later that another has written. ``migrate`` leaves foreign keys
    unchecked, since SQLite changes a table by copying and dropping it, and a drop would cascade.
    """
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # Parameters never appear in errors or logs: they are people's prompts and outputs.
        hide_parameters=True,
        # The driver begins nothing by itself: the listener below does, and says how.
        connect_args={"timeout": busy_timeout_seconds, "isolation_level": None},
        # The one used last is the one whose page cache is warm; the others stay as small as they are.
        pool_use_lifo=True,
    )
    _set_up(engine.sync_engine, use)

    @event.listens_for(engine.sync_engine.pool, "invalidate")
    def end_transaction(connection: Any, _: ConnectionPoolEntry, why: BaseException | None) -> None:
        # Whoever is cancelled inside a statement leaves it unfinalized as long as something refers to its cursor, and
        # SQLite keeps a connection that is closed meanwhile, with its transaction and its lock.
        if isinstance(why, asyncio.CancelledError):
            connection.run_async(lambda driver: undisturbed(driver.rollback()))

    return engine


def sqlite_direct_engine(path: Path, *, busy_timeout_seconds: float) -> Engine:
    """An engine for writing over one connection to a SQLite file, without an event loop between."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        # Used by one thread at a time, and closed by whichever comes last.
        connect_args={"timeout": busy_timeout_seconds, "isolation_level": None, "check_same_thread": False},
        poolclass=StaticPool,
    )
    _set_up(engine, "write")
    return engine


def _set_up(engine: Engine, use: Use) -> None:
    pragmas = ["synchronous=NORMAL", f"foreign_keys={'OFF' if use == 'migrate' else 'ON'}"]
    if use == "read":
        pragmas.append("query_only=ON")
    begin_statement = "BEGIN DEFERRED" if use == "read" else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin_statement)


def postgresql_engine(url: URL) -> AsyncEngine:
    """An engine over a PostgreSQL database. A ping notices connections that a restart of the server has cut."""
    connect_args: dict[str, Any] = {} if "timeout" in url.query else {"timeout": CONNECT_TIMEOUT_SECONDS}
    return create_async_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=connect_args)


def prepare_sqlite_file(path: Path) -> None:
    """Make the file, for this account only, and its folder; refuse here what SQLite has no clear sentence for.

    Raises:
        DatabaseUrlInvalid: it is a directory.
        DatabaseReadOnly: this account may not write the file or its folder.
        OSError: the file or its folder cannot be made.
    """
    if path.is_dir():
        raise DatabaseUrlInvalid(str(path), "it is a directory")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return
    # SQLite keeps two files beside the database while it is open, so the folder must be writable too.
    for part in (path, path.parent):
        if not os.access(part, os.R_OK | os.W_OK):
            raise DatabaseReadOnly(str(path), f"no right to write {part}")
