"""Rows of a batch whose services go away in its middle, or that are wanted in parts."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import Says, Scripted, Streams
from flows.batch.earlier import STAGE, is_settled, item_of, run_before, run_print, version_of
from flows.batch.parameters import BatchParameters
from flows.batch.reading import open_table
from flows.batch.surveying import Asking, survey
from flows.batch.watching import current_batch_observer
from flows.batch.working import Working
from registry import Catalogue, Settings, Store, seed
from routing import NoCandidate, Runtime

ROWS = 12
PLACES = 4


@pytest.fixture
def parameters(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("text\n" + "".join(f"lamp {number}\n" for number in range(ROWS)), encoding="utf-8")
    return BatchParameters(input_path=source, output_path=tmp_path / "out.csv", prompt="{{ row.text }}")


@pytest.fixture
async def runtime(sqlite_database_url, tmp_path):
    """A runtime over one service that takes some seconds for each answer."""
    settings = Settings.load({"home": tmp_path / "home", "database_url": sqlite_database_url}, directory=tmp_path)
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    await _remove_all(Catalogue(store, time.time))
    await _add(Catalogue(store, time.time))
    await store.close()
    script = Scripted(lambda call: Streams([call.request.messages[-1].content, "!"], delay_ms=700))
    async with Runtime.open(settings, services={"only": script}) as opened:
        opened.script = script
        yield opened


async def _remove_all(catalogue):
    for service in await catalogue.services():
        await catalogue.remove_service(service.name)


async def _add(catalogue):
    await catalogue.add_service("only", "fake", enabled=True)
    await catalogue.put_offering("only", "m", capabilities=["text"], quality=0.9)


async def _until(holds):
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for is no event of ours
            await asyncio.sleep(0.02)


async def _states(runtime, run):
    found = await runtime.items.states_between(run.run_id, STAGE, item_of(1), item_of(ROWS))
    return [state for state, _ in found.values()]


async def test_where_the_registry_empties_rows_under_way_are_done_and_the_others_when_a_service_is_back(
    runtime, parameters
):
    table = open_table(parameters.input_path)
    rows = list(table.rows())
    run = await runtime.runs.start("route_batch", "1", "x", {})
    working = Working(
        runtime=runtime, run=run, asking=Asking(parameters, table.columns), version=version_of(parameters),
        places=PLACES, retry_failed=False, observer=current_batch_observer.get(),
    )  # fmt: skip
    chunk = asyncio.create_task(working.chunk(rows))
    await _until(lambda: len(runtime.script.calls) >= PLACES)
    await _remove_all(runtime.catalogue)
    with pytest.raises(NoCandidate, match=r"the registry is empty; `turnout services add` adds a service"):
        await chunk
    states = await _states(runtime, run)
    assert states.count("done") == len(runtime.script.calls)
    assert PLACES <= states.count("done") < ROWS
    await _add(runtime.catalogue)
    await _until(lambda: runtime.snapshot.offerings)
    await working.chunk(rows)
    await working.aclose()
    assert await _states(runtime, run) == ["done"] * ROWS
    assert len(runtime.script.calls) == ROWS  # nobody was asked twice
    assert await runtime.drain() == 0
    assert {row.outcome for row in await runtime.decisions.calls_of_run(run.run_id)} <= {0}


async def test_the_same_table_with_more_of_its_rows_is_the_same_run(runtime, parameters):
    runtime.script = Scripted([Says("yes")])
    table = open_table(parameters.input_path)
    some, more = parameters.model_copy(update={"limit": 5}), parameters.model_copy(update={"limit": 8})
    prints = {run_print(wanted, survey(table, wanted, parameters.input_path)) for wanted in (some, more, parameters)}
    assert len(prints) == 1
    begun = await runtime.runs.start("route_batch", "1", prints.pop(), {"limit": 5})
    await runtime.runs.finish(begun.run_id, "done")
    found = await run_before(runtime, parameters, survey(table, parameters, parameters.input_path))
    assert found is not None
    resumed = await runtime.runs.resume(found.run_id, also_done=True, parameters={"limit": None})
    assert (resumed.run_id, resumed.parameters) == (begun.run_id, {"limit": None})
    other = parameters.model_copy(update={"prompt": "Say {{ row.text }}"})
    assert await run_before(runtime, other, survey(table, other, parameters.input_path)) is None
    assert not is_settled(None, "seen", retry_failed=False)
