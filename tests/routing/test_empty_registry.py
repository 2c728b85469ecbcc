"""A registry that empties while work is under way: calls come to their end, new ones are told why, and work goes on."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import Scripted, Streams
from registry import Catalogue, Price, Settings, Store, Usage, seed
from registry.budgets import Budgets
from registry.limits import Limits
from routing import NoCandidate, Runtime, ai_task, task_request

PIECES = ["It ", "is ", "lit. "] * 9
USAGE = Usage(input_tokens=7, output_tokens=27)
A_CALL = Price(call_nanousd=1_000_000, source="the test")


async def _add(catalogue):
    await catalogue.add_service("only", "fake", enabled=True)
    await catalogue.put_offering("only", "m", capabilities=["text"], quality=0.9)
    await catalogue.put_price("only/m", A_CALL)


async def _empty(catalogue, how):
    for service in await catalogue.services():
        if how == "removed":
            await catalogue.remove_service(service.name)
        elif service.enabled:
            await catalogue.set_enabled(service.name, enabled=False)


@pytest.fixture
async def runtime(database_url, tmp_path):
    """A runtime over one service, which takes some seconds for each answer; a budget and a limit are held."""
    settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    await _empty(catalogue, "removed")
    await _add(catalogue)
    await Budgets(store, time.time).put("service", "only", 10**9, "day")
    await Limits(store, time.time).put("only", requests=1_000, places=10)
    await store.close()
    script = Scripted([Streams(PIECES, delay_ms=100, usage=USAGE)])
    async with Runtime.open(settings, services={"only": script}) as opened:
        yield opened


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("removed", "no service can do `text`: the registry is empty; `turnout services add` adds a service"),
        ("disabled", "only: the service is disabled; `turnout services enable only` turns it on"),
    ],
)
async def test_calls_under_way_end_and_are_accounted_for_new_ones_are_told_why_and_work_goes_on(
    runtime, until, until_called, how, told
):
    under_way = [asyncio.create_task(runtime.run(task_request("text", f"Lamp {n}."))) for n in range(5)]
    streaming = asyncio.create_task(_streamed(runtime))
    await until_called(runtime, 6)
    await _empty(runtime.catalogue, how)

    async def is_seen():
        return not (await runtime.decide(task_request("text", "Anybody?"))).ranked

    await until(is_seen)
    assert not any(one.done() for one in under_way)
    with pytest.raises(NoCandidate) as caught:
        await ai_task("text", "Anybody?")
    assert told in str(caught.value)
    results = await asyncio.gather(*under_way)
    assert {result.text for result in results} == {"".join(PIECES)}
    assert await streaming == "".join(PIECES)
    assert await runtime.drain() == 0
    for result in results:
        explained = await runtime.decisions.explain_task(result.task_id)
        assert [(one.offering, one.failure) for one in explained.attempts] == [("only/m", None)]
        assert explained.cost_nanousd == A_CALL.call_nanousd
    refused = await runtime.decisions.explain_task(caught.value.decision.task_id)
    assert (refused.attempts, told in refused.message) == ((), True)
    if how == "removed":
        await _add(runtime.catalogue)
    else:
        await runtime.catalogue.set_enabled("only", enabled=True)

    async def is_back():  # with its price, which comes after it
        return any(one.enabled and one.service.enabled and one.price for one in runtime.snapshot.offerings)

    await until(is_back)
    assert (await ai_task("text", "And again.")).text == "".join(PIECES)
    assert await runtime.drain() == 0


async def _streamed(runtime):
    async with runtime.stream(task_request("text", "Slowly.")) as stream:
        return "".join([delta.text async for delta in stream])
