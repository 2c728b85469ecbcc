"""A policy that leaves nobody: the error names every offering that could do the work, with what keeps it out."""

from __future__ import annotations

import time

import pytest

from blocks import Says, Scripted
from registry import Catalogue, Policies, Price, Settings, Store, seed
from registry.words import Capability, Exclusion, Policy, Requirements, Rule
from routing import NoCandidate, Runtime, ai_task

NOBODY = Policy(
    name="nobody",
    budget_nanousd=1_000,
    requirements=Requirements(features=frozenset({"tools"}), regions=frozenset({"eu"})),
    rules=(Rule(name="no-small-ones", forbid="offering.quality < 0.5"),),
)


@pytest.fixture
async def runtime(database_url, tmp_path):
    """A runtime over services of which each lacks something else."""
    settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    for shipped in await catalogue.services():
        await catalogue.remove_service(shipped.name)
    for name, region, features, quality, cents in (
        ("plain", "eu", [], 0.9, 0),
        ("abroad", "us", ["tools"], 0.9, 0),
        ("small", "eu", ["tools"], 0.2, 0),
        ("dear", "eu", ["tools"], 0.9, 5),
    ):
        await catalogue.add_service(name, "fake", enabled=True, region=region)
        await catalogue.put_offering(name, "m", capabilities=["text"], features=features, quality=quality)
        await catalogue.put_price(f"{name}/m", Price(call_nanousd=cents * 10_000_000, source="the test"))
    await catalogue.put_offering("plain", "old", capabilities=["text"], features=["tools"], quality=0.3)
    await catalogue.put_price("plain/old", Price(source="the test"))
    await catalogue.add_service("off", "fake", region="eu")
    await catalogue.put_offering("off", "m", capabilities=["text"])
    await Policies(store, time.time).put(NOBODY)
    await store.close()
    async with Runtime.open(settings, services={n: Scripted([Says("x")]) for n in ("plain", "small")}) as opened:
        yield opened


async def test_every_offering_is_named_with_what_keeps_it_out(runtime):
    with pytest.raises(NoCandidate) as caught:
        await ai_task("text", "Anybody?", policy="nobody")
    told = str(caught.value)
    assert told.startswith("no service can do `text` now: ")
    for sentence in (
        "plain/m: lacks tools",
        "small, plain/old: rule no-small-ones forbids offering.quality < 0.5",
        "abroad: is in us, not in eu",
        "dear: may cost $0.05 of $0.000001",
        "off: the service is disabled; `turnout services enable off` turns it on",
    ):
        assert sentence in told
    kinds = {candidate.offering: candidate.excluded for candidate in caught.value.decision.excluded}
    assert kinds["small/m"] is kinds["plain/old"] is Exclusion.RULE
    assert len(kinds) == 6
    await runtime.drain()
    kept = await runtime.decisions.explain_task(caught.value.decision.task_id)
    assert told.startswith(kept.message.removesuffix("…"))  # the ledger keeps 500 characters
    assert {candidate.offering for candidate in kept.decision.excluded} == set(kinds)


async def test_where_nothing_has_the_capability_the_way_to_one_is_told(runtime):
    with pytest.raises(NoCandidate, match=r"none of the 6 offerings .* `turnout services add` adds one that has"):
        await ai_task(Capability.EMBEDDING, inputs=["x"])
