"""Windows of time: days and months of a zone, with the clocks changed in them, by the database's clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import EntryInvalid, from_us, to_us
from registry.windows import MINUTE_US, checked_zone, database_time_us, window_bounds

HOUR_US = 60 * MINUTE_US
ZONES = ("UTC", "Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe")


def bounds(period, zone, *at):
    return tuple(from_us(us).isoformat() for us in window_bounds(period, zone, to_us(datetime(*at, tzinfo=UTC))))


@pytest.mark.parametrize(
    ("at", "hours", "begins"),
    [
        ((2026, 3, 29, 12), 23, "2026-03-28T23:00:00+00:00"),
        ((2026, 10, 25, 12), 25, "2026-10-24T22:00:00+00:00"),
        ((2026, 7, 1, 12), 24, "2026-06-30T22:00:00+00:00"),
    ],
)
def test_a_day_in_berlin_is_as_long_as_it_is_there(at, hours, begins):
    start_us, end_us = window_bounds("day", "Europe/Berlin", to_us(datetime(*at, tzinfo=UTC)))
    assert (end_us - start_us) // HOUR_US == hours
    assert from_us(start_us).isoformat() == begins


def test_both_hours_of_two_in_the_morning_lie_in_one_day():
    first = bounds("day", "Europe/Berlin", 2026, 10, 25, 0, 30)
    assert first == bounds("day", "Europe/Berlin", 2026, 10, 25, 1, 30) == bounds("day", "Europe/Berlin", 2026, 10, 25)


def test_a_month_is_that_of_the_zone_and_december_ends():
    assert bounds("month", "Europe/Berlin", 2026, 10, 31, 23, 30) == (
        "2026-10-31T23:00:00+00:00",
        "2026-11-30T23:00:00+00:00",
    )
    assert bounds("month", "UTC", 2026, 12, 31) == ("2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")


def test_a_minute_is_sixty_seconds_and_what_has_no_end_begins_at_none():
    assert bounds("minute", "UTC", 2026, 1, 1, 0, 0, 59) == ("2026-01-01T00:00:00+00:00", "2026-01-01T00:01:00+00:00")
    assert window_bounds("total", "UTC", 5) == window_bounds("open", "UTC", 5) == (0, None)


@given(st.sampled_from(ZONES), st.sampled_from(["day", "month"]), st.integers(0, 4_000_000_000))
def test_windows_hold_their_moment_and_touch_each_other_without_a_gap(zone, period, seconds):
    at_us = seconds * 1_000_000
    start_us, end_us = window_bounds(period, zone, at_us)
    assert start_us <= at_us < end_us
    assert window_bounds(period, zone, end_us)[0] == end_us
    assert window_bounds(period, zone, start_us) == (start_us, end_us)


@pytest.mark.parametrize("name", ["Berlin", "", "../../etc/passwd", "/etc/passwd", "Europe", "x" * 5_000, "UTC\0"])
def test_a_zone_that_there_is_none_of_is_said_so(name):
    with pytest.raises(EntryInvalid, match="there is no time zone"):
        checked_zone(name)


async def test_the_databases_time_is_told_in_microseconds(store):
    async with store.read() as connection:
        told = await database_time_us(connection)
    assert abs(told / 1e6 - time.time()) < 60  # its clock may be another one, but not by much here
