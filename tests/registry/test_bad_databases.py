"""Every way in which a database can be bad has its own error, with a sentence and a way out."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from registry.errors import (
    DatabaseCorrupt,
    DatabaseForeign,
    DatabaseLocked,
    DatabaseNewer,
    DatabaseRefused,
    DatabaseUnreachable,
    DatabaseUrlInvalid,
    DiskFull,
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


@pytest.mark.parametrize(
    "url",
    [
        "",
        "quite something else",
        "mysql://user:pw@host/name",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///turnout.db?mode=ro",
        "postgresql://host",
    ],
)
async def test_an_url_that_leads_nowhere_is_refused_with_an_example(url):
    with pytest.raises(DatabaseUrlInvalid, match="Write sqlite:///path") as caught:
        await Store.open(url)
    assert "pw" not in str(caught.value)


async def test_a_directory_is_no_database(tmp_path):
    with pytest.raises(DatabaseUrlInvalid, match="is a directory"):
        await Store.open(f"sqlite:///{tmp_path}")


async def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseUrlInvalid):
        await Store.open(f"sqlite:///{tmp_path}/file/turnout.db")


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "turnout.db"
    path.write_bytes(b"These are my memoirs. " * 500)
    with pytest.raises(DatabaseCorrupt, match="turnout restore"):
        await Store.open(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"These are my memoirs.")


async def test_a_damaged_database_is_told_from_a_wrong_statement(sqlite_template, tmp_path):
    path = tmp_path / "turnout.db"
    content = bytearray(sqlite_template.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(DatabaseCorrupt):
        await Store.open(f"sqlite:///{path}")


async def test_a_database_that_another_process_holds_is_locked(sqlite_database_url):
    holder = sqlite3.connect(sqlite_database_url.removeprefix("sqlite:///"), isolation_level=None)
    store = await Store.open(sqlite_database_url, busy_timeout_seconds=0.05)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(DatabaseLocked, match="another process"):
            await add_models(store, "one")
        assert await count_models(store) == 0  # reading goes on
    finally:
        holder.close()
        await store.close()


async def test_a_full_disk_is_named_and_what_was_there_stays(sqlite_store):
    await add_models(sqlite_store, "one")

    async def fill():
        async with sqlite_store.write() as connection:
            pages = await connection.scalar(text("PRAGMA page_count"))
            await connection.execute(text(f"PRAGMA max_page_count={pages}"))
            for number in range(10_000):
                await connection.execute(MODEL, {"name": f"{number} " + "x" * 1000})

    with pytest.raises(DiskFull, match="Free some space"):
        await fill()
    assert await count_models(sqlite_store) == 1


OPEN_AS_NOBODY = """
import asyncio, os, sys
import sqlalchemy.dialects.sqlite.aiosqlite, aiosqlite  # before the rights to read them are gone
from registry.errors import DatabaseReadOnly
from registry.store import Store
if os.getuid() == 0:
    os.setgroups([])
    os.setuid(65534)
try:
    asyncio.run(Store.open(sys.argv[1]))
except DatabaseReadOnly as error:
    print(error)
"""


@pytest.mark.parametrize("locked", ["file", "folder", "nothing there yet"])
async def test_a_database_that_may_only_be_read_is_refused(sqlite_template, tmp_path, locked):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "turnout.db"
    if locked != "nothing there yet":
        path.write_bytes(sqlite_template.read_bytes())
        path.chmod(0o444 if locked == "file" else 0o666)
    folder.chmod(0o777 if locked == "file" else 0o555)
    for parent in (tmp_path, *list(tmp_path.parents)[:2]):
        parent.chmod(0o755)
    finished = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", OPEN_AS_NOBODY, f"sqlite:///{path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    folder.chmod(0o755)
    assert "cannot be written" in finished.stdout, finished.stderr


async def test_tables_of_somebody_elses_are_left_alone(tmp_path):
    path = tmp_path / "turnout.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE runs (distance_km REAL)")
    other.close()
    with pytest.raises(DatabaseForeign, match="runs"):
        await Store.open(f"sqlite:///{path}")


async def test_a_newer_database_is_refused(database_url):
    store = await Store.open(database_url)
    async with store.write() as connection:
        await connection.execute(text("UPDATE turnout_schema SET version_num = '9999'"))
    await store.close()
    with pytest.raises(DatabaseNewer, match=r"9999.*Install that version") as caught:
        await Store.open(database_url)
    assert caught.value.found == "9999"


@pytest.mark.postgres
async def test_a_server_that_turns_us_away_is_told_from_one_that_does_not_answer(postgres_database_url):
    with pytest.raises(DatabaseRefused, match="does not exist"):
        await Store.open(f"{postgres_database_url}_not_there")
    with pytest.raises(DatabaseUnreachable):
        await Store.open("postgresql://127.0.0.1:1/turnout")
    with pytest.raises(DatabaseUnreachable):
        await Store.open("postgresql://nowhere.invalid/turnout")


@pytest.mark.postgres
async def test_a_wrong_password_is_the_servers_refusal():
    # A server that asks for a password whatever comes, and is content with none.
    async def refuse(reader, writer):
        await reader.readexactly(int.from_bytes(await reader.readexactly(4)) - 4)
        fields = b'SFATAL\0C28P01\0Mpassword authentication failed for user "ann"\0\0'
        writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DatabaseRefused, match="password authentication failed"):
            await Store.open(f"postgresql://ann:wrong@127.0.0.1:{port}/turnout?sslmode=disable")


@pytest.mark.postgres
async def test_a_connection_that_the_server_cuts_is_replaced(postgres_database_url):
    store = await Store.open(postgres_database_url)
    await add_models(store, "one")
    other = await asyncpg.connect(postgres_database_url)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()
    assert await count_models(store) == 1
    await store.close()
