"""Backup and restore: database and assets in one file, taken while others work, put back without losing the present."""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.archive import SUFFIX, Manifest, Unpacked, assets_in, file_sha256, pack, unpack
from registry.clock import Clock, from_us, now_us
from registry.database_copy import (
    check_sqlite,
    copy_postgresql,
    copy_sqlite,
    is_absent,
    write_back_postgresql,
    write_back_sqlite,
)
from registry.database_url import dialect_of, parse_database_url, shown, sqlite_path
from registry.engines import prepare_sqlite_file
from registry.errors import ArchiveInvalid, BackupFailed, DatabaseCorrupt, DatabaseNewer
from registry.schema import TURNOUT_SCHEMA, Schema, recorded_version
from registry.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import URL

logger = logging.getLogger(__name__)

_NAME = re.compile(r"turnout-\d{8}T\d{6}Z(-[a-z0-9-]+)?\.tar\.gz")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. ``kept_aside`` is where the former state lies now; None where there was none."""

    schema_version: str
    made_at: str
    assets: int
    kept_aside: Path | None


async def back_up(
    database: Store | str, target: Path, *, assets: Path | None = None, label: str = "", clock: Clock = time.time
) -> Path:
    """Back up a database and its assets into one file, while others may be writing.

    Args:
        database: a store or a database URL.
        target: the file to write, when it ends in ``.tar.gz``; else a directory in which the file is named by the time.
        assets: the directory of the assets; left out, only the database is backed up.
        label: a word in the file's name that says what the backup was for.
        clock: seconds since 1970.

    Returns:
        The file. It is whole: it got its name last.

    Raises:
        StoreError: the database cannot be read, or is damaged.
        BackupFailed: the file cannot be written, or is there already.
        ToolMissing: ``pg_dump`` is not on PATH.
    """
    url = parse_database_url(database.database_url if isinstance(database, Store) else database)
    made_at = from_us(now_us(clock))
    archive = target if target.name.endswith(SUFFIX) else _named_by_time(target, made_at, label)
    with _failing_as(archive), _workroom(archive.parent) as directory:
        copy = directory / "database"
        version = await _copy(url, copy)
        files = assets_in(assets)
        manifest = Manifest(
            made_at=made_at.isoformat(),
            dialect=dialect_of(url),
            schema_version=version,
            sha256=file_sha256(copy),
            size_bytes=copy.stat().st_size,
            assets=len(files),
        )
        await asyncio.to_thread(pack, archive, manifest, copy, files)
    return archive


async def restore(
    archive: Path,
    database_url: str,
    *,
    backup_directory: Path,
    assets: Path | None = None,
    busy_timeout_seconds: float = 5.0,
    schema: Schema = TURNOUT_SCHEMA,
    clock: Clock = time.time,
) -> Restored:
    """Put a backup in the place of a database. The present one is backed up first.

    The backup is taken apart and checked before anything is touched; then the database changes in one transaction.
    Assets are added, none is removed. Processes that have the database open see the restored one; restart them, since
    what they remember is of the former.

    Args:
        archive: a file that :func:`back_up` wrote.
        database_url: the database to replace; a SQLite file need not exist.
        backup_directory: where the present database is kept.
        assets: the directory of the assets; left out, none is restored.
        busy_timeout_seconds: how long to wait for another process's write.
        schema: the history that a backup's version must be of.
        clock: seconds since 1970.

    Raises:
        ArchiveInvalid: the file is no backup of ours, damaged, or of the other kind of database.
        DatabaseNewer: a newer Turnout made the backup.
        StoreError: the database cannot be written.
        BackupFailed: there is no room, or no right to write.
        ToolMissing: PostgreSQL's tools are not on PATH.
    """
    url = parse_database_url(database_url)
    with _failing_as(archive), _workroom(backup_directory) as directory:
        unpacked = await asyncio.to_thread(unpack, archive, directory)
        _refuse_unfit(unpacked.manifest, url, archive, schema)
        if unpacked.manifest.dialect == "sqlite":
            await asyncio.to_thread(_check_copy, unpacked, archive)
        kept_aside = await _keep_aside(url, backup_directory, clock)
        if assets is not None:
            await asyncio.to_thread(_add_assets, unpacked.assets, assets)
        await _write_back(url, unpacked, busy_timeout_seconds)
    manifest = unpacked.manifest
    return Restored(manifest.schema_version, manifest.made_at, manifest.assets, kept_aside)


def prune(directory: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest ``keep`` backups that Turnout named itself, and return what was removed.

    Raises:
        ValueError: ``keep`` is less than 1.
        BackupFailed: one cannot be removed.
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}; at least one backup stays")
    ours = sorted(path for path in directory.glob(f"*{SUFFIX}") if _NAME.fullmatch(path.name))
    removed = tuple(ours[:-keep])
    with _failing_as(directory):
        for path in removed:
            path.unlink(missing_ok=True)
    return removed


@contextmanager
def _failing_as(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupFailed(str(path), f"{error.strerror or error}. Nothing was changed") from error


@contextmanager
def _workroom(directory: Path) -> Iterator[Path]:
    """A folder that vanishes, on the disk where the result will lie."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".turnout-") as room:
        yield Path(room)


