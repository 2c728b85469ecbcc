"""The store: transactions that hold, on both databases."""

from __future__ import annotations

import asyncio
import gc
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from registry.errors import (
    ConstraintBroken,
    DatabaseReadOnly,
    DatabaseUnreachable,
    StatementFailed,
    StoreError,
)
from registry.store import Store

ROOT = Path(__file__).parents[2]
MODEL = text("INSERT INTO models (name, family) VALUES (:name, '')")


async def add_models(store, *names):
    async with store.write() as connection:
        for name in names:
            await connection.execute(MODEL, {"name": name})


async def count_models(store) -> int:
    async with store.read() as connection:
        return await connection.scalar(text("SELECT count(*) FROM models"))


async def run(store, statement, *, writing=True):
    async with store.write() if writing else store.read() as connection:
        await connection.execute(text(statement))


async def test_what_is_written_can_be_read(store):
    await add_models(store, "one")
    assert await count_models(store) == 1


async def test_an_error_rolls_everything_back(store):
    with pytest.raises(ConstraintBroken):
        await add_models(store, "one", "one")
    assert await count_models(store) == 0


async def test_an_error_of_the_callers_own_passes_unchanged_and_rolls_back(store):
    async def stumble():
        async with store.write() as connection:
            await connection.execute(MODEL, {"name": "one"})
            raise FileNotFoundError("a file of the caller's")

    with pytest.raises(FileNotFoundError, match="of the caller's"):
        await stumble()
    assert await count_models(store) == 0


async def test_reading_may_not_write(store):
    with pytest.raises(DatabaseReadOnly):
        await run(store, "DELETE FROM models", writing=False)


async def test_reading_sees_one_state(sqlite_store):
    async with sqlite_store.read() as connection:
        before = await connection.scalar(text("SELECT count(*) FROM models"))
        await add_models(sqlite_store, "one")
        assert await connection.scalar(text("SELECT count(*) FROM models")) == before
    assert await count_models(sqlite_store) == before + 1


async def test_many_writers_take_turns_and_none_is_turned_away(store):
    await asyncio.gather(*(add_models(store, f"model {number}") for number in range(40)))
    assert await count_models(store) == 40


async def test_a_write_inside_a_write_is_refused_rather_than_waiting_for_itself(sqlite_store):
    async def nest():
        async with sqlite_store.write():
            await add_models(sqlite_store, "one")

    with pytest.raises(RuntimeError, match="inside a write"):
        await nest()
    await add_models(sqlite_store, "one")


async def test_a_cancelled_write_leaves_nothing_and_frees_the_turn(store):
    begun = asyncio.Event()

    async def write_and_wait():
        async with store.write() as connection:
            await connection.execute(MODEL, {"name": "one"})
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await count_models(store) == 0
    await add_models(store, "two")


async def test_a_write_that_is_cancelled_inside_a_statement_keeps_no_lock(sqlite_store, garbage_kept):
    """SQLite keeps a closed connection's transaction while a cursor of it is still referred to, as in a traceback."""
    loop, cancelled = asyncio.get_running_loop(), threading.Event()

    def cancel():
        task.cancel()
        loop.call_soon(loop.call_soon, cancelled.set)

    def pause():
        loop.call_soon_threadsafe(cancel)
        return cancelled.wait(10)

    async def write():
        async with sqlite_store.write() as connection:
            raw = await connection.get_raw_connection()
            await raw.driver_connection.create_function("pause", 0, pause)
            insert = text("INSERT INTO models (name, family) VALUES (:name, pause())")
            await connection.execute(insert, [{"name": "one"}, {"name": "two"}])

    task = asyncio.create_task(write())
    with pytest.raises(asyncio.CancelledError) as told:
        await task
    assert cancelled.is_set()
    assert await count_models(sqlite_store) == 0
    other = await Store.open(sqlite_store.database_url, busy_timeout_seconds=0.5)
    try:
        await add_models(other, "two")
    finally:
        await other.close()
    assert told.tb


@pytest.fixture
def garbage_kept():
    """Nothing is collected meanwhile but what nothing refers to."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_foreign_keys_hold(store):
    with pytest.raises(ConstraintBroken):
        await run(store, "INSERT INTO items VALUES (99, 's', 'i', 'done', '', NULL, NULL, NULL, '', 0)")


async def test_a_statement_that_makes_no_sense_is_one_of_our_errors(store):
    with pytest.raises(StatementFailed, match="nowhere"):
        await run(store, "SELECT * FROM nowhere")


async def test_errors_never_quote_values(store):
    async def misfit():
        async with store.write() as connection:
            await connection.execute(
                text("INSERT INTO models (model_id, name, family) VALUES (:number, :name, '')"),
                {"number": "a secret prompt", "name": "a secret prompt"},
            )

    with pytest.raises(StoreError) as caught:
        await misfit()
    assert "secret" not in str(caught.value)


async def test_the_file_and_its_folder_are_made_for_this_account_only(tmp_path):
    path = tmp_path / "new" / "turnout.db"
    store = await Store.open(f"sqlite:///{path}")
    await add_models(store, "one")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    await store.close()
    assert modes == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_path_may_hold_characters_that_urls_give_a_meaning_to(tmp_path):
    path = tmp_path / "what? 100% #1" / "turnout.db"
    store = await Store.open(f"sqlite:///{path}")
    await store.close()
    assert path.exists()


async def test_the_database_keeps_a_write_ahead_log(sqlite_store):
    async with sqlite_store.read() as connection:
        assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await connection.scalar(text("PRAGMA synchronous")) == 1


async def test_a_password_is_never_shown(tmp_path):
    with pytest.raises(DatabaseUnreachable) as caught:
        await Store.open("postgres://ann:hunter2@127.0.0.1:1/turnout")
    assert "hunter2" not in str(caught.value)
    assert "ann:***@127.0.0.1:1" in str(caught.value)


async def test_concurrent_openers_of_a_fresh_database_make_it_once(tmp_path):
    url = f"sqlite:///{tmp_path}/turnout.db"
    code = "import asyncio, sys; from registry.store import Store; asyncio.run(Store.open(sys.argv[1]))"
    openers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, url, cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for opener in openers:
        _, complaints = await opener.communicate()
        assert opener.returncode == 0, complaints.decode()
    store = await Store.open(url)
    assert await count_models(store) == 0
    await store.close()


async def test_whoever_opens_a_new_database_may_be_cancelled_in_the_middle_of_its_migration(tmp_path):
    """Alembic would clean up, fail at it, and tell of that instead."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    opening = asyncio.create_task(Store.open(url))

    def cancel(connection, cursor, statement, *_):
        if "INSERT INTO _alembic_tmp_access_keys" in statement:
            opening.cancel()

    event.listen(Engine, "before_cursor_execute", cancel)
    try:
        with pytest.raises(asyncio.CancelledError):
            await opening
    finally:
        event.remove(Engine, "before_cursor_execute", cancel)
    await (await Store.open(url)).close()
