"""How long an offering takes: the mean, what is late before it has ended, the high quantile, and forgetting."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.latency import ENOUGH, EVERY, FORGET_AFTER_SECONDS, FORGET_HALF_SECONDS, LATE_FACTOR, WINDOW, Latency


@pytest.fixture
def known():
    """An offering that has taken 100 ms each time, the last time at second 40."""
    latency = Latency(1_000)
    for second in range(1, 41):
        latency.took(100, second)
    return latency


def test_before_the_first_call_the_guess_stands():
    assert Latency(750).at(0) == 750


def test_the_first_call_replaces_the_guess_altogether():
    latency = Latency(750)
    latency.took(20, 1)
    assert latency.mean_ms == 20


def test_the_first_calls_count_alike_and_later_ones_by_a_fifth():
    latency = Latency(0)
    for value in (10, 20, 30, 40, 50):
        latency.took(value, 1)
    assert latency.mean_ms == pytest.approx(30)
    latency.took(130, 1)
    assert latency.mean_ms == pytest.approx(50)


def test_the_quantile_is_unknown_before_enough_calls_and_then_known():
    latency = Latency(1)
    known = []
    for number in range(ENOUGH):
        latency.took(10 * (number + 1), 1)
        known.append(latency.late_ms)
    assert known == [None] * (ENOUGH - 1) + [80]


def test_the_quantile_is_that_of_the_latest_calls():
    latency = Latency(1)
    for _ in range(ENOUGH + 10 * EVERY):
        latency.took(1_000, 1)
    for number in range(WINDOW):
        latency.took(number % 100, 1)
    latest = sorted(number % 100 for number in range(WINDOW))
    assert latency.late_ms == latest[int(0.95 * WINDOW)]


def test_one_late_call_is_a_chance_and_two_are_believed_before_they_end(known):
    known.is_late(400, 40.5)
    assert known.at(40.5) == 100
    known.is_late(400, 40.5)
    assert known.at(40.5) == 400 * LATE_FACTOR


def test_the_longest_of_what_is_late_is_believed(known):
    for so_far in (400, 900, 500):
        known.is_late(so_far, 41)
    assert known.at(41) == 900 * LATE_FACTOR


def test_an_answer_ends_the_belief(known):
    known.is_late(400, 41)
    known.is_late(400, 41)
    known.took(100, 42)
    assert known.at(42) == 100


def test_what_is_less_late_than_the_mean_changes_nothing(known):
    known.is_late(10, 41)
    known.is_late(10, 41)
    assert known.at(41) == 100


def test_what_was_slow_is_hoped_to_be_fast_again_by_halves(known):
    for second in range(41, 141):
        known.took(1_100, second)
    slow = known.at(140)
    assert slow == pytest.approx(1_100, rel=0.01)
    assert known.at(140 + FORGET_AFTER_SECONDS - 1) == slow
    halfway = known.at(140 + FORGET_AFTER_SECONDS + FORGET_HALF_SECONDS)
    assert halfway == pytest.approx(100 + (slow - 100) / 2)
    assert known.at(10_000) == pytest.approx(100)


CALLS = st.tuples(st.booleans(), st.floats(0.001, 1e7), st.floats(0, 30))


@given(st.floats(0.001, 1e6), st.lists(CALLS, max_size=200))
def test_whatever_is_heard_the_expectation_stays_within_what_was_heard(guess, calls):
    latency, now, answered, late = Latency(guess), 0.0, [], []
    for took, value, passed in calls:
        now += passed
        if took:
            latency.took(value, now)
            answered.append(value)
        else:
            latency.is_late(value, now)
            late.append(LATE_FACTOR * value)
        heard = answered or [guess]
        assert min(heard) * 0.999 <= latency.mean_ms <= max(heard) * 1.001
        assert latency.at(now) <= max([*heard, *late, guess]) * 1.001
        assert latency.count == len(answered)
        assert (latency.late_ms is None) == (len(answered) < ENOUGH)
    if len(answered) >= ENOUGH:
        assert latency.late_ms in answered


@given(st.lists(st.floats(0, 1e6), min_size=ENOUGH, max_size=WINDOW))
def test_few_calls_lie_beyond_the_quantile(values):
    latency = Latency(1)
    for value in values:
        latency.took(value, 1)
    counted = values[: ENOUGH + (len(values) - ENOUGH) // EVERY * EVERY]  # it is worked out anew now and then
    assert sum(value > latency.late_ms for value in counted) <= 0.05 * len(counted)
    assert latency.late_ms >= statistics.median_low(counted)
