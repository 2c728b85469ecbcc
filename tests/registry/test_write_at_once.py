"""Transactions in one go: as whole as any other, and not held up by the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import text

from registry.errors import ConstraintBroken, DatabaseLocked
from registry.store import Store

MODEL = text("INSERT INTO models (name, family) VALUES (:name, '')")
COUNT = text("SELECT count(*) FROM models")


async def count_models(store) -> int:
    async with store.read() as connection:
        return await connection.scalar(COUNT)


def adding(*names):
    async def work(connection):
        for name in names:
            await connection.execute(MODEL, {"name": name})
        return await connection.scalar(COUNT)

    return work


async def test_what_it_returns_is_given_and_what_it_wrote_is_there(store):
    assert await store.write_at_once(adding("one", "two")) == 2
    assert await count_models(store) == 2


async def test_an_error_is_one_of_ours_and_rolls_everything_back(store):
    with pytest.raises(ConstraintBroken):
        await store.write_at_once(adding("one", "one"))
    assert await count_models(store) == 0
    assert await store.write_at_once(adding("one")) == 1


async def test_an_error_of_the_callers_own_passes_unchanged_and_rolls_back(store):
    async def stumble(connection):
        await connection.execute(MODEL, {"name": "one"})
        raise FileNotFoundError("a file of the caller's")

    with pytest.raises(FileNotFoundError, match="of the caller's"):
        await store.write_at_once(stumble)
    assert await count_models(store) == 0


async def test_it_takes_turns_with_other_writes(store):
    async def write(name):
        async with store.write() as connection:
            await connection.execute(MODEL, {"name": name})

    await asyncio.gather(
        *(store.write_at_once(adding(f"at once {n}")) for n in range(10)),
        *(write(f"step by step {n}") for n in range(10)),
    )
    assert await count_models(store) == 20


async def test_inside_a_write_of_the_same_task_it_is_refused(sqlite_store):
    async def nest():
        async with sqlite_store.write():
            await sqlite_store.write_at_once(adding("one"))

    with pytest.raises(RuntimeError, match="inside a write"):
        await nest()
    assert await sqlite_store.write_at_once(adding("one")) == 1


async def test_who_waits_for_anything_else_is_refused_and_leaves_nothing(sqlite_store):
    async def dawdle(connection):
        await connection.execute(MODEL, {"name": "one"})
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but its connection"):
        await sqlite_store.write_at_once(dawdle)
    assert await count_models(sqlite_store) == 0


async def test_the_loop_goes_on_meanwhile_and_a_cancellation_waits_until_all_is_written(sqlite_store):
    begun, loop_was_here = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def pause(connection):
        await connection.execute(MODEL, {"name": "one"})
        loop.call_soon_threadsafe(begun.set)
        assert loop_was_here.wait(10)
        await connection.execute(MODEL, {"name": "two"})

    task = asyncio.create_task(sqlite_store.write_at_once(pause))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    loop_was_here.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count_models(sqlite_store) == 2


async def test_a_lock_that_another_process_keeps_is_told_as_one(sqlite_store):
    other = await Store.open(sqlite_store.database_url, busy_timeout_seconds=0.1)
    async with sqlite_store.write():
        with pytest.raises(DatabaseLocked):
            await other.write_at_once(adding("one"))
    assert await other.write_at_once(adding("one")) == 1
    await other.close()


async def test_closing_ends_the_thread_and_may_come_twice(sqlite_store):
    store = await Store.open(sqlite_store.database_url)
    before = threading.active_count()
    await store.write_at_once(adding("one"))
    assert [thread.name for thread in threading.enumerate()].count("turnout-writer") == 1
    await store.close()
    await store.close()
    assert "turnout-writer" not in [thread.name for thread in threading.enumerate()]
    assert threading.active_count() <= before
