"""What SQLite and PostgreSQL say differently: rows that may be there already, taking turns, long lists."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Table
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

_ROWS_PER_STATEMENT = 100

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


async def insert_into_sqlite(connection: AsyncConnection, table: Table, columns: Sequence[Sequence[Any]]) -> int:
    """Insert many rows, given as whole columns in the table's order; those that are there already are left as they are.

    In the driver's own words, since this is done for nearly every call: a statement with many rows costs half of what
    as many statements with one row do, and a column that is empty throughout need not be given to the driver, which
    takes long over None.

    Returns:
        How many rows were new.
    """
    count = len(columns[0])
    is_empty = [column[0] is None and column.count(None) == count for column in columns]
    given = [column for column, empty in zip(columns, is_empty, strict=True) if not empty]
    values = tuple(chain.from_iterable(zip(*given, strict=True)))
    row = f"({','.join('NULL' if empty else '?' for empty in is_empty)})"
    width, whole, new = len(given), count - count % _ROWS_PER_STATEMENT, 0
    for start, end, rows in ((0, whole, _ROWS_PER_STATEMENT), (whole, count, 1)):
        if start < end:
            statement = f"INSERT INTO {table.name} VALUES {','.join([row] * rows)} ON CONFLICT DO NOTHING"  # noqa: S608 - our own names, and question marks
            step = width * rows
            parts = [values[place : place + step] for place in range(start * width, end * width, step)]
            new += (await connection.exec_driver_sql(statement, parts)).rowcount
    return new


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
