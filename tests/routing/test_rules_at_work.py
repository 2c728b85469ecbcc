"""Rules, wishes and targets at work: through the whole runtime, from a stored policy to the explanation."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import Says, Scripted
from registry import (
    Catalogue,
    Exclusion,
    Objective,
    Policies,
    Policy,
    Price,
    Rule,
    Settings,
    Split,
    Store,
    Target,
    seed,
)
from routing import NoCandidate, Runtime, task_request

SERVICES = (("near", 0.6, 10, 200), ("far", 0.9, 900, 900), ("odd", 0.7, 100, 50))  # quality, price, latency in ms


@pytest.fixture
async def opened(database_url, tmp_path):
    """A runtime over three services and the given policy, named `house`."""
    runtimes = []

    async def open_(**policy):
        settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
        store = await Store.open(settings.store_url)
        await seed(store, time.time)
        catalogue = Catalogue(store, time.time)
        for shipped in await catalogue.services():
            await catalogue.remove_service(shipped.name)
        for name, quality, price, latency_ms in SERVICES:
            await catalogue.add_service(name, "fake", enabled=True)
            await catalogue.put_offering(
                name, f"{name}-1", capabilities=["text"], quality=quality, latency_ms=latency_ms
            )
            await catalogue.put_price(f"{name}/{name}-1", Price(call_nanousd=price, source="the test"))
        await Policies(store, time.time).put(Policy(name="house", **policy))
        await store.close()
        services = {name: Scripted([Says(name)], then="last") for name, *_ in SERVICES}
        runtimes.append(await Runtime.start(settings, services=services))
        return runtimes[-1]

    yield open_
    for runtime in runtimes:
        await runtime.aclose()


def ask(**wishes):
    return task_request("text", "Who answers?", policy="house", **wishes)


async def test_what_a_rule_forbids_is_left_out_and_the_explanation_names_the_rule(opened):
    rule = Rule(name="no-odd-ones", forbid="service.name == 'odd'")
    runtime = await opened(objective=Objective(quality=0, cost=0, speed=1), rules=(rule,))
    result = await runtime.run(ask())
    assert result.text == "near"
    await runtime.drain()
    told = await runtime.decisions.explain_task(result.task_id)
    (out,) = told.decision.excluded
    assert (out.offering, out.excluded, out.rule) == ("odd/odd-1", Exclusion.RULE, 1)
    assert told.decision.rules == (1,)


async def test_a_policy_that_shuts_everybody_out_says_what_shut_out_each(opened):
    rules = (
        Rule(name="none-dear", forbid="service.name == 'far'"),
        Rule(name="only-moon", require="service.region == 'moon'"),
    )
    runtime = await opened(rules=rules)
    with pytest.raises(NoCandidate) as caught:
        await runtime.run(ask())
    assert "far: rule none-dear" in str(caught.value)
    assert "near, odd: rule only-moon" in str(caught.value)


async def test_a_liking_changes_the_order_and_a_weighing_rule_the_weights(opened):
    liking = Rule(name="like-far", prefer="service.name == 'far'", factor=5.0)
    runtime = await opened(objective=Objective(quality=0, cost=1, speed=0), rules=(liking,))
    assert (await runtime.run(ask())).text == "far"
    weighing = Rule(name="drafts", when="request.stage == 'draft'", weight=Objective(quality=1, cost=0, speed=0))
    runtime = await opened(objective=Objective(quality=0, cost=1, speed=0), rules=(weighing,))
    assert (await runtime.run(ask())).text == "near"
    assert (await runtime.run(ask(stage="draft"))).text == "far"


async def test_a_split_sends_its_share_and_notes_how_likely_that_was(opened):
    split = Split(shares={"near/near-1": 0.75, "far/far-1": 0.25}, seed="s")
    runtime = await opened(rules=(Rule(name="canary", split=split),))
    results = [await runtime.run(ask(item=str(number))) for number in range(60)]
    answered = [result.text for result in results]
    assert 25 < answered.count("near") < 58
    assert answered.count("odd") == 0
    assert {result.decision.propensity for result in results} == {0.75, 0.25}


@pytest.mark.parametrize(
    ("target", "answers"),
    [
        (Target(goal="cost", min_quality=0.65), "odd"),
        (Target(goal="quality", max_cost_nanousd=500), "odd"),
        (Target(goal="speed", min_quality=0.65), "odd"),
        (Target(goal="quality"), "far"),
        (Target(goal="cost", min_quality=0.99), "far"),  # nobody is so good: the one that misses it least
    ],
)
async def test_a_target_is_kept_to_and_missed_by_as_little_as_can_be(opened, target, answers):
    runtime = await opened()
    assert (await runtime.run(ask(target=target))).text == answers


async def test_what_a_request_wishes_for_is_a_policy_that_its_decision_names(opened):
    runtime = await opened(objective=Objective(quality=0, cost=1, speed=0))
    plain, wished = await runtime.run(ask()), await runtime.run(ask(objective="quality=1"))
    assert (plain.text, wished.text) == ("near", "far")
    await runtime.drain()
    told = await runtime.decisions.explain_task(wished.task_id)
    assert (plain.decision.policy, told.decision.policy) == ("house", "house+request")


async def test_a_shadow_is_asked_beside_and_only_recorded(opened):
    runtime = await opened(
        objective=Objective(quality=0, cost=1, speed=0), rules=(Rule(name="try-far", shadow="service.name == 'far'"),)
    )
    result = await runtime.run(ask(stage="write"))
    assert [attempt.offering for attempt in result.attempts] == ["near/near-1"]
    async with asyncio.timeout(10):
        while len(rows := await runtime.decisions.calls_of_run(0)) < 2:
            await runtime.drain()
    assert {row.stage for row in rows} == {"write", "shadow/write"}
