"""Strategies: what all of them promise, in one suite, and what each of them is for."""

from __future__ import annotations

import random
from collections import Counter
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.words import Capability, Model, Offering, Service, Target
from routing.strategies import NAMED, Seen, Towards, strategy_named

OBJECTIVE = {"strategy": "objective", "options": {}}
SHARES = {"s1": 3, "s2/m2": 1, "m3": 0.5}
CASES = {
    "objective": {},
    "least_expected_cost": {"usd_per_second": 0.01},
    "fixed_order": {"names": ["s3", "s1/m1"]},
    "weighted": {"shares": SHARES},
    "round_robin": {},
    "least_busy": {},
    "two_choices": {},
    "cheapest_above": {"min_quality": 0.6},
    "best_within": {"max_usd": "0.005", "max_latency_ms": 800},
    "explore": {"share": 0.3, "of": OBJECTIVE},
}
EXPLORED = {
    "explore two choices": {"share": 0.3, "of": {"strategy": "two_choices"}},
    "explore weighted": {"share": 0.3, "of": {"strategy": "weighted", "options": {"shares": SHARES}}},
    "explore in turn": {"share": 0.3, "of": {"strategy": "round_robin"}},
}
DRAWING = ("weighted", "two_choices", "explore")
ALL = pytest.mark.parametrize("case", [*CASES, *EXPLORED, "target"])


def made(case):
    if case == "target":
        return Towards(Target(goal="cost", min_quality=0.5, max_cost_nanousd=5_000_000, max_latency_ms=800))
    return strategy_named("explore", EXPLORED[case]) if case in EXPLORED else strategy_named(case, CASES[case])


def seen(number, *, service=None, priority=100, utility=0.5, quality=0.5, nanousd=1_000, latency_ms=500.0, busy=0):
    service = service or Service(service_id=number, name=f"s{number}", kind="fake", enabled=True, priority=priority)
    offering = Offering(
        offering_id=number, service=service, model=Model(model_id=number, name=f"m{number}"), remote_name="m",
        capabilities=frozenset({Capability.TEXT}),
    )  # fmt: skip
    return Seen(offering, utility, quality, 0.5, 0.5, nanousd, latency_ms, busy)


def ids(candidates):
    return [one.offering.offering_id for one in candidates]


def ordered(name, options, candidates, chance=lambda: 0.5):
    candidates = list(candidates)
    strategy_named(name, options).order(candidates, chance)
    return ids(candidates)


def differing(count=5):
    """Candidates that differ in everything."""
    dice = random.Random(count)
    return [
        seen(number, utility=dice.random(), quality=dice.random(), nanousd=dice.randrange(10**7),
             latency_ms=dice.uniform(10, 2_000), busy=dice.randrange(9))
        for number in range(1, count + 1)
    ]  # fmt: skip


def test_every_strategy_there_is_stands_in_this_suite():
    assert CASES.keys() == NAMED.keys()


@ALL
def test_nobody_and_a_single_one_are_orders_too(case):
    nobody, alone = [], [seen(1)]
    strategy = made(case)
    assert 0 < strategy.order(nobody, random.Random(1).random) <= 1
    assert strategy.order(alone, random.Random(1).random) == 1
    assert (nobody, ids(alone)) == ([], [1])


@ALL
def test_the_same_chance_leads_to_the_same_orders(case):
    orders = []
    for _ in range(2):
        strategy, dice, run = made(case), random.Random(7), []
        for _ in range(50):
            candidates = differing()
            run.append((strategy.order(candidates, dice.random), *ids(candidates)))
        orders.append(run)
    assert orders[0] == orders[1]


@ALL
def test_it_does_not_matter_in_which_order_candidates_come(case):
    orders = set()
    for shuffle in range(10):
        candidates = differing()
        random.Random(shuffle).shuffle(candidates)
        strategy = made(case)
        orders.add((strategy.order(candidates, random.Random(3).random), *ids(candidates)))
    assert len(orders) == 1


