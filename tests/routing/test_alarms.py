"""Alarms: they ring when their time has come, and one timer of the loop's is enough for all."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.virtual_time import run_virtual
from routing.alarms import Alarm, Alarms
from routing.deadlines import Within


class Bell(Alarm):
    """Notes when it rang, and does what it is told then."""

    def __init__(self, rang, does=lambda: None):
        self.rang, self.does = rang, does

    def ring(self):
        self.rang.append(asyncio.get_running_loop().time())
        self.does()


def test_an_alarm_rings_when_its_time_has_come_and_one_that_was_cleared_never():
    async def ringing():
        alarms, rang = Alarms(), []
        cleared = Bell(rang)
        for alarm, seconds in ((Bell(rang), 3), (cleared, 2), (Bell(rang), 1)):
            alarms.set(alarm, seconds)
        alarms.clear(cleared)
        await asyncio.sleep(10)
        assert len(alarms) == 0
        return rang

    assert run_virtual(ringing()) == [1, 3]


def test_an_alarm_may_be_set_again_while_it_rings():
    async def ringing():
        alarms, rang = Alarms(), []
        bell = Bell(rang, lambda: alarms.set(bell, 2) if len(rang) < 3 else None)
        alarms.set(bell, 1)
        await asyncio.sleep(10)
        return rang

    assert run_virtual(ringing()) == [1, 3, 5]


def test_one_that_is_cleared_by_another_that_rings_at_the_same_moment_does_not_ring():
    async def ringing():
        alarms, rang = Alarms(), []
        bells = [Bell(rang), Bell(rang)]
        for bell, other in zip(bells, reversed(bells), strict=True):
            bell.does = lambda other=other: alarms.clear(other)
            alarms.set(bell, 1)
        await asyncio.sleep(10)
        return rang

    assert run_virtual(ringing()) == [1]


def test_one_that_fails_keeps_nobody_else_from_ringing_and_is_told_to_the_loop():
    async def ringing():
        alarms, rang, told = Alarms(), [], []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))

        def fail():
            raise ValueError("a bell cracked")

        for bell, seconds in ((Bell(rang, fail), 1), (Bell(rang), 1), (Bell(rang), 2)):
            alarms.set(bell, seconds)
        await asyncio.sleep(10)
        return rang, [str(error) for error in told]

    assert run_virtual(ringing()) == ([1, 1, 2], ["a bell cracked"])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(1, 20)), max_size=12))
def test_whatever_is_set_and_cleared_each_rings_at_its_time_unless_it_was_cleared_before(plans):
    async def ringing():
        loop, alarms, rang = asyncio.get_running_loop(), Alarms(), []
        for begin, seconds, clear in plans:
            bell = Bell(rang)
            loop.call_at(begin, alarms.set, bell, seconds)
            loop.call_at(begin + clear, alarms.clear, bell)
        await asyncio.sleep(100)
        return rang

    # Whether one that is cleared at the moment when it is due rings, is a matter of who comes first.
    wanted = sorted(begin + seconds for begin, seconds, clear in plans if clear > seconds)
    perhaps = sorted(begin + seconds for begin, seconds, clear in plans if clear >= seconds)
    rang = run_virtual(ringing())
    assert rang == sorted(rang)
    assert set(wanted) <= set(rang) <= set(perhaps)
    assert len(wanted) <= len(rang) <= len(perhaps)


def test_a_timer_is_made_for_many_calls_and_not_for_each():
    async def calling():
        loop, alarms, made = asyncio.get_running_loop(), Alarms(), []
        call_at = loop.call_at
        loop.call_at = lambda when, *more, **named: made.append(when) or call_at(when, *more, **named)
        for _ in range(1_000):
            with Within(alarms, 5):
                pass
        return len(made), len(alarms)

    assert run_virtual(calling()) == (1, 0)


def test_alarms_of_a_loop_that_has_ended_do_not_ring_in_the_next():
    alarms, rang = Alarms(), []

    async def first():
        alarms.set(Bell(rang), 1)

    async def second():
        alarms.set(Bell(rang), 3)
        await asyncio.sleep(10)

    run_virtual(first())
    run_virtual(second())
    assert rang == [3]


def test_what_takes_longer_than_it_may_is_broken_off_and_a_cancellation_from_elsewhere_stays_one():
    async def bounded(seconds, cancel_after=None):
        task = asyncio.current_task()
        if cancel_after is not None:
            asyncio.get_running_loop().call_later(cancel_after, task.cancel)
        try:
            with Within(Alarms(), 2):
                await asyncio.sleep(seconds)
        except TimeoutError:
            return "timeout", task.cancelling()
        except asyncio.CancelledError:
            return "cancelled", task.cancelling()
        return "done", task.cancelling()

    assert run_virtual(bounded(1)) == ("done", 0)
    assert run_virtual(bounded(3)) == ("timeout", 0)
    assert run_virtual(bounded(3, cancel_after=1)) == ("cancelled", 1)
