"""Which of our errors a database's failure is: the one place where SQLAlchemy's and the drivers' errors are mapped."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from registry.errors import (
    ConstraintBroken,
    DatabaseCorrupt,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseRefused,
    DatabaseUnreachable,
    DatabaseUrlInvalid,
    DiskFull,
    StatementFailed,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLite's primary result codes (https://www.sqlite.org/rescode.html); an extended code bears one in its low byte.
_SQLITE_FAULTS: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_PERM: DatabaseReadOnly,
    sqlite3.SQLITE_BUSY: DatabaseLocked,
    sqlite3.SQLITE_LOCKED: DatabaseLocked,
    sqlite3.SQLITE_READONLY: DatabaseReadOnly,
    sqlite3.SQLITE_CORRUPT: DatabaseCorrupt,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_CANTOPEN: DatabaseReadOnly,
    sqlite3.SQLITE_PROTOCOL: DatabaseLocked,
    sqlite3.SQLITE_CONSTRAINT: ConstraintBroken,
    sqlite3.SQLITE_AUTH: DatabaseReadOnly,
    sqlite3.SQLITE_NOTADB: DatabaseCorrupt,
}

# PostgreSQL's SQLSTATE, whole or by class (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_POSTGRESQL_FAULTS: dict[str, type[StoreError]] = {
    "08": DatabaseUnreachable,  # connection exceptions
    "23": ConstraintBroken,
    "25006": DatabaseReadOnly,  # a read-only transaction, as on a standby
    "28": DatabaseRefused,  # invalid authorisation
    "3D000": DatabaseRefused,  # no database of that name
    "40001": DatabaseLocked,  # serialisation failure
    "40P01": DatabaseLocked,  # deadlock
    "42501": DatabaseRefused,  # missing rights
    "53100": DiskFull,
    "53300": DatabaseRefused,  # too many connections
    "55P03": DatabaseLocked,  # lock not available
    "57P": DatabaseUnreachable,  # shutting down, starting up
    "58030": DatabaseCorrupt,  # input or output error
    "XX001": DatabaseCorrupt,
    "XX002": DatabaseCorrupt,
}

_OS_FAULTS: dict[int, type[StoreError]] = {
    errno.EACCES: DatabaseReadOnly,
    errno.EPERM: DatabaseReadOnly,
    errno.EROFS: DatabaseReadOnly,
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.ENOENT: DatabaseUrlInvalid,
    errno.EISDIR: DatabaseUrlInvalid,
    errno.ENOTDIR: DatabaseUrlInvalid,
    errno.EEXIST: DatabaseUrlInvalid,
    errno.ENAMETOOLONG: DatabaseUrlInvalid,
}


def store_error(error: BaseException, database: str) -> StoreError | None:
    """The error of ours that ``error`` is; None for one that does not come from a database or its files.

    ``database`` is how messages name it, without a password. Only the first line of the driver's own sentence is
    kept: the lines after it may quote values.
    """
    if isinstance(error, StoreError):
        return error
    if isinstance(error, PoolTimeout):
        return DatabaseLocked(database, "every connection is in use")
    origin = _origin(error)
    if _quotes_a_value(origin):
        return StatementFailed(database, "a value does not fit where it was put")
    kind = _kind(origin)
    if kind is None and not isinstance(error, SQLAlchemyError):
        return None
    return (kind or StatementFailed)(database, _sentence(origin))


@contextmanager
def faults_mapped(database: str) -> Iterator[None]:
    """Raise our error for whatever a statement inside the block fails with; let everything else through.

    Raises:
        StoreError: the one that fits.
    """
    try:
        yield
    except SQLAlchemyError as error:
        mapped = store_error(error, database)
        if mapped is None:
            raise
        raise mapped from error


@contextmanager
def connect_faults_mapped(database: str) -> Iterator[None]:
    """As :func:`faults_mapped`, and also for what drivers and the system raise while connecting or preparing files.

    Raises:
        StoreError: the one that fits.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        mapped = store_error(error, database)
        if mapped is None:
            raise
        raise mapped from error


def _origin(error: BaseException) -> BaseException:
    """What the driver raised, out of the wrappings of SQLAlchemy and of its adapter for asyncpg."""
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    cause = origin.__cause__
    return cause if cause is not None and _is_asyncpg(cause) else origin


def _is_asyncpg(error: BaseException) -> bool:
    # By name, so that nobody on SQLite pays for importing the driver.
    return type(error).__module__.startswith("asyncpg")


def _quotes_a_value(origin: BaseException) -> bool:
    sqlstate = getattr(origin, "sqlstate", None)
    if isinstance(sqlstate, str):
        return sqlstate.startswith("22")  # data exceptions
    return _is_asyncpg(origin) and isinstance(origin, ValueError)


def _kind(origin: BaseException) -> type[StoreError] | None:
    if isinstance(origin, sqlite3.Error):
        return _SQLITE_FAULTS.get((getattr(origin, "sqlite_errorcode", None) or 0) & 0xFF, StatementFailed)
    sqlstate = getattr(origin, "sqlstate", None)
    if isinstance(sqlstate, str):
        by_length = (_POSTGRESQL_FAULTS.get(sqlstate[:length]) for length in (5, 3, 2))
        return next((kind for kind in by_length if kind is not None), StatementFailed)
    if _is_asyncpg(origin):
        # asyncpg's own complaints (not the server's) are about the connection: closed, lost, never made.
        return DatabaseUnreachable
    if isinstance(origin, (ConnectionError, TimeoutError)):
        return DatabaseUnreachable
    if isinstance(origin, OSError):
        return _OS_FAULTS.get(origin.errno or 0, DatabaseUnreachable)
    return None


def _sentence(origin: BaseException) -> str:
    if isinstance(origin, OSError) and origin.strerror and not isinstance(origin, ConnectionError):
        return origin.strerror
    return next(iter(str(origin).splitlines()), "")
