"""Runs and items: only one process works on a run, and a run goes on with only what is missing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import psutil
import pytest

from registry.errors import NotFound, RunTaken
from registry.items import Items
from registry.outbox import Outbox
from registry.processes import is_gone, this_process
from registry.runs import Runs
from registry.store import Store


class Hand:
    """A clock that stands where it was put."""

    seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def runs(store, clock):
    return Runs(store, clock, process="here:1:1", gone=lambda process: process.startswith("dead"))


def elsewhere(store, clock, process="there:2:2") -> Runs:
    return Runs(store, clock, process=process, gone=lambda process: process.startswith("dead"))


async def begin(runs, **facts):
    plain = {"pipeline": "storyboard", "pipeline_version": "1", "fingerprint": "abc", "parameters": {"max_shots": 6}}
    return await runs.start(**plain | facts)


async def test_a_run_that_goes_on_knows_the_latest_trace_there_is(runs):
    run = await begin(runs, trace_id="1" * 32)
    await runs.finish(run.run_id, "interrupted")
    assert (await runs.resume(run.run_id)).trace_id == "1" * 32
    await runs.finish(run.run_id, "interrupted")
    assert (await runs.resume(run.run_id, trace_id="2" * 32)).trace_id == "2" * 32


async def test_a_run_is_started_lives_and_ends_and_each_step_leaves_an_event(runs, store, clock):
    run = await begin(runs, principal="ada", trace_id="0" * 32)
    clock.seconds += 5
    await runs.heartbeat(run.run_id)
    ended = await runs.finish(run.run_id, "done", "6 shots", "out/storyboard.html")
    assert ended == await runs.get(run.run_id)
    assert (ended.state, ended.message, ended.output) == ("done", "6 shots", "out/storyboard.html")
    assert ended.parameters == {"max_shots": 6}
    assert ended.heartbeat_us - ended.started_us == 5_000_000
    kinds = [stored.event.kind for stored in await Outbox(store, clock).unsent()]
    assert kinds == ["turnout.run.started", "turnout.run.done"]
    with pytest.raises(RunTaken, match="it is done"):
        await runs.finish(run.run_id, "failed")


@pytest.mark.parametrize("state", ["failed", "interrupted"])
async def test_a_run_that_stopped_short_is_resumed_by_its_input_and_pipeline(runs, store, clock, state):
    run = await begin(runs)
    await runs.finish(run.run_id, state, "no service can do `image`")
    other = elsewhere(store, clock)
    assert await other.resumable("storyboard", "another input") is None
    assert await other.resumable("another", "abc") is None
    found = await other.resumable("storyboard", "abc")
    assert found is not None
    resumed = await other.resume(found.run_id)
    assert (resumed.run_id, resumed.state, resumed.process, resumed.ended_us) == (
        run.run_id,
        "running",
        "there:2:2",
        None,
    )
    with pytest.raises(RunTaken, match="there:2:2"):
        await runs.heartbeat(run.run_id)
    await other.finish(run.run_id, "done")
    assert await other.resumable("storyboard", "abc") is None


async def test_an_older_unfinished_run_is_not_gone_back_to_once_a_later_one_is_done(runs):
    stopped = await begin(runs)
    await runs.finish(stopped.run_id, "interrupted", "Ctrl-C")
    anew = await begin(runs)
    await runs.finish(anew.run_id, "done")
    assert await runs.resumable("storyboard", "abc") is None


async def test_a_running_run_is_left_alone_until_its_process_is_gone_or_silent(runs, store, clock):
    run = await begin(runs)
    other = elsewhere(store, clock)
    assert await other.resumable("storyboard", "abc") is None
    with pytest.raises(RunTaken, match="running"):
        await other.resume(run.run_id)
    clock.seconds += 61
    assert (await other.resumable("storyboard", "abc")).run_id == run.run_id
    dead = await begin(elsewhere(store, clock, "dead:3:3"), fingerprint="other")
    assert (await other.resumable("storyboard", "other")).run_id == dead.run_id


async def test_of_many_that_would_resume_a_run_one_does(runs, store, clock, database_url):
    run = await begin(runs)
    await runs.finish(run.run_id, "interrupted")
    stores = [await Store.open(database_url) for _ in range(3)]
    others = [elsewhere(each, clock, f"there:{number}:0") for number, each in enumerate(stores)]
    outcomes = await asyncio.gather(*(other.resume(run.run_id) for other in others), return_exceptions=True)
    for each in stores:
        await each.close()
    taken = [outcome for outcome in outcomes if isinstance(outcome, RunTaken)]
    assert len(taken) == 2
    assert (await runs.get(run.run_id)).process in {"there:0:0", "there:1:0", "there:2:0"}


async def test_runs_are_listed_newest_first_and_page_by_page(runs):
    started = [(await begin(runs, pipeline=pipeline)).run_id for pipeline in ("a", "b", "a", "b", "a")]
    await runs.finish(started[0], "done")
    assert [run.run_id for run in await runs.list(limit=2)] == started[:2:-1]
    assert [run.run_id for run in await runs.list(before=started[3])] == started[2::-1]
    assert [run.run_id for run in await runs.list(pipeline="a", state="running")] == [started[4], started[2]]
    with pytest.raises(NotFound, match="run '99'"):
        await runs.get(99)


def test_a_process_is_gone_when_it_ended_or_its_number_is_another_s():
    assert not is_gone(this_process())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host, _, _ = this_process().partition(":")
    name = f"{host}:{child.pid}:{psutil.Process(child.pid).create_time():.2f}"
    assert not is_gone(name)
    assert is_gone(f"{host}:{child.pid}:12345.00")
    child.communicate()
    assert is_gone(name)
    assert not is_gone(f"another-host:{child.pid}:1.00")
    assert not is_gone("nonsense")


@pytest.fixture
async def run_id(runs):
    return (await begin(runs)).run_id


async def test_what_is_done_stays_done_for_the_same_input_only(store, clock, run_id):
    items = Items(store, clock)
    await items.plan(run_id, [("shots", "1", "aa"), ("shots", "2", "bb"), ("pictures", "1", "cc")])
    await items.begin(run_id, "shots", "1")
    await items.finish(run_id, "shots", "1", result={"title": "The lamp", "n": [1, None]}, task_id=5)
    await items.finish(run_id, "shots", "2", result="text")
    await items.finish(run_id, "pictures", "1", asset_digest="d" * 64)
    await items.plan(run_id, [("shots", "1", "aa"), ("shots", "2", "changed"), ("pictures", "1", "cc")])
    done = await Items(store, clock).done(run_id)
    assert done.keys() == {("shots", "1"), ("pictures", "1")}
    assert (done["shots", "1"].result, done["shots", "1"].task_id) == ({"title": "The lamp", "n": [1, None]}, 5)
    assert (done["pictures", "1"].result, done["pictures", "1"].asset_digest) == (None, "d" * 64)
    changed = (await items.all(run_id))["shots", "2"]
    assert (changed.state, changed.result, changed.fingerprint) == ("pending", None, "changed")


async def test_what_failed_or_was_cut_off_is_planned_again(store, clock, run_id):
    items = Items(store, clock)
    planned = [("shots", str(number), "aa") for number in range(1_200)]
    await items.plan(run_id, planned)
    await items.fail(run_id, "shots", "1", "the answer was cut\x00")
    await items.fail(run_id, "shots", "2", "two shots alike", state="rejected")
    await items.begin(run_id, "shots", "3")
    states = {row.item: (row.state, row.message) for row in (await items.all(run_id)).values()}
    assert states["1"] == ("failed", "the answer was cut\ufffd")
    assert (states["2"][0], states["3"][0], len(states)) == ("rejected", "running", 1_200)
    await items.plan(run_id, planned)
    assert {row.state for row in (await items.all(run_id)).values()} == {"pending"}
    with pytest.raises(NotFound, match="shots/none"):
        await items.begin(run_id, "shots", "none")


async def test_a_heartbeat_takes_the_real_clock_too(sqlite_store):
    runs = Runs(sqlite_store, time.time)
    run = await begin(runs)
    await runs.heartbeat(run.run_id)
    assert (await runs.get(run.run_id)).process == this_process()


async def test_runs_whose_process_died_are_found_and_those_that_only_fell_silent_here_are_not(store, clock, runs):
    here = this_process()
    alive = await begin(Runs(store, clock, process=here))
    dead = await begin(elsewhere(store, clock, "dead:1:1"))
    silent = await begin(elsewhere(store, clock))
    ended = await begin(elsewhere(store, clock, "dead:2:2"))
    await elsewhere(store, clock, "dead:2:2").finish(ended.run_id, "done")
    assert [run.run_id for run in await runs.abandoned()] == [dead.run_id]
    clock.seconds += 61
    assert [run.run_id for run in await runs.abandoned()] == [dead.run_id, silent.run_id]
    assert (await runs.get(alive.run_id)).state == "running"


async def test_an_abandoned_run_is_given_up_once_and_one_that_lives_is_not(store, clock, runs):
    dead = await begin(elsewhere(store, clock, "dead:1:1"))
    given_up = await runs.give_up(dead.run_id, "interrupted", "its process died\x00")
    assert (given_up.state, given_up.message) == ("interrupted", "its process died\ufffd")
    assert given_up.ended_us is not None
    with pytest.raises(RunTaken):
        await runs.give_up(dead.run_id, "failed", "again")
    lives = await begin(elsewhere(store, clock))
    with pytest.raises(RunTaken):
        await runs.give_up(lives.run_id, "failed", "it works")
    with pytest.raises(NotFound):
        await runs.give_up(99, "failed", "nobody")
    kinds = [stored.event.kind for stored in await Outbox(store, clock).unsent()]
    assert kinds == ["turnout.run.started", "turnout.run.interrupted", "turnout.run.started"]


async def test_events_of_a_kind_are_counted_since_a_moment(store, clock, runs):
    run = await begin(runs)
    for _ in range(2):
        await runs.finish(run.run_id, "interrupted")
        clock.seconds += 10
        await runs.resume(run.run_id)
    outbox = Outbox(store, clock)
    assert await outbox.count("turnout.run.resumed", str(run.run_id), 0) == 2
    assert await outbox.count("turnout.run.resumed", str(run.run_id), int(clock() * 1_000_000)) == 1
    assert await outbox.count("turnout.run.resumed", "99", 0) == 0
