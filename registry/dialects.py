"""What SQLite and PostgreSQL say differently: rows that may be there already, taking turns, long lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Table
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

# The turns that are taken on PostgreSQL, each with a number of its own. They share a space with whatever else takes
# advisory locks in that database, so they start far from zero.
ROLLUPS_TURN = 7_480_001
SCORES_TURN = 7_480_002
CATALOGUE_TURN = 7_480_003
POLICIES_TURN = 7_480_004


def insert_into(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the connection's dialect, which knows ``on_conflict_do_nothing`` and ``…_do_update``."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # a short command on SQLite need not pay for importing it

    return postgresql.insert(table)


async def take_turn(connection: AsyncConnection, turn: int) -> None:
    """Wait until no other transaction holds this turn; it is given back when the transaction ends.

    For reading, changing in Python and writing back. A write on SQLite has the database to itself anyway.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": turn})


def stepped(values: Collection[T]) -> list[T]:
    """The values with the last one repeated up to the next power of two, for ``IN``.

    Drivers keep the last hundred statements of each connection, and one with 300 places is 60 kB: lists of every length
    would fill some 8 MB a connection.

    >>> stepped([7, 8, 9])
    [7, 8, 9, 9]
    """
    told = list(values)
    return told + told[-1:] * ((1 << max(len(told) - 1, 0).bit_length()) - len(told))
