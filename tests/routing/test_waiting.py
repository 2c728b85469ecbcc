"""The waiting room: first come first served within a priority, shares between them, and nobody starves."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.waiting import RESERVED_SECONDS, SHARES, WaitingRoom

HERE, THERE = 1, 2


@pytest.fixture
def room(clock):
    return WaitingRoom(clock)


def free(places):
    """A rule that lets so many be granted beyond those that have come."""
    return lambda _, granted: granted < places


async def test_within_a_priority_the_first_to_come_is_the_first_to_be_served(room):
    first, second = room.join("normal", {HERE}), room.join("normal", {HERE})
    room.grant(HERE, may=free(1))
    assert (first.granted.done(), second.granted.done(), len(room)) == (True, False, 1)


async def test_a_place_goes_to_somebody_who_waits_for_that_offering(room):
    elsewhere, here = room.join("normal", {THERE}), room.join("normal", {THERE, HERE})
    room.grant(HERE, may=free(1))
    assert (elsewhere.granted.done(), here.granted.result()) == (False, HERE)


async def test_a_place_that_is_granted_is_nobody_elses_until_it_is_come_for(room):
    room.join("normal", {HERE})
    room.grant(HERE, may=free(1))
    late = room.join("normal", {HERE})
    room.grant(HERE, may=free(1))
    assert (late.granted.done(), room.kept_free(HERE, "normal", 1)) == (False, 1)
    room.come(HERE)
    assert room.kept_free(HERE, "normal", 1) == 0
    room.grant(HERE, may=free(1))
    assert late.granted.done()


async def test_several_free_places_are_granted_at_once(room):
    waiters = [room.join("normal", {HERE}) for _ in range(5)]
    room.grant(HERE, may=free(3))
    assert [waiter.granted.done() for waiter in waiters] == [True] * 3 + [False] * 2
    for left in (2, 1, 0):
        room.come(HERE)
        assert room.kept_free(HERE, "high", 9) == left


async def test_who_has_gone_is_not_served(room):
    gone, stays = room.join("normal", {HERE}), room.join("normal", {HERE})
    room.leave(gone)
    room.leave(gone)
    room.grant(HERE, may=free(1))
    assert (gone.granted.done(), stays.granted.done()) == (False, True)


async def test_while_all_wait_places_are_shared_as_the_shares_say(room):
    served = Counter()
    waiters = {priority: room.join(priority, {HERE}) for priority in SHARES}
    for _ in range(10_000):
        room.grant(HERE, may=free(1))
        (priority,) = [name for name, waiter in waiters.items() if waiter.granted.done()]
        served[priority] += 1
        room.come(HERE)
        waiters[priority] = room.join(priority, {HERE})
    for priority, share in SHARES.items():
        assert served[priority] == pytest.approx(100 * share, rel=0.02)


async def test_whoever_waits_alone_gets_everything(room):
    for _ in range(50):
        waiter = room.join("low", {HERE})
        room.grant(HERE, may=free(1))
        assert waiter.granted.done()
        room.come(HERE)


async def test_nobody_saves_up_turns_by_not_waiting(room):
    high = room.join("high", {HERE})
    for _ in range(1_000):
        room.grant(HERE, may=free(1))
        assert high.granted.done()
        room.come(HERE)
        high = room.join("high", {HERE})
    low = [room.join("low", {HERE}) for _ in range(100)]
    for _ in range(100):
        room.grant(HERE, may=free(1))
        room.come(HERE)
        if high.granted.done():
            high = room.join("high", {HERE})
    assert sum(waiter.granted.done() for waiter in low) <= 10


async def test_who_may_not_have_a_place_lets_the_next_priority_pass(room):
    high, low = room.join("high", {HERE}), room.join("low", {HERE})
    room.grant(HERE, may=lambda priority, granted: priority == "low" and granted < 1)
    assert (high.granted.done(), low.granted.done()) == (False, True)


async def test_a_place_in_ten_is_kept_for_high_priority_while_there_is_any(room, clock):
    assert room.kept_free(HERE, "normal", 40) == 0
    room.arrived("high")
    assert room.kept_free(HERE, "normal", 40) == 4
    assert room.kept_free(HERE, "low", 2) == 1
    assert room.kept_free(HERE, "low", 1) == 0  # the only one is everybody's
    assert room.kept_free(HERE, "high", 40) == 0
    assert room.kept_free(HERE, "low", float("inf")) == 100
    clock.now += RESERVED_SECONDS
    assert room.kept_free(HERE, "normal", 40) == 0


async def test_only_high_priority_has_places_kept(room):
    room.arrived("normal")
    assert room.kept_free(HERE, "low", 40) == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["join", "grant", "leave", "come"]),
            st.sampled_from(sorted(SHARES)),
            st.sets(st.integers(1, 3), min_size=1),
            st.integers(1, 3),
        ),
        max_size=80,
    )
)
def test_whatever_happens_every_place_is_granted_once_and_none_is_lost(steps):
    async def play():
        room, waiters, gone, come = WaitingRoom(lambda: 0.0), [], set(), Counter()
        for step, priority, offerings, number in steps:
            open_waiters = [waiter for waiter in waiters if not waiter.granted.done() and id(waiter) not in gone]
            if step == "join":
                waiters.append(room.join(priority, offerings))
            elif step == "grant":
                room.grant(number, may=free(2))
            elif step == "leave" and open_waiters:
                gone.add(id(open_waiters[0]))
                room.leave(open_waiters[0])
            elif step == "come" and room.kept_free(number, "high", 9):
                room.come(number)
                come[number] += 1
            granted = Counter(waiter.granted.result() for waiter in waiters if waiter.granted.done())
            for offering in (1, 2, 3):
                assert room.kept_free(offering, "high", 9) == granted[offering] - come[offering] <= 2
            waiting = [one for one in waiters if not one.granted.done() and id(one) not in gone]
            assert len(room) == len(waiting)
            assert all(one.granted.result() in one.offerings for one in waiters if one.granted.done())

    asyncio.run(play())
