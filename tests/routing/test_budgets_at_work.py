"""Budgets and limits at work: through the whole runtime, from what was set to what is refused."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import Fails, Hangs, Says, Scripted
from registry import Catalogue, Exclusion, FailureClass, Price, Settings, Store, Usage, seed
from registry.budgets import Budgets
from registry.limits import Limits
from routing import RouteExhausted, Runtime, task_request

PRICE = 1_000_000  # a tenth of a cent a call


@pytest.fixture
async def opened(database_url, tmp_path):
    """A runtime over one priced service that answers as the script says, and a dear one that always answers."""
    runtimes = []

    async def open_(script, prepare):
        settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
        store = await Store.open(settings.store_url)
        await seed(store, time.time)
        catalogue = Catalogue(store, time.time)
        for shipped in await catalogue.services():
            await catalogue.remove_service(shipped.name)
        await catalogue.add_service("only", "fake", enabled=True)
        await catalogue.put_offering("only", "m", capabilities=["text"], quality=0.9)
        await catalogue.put_price("only/m", Price(call_nanousd=PRICE, source="the test"))
        await prepare(store)
        await store.close()
        runtimes.append(await Runtime.start(settings, services={"only": script}))
        return runtimes[-1]

    yield open_
    for runtime in runtimes:
        await runtime.aclose()


def says():
    return Scripted([Says("yes", usage=Usage(input_tokens=1, output_tokens=1))], then="last")


async def test_a_budget_lets_through_what_it_pays_for_and_not_one_call_more(opened):
    async def prepare(store):
        await Budgets(store, time.time).put("workspace", "default", 5 * PRICE, "day")

    script = says()
    runtime = await opened(script, prepare)
    answers = await asyncio.gather(
        *(runtime.run(task_request("text", "Hello.")) for _ in range(12)), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, RouteExhausted)]
    assert len(script.calls) == 5
    assert len(refused) == 7
    assert {one.refusal[0] for one in refused} == {Exclusion.BUDGET}
    assert "the budget" in str(refused[0])


async def test_what_failed_before_it_was_billed_is_given_back(opened):
    async def prepare(store):
        await Budgets(store, time.time).put("workspace", "default", 2 * PRICE, "day")

    script = Scripted([Fails(FailureClass.REFUSED), Fails(FailureClass.REFUSED), Says("yes")], then="last")
    runtime = await opened(script, prepare)
    for _ in range(2):
        with pytest.raises(RouteExhausted):
            await runtime.run(task_request("text", "Hello."))
    assert (await runtime.run(task_request("text", "Hello."))).text == "yes"


async def test_a_call_that_was_cancelled_counts_with_all_that_it_may_have_cost(opened, until_called):
    async def prepare(store):
        await Budgets(store, time.time).put("workspace", "default", PRICE, "day")

    runtime = await opened(Scripted([Hangs(), Says("yes")]), prepare)
    task = asyncio.create_task(runtime.run(task_request("text", "Hello.")))
    await until_called(runtime)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(RouteExhausted, match="the budget"):
        await runtime.run(task_request("text", "Hello."))


async def test_places_of_a_limit_are_waited_for_and_never_exceeded(opened):
    async def prepare(store):
        await Limits(store, time.time).put("only", places=2)

    at_once, most = 0, 0

    class Counting:
        async def stream(self, call):
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.02)
            at_once -= 1
            async for event in says().stream(call):
                yield event

        async def aclose(self):
            """There is nothing to let go of."""

    runtime = await opened(Counting(), prepare)
    answers = await asyncio.gather(*(runtime.run(task_request("text", "Hello.")) for _ in range(20)))
    assert [one.text for one in answers] == ["yes"] * 20
    assert most == 2


async def test_work_that_a_budget_refused_altogether_is_explained(opened):
    async def prepare(store):
        await Budgets(store, time.time).put("workspace", "default", 1, "day")

    runtime = await opened(says(), prepare)
    with pytest.raises(RouteExhausted) as caught:
        await runtime.run(task_request("text", "Hello."))
    await runtime.drain()
    told = await runtime.decisions.explain_task(caught.value.decision.task_id)
    assert "the budget" in told.message