def _named_by_time(directory: Path, made_at: datetime, label: str) -> Path:
    stem = f"turnout-{made_at:%Y%m%dT%H%M%SZ}" + (f"-{label}" if label else "")
    path = directory / f"{stem}{SUFFIX}"
    number = 1
    while path.exists():  # several may be made within one second
        number += 1
        path = directory / f"{stem}-{number}{SUFFIX}"
    return path


async def _copy(url: URL, copy: Path) -> str:
    if dialect_of(url) == "sqlite":
        if is_absent(sqlite_path(url)):
            raise BackupFailed(shown(url), "there is nothing to back up yet")
        return await asyncio.to_thread(copy_sqlite, sqlite_path(url), copy)
    version = await _postgresql_version(url)
    if version is None:
        raise BackupFailed(shown(url), "it holds no data of Turnout's")
    await copy_postgresql(url, copy)
    return version


async def _postgresql_version(url: URL) -> str | None:
    # Not Store.open, which would migrate what is to be backed up as it is.
    store = Store(url)
    try:
        async with store.read() as connection:
            return await recorded_version(connection)
    finally:
        await store.close()


def _refuse_unfit(manifest: Manifest, url: URL, archive: Path, schema: Schema) -> None:
    if manifest.dialect != dialect_of(url):
        raise ArchiveInvalid(str(archive), f"it is of {manifest.dialect}, and the database is {dialect_of(url)}")
    if manifest.schema_version != schema.head and not schema.knows(manifest.schema_version):
        raise DatabaseNewer(str(archive), manifest.schema_version, schema.head)


def _check_copy(unpacked: Unpacked, archive: Path) -> None:
    try:
        with closing(sqlite3.connect(unpacked.database)) as connection:
            version = check_sqlite(connection, str(archive))
    except (sqlite3.Error, DatabaseCorrupt) as error:
        raise ArchiveInvalid(str(archive), "the database in it is damaged") from error
    if version != unpacked.manifest.schema_version:
        raise ArchiveInvalid(str(archive), "its database is of another version than its manifest says")


async def _keep_aside(url: URL, backup_directory: Path, clock: Clock) -> Path | None:
    """Back up what is there now; a damaged file, of which no backup can be made, is moved away as it is."""
    if dialect_of(url) == "postgresql":
        if await _postgresql_version(url) is None:
            return None
        return await back_up(
            url.render_as_string(hide_password=False), backup_directory, label="before-restore", clock=clock
        )
    path = sqlite_path(url)
    if is_absent(path):
        return None
    try:
        return await back_up(
            url.render_as_string(hide_password=False), backup_directory, label="before-restore", clock=clock
        )
    except DatabaseCorrupt as error:
        aside = backup_directory / f"damaged-{from_us(now_us(clock)):%Y%m%dT%H%M%SZ}-{path.name}"
        logger.warning("%s; it is kept as %s", error, aside)
        for ending in ("-wal", "-shm", ""):
            part = path.with_name(path.name + ending)
            if part.exists():
                shutil.move(part, aside.with_name(aside.name + ending))
        return aside


def _add_assets(unpacked: Path, assets: Path) -> None:
    """Before the database, so that no row points at a file that is not there. A file's name is its content's digest."""
    for file in assets_in(unpacked):
        target = assets / file.name[:2] / file.name
        if not target.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = target.with_name(f".{file.name}.partial")
            shutil.copyfile(file, partial)
            partial.chmod(0o600)
            partial.replace(target)


async def _write_back(url: URL, unpacked: Unpacked, busy_timeout_seconds: float) -> None:
    if dialect_of(url) == "postgresql":
        await write_back_postgresql(url, unpacked.database)
        return
    path = sqlite_path(url)
    prepare_sqlite_file(path)
    await asyncio.to_thread(write_back_sqlite, unpacked.database, path, busy_timeout_seconds=busy_timeout_seconds)