@pytest.mark.parametrize("case", [*(name for name in CASES if name not in (*DRAWING, "fixed_order")), "target"])
def test_equals_are_told_apart_by_priority_and_then_by_number(case):
    candidates = [seen(8), seen(7), seen(9, priority=10)]
    made(case).order(candidates, lambda: 0.5)
    assert ids(candidates) == [9, 7, 8]


@ALL
def test_whoever_comes_first_comes_first_as_often_as_is_said(case):
    strategy, dice, draws = made(case), random.Random(11), 10_000
    came, said = Counter(), {}
    for _ in range(draws):
        candidates = differing()
        propensity = strategy.order(candidates, dice.random)
        first = candidates[0].offering.offering_id
        came[first] += 1
        said.setdefault(first, []).append(propensity)
    if case == "round_robin":
        assert set(came.values()) == {draws // 5}
        return
    if case == "explore in turn":  # who comes first changes; how often it is who is said to, does not
        expected = sum(map(sum, said.values())) / draws
        assert expected == pytest.approx(0.7**2 + 0.3**2 / 4, abs=0.02)
        return
    for number, times in came.items():
        (share,) = {round(propensity, 12) for propensity in said[number]}
        assert abs(times / draws - share) <= 5 * sqrt(share * (1 - share) / draws)
    assert sum(values[0] for values in said.values()) == pytest.approx(1)


@pytest.mark.parametrize("case", ["weighted", "two_choices"])
def test_what_draws_says_of_each_one_how_likely_it_is_first(case):
    strategy, candidates = made(case), differing()
    chances = [strategy.chance_of(one, candidates) for one in candidates]
    assert sum(chances) == pytest.approx(1)
    for _ in range(20):
        again = list(candidates)
        propensity = strategy.order(again, random.random)
        assert propensity == pytest.approx(strategy.chance_of(again[0], candidates))


EXTREME_FLOATS = st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1e300))
CANDIDATES = st.lists(
    st.tuples(
        st.floats(0, 1), st.floats(0, 1), st.one_of(st.none(), st.integers(0, 2**63)), EXTREME_FLOATS,
        st.integers(0, 10**6), st.integers(0, 200),
    ),
    max_size=25,
)  # fmt: skip


