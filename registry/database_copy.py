"""A database copied into one file and back: SQLite by its online backup, PostgreSQL by its own tools."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from registry.database_faults import connect_faults_mapped
from registry.errors import BackupFailed, DatabaseCorrupt, DatabaseLocked, ToolMissing
from registry.schema import VERSION_TABLE
from registry.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL

_OURS = (VERSION_TABLE, *sorted(metadata.tables))


def is_absent(path: Path) -> bool:
    """Whether there is no SQLite database at ``path`` yet: no file, or one that nobody has written to."""
    return not path.exists() or path.stat().st_size == 0


def copy_sqlite(source: Path, target: Path, *, busy_timeout_seconds: float = 5.0) -> str:
    """Copy a database that others may be writing, check the copy, and return its schema version.

    Raises:
        StoreError: the source cannot be read or is damaged.
        BackupFailed: it has no schema of ours.
    """
    with (
        connect_faults_mapped(str(source)),
        closing(sqlite3.connect(source, timeout=busy_timeout_seconds)) as origin,
        closing(sqlite3.connect(target)) as copy,
    ):
        _copy_pages(origin, copy, str(source), busy_timeout_seconds)
        # One file is to hold everything.
        copy.execute("PRAGMA journal_mode=DELETE")
        return check_sqlite(copy, str(source))


def check_sqlite(connection: sqlite3.Connection, database: str) -> str:
    """Look through a whole database for damage, and return its schema version.

    Raises:
        DatabaseCorrupt: it is damaged.
        BackupFailed: it has no schema of ours.
    """
    verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DatabaseCorrupt(database, str(verdict).splitlines()[0])
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    if not connection.execute(query, (VERSION_TABLE,)).fetchone()[0]:
        raise BackupFailed(database, "it holds no data of Turnout's")
    version: str = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()[0]  # noqa: S608 - a constant
    return version


def write_back_sqlite(copy: Path, target: Path, *, busy_timeout_seconds: float = 5.0) -> None:
    """Make ``target`` what ``copy`` is, in one transaction, under the eyes of whoever has it open.

    Raises:
        StoreError: the target cannot be written; it is as it was.
    """
    with (
        connect_faults_mapped(str(target)),
        closing(sqlite3.connect(copy)) as origin,
        closing(sqlite3.connect(target, timeout=busy_timeout_seconds)) as present,
    ):
        _copy_pages(origin, present, str(target), busy_timeout_seconds)


def _copy_pages(source: sqlite3.Connection, target: sqlite3.Connection, locked: str, wait_seconds: float) -> None:
    """All pages in one step: a reader in a write-ahead log neither waits for writers nor holds them up."""
    deadline = time.monotonic() + wait_seconds

    def give_up(status: int, _remaining: int, _total: int) -> None:
        # Left to itself, the driver tries a locked database again without end.
        if status & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} and time.monotonic() > deadline:
            raise DatabaseLocked(locked)

    source.backup(target, progress=give_up, sleep=0.05)


async def copy_postgresql(url: URL, target: Path) -> None:
    """Copy our tables, and nobody else's in that database, with ``pg_dump``.

    Raises:
        ToolMissing: it is not on PATH.
        BackupFailed: it went wrong.
    """
    tables = [f"--table={name}" for name in _OURS]
    arguments = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}", *tables]
    await _run(url, "pg_dump", *arguments)


async def write_back_postgresql(url: URL, copy: Path) -> None:
    """Put the tables of a copy in the place of ours, in one transaction, with ``pg_restore`` and ``psql``.

    Raises:
        ToolMissing: one is not on PATH.
        BackupFailed: it went wrong; the database is as it was.
    """
    clear = copy.with_name("clear.sql")
    clear.write_text("".join(f"DROP TABLE IF EXISTS {name} CASCADE;\n" for name in _OURS))
    script = copy.with_name("restore.sql")
    await _run(url, "pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(copy))
    # Not pg_restore --clean: it leaves tables that only a newer schema has.
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    await _run(url, "psql", *options, f"--file={clear}", f"--file={script}")


async def _run(url: URL, tool: str, *arguments: str) -> None:
    path = shutil.which(tool)
    if path is None:
        raise ToolMissing(tool)
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        env={**os.environ, **_libpq_environment(url)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, complaints = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        lines = complaints.decode(errors="replace").strip().splitlines()
        raise BackupFailed(tool, lines[0] if lines else f"ended with {process.returncode}")


def _libpq_environment(url: URL) -> dict[str, str]:
    """The connection as libpq reads it from the environment: a password in a command line is for all to see."""
    known = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": url.query.get("ssl"),
    }
    return {name: str(value) for name, value in known.items() if value is not None}
