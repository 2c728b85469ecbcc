"""Ranges of time that pages look back over, and the spans that charts cut them into."""

from __future__ import annotations

from dataclasses import dataclass

from registry import from_us


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """``minutes`` back from now, in spans of ``span_minutes``, which divide it."""

    name: str
    told: str
    minutes: int
    span_minutes: int

    @property
    def spans(self) -> int:
        """How many spans there are."""
        return self.minutes // self.span_minutes

    def until_minute(self, now_minute: int) -> int:
        """The minute that ends the span we are in, since 1970: spans lie the same for everybody.

        >>> RANGES["24h"].until_minute(20)
        30
        """
        return (now_minute // self.span_minutes + 1) * self.span_minutes

    def since_minute(self, now_minute: int) -> int:
        """The first minute of the range."""
        return self.until_minute(now_minute) - self.minutes


RANGES = {
    one.name: one
    for one in (
        TimeRange(name="1h", told="last hour", minutes=60, span_minutes=1),
        TimeRange(name="24h", told="last 24 hours", minutes=1_440, span_minutes=15),
        TimeRange(name="7d", told="last 7 days", minutes=10_080, span_minutes=120),
        TimeRange(name="30d", told="last 30 days", minutes=43_200, span_minutes=480),
        TimeRange(name="90d", told="last 90 days", minutes=129_600, span_minutes=1_440),
    )
}
USUAL_RANGE = "24h"


def range_named(name: str) -> TimeRange:
    """The range of that name; the usual one for any other text, since names come from addresses."""
    return RANGES.get(name, RANGES[USUAL_RANGE])


def local_ms(minute: int) -> float:
    """A minute since 1970 as charts take it: milliseconds whose UTC reading is the local time."""
    moment = from_us(minute * 60_000_000).astimezone()
    offset = moment.utcoffset()
    return minute * 60_000.0 + (0.0 if offset is None else offset.total_seconds() * 1_000)
