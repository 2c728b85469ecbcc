"""Policies: versions that never change, and the defaults that ship."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from registry.errors import NotFound, PolicyInvalid
from registry.policies import Policies
from registry.seeding import seed
from registry.words import Capability, Hedge, Objective, Policy, Requirements, Rule, Split, Target


@pytest.fixture
def policies(store):
    return Policies(store, time.time)


async def test_the_same_content_stays_the_same_version_and_another_becomes_the_next(policies):
    careful = Policy(name="careful", objective=Objective(quality=1, cost=0, speed=0), budget_nanousd=5)
    first = await policies.put(careful)
    assert await policies.put(careful) == first
    second = await policies.put(Policy(name="careful", deadline_seconds=3.5, on_refusal="end"))
    assert (first.version, second.version) == (1, 2)
    assert await policies.get("careful") == second


async def test_an_old_version_can_be_read_and_returned_to(policies, store):
    first = await policies.put(Policy(name="careful", deadline_seconds=1))
    await policies.put(Policy(name="careful", deadline_seconds=2))
    third = await policies.put(Policy(name="careful", deadline_seconds=1))
    assert third.version == 3
    assert (await policies.get("careful")).deadline_seconds == 1
    assert await Policies(store, time.time).load(first.policy_id) == first


async def test_two_who_change_a_policy_at_once_make_two_versions(policies):
    put = [policies.put(Policy(name="careful", deadline_seconds=seconds)) for seconds in range(1, 7)]
    versions = {policy.version for policy in await asyncio.gather(*put)}
    assert versions == {1, 2, 3, 4, 5, 6}


async def test_pictures_and_films_have_defaults_of_their_own(policies, store):
    await seed(store, time.time)
    text, image, video = [
        await policies.for_task("default", capability)
        for capability in (Capability.TEXT, Capability.IMAGE, Capability.VIDEO)
    ]
    assert text.objective == Objective(quality=0.7, speed=0.2, cost=0.1)
    assert image.objective == Objective(quality=0.8, speed=0.1, cost=0.1)
    assert video.objective == Objective(quality=0.9, speed=0.05, cost=0.05)


async def test_a_policy_that_is_not_there_is_named_with_its_nearest(policies, store):
    await seed(store, time.time)
    with pytest.raises(NotFound, match="did you mean 'default'"):
        await policies.get("defualt")
    with pytest.raises(NotFound, match="policy '99'"):
        await policies.load(99)


RULED = Policy(
    name="ruled",
    target=Target(goal="cost", min_quality=0.9),
    strategy="weighted",
    options={"spread": 0.5},
    requirements=Requirements(features=frozenset({"tools"}), regions=frozenset({"eu", "ch"})),
    prefer=("mistral",),
    hedge=Hedge(calls_share=0, cost_share=0.5),
    priority="low",
    affinity=True,
    cache_seconds=30.0,
    zone="Europe/Berlin",
    rules=(
        Rule(name="eu", when='request.metadata.data == "personal"', require='service.region == "eu"'),
        Rule(name="draft", when='request.stage == "draft"', weight=Objective(quality=0, cost=1, speed=0)),
        Rule(name="canary", split=Split(by="request.principal", seed="1", shares={"a": 0.95, "b": 0.05})),
        Rule(name="shadow", shadow='service.name == "new"', share=0.02),
        Rule(name="like", prefer='service.name == "mistral"', factor=2.0),
    ),
)


async def test_everything_that_a_policy_says_is_kept(policies):
    kept = await policies.put(RULED)
    found = await policies.get("ruled")
    assert found == kept
    assert replace(found, version=1, policy_id=0) == RULED


async def test_a_policy_from_before_there_were_rules_is_read_as_it_was(policies, store):
    from sqlalchemy import insert

    from registry.tables import policies as table

    content = {"objective": {"quality": 0.7, "cost": 0.1, "speed": 0.2}, "deadline_seconds": 9.0,
               "budget_nanousd": 5, "on_refusal": "end"}  # fmt: skip
    async with store.write() as connection:
        values = {"name": "old", "version": 3, "digest": "0" * 64, "content": content, "created_us": 1}
        await connection.execute(insert(table).values(values))
    old = await policies.get("old")
    assert replace(old, policy_id=0) == Policy(
        name="old", version=3, deadline_seconds=9.0, budget_nanousd=5, on_refusal="end"
    )
    assert (await policies.put(old)).version == 3


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (Policy(name="p", rules=(Rule(name="a", require='servce.name == "x"'),)), "rule a: there is no 'servce'"),
        (Policy(name="p", rules=(Rule(name="a", when="1 +", forbid="true"),)), "rules[0].when: rule a"),
        (Policy(name="p", rules=(Rule(name="a", split=Split(by="1", shares={"x": 1})),)), "it gives no text"),
        (Policy(name="p", rules=(Rule(name="a\nb", forbid="true"),)), "is no name"),
        (Policy(name="p", zone="Europe/Berln"), "there is no time zone 'Europe/Berln'"),
        (Policy(name="p", deadline_seconds=0), "deadline_seconds: it takes a number above 0"),
        (Policy(name="p", cache_seconds=-1), "cache_seconds"),
        (Policy(name="p", strategy="rm -rf"), "is no name"),
        (Policy(name="default+request"), "no + among them"),
        (Policy(name=""), "a name has 1 to 150 characters"),
        (Policy(name="p", options={"x": "y" * 20_000}), "longer than 10,000 characters"),
    ],
)
async def test_a_policy_that_makes_no_sense_is_refused_when_it_is_put(policies, policy, told):
    with pytest.raises(PolicyInvalid) as caught:
        await policies.put(policy)
    assert told in str(caught.value)
    assert await policies.list() == ()


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "it has none"),
        ({"require": "true", "forbid": "true"}, "it has require, forbid"),
        ({"prefer": "true", "factor": 0}, "the factor of rule a is 0"),
        ({"shadow": "true", "share": 1.5}, "the share of rule a is 1.5"),
    ],
)
def test_a_rule_has_exactly_one_effect_within_its_bounds(facts, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is looked at below
        Rule(name="a", **facts)
    assert told in str(caught.value)


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": -0.5, "b": 1.5}, {"a": float("nan"), "b": 1}])
def test_shares_that_are_no_shares_are_refused(shares):
    with pytest.raises(ValueError, match="share"):
        Split(shares=shares)


def test_two_rules_of_one_name_and_too_many_are_refused():
    with pytest.raises(ValueError, match="two rules are named a"):
        Policy(name="p", rules=(Rule(name="a", forbid="true"), Rule(name="a", forbid="true")))
    with pytest.raises(ValueError, match="at most 64"):
        Policy(name="p", rules=tuple(Rule(name=str(number), forbid="true") for number in range(65)))


async def test_what_a_request_wishes_for_is_a_policy_of_its_own_that_is_kept_once(policies, store):
    base = await policies.put(RULED)
    target = Target(goal="quality", max_latency_ms=2_000)
    first = await policies.wished(base, Objective(quality=1, cost=1, speed=0), None)
    same = await Policies(store, time.time).wished(base, Objective(quality=20, cost=20.001, speed=0), None)
    other = await policies.wished(base, None, target)
    assert first.name == other.name == "ruled+request"
    assert (first.version, other.version) == (1, 2)
    assert same == first
    assert first.objective == Objective(quality=0.5, cost=0.5, speed=0)
    assert first.target is None
    assert (other.objective, other.target) == (RULED.objective, target)
    assert first.rules == RULED.rules
    assert await Policies(store, time.time).load(other.policy_id) == other
    assert await policies.wished(base, None, None) is base


async def test_policies_of_requests_are_neither_listed_nor_asked_for_by_name(policies):
    base = await policies.put(Policy(name="plain"))
    await policies.put(Policy(name="plain", deadline_seconds=1))
    await policies.wished(base, Objective(), None)
    assert [(policy.name, policy.version) for policy in await policies.list()] == [("plain", 2)]
    with pytest.raises(NotFound, match=r"there is no policy 'plain\+request'"):
        await policies.get("plain+request")


async def test_wishes_are_bounded(store):
    policies = Policies(store, time.time, most_wishes=2)
    base = await policies.put(Policy(name="plain"))
    for weight in (1, 2):
        await policies.wished(base, Objective(quality=weight, cost=1, speed=0), None)
    with pytest.raises(PolicyInvalid, match="give them policies of their own"):
        await policies.wished(base, Objective(quality=3, cost=1, speed=0), None)


async def test_many_who_wish_for_the_same_at_once_get_the_same(policies, store):
    base = await policies.put(Policy(name="plain"))
    others = [Policies(store, time.time) for _ in range(5)]
    found = await asyncio.gather(*(one.wished(base, Objective(quality=3, cost=1, speed=0), None) for one in others))
    assert len({policy.policy_id for policy in found}) == 1
