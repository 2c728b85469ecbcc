"""Database URLs as people write them, turned into what the async drivers want, and shown without their password."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from registry.errors import DatabaseUrlInvalid

Dialect = Literal["sqlite", "postgresql"]

_SQLITE = "sqlite+aiosqlite"
_POSTGRESQL = "postgresql+asyncpg"
_DRIVERS = {
    "sqlite": _SQLITE,
    _SQLITE: _SQLITE,
    "postgres": _POSTGRESQL,
    "postgresql": _POSTGRESQL,
    _POSTGRESQL: _POSTGRESQL,
}
# What libpq calls a thing (left) and what asyncpg calls it.
_LIBPQ_NAMES = {"sslmode": "ssl", "connect_timeout": "timeout"}


def parse_database_url(text: str) -> URL:
    """The URL with its async driver, from ``sqlite:///path``, ``postgres://…`` or ``postgresql://…``.

    >>> parse_database_url("postgres://ann@db/turnout?sslmode=require").render_as_string()
    'postgresql+asyncpg://ann@db/turnout?ssl=require'

    Raises:
        DatabaseUrlInvalid: it is no URL, of another database, or names no file.
    """
    scheme, _, path = text.partition(":///")
    if _DRIVERS.get(scheme) == _SQLITE:
        return _parse_path(path)
    try:
        url = make_url(text)
    except ArgumentError as error:
        # The text itself may hold a password, so it is not shown.
        raise DatabaseUrlInvalid("of the settings", "what it says is no URL") from error
    if _DRIVERS.get(url.drivername) == _SQLITE:
        raise DatabaseUrlInvalid(shown(url), "it names no file")
    if _DRIVERS.get(url.drivername) != _POSTGRESQL:
        raise DatabaseUrlInvalid(shown(url), f"{url.drivername} is none of {', '.join(_DRIVERS)}")
    if not url.database:
        raise DatabaseUrlInvalid(shown(url), "it names no database")
    query = {_LIBPQ_NAMES.get(key, key): value for key, value in url.query.items()}
    return url.set(drivername=_POSTGRESQL, query=query)


def _parse_path(path: str) -> URL:
    # Taken as it stands, since a folder may bear any character that a URL gives a meaning to.
    if path in {"", ":memory:"} or path.startswith("file:"):
        raise DatabaseUrlInvalid(f"sqlite:///{path}", "a database in memory would forget everything; name a file")
    if re.search(r"\?\w+=", path):
        raise DatabaseUrlInvalid(f"sqlite:///{path}", "the URL of a file takes no options")
    return URL.create(_SQLITE, database=path)


def dialect_of(url: URL) -> Dialect:
    """Which of the two databases a parsed URL is for."""
    return "sqlite" if url.drivername.startswith("sqlite") else "postgresql"


def sqlite_path(url: URL) -> Path:
    """The file of a parsed SQLite URL."""
    return Path(url.database or "").expanduser()


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, as the settings hold it."""
    return f"sqlite:///{path}"


def shown(url: URL) -> str:
    """How messages name a database: a SQLite file by its path, any other by its URL without the password."""
    if _DRIVERS.get(url.drivername) == _SQLITE and url.database:
        return str(sqlite_path(url))
    name = url.drivername.partition("+")[0]
    return url.set(drivername=name, query={}).render_as_string(hide_password=True)
