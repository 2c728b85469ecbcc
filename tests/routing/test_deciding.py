"""Decisions: what excludes, what ranks, and that every candidate is accounted for."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.words import Capability, Exclusion, FailureClass, Objective, Policy, Price, Requirements, Service
from routing.deciding import decide
from routing.estimating import estimate_tokens

QUALITY_ONLY = Policy(name="quality", objective=Objective(quality=1, cost=0, speed=0))
COST_ONLY = Policy(name="cost", objective=Objective(quality=0, cost=1, speed=0))
SPEED_ONLY = Policy(name="speed", objective=Objective(quality=0, cost=0, speed=1))
CHEAP = Price(input_nanousd_per_mtok=10**8, output_nanousd_per_mtok=10**8)
DEAR = Price(input_nanousd_per_mtok=10**10, output_nanousd_per_mtok=10**11)


def names(decision):
    return [candidate.offering.split("/")[0] for candidate in decision.ranked]


def test_the_objective_decides_who_comes_first(offering, snapshot, text_request, world):
    good = offering("good", quality=0.9, price=DEAR, latency_ms=4_000)
    cheap = offering("cheap", quality=0.3, price=CHEAP, latency_ms=3_000)
    fast = offering("fast", quality=0.5, price=DEAR, latency_ms=100)
    catalogue = snapshot(good, cheap, fast)
    first = {
        policy.name: names(decide(1, text_request(), catalogue, policy, {}, world))[0]
        for policy in (QUALITY_ONLY, COST_ONLY, SPEED_ONLY)
    }
    assert first == {"quality": "good", "cost": "cheap", "speed": "fast"}


def test_what_scores_have_taught_replaces_the_first_guess(offering, snapshot, text_request, world):
    boasted, proven = offering("boasted", quality=0.9), offering("proven", quality=0.2)
    learned = {boasted.offering_id: 0.1, proven.offering_id: 0.8}
    decision = decide(1, text_request(), snapshot(boasted, proven), QUALITY_ONLY, learned, world)
    assert names(decision) == ["proven", "boasted"]
    assert decision.ranked[0].quality == 0.8


def test_recent_latency_replaces_the_first_guess(offering, snapshot, text_request, world):
    once_fast, now_fast = offering("once", latency_ms=10), offering("now", latency_ms=5_000)
    world.health.succeeded(once_fast, 9_000)
    world.health.succeeded(now_fast, 50)
    assert names(decide(1, text_request(), snapshot(once_fast, now_fast), SPEED_ONLY, {}, world)) == ["now", "once"]


def test_an_unknown_price_is_neither_free_nor_hopeless(offering, snapshot, text_request, world):
    free, unknown, dear = offering("free"), offering("unknown", price=None), offering("dear", price=DEAR)
    assert names(decide(1, text_request("x" * 9_000), snapshot(dear, unknown, free), COST_ONLY, {}, world)) == [
        "free", "unknown", "dear",
    ]  # fmt: skip


def test_ties_go_to_the_service_with_the_lower_priority_number(offering, snapshot, text_request, world):
    later = offering("later", service=Service(service_id=1, name="later", kind="fake", enabled=True, priority=20))
    sooner = offering("sooner", service=Service(service_id=2, name="sooner", kind="fake", enabled=True, priority=10))
    assert names(decide(1, text_request(), snapshot(later, sooner), QUALITY_ONLY, {}, world)) == ["sooner", "later"]


@pytest.mark.parametrize(
    ("facts", "asked", "exclusion", "says"),
    [
        ({"capabilities": frozenset({Capability.IMAGE})}, {}, Exclusion.CAPABILITY, "cannot do text"),
        ({"enabled": False}, {}, Exclusion.DISABLED, "disabled"),
        ({"context_window": 10}, {}, Exclusion.CONTEXT_WINDOW, "tokens of 10"),
        ({}, {"requirements": Requirements(features=frozenset({"vision"}))}, Exclusion.FEATURE, "lacks vision"),
        ({}, {"requirements": Requirements(regions=frozenset({"eu"}))}, Exclusion.REGION, "unknown region, not in eu"),
        ({}, {"requirements": Requirements(pinned="other")}, Exclusion.NOT_PINNED, "pinned to other"),
        ({"retires_at": datetime(2026, 1, 1, tzinfo=UTC), "successor": "b"}, {}, Exclusion.RETIRED, "successor is b"),
        ({"price": None}, {"budget_nanousd": 5}, Exclusion.BUDGET, "its price is unknown"),
        ({"price": DEAR}, {"budget_nanousd": 5}, Exclusion.BUDGET, "of $0.000000005"),
    ],
)  # fmt: skip
def test_each_constraint_excludes_with_its_reason(
    offering, snapshot, text_request, world, facts, asked, exclusion, says
):
    decision = decide(1, text_request(**asked), snapshot(offering("a", **facts)), QUALITY_ONLY, {}, world)
    (candidate,) = decision.excluded
    assert (candidate.excluded, candidate.rank) == (exclusion, None)
    assert says in candidate.reason


def test_a_disabled_service_says_how_to_enable_it(offering, snapshot, text_request, world):
    off = offering("openai", service=Service(service_id=1, name="openai", kind="fake", enabled=False))
    (candidate,) = decide(1, text_request(), snapshot(off), QUALITY_ONLY, {}, world).excluded
    assert "turnout services enable openai" in candidate.reason


def test_a_service_without_its_credential_is_excluded_with_the_hint(offering, snapshot, text_request, world):
    keyless = offering("openai")
    seen = replace(world, unusable={1: (Exclusion.NO_CREDENTIAL, "set OPENAI_API_KEY")})
    (candidate,) = decide(1, text_request(), snapshot(keyless), QUALITY_ONLY, {}, seen).excluded
    assert (candidate.excluded, candidate.reason) == (Exclusion.NO_CREDENTIAL, "set OPENAI_API_KEY")


def test_pinning_names_a_service_or_an_offering(offering, snapshot, text_request, world):
    catalogue = snapshot(offering("a"), offering("b"))
    for pin in ("b", "b/model-b"):
        request = text_request(requirements=Requirements(pinned=pin))
        assert names(decide(1, request, catalogue, QUALITY_ONLY, {}, world)) == ["b"]


def test_a_cooling_offering_is_out_until_its_time_has_come(offering, snapshot, text_request, world, clock):
    hot, other = offering("hot", quality=0.9), offering("other")
    world.health.failed(hot, FailureClass.RATE_LIMITED, retry_after_seconds=30)
    catalogue = snapshot(hot, other)
    assert names(decide(1, text_request(), catalogue, QUALITY_ONLY, {}, world)) == ["other"]
    clock.now += 31
    assert names(decide(1, text_request(), catalogue, QUALITY_ONLY, {}, world)) == ["hot", "other"]


def test_a_shorter_cool_down_never_replaces_a_longer_one(offering, world, clock):
    hot = offering()
    world.health.failed(hot, FailureClass.RATE_LIMITED, retry_after_seconds=60)
    world.health.failed(hot, FailureClass.RATE_LIMITED, retry_after_seconds=1)
    clock.now += 30
    assert world.health.seconds_left(world.health.cooling(hot)) == 30


def test_a_provider_that_says_in_a_year_is_asked_again_in_an_hour(offering, world):
    hot = offering()
    world.health.failed(hot, FailureClass.RATE_LIMITED, retry_after_seconds=365 * 86_400)
    assert world.health.seconds_left(world.health.cooling(hot)) == 3_600


def test_an_account_that_has_run_dry_takes_all_its_offerings_out(offering, world):
    account = Service(service_id=9, name="account", kind="fake", enabled=True)
    one, two = offering("one", service=account), offering("two", service=account)
    world.health.failed(one, FailureClass.QUOTA)
    assert world.health.cooling(two).failure is FailureClass.QUOTA


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(1, 1e5), st.booleans()), max_size=12),
    st.tuples(st.floats(0, 9), st.floats(0, 9), st.floats(0.01, 9)),
)
def test_every_candidate_is_ranked_or_excluded_exactly_once(facts, weights):
    from registry.words import Message, Model, Offering, Snapshot, TaskRequest
    from routing.constraints import World
    from routing.health import Health

    offerings = tuple(
        Offering(
            offering_id=number,
            service=Service(service_id=number, name=f"s{number}", kind="fake", enabled=enabled),
            model=Model(model_id=number, name="m"),
            remote_name="m",
            capabilities=frozenset({Capability.TEXT}),
            quality=quality,
            latency_ms=latency_ms,
        )
        for number, (quality, latency_ms, enabled) in enumerate(facts, 1)
    )
    quality, cost, speed = weights
    decision = decide(
        1,
        TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x"),)),
        Snapshot(snapshot_id=1, version=1, digest="", offerings=offerings),
        Policy(name="p", objective=Objective(quality=quality, cost=cost, speed=speed)),
        {},
        World(now=datetime(2026, 1, 1, tzinfo=UTC), health=Health(lambda: 0.0)),
    )
    assert sorted(c.offering_id for c in decision.candidates) == [o.offering_id for o in offerings]
    assert [c.rank for c in decision.ranked] == list(range(1, len(decision.ranked) + 1))
    utilities = [c.utility for c in decision.ranked]
    assert utilities == sorted(utilities, reverse=True)
    assert all(0 <= part <= 1 for c in decision.ranked for part in (c.utility, c.quality, c.cost, c.speed))
    assert all(c.reason and c.excluded for c in decision.excluded)


@pytest.mark.parametrize("weights", [(0, 0, 0), (-1, 1, 1), (float("nan"), 1, 1), (float("inf"), 1, 1)])
def test_an_objective_that_means_nothing_is_refused(weights):
    with pytest.raises(ValueError, match="weight"):
        Objective(quality=weights[0], cost=weights[1], speed=weights[2])


def test_scripts_beyond_latin_are_counted_as_more_tokens():
    assert estimate_tokens("روبوت صغير") == 10
    assert estimate_tokens("a small robot") < 10
