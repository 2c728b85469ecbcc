"""Runs whose process died: each is gone on with or marked as what it is, and none keeps the others from it."""

from __future__ import annotations

import asyncio

import pytest

from flows.errors import RunNotResumable
from flows.resuming import resumed_run, run_to_resume
from flows.upkeep.recovering import MOST_RESUMPTIONS, recover_runs
from flows.upkeep.stored import again, parameters_of
from registry import Runs, RunTaken, StoreError

NOW = 1_800_000_000.0
STORYBOARD = {"thought": "A lamp.", "max_shots": 4, "output_directory": "/somewhere/out"}
BATCH = {"input_path": "/somewhere/in.csv", "output_path": "/somewhere/out.csv", "prompt": "{{ row.text }}"}


def clock():
    return NOW


def runs_of(store, process):
    return Runs(store, clock, process=process, gone=lambda name: name.startswith("dead"))


@pytest.fixture
def runs(store):
    return runs_of(store, "here:1:1")


@pytest.fixture
def begin(store):
    """Begins a run in a process that has died since."""

    async def begin(pipeline="storyboard", parameters=STORYBOARD, *, fingerprint="abc", process="dead:1:1"):
        run = await runs_of(store, process).start(pipeline, "1", fingerprint=fingerprint, parameters=parameters)
        return run.run_id

    return begin


async def test_a_dead_run_is_handed_on_and_one_that_lives_is_not(store, runs, begin):
    dead, _ = await begin(), await begin(fingerprint="lives", process="there:2:2")
    handed = []

    async def hand_on(run):
        handed.append(run.run_id)

    (found,) = await recover_runs(store, runs, clock, hand_on)
    assert (found.run_id, found.outcome, handed) == (dead, "resumed", [dead])


async def test_a_run_that_cannot_go_on_is_marked_and_the_others_are_looked_after(store, runs, begin):
    foreign = await begin("somebody's", {}, fingerprint="1")
    broken = await begin(parameters={"max_shots": 1_000, "thought": "a private one"}, fingerprint="2")
    query = await begin("route_batch", {"query": "SELECT 1", "output_path": "/out.csv"}, fingerprint="3")
    faulty = await begin(fingerprint="4")
    good = await begin("route_batch", BATCH, fingerprint="5")
    handed = []

    async def hand_on(run):
        if run.run_id == faulty:
            raise ValueError("the worker is on fire")
        handed.append(run.run_id)

    found = {one.run_id: one for one in await recover_runs(store, runs, clock, hand_on)}
    assert {run_id: one.outcome for run_id, one in found.items()} == {
        foreign: "interrupted", broken: "interrupted", query: "interrupted", faulty: "left", good: "resumed",
    }  # fmt: skip
    assert handed == [good]
    assert 'nothing here goes on with a "somebody\'s"' in (await runs.get(foreign)).message
    message = (await runs.get(broken)).message
    assert "max_shots" in message
    assert "a private one" not in message
    assert "a query" in (await runs.get(query)).message
    assert found[faulty].message == "the worker is on fire"
    assert (await runs.get(faulty)).state == "running"


async def test_a_database_that_fails_for_one_run_does_not_keep_the_others_from_it(store, runs, begin):
    first, second = await begin(fingerprint="1"), await begin(fingerprint="2")

    async def hand_on(run):
        if run.run_id == first:
            raise StoreError("turnout.db", "the disk is full")

    found = await recover_runs(store, runs, clock, hand_on)
    assert [(one.run_id, one.outcome) for one in found] == [(first, "left"), (second, "resumed")]


async def test_a_run_that_loses_its_process_again_and_again_has_failed(store, runs, begin):
    run_id = await begin()
    for number in range(MOST_RESUMPTIONS):
        await runs_of(store, f"dead:{number}:9").resume(run_id)

    async def hand_on(run):
        pytest.fail("it would cost once more")

    (found,) = await recover_runs(store, runs, clock, hand_on)
    assert found.outcome == "failed"
    assert (await runs.get(run_id)).state == "failed"
    assert "3 resumptions" in (await runs.get(run_id)).message


async def test_a_run_whose_place_a_later_one_has_taken_is_marked(store, runs, begin):
    old = await begin()
    later = await begin(process="there:2:2")
    (found,) = await recover_runs(store, runs, clock, _takes_it(runs))
    assert (found.run_id, found.outcome) == (old, "interrupted")
    assert f"run {later} of the same input" in (await runs.get(old)).message


def _takes_it(runs):
    async def hand_on(run):
        await runs.resume(run.run_id)

    return hand_on


async def test_of_two_recoverers_at_once_one_takes_each_run(store, begin):
    run_ids = [await begin(fingerprint=str(number)) for number in range(8)]
    crews = [runs_of(store, f"crew-{number}:1:1") for number in range(2)]
    reports = await asyncio.gather(*(recover_runs(store, crew, clock, _takes_it(crew)) for crew in crews))
    resumed = [one.run_id for report in reports for one in report if one.outcome == "resumed"]
    assert sorted(resumed) == run_ids
    others = {one.outcome for report in reports for one in report if one.outcome != "resumed"}
    assert others <= {"taken"}


async def test_what_is_stored_of_a_run_is_a_call_of_its_pipeline_again(runs, begin):
    storyboard = await runs.get(await begin())
    assert parameters_of(storyboard).thought == "A lamp."
    batch = await runs.get(await begin("route_batch", BATCH))
    call = again(batch)
    assert (call.flow.name, call.parameters.prompt) == ("route_batch", "{{ row.text }}")


async def test_a_run_is_gone_on_with_only_for_the_same_input_and_only_where_it_is_named(runs, begin):
    run_id = await begin(fingerprint="abc")
    assert await run_to_resume(runs, "abc") is None
    token = resumed_run.set(run_id)
    try:
        with pytest.raises(RunNotResumable, match="its input is another than when it began"):
            await run_to_resume(runs, "changed")
        assert (await run_to_resume(runs, "abc")).process == "here:1:1"
        with pytest.raises(RunTaken):
            await run_to_resume(runs, "abc")
    finally:
        resumed_run.reset(token)
