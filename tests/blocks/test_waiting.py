"""How long providers ask us to wait."""

from datetime import UTC, datetime

import pytest

from blocks.wire.waiting import wait_seconds

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT", "date": "Sun, 22 Nov 2026 12:00:10 GMT"}, 20),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-reset-requests": "20ms", "x-ratelimit-reset-tokens": "58m1s"}, 3481),
        (
            {
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-tokens": "9m",
                "x-ratelimit-remaining-tokens": "1000",
            },
            1,
        ),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"x-ratelimit-reset": str(int(NOW.timestamp() * 1000) + 90_000)}, 90),
        ({"anthropic-ratelimit-tokens-reset": "2026-11-22T12:01:00Z"}, 60),
    ],
)
def test_every_way_to_name_a_wait_is_understood(headers, seconds):
    assert wait_seconds(headers, now=NOW) == pytest.approx(seconds)


NONSENSE = [
    "soon", "", " ", "nan", "-nan", "inf", "-inf", "-5", "-7s", "1e999", "in a minute", "12 parsecs", "12,5", "0x10",
    "9" * 400, "9" * 5_000, "-" + "9" * 400, "Fri, 31 Dec 99999 23:59:59 GMT", "Sun, 22 Nov 2026 25:61:61 GMT",
]  # fmt: skip


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_is_no_wait(value):
    assert wait_seconds({"retry-after": value}, now=NOW) is None
    assert wait_seconds({"retry-after-ms": value}, now=NOW) is None
    assert wait_seconds({"retry-after": "7", "date": value}, now=NOW) == 7


@pytest.mark.parametrize("value", ["Sun, 22 Nov 1998 11:00:00 GMT", "Sun, 22 Nov 2026 11:59:59 GMT", "2026-11-22"])
def test_a_date_that_has_passed_is_no_time_to_wait(value):
    assert wait_seconds({"retry-after": value}, now=NOW) == 0


@pytest.mark.parametrize(
    "value",
    [
        "31536000", "Mon, 22 Nov 2027 12:00:00 GMT", "99999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "1e308",
        "9" * 401 + "s",
    ],
)  # fmt: skip
def test_a_year_becomes_an_hour(value):
    assert wait_seconds({"retry-after": value}, now=NOW) == 3_600


def test_a_period_in_the_message_counts_where_no_header_names_one():
    assert wait_seconds({}, "Limit reached. Please try again in 1m6.2s.", now=NOW) == pytest.approx(66.2)
    assert wait_seconds({"retry-after": "3"}, "Please try again in 6s.", now=NOW) == 3
    assert wait_seconds({}, "Please try again in a while.", now=NOW) is None
