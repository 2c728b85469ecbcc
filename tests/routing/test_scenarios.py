"""The router over simulated services, in virtual time: what it promises for a day that goes wrong."""

from __future__ import annotations

import statistics
from functools import cache

import pytest

from benchmarks import bench_scenarios as scenarios
from registry.words import Hedge

SEEDS = pytest.mark.parametrize("seed", [1, 2, 3])


def lost(world):
    return [one.problem for one in world.ended if not one.answered]


@cache
def faulty(seed, *, hedged=True):
    """9,000 requests at 100 a second, with faults and half of the outage."""
    return scenarios.s3l(seed, 9_000, hedge=None if hedged else Hedge(calls_share=0))


@SEEDS
def test_the_fastest_of_four_answers_nearly_everything(seed):
    world = scenarios.s2(seed, 800)
    assert scenarios.mean_ms(world) <= 60
    assert not lost(world)


@SEEDS
def test_where_places_are_few_they_are_all_used_and_nothing_is_lost(seed):
    world = scenarios.s2c(seed, 1_500)
    assert scenarios.mean_ms(world) <= 109
    assert not lost(world)
    assert all(service.most_at_once <= service.profile.limit for service in world.services.values())


@SEEDS
def test_under_faults_and_an_outage_everything_is_answered_and_right_and_soon(seed):
    world = faulty(seed)
    assert scenarios.right_percent(world) == 100
    assert 1_000 * scenarios.quantile([one.seconds for one in world.ended], 0.99) <= 400


def test_under_faults_hedging_adds_less_than_three_per_cent_to_the_bill_and_makes_the_slowest_quick():
    hedged, unhedged = faulty(1), faulty(1, hedged=False)
    assert hedged.billed_nanousd <= 1.03 * unhedged.billed_nanousd
    slowest = [scenarios.quantile([one.seconds for one in world.ended], 0.99) for world in (hedged, unhedged)]
    assert slowest[0] < slowest[1] / 2


@SEEDS
def test_the_bill_lies_between_what_was_reported_and_what_may_have_been_billed_besides(seed):
    world = faulty(seed)
    reported = sum(one.attempt.cost_nanousd for one in world.outcomes if one.attempt.usage.reported)
    estimated = sum(one.attempt.cost_nanousd for one in world.outcomes if not one.attempt.usage.reported)
    assert reported <= world.billed_nanousd <= reported + estimated
    assert reported >= 0.97 * world.billed_nanousd


@SEEDS
def test_a_service_that_becomes_slow_is_left_within_half_a_second(seed):
    world = scenarios.s4(seed)
    slowed = world.services["s40"].arrivals_between(10, 15)
    assert max(slowed, default=10) - 10 <= 0.5
    assert 1_000 * statistics.fmean(one.seconds for one in world.ended if one.began >= 15) <= 90
    assert not lost(world)


@SEEDS
def test_with_a_check_that_tells_the_cheap_one_is_asked_first_and_wrong_answers_are_not_taken(seed):
    world = scenarios.s5b(seed)
    assert scenarios.right_percent(world) >= 99.5
    assert world.billed_nanousd / 1e6 / sum(one.right for one in world.ended) <= 0.10


@SEEDS
def test_while_all_are_down_nobody_is_stormed_and_all_is_answered_in_time_once_they_are_back(seed):
    world = scenarios.all_down(seed, 1_200)
    assert not lost(world)
    assert max(one.seconds for one in world.ended) <= 15
    assert min(one.began + one.seconds for one in world.ended if one.began + one.seconds > 20) - 20 < 1
    calls = sum(len(service.arrivals_between(10, 20)) for service in world.services.values())
    assert calls <= 1.5 * 500


@SEEDS
def test_at_three_times_overload_high_priority_is_as_quick_as_ever_and_low_is_served_too(seed):
    calm, busy = scenarios.overload(seed, 3_000, load=0.5), scenarios.overload(seed, 3_000)
    high = [
        scenarios.quantile([one.seconds for one in world.ended if one.priority == "high"], 0.95)
        for world in (calm, busy)
    ]
    assert high[1] <= 1.2 * high[0]
    done = [one.priority for one in busy.ended if one.answered]
    assert done.count("low") >= 0.05 * len(done)
    assert all(one.answered for one in busy.ended if one.priority == "high")


def test_the_same_seed_is_the_same_day():
    one, other = scenarios.s4(7, 300), scenarios.s4(7, 300)
    assert [ended.seconds for ended in one.ended] == [ended.seconds for ended in other.ended]
    assert [ended.seconds for ended in one.ended] != [ended.seconds for ended in scenarios.s4(8, 300).ended]


def test_second_calls_are_counted_where_they_were_made_and_where_they_won():
    world = faulty(1)
    standings = [world.health.of(offering) for offering in world.snapshot.offerings]
    made, won = (sum(getattr(one, name) for one in standings) for name in ("hedges_made", "hedges_won"))
    assert 0 < won <= made <= 0.12 * len(world.ended) + 25
    assert not any(count for count in world.dispatcher.waiting.values())
