"""Times as people read them: local, with the zone's name somewhere on the page."""

from __future__ import annotations

from datetime import datetime, timedelta

from registry import from_us
from routing.wording import duration_in_words, latency_in_words

__all__ = ["ago", "clock_time", "count_in_words", "duration_in_words", "latency_in_words", "moment", "share", "zone"]


def moment(time_us: int | None) -> str:
    """A moment in local time, to the second; a dash for none."""
    return "-" if time_us is None else f"{from_us(time_us).astimezone():%Y-%m-%d %H:%M:%S}"


def clock_time(time_us: int) -> str:
    """The local time of day, to the second."""
    return f"{from_us(time_us).astimezone():%H:%M:%S}"


def zone(at: datetime | None = None) -> str:
    """The local zone by name and offset, as in ``CET (UTC+01:00)``; plain ``UTC`` where it is that."""
    local = (at or datetime.now().astimezone()).astimezone()
    offset = local.utcoffset() or timedelta()
    if not offset:
        return "UTC"
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    told = f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    name = local.tzname() or ""
    return f"{name} ({told})" if name.isalpha() else told


def ago(then_us: int, now_us: int) -> str:
    """How long ago, roughly.

    >>> ago(0, 42_000_000), ago(0, 7_300_000_000), ago(0, 200_000_000_000)
    ('42 s ago', '2 h ago', '2 d ago')
    """
    seconds = max(0, now_us - then_us) // 1_000_000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def share(part: int, whole: int) -> str:
    """A share in per cent.

    >>> share(1, 8), share(1, 3_000), share(0, 5), share(0, 0)
    ('12.5 %', '0.03 %', '0 %', '-')
    """
    if not whole:
        return "-"
    percent = 100 * part / whole
    if percent == 0 or percent >= 99.95:
        return f"{percent:.0f} %"
    return f"{percent:.2f} %" if percent < 0.1 else f"{percent:.1f} %"


def count_in_words(count: int, thing: str) -> str:
    """A number of things.

    >>> count_in_words(1, "run"), count_in_words(2_000, "run")
    ('1 run', '2,000 runs')
    """
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
