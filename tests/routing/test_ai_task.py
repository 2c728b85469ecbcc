"""The routing task from everywhere: plain code, synchronous code, Prefect flows; with the shared runtime."""

import os
import subprocess
import sys

import pytest

from routing.ambient import SharedRuntime
from routing.tasks import task_request

SAYS = """
import asyncio, json, os
from registry import Catalogue, Settings, Store
import time

async def add():
    from registry import Home, seed
    settings = Settings.load()
    Home(settings.home).make()
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    await catalogue.set_enabled("local", False)
    await catalogue.add_service("parrot", "fake", enabled=True, options={"says": ["Hello, lamp."]})
    await catalogue.put_offering("parrot", "parrot-1", capabilities=["text"])
    await store.close()

asyncio.run(add())
"""


def said_by(program: str, home) -> str:
    """What a script of somebody's prints, over a registry where a parrot does the text."""
    environment = {**os.environ, "TURNOUT_HOME": str(home), "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}
    done = subprocess.run(
        [sys.executable, "-c", SAYS + program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


COUNT = """
from registry import Decisions, Names, Policies, Snapshots
async def count():
    store = await Store.open(Settings.load().store_url)
    decisions = Decisions(store, Names(store), Snapshots(store, time.time), Policies(store, time.time))
    print(len(await decisions.calls_of_run(0)))
    await store.close()
asyncio.run(count())
"""


def test_a_plain_script_may_use_it_with_and_without_an_event_loop_and_loses_no_call(tmp_path):
    program = """
from routing import ai_task
print(ai_task.sync("text", "Hello?").text)
async def main():
    print((await ai_task("text", "Hello?")).text)
asyncio.run(main())
"""
    assert said_by(program, tmp_path).split("\n")[:2] == ["Hello, lamp."] * 2
    assert said_by("", tmp_path / "other") == ""
    counted = subprocess.run(
        [sys.executable, "-c", "import asyncio, time\nfrom registry import Settings, Store\n" + COUNT],
        env={**os.environ, "TURNOUT_HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert counted.stdout.strip() == "2"


@pytest.mark.prefect
def test_in_a_flow_each_call_is_a_task_run_with_a_readable_name(tmp_path):
    program = """
from prefect import flow
from prefect.client.orchestration import get_client
from routing import ai_task

@flow
async def waking():
    await ai_task("text", "Hello?", stage="greeting", item="lamp")

@flow
def sleeping():
    return ai_task.sync("text", "Good night?", stage="farewell", item="lamp").text

async def names():
    async with get_client() as client:
        names = [run.name for run in await client.read_task_runs()]  # of other tests on this server, too
        return sorted(name for name in names if name.endswith("lamp"))

from prefect.events.worker import EventsWorker
asyncio.run(waking())
print(sleeping())
EventsWorker.drain_all(timeout=20)
async def wait():
    for _ in range(100):
        found = await names()
        if len(found) == 2:
            return found
        await asyncio.sleep(0.2)
    return found
print(asyncio.run(wait()))
"""
    said = said_by(program, tmp_path)
    assert "Hello, lamp." in said
    assert "['farewell · lamp', 'greeting · lamp']" in said


async def test_waiting_inside_an_event_loop_is_refused_with_the_way_out():
    from routing import ai_task

    with pytest.raises(RuntimeError, match=r"await ai_task"):
        ai_task.sync("text", "Hello?")


def test_a_shared_runtime_that_was_never_used_closes():
    shared = SharedRuntime()
    shared.close()
    shared.close()


def test_system_messages_and_prompt_come_in_their_order():
    from registry.words import Message

    request = task_request("text", "last", system="first", messages=[Message("assistant", "between")])
    assert [(turn.role, turn.content) for turn in request.messages] == [
        ("system", "first"), ("assistant", "between"), ("user", "last"),
    ]  # fmt: skip


def test_a_budget_is_given_in_dollars_as_text():
    assert task_request("text", "x", budget_usd="0.01").budget_nanousd == 10_000_000
