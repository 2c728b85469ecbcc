"""Reading somebody's table by a query of theirs, as a stream, without a chance to change anything."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

from registry.database_faults import connect_faults_mapped, faults_mapped
from registry.database_url import dialect_of, parse_database_url, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ROWS_AT_ONCE = 500


async def read_query(database_url: str, query: str) -> AsyncIterator[dict[str, Any]]:
    """The rows that a query gives, by column, with values that JSON can hold. A statement that writes is refused.

    Raises:
        DatabaseUrlInvalid: the URL leads to no database.
        StoreError: the database cannot be reached, or does not take the query.
    """
    url = parse_database_url(database_url)
    is_sqlite = dialect_of(url) == "sqlite"
    if is_sqlite:  # opened for reading only; a file that is not there is not made
        url = URL.create(url.drivername, database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
    engine = create_async_engine(url, hide_parameters=True)
    name = shown(parse_database_url(database_url))
    try:
        with connect_faults_mapped(name):
            connection = await engine.connect()
        try:
            if not is_sqlite:
                await connection.execute(text("SET TRANSACTION READ ONLY"))
            with faults_mapped(name):
                async with connection.stream(text(query.replace(":", "\\:"))) as result:
                    async for part in result.mappings().partitions(_ROWS_AT_ONCE):
                        for row in part:
                            yield {str(column): _plain(value) for column, value in row.items()}
        finally:
            await connection.close()
    finally:
        await engine.dispose()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
