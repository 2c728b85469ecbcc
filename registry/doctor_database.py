"""The doctor's look at the database: does it answer, is it whole, which schema, where does it lie, what is its time."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import text

from registry.database_copy import check_sqlite, is_absent
from registry.database_faults import connect_faults_mapped
from registry.database_url import parse_database_url, sqlite_path
from registry.doctor import Finding
from registry.errors import BackupFailed, StoreError
from registry.schema import TURNOUT_SCHEMA, recorded_version
from registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from registry.clock import Clock
    from registry.settings import Settings

_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "afp", "9p", "fuse.sshfs", "fuse.s3fs", "glusterfs", "ceph", "lustre")
_GREATEST_SKEW_SECONDS = 5.0


async def examine_database(settings: Settings, *, clock: Clock) -> tuple[Finding, ...]:
    """Look at the database without making, migrating or changing it."""
    try:
        url = parse_database_url(settings.store_url)
        if url.drivername.startswith("sqlite"):
            return await _examine_sqlite(sqlite_path(url))
        return await _examine_postgresql(Store(url), clock)
    except StoreError as error:
        sentence = f"{error.sentence[:1].upper()}{error.sentence[1:]}."
        return (Finding(name="database", state="problem", sentence=sentence, remedy=f"{error.way_out}."),)


def network_file_system(path: Path, mounts: Iterable[tuple[str, str]] | None = None) -> str | None:
    """The kind of network file system that ``path`` lies on; None for a local disk.

    ``mounts`` are mount points and their file systems; this machine's when left out.
    """
    if mounts is None:
        import psutil

        mounts = [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    place = path.resolve()
    # The innermost mount is the one that counts.
    inside = [(len(point), kind.lower()) for point, kind in mounts if place.is_relative_to(point)]
    kind = max(inside, default=(0, ""))[1]
    return kind if kind.startswith(_NETWORK_FILE_SYSTEMS) else None


def schema_finding(version: str | None) -> Finding:
    """What a database's schema version means for the next start."""
    name = "schema"
    if version is None:
        return Finding(name=name, state="ok", sentence="The database is empty; the next start makes its tables.")
    if version == TURNOUT_SCHEMA.head:
        return Finding(name=name, state="ok", sentence=f"The schema is version {version}, the newest.")
    if TURNOUT_SCHEMA.knows(version):
        sentence = f"The schema is version {version}; the next start brings it to {TURNOUT_SCHEMA.head}."
        return Finding(name=name, state="warning", sentence=sentence, remedy="Run `turnout backup` before, to be safe.")
    sentence = f"A newer Turnout made the database: its schema is version {version}."
    return Finding(name=name, state="problem", sentence=sentence, remedy="Install that version or a later one.")


async def _examine_sqlite(path: Path) -> tuple[Finding, ...]:
    name = "database"
    if is_absent(path):
        return (Finding(name=name, state="ok", sentence=f"{path} does not exist yet; the first run makes it."),)
    findings = [*await asyncio.to_thread(_look_through, path)]
    kind = network_file_system(path)
    if kind:
        sentence = f"{path} lies on a network file system ({kind}), where SQLite can lose data."
        remedy = "Move the data directory to a local disk with TURNOUT_HOME, or use PostgreSQL."
        findings.append(Finding(name=name, state="problem", sentence=sentence, remedy=remedy))
    return tuple(findings)


def _look_through(path: Path) -> tuple[Finding, ...]:
    # Read-only, so that looking at a damaged file makes nothing worse.
    with (
        connect_faults_mapped(str(path)),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection,
    ):
        try:
            version = check_sqlite(connection, str(path))
        except BackupFailed as error:
            return (Finding(name="database", state="problem", sentence=f"{error}.", remedy="Name another database."),)
    return Finding(name="database", state="ok", sentence=f"{path} is whole."), schema_finding(version)


async def _examine_postgresql(store: Store, clock: Clock) -> tuple[Finding, ...]:
    try:
        async with store.read() as connection:
            server_seconds = float(await connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
            skew_seconds = server_seconds - clock()
        async with store.read() as connection:
            version = await recorded_version(connection)
    finally:
        await store.close()
    findings = [
        Finding(name="database", state="ok", sentence=f"{store.database} answers."),
        schema_finding(version),
    ]
    if abs(skew_seconds) > _GREATEST_SKEW_SECONDS:
        sentence = f"The clocks of this machine and of the database are {abs(skew_seconds):,.0f} seconds apart."
        findings.append(Finding(name="clock", state="warning", sentence=sentence, remedy="Let both follow NTP."))
    return tuple(findings)
