"""Prices that change while a call runs: it is settled at the price it was decided on, the next one at the new one."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import Scripted, Streams
from gateway.cli.explained import say_explanation
from registry import Catalogue, Price, Settings, Store, Usage, budget_standings, seed
from registry.budgets import Budgets
from routing import RouteExhausted, Runtime, task_request

OLD, NEW = 1_000_000, 6_000_000


@pytest.fixture
async def runtime(database_url, tmp_path):
    """A runtime over one priced service that takes two seconds, and a budget of ten times the old price."""
    settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    for shipped in await catalogue.services():
        await catalogue.remove_service(shipped.name)
    await catalogue.add_service("only", "fake", enabled=True)
    await catalogue.put_offering("only", "m", capabilities=["text"], quality=0.9)
    await catalogue.put_price("only/m", Price(call_nanousd=OLD, source="the test"))
    await Budgets(store, time.time).put("workspace", "default", 10 * OLD, "day")
    await store.close()
    script = Scripted([Streams(["a ", "lamp"], delay_ms=1_000, usage=Usage(input_tokens=1, output_tokens=1))])
    async with Runtime.open(settings, services={"only": script}) as opened:
        yield opened


async def test_a_call_is_settled_at_the_price_of_its_day_and_the_next_one_at_the_new_one(
    runtime, until, until_called, capsys
):
    first = asyncio.create_task(runtime.run(task_request("text", "Say it.", stage="first")))
    await until_called(runtime)
    await runtime.catalogue.put_price("only/m", Price(call_nanousd=NEW, source="the test"))

    async def is_seen():
        return runtime.snapshot.offerings[0].price.call_nanousd == NEW

    await until(is_seen)
    assert not first.done()
    assert (await first).cost_nanousd == OLD
    second = await runtime.run(task_request("text", "Say it.", stage="second"))
    assert second.cost_nanousd == NEW
    with pytest.raises(RouteExhausted, match=r"has \$0.003 left of \$0.01 a day, and this may cost \$0.006"):
        await runtime.run(task_request("text", "Say it."))
    await runtime.drain()
    told = [await runtime.decisions.explain_task(result.task_id) for result in (await first, second)]
    assert [one.snapshot.offerings[0].price.call_nanousd for one in told] == [OLD, NEW]
    assert [one.cost_nanousd for one in told] == [OLD, NEW]
    say_explanation(None, told, {one.decision.policy_id: await _policy(runtime, one) for one in told})
    shown = capsys.readouterr().out
    assert shown.index("Why only/m for first:") < shown.index("$0.001 a call") < shown.index("Why only/m for second:")
    assert shown.index("Why only/m for second:") < shown.index("$0.006 a call")

    async def is_settled():
        ((_, (found,)),) = await budget_standings(runtime.store)
        return (found.spent, found.held) == (OLD + NEW, 0)

    await until(is_settled)


async def _policy(runtime, explanation):
    return await runtime.policies.load(explanation.decision.policy_id)
