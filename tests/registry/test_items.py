"""Items by the hundred: intents before, results after, read in ranges, on both databases."""

from __future__ import annotations

import time

import pytest

from registry import ItemRow, Items, Runs


@pytest.fixture
async def run(store):
    return await Runs(store, time.time).start("batch", "1", fingerprint="x", parameters={})


async def test_many_items_are_begun_ended_and_read_in_their_order(store, run):
    items = Items(store, time.time)
    names = [f"{number:010d}" for number in range(1, 1_201)]
    await items.begin_many(run.run_id, "rows", ((name, "seen") for name in names))
    assert set((await items.states_between(run.run_id, "rows", names[0], names[-1])).values()) == {("running", "seen")}
    ended = [
        ItemRow(run_id=run.run_id, stage="rows", item=name, state="done", fingerprint="seen", result={"n": n})
        for n, name in enumerate(names[:700])
    ]
    failed = ItemRow(
        run_id=run.run_id, stage="rows", item=names[700], state="failed", fingerprint="seen", message="nul \x00"
    )
    await items.end_many([*ended, failed])
    found = await items.between(run.run_id, "rows", names[698], names[701])
    assert [(row.state, row.result, row.message) for _, row in sorted(found.items())] == [
        ("done", {"n": 698}, ""),
        ("done", {"n": 699}, ""),
        ("failed", None, "nul \ufffd"),
        ("running", None, ""),
    ]


async def test_what_begins_again_keeps_its_earlier_result_until_it_ends(store, run):
    items = Items(store, time.time)
    done = ItemRow(run_id=run.run_id, stage="rows", item="1", state="done", fingerprint="a", result=[1], task_id=9)
    await items.end_many([done])
    await items.begin_many(run.run_id, "rows", [("1", "b")])
    assert (await items.states_between(run.run_id, "rows", "1", "1")) == {"1": ("running", "b")}
    await items.end_many([])
    await items.begin_many(run.run_id, "rows", [])
    assert await items.between(run.run_id, "rows", "2", "9") == {}
