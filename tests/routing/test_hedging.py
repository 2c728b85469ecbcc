"""Hedging: a race between a call that is late and others beside it, and what may be spent on those."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.virtual_time import run_virtual
from registry.words import Attempt, FailureClass
from routing.alarms import Alarms
from routing.hedging import FIRST_CALLS, MOST_BESIDE, MOST_SAVED_CALLS, HedgeBudget, Race
from routing.tries import Outcome

LATE_SECONDS = 1.0


@dataclass
class Course:
    """A race as it was run: what each call went through, and what the race told of."""

    begun: list[int] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    unused: list[int] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    winner: int | None = None
    won: bool = False
    caller_cancelled: bool = False
    problem: Exception | None = None
    seconds: float = 0.0
    still_cancelling: int = 0


def outcome(number, *, good):
    failure = None if good else FailureClass.TRANSIENT
    return Outcome(attempt=Attempt(number=number, offering_id=1, offering="a/m", failure=failure), offering=None)


class Scripted(Race):
    """A race whose second calls, and what hears of it, are given as functions."""

    def __init__(self, make, late=lambda _: None, settled=lambda _: None, unused=None):
        super().__init__(Alarms(), LATE_SECONDS)
        self._make, self._late, self._settled, self._put_away = make, late, settled, unused

    def late(self, so_far_seconds):
        self._late(so_far_seconds)

    def second(self, so_far_seconds):
        return self._make(so_far_seconds)

    def settled(self, outcome):
        self._settled(outcome)

    def is_good(self, outcome):
        return outcome.attempt.failure is None

    async def unused(self, outcome):
        if self._put_away is not None:
            await self._put_away(outcome)


async def call(course, number, seconds, good, tidying=0.0):
    """A call that takes so long, fails or not, and takes a while to let go where it is cancelled."""
    course.begun.append(number)
    try:
        await asyncio.sleep(seconds)
        if isinstance(good, Exception):
            raise good
        return outcome(number, good=good)
    except asyncio.CancelledError:
        course.cancelled.append(number)
        await asyncio.sleep(tidying)
        raise
    finally:
        course.over.append(number)


def run(first, *others, cancel_at=(), tidying=0.0):
    """Run a race; each call is its seconds and whether it is good, ``cancel_at`` when its caller goes away."""
    course = Course()

    async def racing():
        loop, waiting = asyncio.get_running_loop(), list(enumerate(others, 2))

        def second(_):
            if not waiting:
                return None
            number, (seconds, good) = waiting.pop(0)
            return call(course, number, seconds, good, tidying)

        async def unused(ended):
            course.unused.append(ended.attempt.number)
            await asyncio.sleep(tidying)

        race = Scripted(
            second, late=course.late.append, settled=lambda ended: course.settled.append(ended.attempt.number),
            unused=unused,
        )  # fmt: skip

        async def caller():
            try:
                ended = await race.run(call(course, 1, *first, tidying))
                course.winner, course.won = ended.attempt.number, ended.attempt.failure is None
            finally:
                course.still_cancelling = asyncio.current_task().cancelling()

        task = asyncio.ensure_future(caller())
        for at in cancel_at:
            loop.call_at(at, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            course.caller_cancelled = True
        except ValueError as error:
            course.problem = error
        course.seconds = loop.time()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run_virtual(racing())
    return course


def test_a_call_that_is_not_late_has_nobody_beside_it():
    course = run((0.9, True), (1, True))
    assert (course.winner, course.begun, course.late) == (1, [1], [])


def test_the_first_wins_where_it_is_sooner_and_the_second_is_cancelled():
    course = run((3, True), (9, True))
    assert (course.winner, course.cancelled, course.seconds) == (1, [2], 3)


def test_the_second_wins_where_it_is_sooner_and_the_first_is_cancelled():
    course = run((9, True), (1, True))
    assert (course.winner, course.cancelled, course.seconds) == (2, [1], 2)


def test_the_caller_of_a_race_that_the_second_has_won_is_not_left_half_cancelled():
    assert run((9, True), (1, True)).still_cancelling == 0


def test_where_both_fail_the_one_that_ended_last_is_the_answer():
    first_last = run((5, False), (1, False))
    assert (first_last.winner, first_last.won, first_last.settled) == (1, False, [2])
    second_last = run((2, False), (5, False))
    assert (second_last.winner, second_last.won, second_last.settled) == (2, False, [1])


def test_the_second_fails_and_then_the_first_wins():
    course = run((5, True), (1, False))
    assert (course.winner, course.settled, course.cancelled) == (1, [2], [])


def test_the_first_fails_and_then_the_second_wins():
    course = run((2, False), (5, True))
    assert (course.winner, course.settled, course.cancelled) == (2, [1], [])


def test_a_second_that_failed_makes_room_for_a_third():
    course = run((20, True), (0.5, False), (0.5, False), (1, True))
    assert (course.winner, course.settled, course.begun) == (4, [2, 3], [1, 2, 3, 4])


def test_no_more_than_two_run_beside_the_first():
    course = run((60, True), (50, True), (50, True), (1, True))
    assert course.begun == [1, 2, 3]
    assert MOST_BESIDE == 2


def test_a_call_is_late_again_each_time_it_has_lasted_twice_as_long():
    assert run((20, True)).late == [1, 2, 4, 8, 16]


def test_nobody_is_asked_beside_a_call_that_has_failed_already():
    course = run((1.5, False), (9, True), (1, True))
    assert course.begun == [1, 2]


@pytest.mark.parametrize("others", [[], [(9, True)], [(9, True), (9, True)]])
def test_a_caller_who_goes_away_while_all_are_under_way_cancels_them_all(others):
    course = run((20, True), *others, cancel_at=[5])
    assert (course.caller_cancelled, course.cancelled) == (True, [1, *range(2, 2 + len(others))])


def test_a_caller_who_goes_away_after_the_first_failed_cancels_the_second():
    course = run((2, False), (9, True), cancel_at=[3])
    assert (course.caller_cancelled, course.cancelled, course.settled) == (True, [2], [1])


def test_a_caller_who_goes_away_after_the_second_failed_cancels_the_first():
    course = run((9, True), (1, False), cancel_at=[3])
    assert (course.caller_cancelled, course.cancelled) == (True, [1])


def test_a_caller_who_goes_away_in_the_moment_in_which_the_second_wins_is_gone():
    course = run((9, True), (1, True), cancel_at=[2])
    assert (course.caller_cancelled, course.winner, course.cancelled) == (True, None, [1])


def test_a_caller_who_goes_away_while_the_first_lets_go_is_gone():
    course = run((9, True), (1, True), cancel_at=[2.5], tidying=1)
    assert (course.caller_cancelled, course.winner) == (True, None)


def test_the_race_is_over_only_when_the_losers_have_let_go():
    course = run((3, True), (9, True), tidying=2)
    assert (course.winner, sorted(course.over), course.seconds) == (1, [1, 2], 5)


def test_an_error_of_a_second_call_does_not_touch_a_first_that_is_good():
    course = run((3, True), (1, ValueError("broken")))
    assert (course.winner, course.problem) == (1, None)


def test_an_error_of_a_second_call_is_told_where_the_first_has_failed():
    course = run((3, False), (1, ValueError("broken")))
    assert str(course.problem) == "broken"


def test_a_call_that_was_made_a_moment_before_the_first_ended_begins_so_that_it_can_let_go():
    let_go = []

    async def racing():
        loop = asyncio.get_running_loop()
        answered = loop.create_future()
        loop.call_later(LATE_SECONDS, answered.set_result, outcome(1, good=True))

        async def first():
            return await answered

        async def second():
            try:
                await asyncio.sleep(9)
            finally:
                let_go.append("the place that was taken for it")

        race = Scripted(lambda _: second())
        return await race.run(first())

    assert run_virtual(racing()).attempt.number == 1
    assert let_go == ["the place that was taken for it"]


@pytest.mark.parametrize("good", [True, False])
def test_a_first_call_that_ends_all_the_same_when_it_is_cancelled_takes_nothing_from_the_winner(good):
    async def racing():
        async def first():
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                return outcome(1, good=good)

        async def second():
            return outcome(2, good=True)

        race = Scripted(lambda _: second())
        ended = await race.run(first())
        return ended.attempt.number, asyncio.current_task().cancelling()

    assert run_virtual(racing()) == (2, 0)


STEPS = st.integers(1, 24).map(lambda quarter: quarter / 4)
CALLS = st.tuples(STEPS, st.booleans())


@given(CALLS, st.lists(CALLS, max_size=4), st.lists(STEPS, max_size=2), st.sampled_from([0.0, 0.25, 1.0]))
def test_however_a_race_goes_every_call_that_began_is_over_and_a_good_answer_is_never_lost(
    first, others, cancel_at, tidying
):
    course = run(first, *others, cancel_at=cancel_at, tidying=tidying)
    assert sorted(course.begun) == sorted(course.over)
    calls = [first, *others]
    put_away = [number for number in course.begun if number not in course.cancelled and calls[number - 1][1]]
    assert sorted(course.unused) == [number for number in sorted(put_away) if number != course.winner]
    assert course.caller_cancelled or course.winner is not None
    if course.caller_cancelled:
        assert course.winner is None
        assert cancel_at
        return
    assert course.still_cancelling == 0
    ended = [number for number in course.begun if number not in course.cancelled]
    good = [number for number in ended if calls[number - 1][1]]
    assert course.won == bool(good)
    if good:
        assert course.winner in good
    assert set(course.settled).isdisjoint({course.winner})
    assert not any(calls[number - 1][1] for number in course.settled)


def test_a_quiet_start_may_hedge_a_few_times_and_no_more():
    budget = HedgeBudget()
    assert [budget.afford(0) for _ in range(int(FIRST_CALLS) + 1)] == [True] * int(FIRST_CALLS) + [False]


def test_ten_per_cent_of_the_calls_are_one_in_ten():
    budget = HedgeBudget()
    while budget.afford(0):
        pass
    made = 0
    for _ in range(1_000):
        budget.earn(calls_share=0.1, cost_share=0.1, cost_nanousd=0)
        made += budget.afford(0)
    assert 95 <= made <= 100


def test_a_share_of_the_money_bounds_dear_second_calls_whatever_the_calls_allow():
    budget = HedgeBudget()
    spent = earned = 0
    for _ in range(1_000):
        budget.earn(calls_share=1.0, cost_share=0.05, cost_nanousd=1_000)
        earned += 50
        if budget.afford(3_000):
            spent += 3_000
    assert earned - 3_000 <= spent <= earned


def test_no_more_is_saved_up_than_a_burst_of_hedges():
    budget = HedgeBudget()
    for _ in range(100_000):
        budget.earn(calls_share=0.5, cost_share=0.5, cost_nanousd=1_000)
    assert sum(budget.afford(1_000) for _ in range(1_000)) == MOST_SAVED_CALLS


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 10**15), st.integers(0, 10**15)), max_size=60))
def test_what_is_spent_on_second_calls_never_passes_the_shares(steps):
    budget = HedgeBudget()
    calls, money, made, spent = FIRST_CALLS, 0.0, 0, 0
    for share, cost, second in steps:
        budget.earn(calls_share=share, cost_share=share, cost_nanousd=cost)
        calls, money = calls + share, money + share * cost
        if budget.afford(second):
            made, spent = made + 1, spent + second
    assert made <= calls + 1e-6
    assert spent <= money + 1e-6 * max(1.0, money)
