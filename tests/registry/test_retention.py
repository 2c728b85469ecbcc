"""Retention: what is older than it is kept for goes in small steps; runs under way and sums are left alone."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from registry import Catalogue, Ledger, Names, Removed, Retention, Runs, Score, Scores, Settings, TaskIds, TaskScores
from registry.calls import CallRow
from registry.items import Items
from registry.retention import ROWS_AT_ONCE
from registry.rollups import read_rollups
from registry.tables import call_messages, calls, checked_tasks, items, rollups, runs, scores
from registry.words import Capability

DAY = 24 * 3600
NOW = 1_800_000_000.0


class Hand:
    """A clock that a test moves."""

    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def retention(store, clock):
    return Retention(store, clock, calls_days=30, runs_days=180, rollups_days=730)


def call(clock, *, run_id=0, number=0, message=""):
    """A call that begins now."""
    return CallRow(
        task_id=next(TaskIds(clock, worker=number)), attempt=1, run_id=run_id, stage="shots", item="", owner="a/b",
        prompt_version="", snapshot_id=1, policy_id=1, offering_id=1, outcome=int(bool(message)),
        started_us=int(clock() * 1_000_000), latency_us=1_000, first_output_us=None, input_tokens=10, output_tokens=5,
        cost_nanousd=7, cost_known=True, message=message,
    )  # fmt: skip


async def keep(store, *rows):
    ledger = Ledger(store, Names(store), lambda: NOW)
    for row in rows:
        ledger.record(row)
    assert await ledger.drain(20) == 0


async def count(store, table):
    async with store.read() as connection:
        return await connection.scalar(select(func.count()).select_from(table))


async def begin(runs, fingerprint="abc"):
    return await runs.start("storyboard", "1", fingerprint=fingerprint, parameters={})


async def test_old_calls_go_with_what_hangs_on_them_and_the_sums_stay_true(store, clock, retention):
    clock.now = NOW - 31 * DAY
    old = call(clock, message="out of order")
    failed = Score(task_id=old.task_id, source="check", name="not_empty", value=0.0)
    judged = TaskScores(task_id=old.task_id, model_id=1, capability=Capability.TEXT, scores=(failed,))
    await Scores(store, clock).record([judged])
    clock.now = NOW - 29 * DAY
    young = call(clock)
    await keep(store, old, young)
    clock.now = NOW
    sums = await read_rollups(store, 0)
    assert await count(store, scores) == await count(store, checked_tasks) == await count(store, call_messages) == 1
    assert await retention.count() == Removed(calls=1, details=3)
    assert await retention.remove() == Removed(calls=1, details=3)
    async with store.read() as connection:
        assert list(await connection.scalars(select(calls.c.task_id))) == [young.task_id]
    assert await count(store, scores) == await count(store, checked_tasks) == await count(store, call_messages) == 0
    assert await read_rollups(store, 0) == sums
    assert sum(rollup.calls for rollup in sums) == 2
    assert await retention.remove() == Removed()


async def test_the_calls_of_a_run_that_is_under_way_stay_however_old(store, clock, retention):
    clock.now = NOW - 400 * DAY
    run = await begin(Runs(store, clock))
    await keep(store, call(clock, run_id=run.run_id, message="slow"), call(clock, number=1))
    await Items(store, clock).plan(run.run_id, [("shots", "1", "print")])
    clock.now = NOW
    assert await retention.remove() == Removed(calls=1)
    assert [await count(store, table) for table in (calls, call_messages, runs, items)] == [1, 1, 1, 1]


async def test_a_run_goes_with_its_items_once_it_has_ended_long_ago(store, clock, retention):
    ledger_of_items, all_runs = Items(store, clock), Runs(store, clock)
    for days, state in ((181, "done"), (200, "interrupted"), (179, "failed")):
        clock.now = NOW - days * DAY
        run = await begin(all_runs, state)
        await ledger_of_items.plan(run.run_id, [("shots", "1", "print")])
        await all_runs.finish(run.run_id, state)
    clock.now = NOW - 300 * DAY
    slow = await begin(all_runs, "slow")
    clock.now = NOW - 10 * DAY
    await all_runs.finish(slow.run_id, "done")
    clock.now = NOW
    assert await retention.count() == Removed(runs=2, items=2)
    assert await retention.remove() == Removed(runs=2, items=2)
    assert {run.fingerprint for run in await all_runs.list()} == {"failed", "slow"}


async def test_sums_go_after_their_own_time(store, clock, retention):
    clock.now = NOW - 731 * DAY
    await keep(store, call(clock))
    clock.now = NOW - 700 * DAY
    await keep(store, call(clock))
    clock.now = NOW
    assert await retention.remove() == Removed(calls=2, rollups=1)
    assert await count(store, rollups) == 1


async def test_much_goes_in_steps_between_which_others_write(store, clock, retention):
    clock.now = NOW - 31 * DAY
    many = 4 * ROWS_AT_ONCE + 1
    numbers = TaskIds(clock, worker=1)
    await keep(store, *(call(clock)._replace(task_id=next(numbers)) for _ in range(many)))
    clock.now = NOW
    catalogue = Catalogue(store, clock)
    removing = asyncio.create_task(retention.remove())
    left = set()
    while not removing.done():
        await catalogue.add_service(f"service-{len(left)}-{await catalogue.version()}", "fake")
        left.add(await count(store, calls))
    assert (await removing).calls == many
    assert len(left & set(range(1, many))) >= 2, f"others wrote when these many were left: {left}"


async def test_a_run_that_is_half_removed_is_not_gone_on_with_and_goes_the_next_time(store, clock, retention):
    clock.now = NOW - 181 * DAY
    ledger_of_items, all_runs = Items(store, clock), Runs(store, clock)
    run = await begin(all_runs)
    many = 3 * ROWS_AT_ONCE
    await ledger_of_items.plan(run.run_id, [("rows", f"{number:09}", "print") for number in range(many)])
    await all_runs.finish(run.run_id, "interrupted")
    clock.now = NOW
    assert await all_runs.resumable("storyboard", "abc") is not None
    removing = asyncio.create_task(retention.remove())
    while await count(store, items) == many:
        assert not removing.done()
    removing.cancel()
    await asyncio.gather(removing, return_exceptions=True)
    assert await all_runs.latest("storyboard", "abc") is None
    await retention.remove()
    assert [await count(store, table) for table in (runs, items)] == [0, 0]


async def test_the_settings_say_how_long(sqlite_store, clock):
    clock.now = NOW - 2 * DAY
    await keep(sqlite_store, call(clock))
    clock.now = NOW
    default = Retention.of(Settings(), sqlite_store, clock)
    assert await default.count() == Removed()
    assert await Retention.of(Settings(retain_calls_days=1), sqlite_store, clock).count() == Removed(calls=1)
