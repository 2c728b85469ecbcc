"""When a minute, a day or a month begins and ends, on the database's clock, and daylight saving right."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import text

from registry.clock import MICROSECONDS_PER_SECOND, from_us, to_us
from registry.errors import EntryInvalid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    DatabaseClock = Callable[[AsyncConnection], Awaitable[int]]

Period = Literal["minute", "day", "month", "total", "open"]
"""How long an amount lasts. ``total``: for a whole run; ``open``: for ever, as places do, which are given back."""

MINUTE_US = 60 * MICROSECONDS_PER_SECOND
_SQLITE_TIME = text("SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000")
_POSTGRESQL_TIME = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")


async def database_time_us(connection: AsyncConnection) -> int:
    """The database's time in microseconds since 1970: a server's own, and the machine's for SQLite."""
    statement = _SQLITE_TIME if connection.dialect.name == "sqlite" else _POSTGRESQL_TIME
    return int(await connection.scalar(statement) or 0)


def window_bounds(period: Period, zone: str, at_us: int) -> tuple[int, int | None]:
    """Beginning and end, in microseconds, of the window that ``at_us`` lies in; 0 and None where it has none.

    A day with a change of the clocks has 23 or 25 hours:

    >>> start_us, end_us = window_bounds("day", "Europe/Berlin", to_us(datetime(2026, 10, 25, 12)))
    >>> (end_us - start_us) // 3_600_000_000
    25
    """
    if period in ("total", "open"):
        return 0, None
    if period == "minute":
        start_us = at_us - at_us % MINUTE_US
        return start_us, start_us + MINUTE_US
    there = ZoneInfo(zone)
    day = from_us(at_us).astimezone(there).date()
    if period == "day":
        following = day + timedelta(days=1)
    else:
        day = day.replace(day=1)
        following = (day + timedelta(days=31)).replace(day=1)
    # A midnight that the clocks leap over stands for the moment of the leap; of two, the first one counts.
    start, end = (datetime(one.year, one.month, one.day, tzinfo=there) for one in (day, following))
    return to_us(start), to_us(end)


@lru_cache(maxsize=256)
def checked_zone(name: str) -> str:
    """The name of a time zone, where there is one of that name.

    Raises:
        EntryInvalid: there is none.
    """
    try:
        return ZoneInfo(name).key
    except (ValueError, KeyError, OSError):
        raise EntryInvalid("zone", f"there is no time zone {name[:64]!r}; write one such as Europe/Berlin") from None
