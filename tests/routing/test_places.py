"""How many calls an offering takes at once: found out from what is turned away, grown again, and after an outage."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks import Fails, Scripted, Streams
from registry import Catalogue, Settings, Store, seed
from registry.words import FailureClass
from routing import Runtime, task_request
from routing.places import (
    DOUBT_SECONDS,
    DOUBTS,
    FIRST_AFTER_OUTAGE,
    FIRST_PATIENCE_SECONDS,
    GROWTH_SECONDS,
    LONGEST_PATIENCE_SECONDS,
    UNBOUNDED,
    Places,
)


def filled(proven, limit=UNBOUNDED):
    """Places of which so many at once were taken for certain, all left again."""
    places = Places(limit)
    numbers = [places.take() for _ in range(proven)]
    for number in numbers:
        places.taken(number, 0.0)
        places.leave()
    return places


def test_nothing_is_bounded_before_anything_was_turned_away():
    places = filled(500)
    assert places.room(kept_free=10_000)
    assert not places.is_bounded


def test_what_somebody_has_said_bounds_it_from_the_start_and_for_ever():
    places = filled(3, limit=3)
    assert places.is_bounded
    for second in range(100):
        places.taken(3, 1_000.0 + second)
    assert places.cap == 3


def test_a_call_turned_away_beyond_what_was_taken_before_says_that_the_places_are_full():
    places = filled(6)
    assert places.turned_away(7, 0.0)
    assert places.cap == 6


def test_the_number_turned_away_bounds_it_also_where_fewer_were_proven():
    places = filled(3)
    assert places.turned_away(10, 0.0)
    assert places.cap == 9
    assert places.turned_away(8, 0.0)
    assert places.cap == 7


def test_a_call_turned_away_at_a_number_that_is_taken_otherwise_is_about_its_pace():
    places = filled(6)
    assert not places.turned_away(4, 0.0)
    assert places.cap == UNBOUNDED


def test_the_first_call_of_all_turned_away_says_nothing_of_places():
    assert not Places().turned_away(1, 0.0)


def test_calls_turned_away_together_are_one_doubt_and_three_doubts_shrink_it():
    places = filled(6)
    assert not any(places.turned_away(4, 0.0) for _ in range(10))
    assert [places.turned_away(4, DOUBT_SECONDS * number) for number in range(1, DOUBTS)] == [False] * (DOUBTS - 2) + [
        True
    ]
    assert places.cap == 3


def test_an_answer_ends_the_doubts():
    places = filled(6)
    for second in range(20):
        assert not places.turned_away(4, float(second))
        places.taken(4, float(second))


def test_it_never_shrinks_below_one_place():
    places = filled(2)
    for second in range(100):
        places.turned_away(1 + second % 2, 10.0 * second)
    assert places.cap == 1
    assert places.room()


def test_one_more_place_is_tried_after_a_patience_that_doubles():
    places, now = filled(6), 0.0
    patience = FIRST_PATIENCE_SECONDS
    for _ in range(8):
        assert places.turned_away(7, now)
        places.taken(6, now + patience - 1)
        assert places.cap == 6
        places.taken(6, now + patience)
        assert places.cap == 7
        now += patience
        patience = min(2 * patience, LONGEST_PATIENCE_SECONDS)


def test_once_it_grows_it_grows_a_place_a_second_while_all_are_used():
    places = filled(6)
    places.turned_away(7, 0.0)
    start = FIRST_PATIENCE_SECONDS
    for number, cap in enumerate(range(7, 12)):
        places.taken(int(places.cap), start + GROWTH_SECONDS * number)
        places.taken(2, start + GROWTH_SECONDS * number + 0.5)
        assert places.cap == cap


def test_more_at_once_than_thought_possible_raises_the_number_at_once():
    places = filled(6)
    places.turned_away(7, 0.0)
    places.taken(20, 1.0)
    assert places.cap == 20


def burst(places, accepted, count):
    """So many calls at once, of which the accepted ones are answered and the others turned away before that."""
    numbers = [(places.take(), places.turned) for _ in range(count)]
    for number, _ in numbers:
        if number not in accepted:
            places.turned_away(number, 0.0)
            places.leave()
    for number, turned_before in numbers:
        if number in accepted:
            places.taken(number, 0.04, turned_before)
            places.leave()


def test_of_a_burst_those_that_come_through_last_tell_of_no_more_places_than_those_that_come_first():
    places = Places()
    burst(places, accepted={1, 2, 3, 4, 28, 29}, count=30)
    burst(places, accepted={1, 2, 3, 4, 5, 6}, count=10)
    assert 5 <= places.cap <= 6  # far from the 29 that came through last, and one more is tried after a while


def test_one_answer_beyond_the_places_does_not_outweigh_many_that_were_turned_away_there():
    places = filled(6)
    for _ in range(20):
        places.turned_away(7, 0.0)
    places.taken(9, 0.1)
    assert places.cap == 6
    for _ in range(19):
        places.taken(9, 0.1)
    assert places.cap == 9


def test_a_number_that_was_taken_by_luck_is_found_to_be_too_many():
    places = filled(8)
    burst(places, accepted={1, 2, 3, 4, 5, 6}, count=30)
    assert places.cap == 6


def test_calls_turned_away_now_and_then_at_a_number_that_is_taken_otherwise_bound_nothing():
    places, now = filled(40), 0.0
    for number in range(2_000):
        now += 0.1
        if number % 30 == 0:
            places.turned_away(1 + number % 40, now)
        else:
            places.taken(1 + number % 40, now)
    assert places.cap == UNBOUNDED


def test_a_service_that_turns_everything_away_is_asked_too_often_however_many_there_are():
    places = filled(30)
    for second in range(2):
        for number in range(1, 31):
            assert not places.turned_away(number, second / 2)
    assert places.cap == UNBOUNDED


def test_places_kept_free_are_not_for_everybody():
    places = filled(1, limit=10)
    for _ in range(8):
        places.take()
    assert places.room(kept_free=1)
    assert not places.room(kept_free=2)


def test_after_an_outage_a_few_calls_come_first_and_twice_as_many_each_round():
    places = filled(64)
    places.begin_anew()
    rounds = []
    while places.is_bounded:
        numbers = []
        while places.room():
            numbers.append(places.take())
        rounds.append(len(numbers))
        for number in numbers:
            places.taken(number, 0.0)
            places.leave()
    assert rounds == [FIRST_AFTER_OUTAGE, 8, 16, 32, 64, 128]  # twice what was proven: then nothing is bounded


STEPS = st.lists(st.tuples(st.sampled_from(["take", "good", "away", "cancelled", "anew"]), st.floats(0, 700)))


@given(STEPS, st.sampled_from([UNBOUNDED, 1.0, 4.0]))
def test_whatever_happens_there_is_room_again_once_all_have_left(steps, limit):
    places, now, under_way = Places(limit), 0.0, []
    for step, passed in steps:
        now += passed
        if step == "anew":
            places.begin_anew()
        elif step == "take":
            if places.room():
                under_way.append(places.take())
        elif under_way:
            number = under_way.pop(0)
            if step == "good":
                places.taken(number, now)
            elif step == "away":
                places.turned_away(number, now)
            places.leave()
        assert places.in_flight == len(under_way)
        assert 1 <= places.cap <= limit
    for _ in under_way:
        places.leave()
    assert places.room()


@pytest.mark.parametrize(
    ("retry_after_seconds", "is_asked_again"), [(1.0, True), (2.0, True), (2.5, False), (60.0, False)]
)
async def test_a_service_that_names_a_long_time_is_left_alone_for_it_however_many_calls_were_under_way(
    retry_after_seconds, is_asked_again, tmp_path, sqlite_database_url
):
    """Of three calls at once it takes one: with a short time it wants for places, with a long one it means its pace."""
    answering = []

    def answer(call):
        if answering:
            return Fails(FailureClass.RATE_LIMITED, retry_after_seconds=retry_after_seconds)
        answering.append(call)
        return Streams(["The lamp."], delay_ms=150)

    service = Scripted(answer)
    settings = Settings.load({"home": tmp_path / "home", "database_url": sqlite_database_url}, directory=tmp_path)
    store = await Store.open(sqlite_database_url)
    await seed(store, time.time)
    await Catalogue(store, time.time).set_enabled("local", enabled=False)
    await Catalogue(store, time.time).add_service("one", "fake", enabled=True)
    await Catalogue(store, time.time).put_offering("one", "m", capabilities=["text"])
    await store.close()
    async with Runtime.open(settings, services={"one": service}) as runtime:
        offering = next(one for one in runtime.snapshot.offerings if one.service.name == "one")
        runtime.health.of(offering).places.taken(1, time.monotonic())
        asking = [asyncio.ensure_future(runtime.run(task_request("text", "Say it."))) for _ in range(3)]
        await asyncio.sleep(0.1)
        assert len(service.calls) >= 2
        assert (runtime.health.cooling(offering) is None) == is_asked_again
        assert (runtime.health.of(offering).places.cap < 3) == is_asked_again
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
