"""Time as this room is handed it: seconds since 1970 in UTC; and the whole microseconds that tables hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], float]
"""Seconds since 1970, UTC: ``time.time``, or a hand that a test moves."""

MICROSECONDS_PER_SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_us(clock: Clock) -> int:
    """The clock's time in whole microseconds."""
    return int(clock() * MICROSECONDS_PER_SECOND)


def to_us(moment: datetime) -> int:
    """A moment in whole microseconds since 1970; one without a zone is taken as UTC.

    >>> to_us(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def from_us(time_us: int) -> datetime:
    """The moment, in UTC, that a table's microseconds stand for.

    >>> from_us(86_400_000_000).isoformat()
    '1970-01-02T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=time_us)
