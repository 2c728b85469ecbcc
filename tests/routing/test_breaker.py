"""The circuit breaker: when it opens, how it looks whether it may close, and what says nothing to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.breaker import FEWEST, FIRST_OPEN_SECONDS, LONGEST_OPEN_SECONDS, MOST_IN_A_ROW, WINDOW, Breaker


@pytest.fixture
def breaker():
    return Breaker()


@pytest.fixture
def opened(breaker):
    """A breaker that opened at second 100."""
    for _ in range(MOST_IN_A_ROW):
        breaker.failed(100.0)
    return breaker


def test_failures_in_a_row_open_it_and_only_the_last_one_says_so(breaker):
    assert [breaker.failed(1.0) for _ in range(MOST_IN_A_ROW)] == [False] * (MOST_IN_A_ROW - 1) + [True]
    assert breaker.is_open


def test_an_answer_in_between_begins_the_row_anew(breaker):
    for _ in range(WINDOW):
        breaker.worked()
    for _ in range(MOST_IN_A_ROW - 1):
        breaker.failed(1.0)
    breaker.worked()
    assert not any(breaker.failed(1.0) for _ in range(2))
    assert not breaker.is_open


def test_half_of_the_latest_calls_failing_opens_it_without_a_row(breaker):
    said = []
    for _ in range(FEWEST // 2):
        breaker.worked()
        said.append(breaker.failed(1.0))
    assert said == [False] * (FEWEST // 2 - 1) + [True]


def test_a_third_of_the_calls_failing_does_not_open_it(breaker):
    for _ in range(10 * WINDOW):
        breaker.worked()
        breaker.worked()
        breaker.failed(1.0)
    assert not breaker.is_open


def test_what_lies_outside_the_window_is_forgotten(breaker):
    for _ in range(FEWEST // 2 - 1):
        breaker.failed(1.0)
        breaker.worked()
    for _ in range(WINDOW):
        breaker.worked()
    assert [breaker.failed(1.0) for _ in range(MOST_IN_A_ROW - 1)] == [False] * (MOST_IN_A_ROW - 1)


def test_it_lets_nothing_through_until_its_time_and_then_one_probe(opened):
    assert not opened.lets_through(100 + FIRST_OPEN_SECONDS - 0.01)
    assert opened.lets_through(100 + FIRST_OPEN_SECONDS)
    opened.probe()
    assert not opened.lets_through(200)


def test_a_probe_that_fails_doubles_the_time_up_to_the_longest(opened):
    spans, now = [], opened.until
    for _ in range(8):
        opened.probe()
        opened.failed(now)
        spans.append(opened.until - now)
        now = opened.until
    assert spans == [0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_OPEN_SECONDS, LONGEST_OPEN_SECONDS, LONGEST_OPEN_SECONDS]


def test_a_probe_that_works_closes_it_and_forgets_what_was(opened):
    opened.probe()
    opened.worked()
    assert not opened.is_open
    assert [opened.failed(300.0) for _ in range(MOST_IN_A_ROW - 1)] == [False] * (MOST_IN_A_ROW - 1)
    assert opened.failed(300.0)
    assert opened.until == 300 + FIRST_OPEN_SECONDS


def test_a_probe_that_says_nothing_makes_room_for_another_one(opened):
    opened.probe()
    opened.unsaid()
    assert opened.is_open
    assert opened.lets_through(opened.until)


def test_calls_that_were_under_way_when_it_opened_and_fail_later_do_not_keep_it_open_for_longer(opened):
    until = opened.until
    assert not any(opened.failed(100.2) for _ in range(20))
    assert opened.until == until


def test_an_answer_to_a_call_that_was_under_way_when_it_opened_closes_it(opened):
    opened.worked()
    assert opened.lets_through(100.0)


def test_where_nobody_else_is_left_the_next_probe_comes_sooner_and_never_later(opened):
    opened.sooner(100.1)
    assert opened.until == 100.1
    opened.sooner(500.0)
    assert opened.until == 100.1


def test_a_call_through_a_closed_breaker_is_no_probe(breaker):
    breaker.probe()
    assert all(breaker.lets_through(1.0) for _ in range(3))


STEPS = st.sampled_from(["worked", "failed", "unsaid", "probe"])


@given(st.lists(st.tuples(STEPS, st.floats(0, 20)), max_size=120))
def test_whatever_happens_it_closes_in_the_end_and_never_stays_shut_for_longer_than_the_longest(steps):
    breaker, now = Breaker(), 0.0
    for step, passed in steps:
        now += passed
        if step == "failed":
            breaker.failed(now)
        elif step == "probe":
            if breaker.lets_through(now):
                breaker.probe()
                assert breaker.lets_through(now) == (not breaker.is_open)
        else:
            getattr(breaker, step)()
        assert breaker.until <= now + LONGEST_OPEN_SECONDS
        assert breaker.is_open or breaker.lets_through(now)
        if step == "worked":
            assert not breaker.is_open
    breaker.unsaid()
    assert breaker.lets_through(now + LONGEST_OPEN_SECONDS)
