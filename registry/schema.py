"""The schema's version: reading it cheaply, and bringing a database up to date once, whoever comes first."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from registry.database_faults import store_error
from registry.dialects import take_turn
from registry.errors import (
    ConstraintBroken,
    DatabaseForeign,
    DatabaseNewer,
    MigrationFailed,
    StatementFailed,
    ToolMissing,
)

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

logger = logging.getLogger(__name__)

# Not Alembic's own name for it: Prefect uses that one, and both may live in one PostgreSQL database.
VERSION_TABLE = "turnout_schema"

# Beside the turns in registry/dialects.py.
_SCHEMA_TURN = 7_480_000

_UNDEFINED_TABLE = "42P01"  # PostgreSQL's SQLSTATE


@dataclass(frozen=True, slots=True)
class Schema:
    """A history of migrations: the directory with Alembic's files, and the version that they lead to."""

    directory: Path
    head: str

    def config(self) -> Config:
        """What Alembic wants to know."""
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(self.directory).replace("%", "%%"))
        return config

    def knows(self, version: str) -> bool:
        """Whether ``version`` is one of the history's steps."""
        from alembic.script import ScriptDirectory

        steps = ScriptDirectory.from_config(self.config()).walk_revisions()
        return version in {step.revision for step in steps}


# The head is written out, so that opening a current database need not import Alembic; a test holds it to the files.
TURNOUT_SCHEMA = Schema(directory=Path(__file__).parent / "migrations", head="0005")


async def recorded_version(connection: AsyncConnection) -> str | None:
    """The version that the database says it has; None where it says nothing. One SELECT.

    On PostgreSQL the transaction is spent when the answer is None.
    """
    try:
        version: str | None = await connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    except DBAPIError as error:
        if _says_no_such_table(error.orig):
            return None
        raise
    return version


async def upgrade(
    connection: AsyncConnection, schema: Schema, *, database: str, database_url: str, backup_directory: Path | None
) -> None:
    """Bring the database up to date in the transaction that ``connection`` has begun.

    Whoever else wants to do so waits: on SQLite for the write lock, which the transaction holds already, on PostgreSQL
    for an advisory lock. Whoever comes second finds the work done.

    Raises:
        DatabaseNewer: the version is none of the history's.
        DatabaseForeign: tables stand where ours belong, without a version.
        MigrationFailed: a step failed; the transaction must be rolled back.
        BackupError: an existing database could not be backed up.
    """
    await take_turn(connection, _SCHEMA_TURN)
    tables = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    version = await recorded_version(connection) if VERSION_TABLE in tables else None
    if version == schema.head:
        return
    if version is None:
        _refuse_strangers(tables, database)
    elif not schema.knows(version):
        raise DatabaseNewer(database, version, schema.head)
    else:
        await _back_up_first(database_url, backup_directory, version, schema.head)
    logger.info("bringing %s from schema %s to %s", database, version or "none", schema.head)
    try:
        await connection.run_sync(_run_steps, schema)
    except Exception as error:
        mapped = store_error(error, database)
        if mapped is None or isinstance(mapped, (StatementFailed, ConstraintBroken)):
            raise MigrationFailed(database, mapped.detail if mapped else f"{type(error).__name__}: {error}") from error
        raise mapped from error
    await _check_references(connection, database)


def _run_steps(connection: Connection, schema: Schema) -> None:
    from alembic import command

    config = schema.config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _check_references(connection: AsyncConnection, database: str) -> None:
    """SQLite checked no foreign key during the steps; look whether one is broken now."""
    if connection.dialect.name != "sqlite":
        return
    broken = (await connection.execute(text("PRAGMA foreign_key_check"))).first()
    if broken is not None:
        raise MigrationFailed(database, f"a row of {broken[0]} would point at nothing in {broken[2]}")


def _refuse_strangers(tables: set[str], database: str) -> None:
    from registry.tables import metadata

    strangers = sorted(tables & set(metadata.tables))
    if strangers:
        raise DatabaseForeign(database, ", ".join(strangers))


async def _back_up_first(database_url: str, backup_directory: Path | None, version: str, head: str) -> None:
    from registry.backup import back_up
    from registry.database_url import dialect_of, parse_database_url, sqlite_path

    url = parse_database_url(database_url)
    if backup_directory is None:
        if dialect_of(url) == "postgresql":
            logger.warning("no backup directory was named: the schema goes from %s to %s without one", version, head)
            return
        backup_directory = sqlite_path(url).parent / "backups"
    try:
        archive = await back_up(database_url, backup_directory, label=f"before-schema-{head}")
    except ToolMissing as error:
        # The server's administrator backs up; that we cannot is no reason to stand still.
        logger.warning("the schema goes from %s to %s without a backup: %s", version, head, error)
    else:
        logger.info("backed up before the migration: %s", archive)


def _says_no_such_table(origin: BaseException | None) -> bool:
    if getattr(origin, "sqlstate", None) == _UNDEFINED_TABLE:
        return True
    return getattr(origin, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