@ALL
@given(facts=CANDIDATES, chances=st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_whatever_candidates_are_like_they_all_stay_and_the_first_had_a_chance(case, facts, chances):
    candidates = [
        seen(number, utility=utility, quality=quality, nanousd=nanousd, latency_ms=latency_ms, busy=busy,
             priority=priority)
        for number, (utility, quality, nanousd, latency_ms, busy, priority) in enumerate(facts, 1)
    ]  # fmt: skip
    strategy, draws = made(case), iter(chances)
    propensity = strategy.order(candidates, lambda: next(draws))
    assert sorted(ids(candidates)) == list(range(1, len(facts) + 1))
    assert 0 < propensity <= 1


def test_a_fixed_order_goes_by_its_names_and_the_rest_by_utility():
    candidates = [seen(1, utility=0.1), seen(2, utility=0.9), seen(3, utility=0.2), seen(4, utility=0.5)]
    assert ordered("fixed_order", {"names": ["m3", "s1/m1", "s3"]}, candidates) == [3, 1, 2, 4]


def test_a_service_that_is_named_stands_for_all_it_offers():
    house = Service(service_id=9, name="house", kind="fake", enabled=True)
    candidates = [seen(1), seen(2, service=house, utility=0.3), seen(3, service=house, utility=0.6)]
    assert ordered("fixed_order", {"names": ["house"]}, candidates) == [3, 2, 1]


def test_candidates_of_one_name_share_its_weight():
    house = Service(service_id=9, name="house", kind="fake", enabled=True)
    candidates = [seen(1), seen(2, service=house), seen(3, service=house)]
    strategy = strategy_named("weighted", {"shares": {"s1": 1, "house": 2}})
    assert [strategy.chance_of(one, candidates) for one in candidates] == [pytest.approx(1 / 3)] * 3


def test_without_anybody_who_has_a_weight_utility_decides():
    candidates = [seen(1, utility=0.1), seen(2, utility=0.9)]
    strategy = strategy_named("weighted", {"shares": {"elsewhere": 1}})
    assert strategy.order(candidates, random.random) == 1
    assert ids(candidates) == [2, 1]
    assert [strategy.chance_of(one, candidates) for one in candidates] == [1, 0]


def test_what_weighs_nothing_comes_last():
    candidates = [seen(1, utility=0.1), seen(2, utility=0.9), seen(3, utility=0.5)]
    assert ordered("weighted", {"shares": {"s1": 1, "s3": 0}}, candidates) == [1, 2, 3]


def test_a_name_that_changes_hands_takes_its_weight_along():
    strategy = strategy_named("weighted", {"shares": {"s1": 1}})
    before, after = seen(1), seen(1, service=Service(service_id=1, name="renamed", kind="fake", enabled=True))
    assert strategy.chance_of(before, [before, seen(2)]) == 1
    assert strategy.chance_of(after, [after, seen(2, utility=0.9)]) == 0


@pytest.mark.parametrize("name", ["two_choices", "cheapest_above", "best_within", "least_busy"])
def test_what_is_liked_more_comes_before_what_is_as_good(name):
    usual, liked = seen(1), seen(2, utility=0.6)._replace(factor=1.2)
    candidates = [usual, liked]
    strategy_named(name, CASES[name]).order(candidates, lambda: 0.4)
    assert ids(candidates) == [2, 1]


def test_turns_go_round_also_when_candidates_come_and_go():
    strategy, firsts = strategy_named("round_robin", {}), []
    for number in range(12):
        candidates = [seen(1), seen(2), *([seen(3)] if number >= 6 else [])]
        strategy.order(candidates, random.random)
        firsts.append(candidates[0].offering.offering_id)
    assert firsts == [1, 2, 1, 2, 1, 2, 3, 1, 2, 3, 1, 2]


def test_the_fewest_in_flight_come_first():
    assert ordered("least_busy", {}, [seen(1, busy=2), seen(2, busy=0), seen(3, busy=1)]) == [2, 3, 1]


def test_of_two_the_one_that_will_be_done_sooner_comes_first_and_the_worst_never():
    candidates = [seen(1, latency_ms=100, busy=9), seen(2, latency_ms=400), seen(3, latency_ms=900, busy=3)]
    dice, firsts = random.Random(5), Counter()
    for _ in range(1_000):
        again = list(candidates)
        strategy_named("two_choices", {}).order(again, dice.random)
        firsts[again[0].offering.offering_id] += 1
    assert firsts[3] == 0
    assert firsts[2] > firsts[1] > 0


def test_above_the_floor_the_cheapest_comes_first_and_below_it_the_best():
    candidates = [
        seen(1, quality=0.95, nanousd=9_000), seen(2, quality=0.8, nanousd=4_000), seen(3, quality=0.79, nanousd=1),
        seen(4, quality=0.85, nanousd=None), seen(5, quality=0.2, nanousd=0),
    ]  # fmt: skip
    assert ordered("cheapest_above", {"min_quality": 0.8}, candidates) == [2, 1, 4, 3, 5]


def test_within_the_bounds_the_best_comes_first_and_then_whoever_exceeds_them_least():
    candidates = [
        seen(1, quality=0.9, nanousd=30_000_000), seen(2, quality=0.5, nanousd=1_000),
        seen(3, quality=0.7, nanousd=10_000_000, latency_ms=2_000), seen(4, quality=1.0, nanousd=None),
        seen(5, quality=0.99, nanousd=1_000, latency_ms=2_200),
    ]  # fmt: skip
    assert ordered("best_within", {"max_usd": "0.01", "max_latency_ms": 2_000}, candidates) == [3, 2, 5, 1, 4]


def test_within_nothing_only_what_is_free_is_within():
    candidates = [seen(1, quality=0.9, nanousd=1), seen(2, quality=0.1, nanousd=0)]
    assert ordered("best_within", {"max_nanousd": 0}, candidates) == [2, 1]


def test_exploring_puts_each_of_the_others_first_evenly_and_leaves_the_rest_as_it_was():
    strategy, dice, orders = strategy_named("explore", {"share": 0.5, "of": OBJECTIVE}), random.Random(2), Counter()
    for _ in range(4_000):
        candidates = [seen(number, utility=1 / number) for number in (1, 2, 3)]
        strategy.order(candidates, dice.random)
        orders[tuple(ids(candidates))] += 1
    assert orders.keys() == {(1, 2, 3), (2, 1, 3), (3, 1, 2)}
    assert orders[1, 2, 3] == pytest.approx(2_000, rel=0.1)
    assert orders[2, 1, 3] == pytest.approx(1_000, rel=0.15)


def test_what_draws_and_keeps_its_chances_to_itself_is_not_explored():
    from routing.strategies import Explore

    class Secretive:
        def order(self, seen, chance):
            seen.sort(key=lambda one: chance())
            return 1 / len(seen)

    candidates = [seen(number) for number in (1, 2, 3, 4)]
    assert Explore(1.0, Secretive()).order(candidates, random.random) == 0.25


def test_exploring_passes_on_what_is_to_be_learnt():
    from routing.strategies import Explore

    class Learns:
        def __init__(self):
            self.heard = []

        def order(self, seen, chance):
            return 1.0

        def learn(self, offering_id, *, good, cost_nanousd, latency_ms):
            self.heard.append((offering_id, good, cost_nanousd, latency_ms))

    learning = Learns()
    Explore(0.1, learning).learn(3, good=True, cost_nanousd=5, latency_ms=2.5)
    assert learning.heard == [(3, True, 5, 2.5)]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("cheapest", {}, "there is no strategy 'cheapest'; did you mean 'cheapest_above'?"),
        ("autoo", {}, "there is no strategy 'autoo'; there are best_within"),
        ("objective", {"share": 1}, "objective does not take share=1"),
        ("fixed_order", {}, "needs names"),
        ("fixed_order", {"names": "openai"}, "needs names"),
        ("fixed_order", {"names": [3]}, "needs names"),
        ("weighted", {}, "needs shares"),
        ("weighted", {"shares": {"a": 0}}, "not all 0"),
        ("weighted", {"shares": {"a": -1}}, "the share of a is -1"),
        ("weighted", {"shares": {"a": float("nan")}}, "the share of a is nan"),
        ("weighted", {"shares": {"a": "much"}}, "does not take shares="),
        ("weighted", {"shares": ["a"]}, "does not take shares="),
        ("cheapest_above", {"min_quality": 90}, "between 0 and 1"),
        ("cheapest_above", {"min_quality": "high"}, "does not take min_quality='high'"),
        ("best_within", {}, "needs a bound"),
        ("best_within", {"max_usd": "a cent"}, "write an amount of dollars"),
        ("best_within", {"max_usd": "NaN"}, "write an amount of dollars"),
        ("best_within", {"max_usd": "-1"}, "at least 0"),
        ("best_within", {"max_usd": "1", "max_nanousd": 1}, "not both"),
        ("best_within", {"max_latency_ms": 0}, "more than 0"),
        ("explore", {"share": 2}, "between 0 and 1"),
        ("explore", {"of": {"strategy": "explore"}}, "around itself"),
        ("explore", {"of": {"strategy": "nobody"}}, "no strategy 'nobody'"),
        ("explore", {"of": {"name": "objective"}}, "explore wants of"),
        ("explore", {"of": {"strategy": ["objective"]}}, "is a name"),
        ("explore", {"of": {"options": 5}}, "options are a mapping"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_a_sentence(name, options, says):
    with pytest.raises(ValueError, match=says):
        strategy_named(name, options)
