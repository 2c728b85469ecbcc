"""Backup and restore: whole or not at all, and never at the price of what is there."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import stat
import tarfile
from contextlib import closing

import pytest
from sqlalchemy import text

from registry.backup import back_up, prune, restore
from registry.errors import (
    BackupFailed,
    DatabaseCorrupt,
    DatabaseLocked,
    StoreError,
    ToolMissing,
)
from registry.store import Store

NOON = 1_790_000_000.0  # 2026-09-21, seconds since 1970


def noon() -> float:
    return NOON


async def add_model(store, name):
    async with store.write() as connection:
        await connection.execute(text("INSERT INTO models (name, family) VALUES (:name, '')"), {"name": name})


async def model_names(database_url):
    store = await Store.open(database_url)
    async with store.read() as connection:
        names = set(await connection.scalars(text("SELECT name FROM models")))
    await store.close()
    return names


def add_asset(directory, content):
    digest = hashlib.sha256(content).hexdigest()
    path = directory / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
async def backed_up(store, tmp_path):
    """A store with one model and one asset, and the backup of both."""
    await add_model(store, "before")
    add_asset(tmp_path / "assets", b"a picture")
    return await back_up(store, tmp_path / "backups", assets=tmp_path / "assets", clock=noon)


@pytest.fixture
async def sqlite_archive(sqlite_store, tmp_path):
    """The backup of a SQLite store with one model and one asset."""
    await add_model(sqlite_store, "before")
    add_asset(tmp_path / "assets", b"a picture")
    return await back_up(sqlite_store, tmp_path / "backups", assets=tmp_path / "assets", clock=noon)


async def test_a_backup_is_one_file_named_by_the_time_for_this_account_only(backed_up):
    assert backed_up.name == "turnout-20260921T141320Z.tar.gz"
    assert stat.S_IMODE(backed_up.stat().st_mode) == 0o600
    assert list(backed_up.parent.iterdir()) == [backed_up]


async def test_what_was_backed_up_comes_back_and_what_was_there_is_kept(backed_up, store, tmp_path):
    await add_model(store, "after")
    (asset,) = (tmp_path / "assets").glob("??/*")
    asset.unlink()
    restored = await restore(
        backed_up,
        store.database_url,
        backup_directory=tmp_path / "backups",
        assets=tmp_path / "assets",
        clock=noon,
    )
    assert await model_names(store.database_url) == {"before"}
    assert asset.read_bytes() == b"a picture"
    assert restored.assets == 1

    await restore(restored.kept_aside, store.database_url, backup_directory=tmp_path / "backups", clock=noon)
    assert await model_names(store.database_url) == {"before", "after"}


async def test_a_store_that_is_open_sees_the_restored_data(sqlite_archive, sqlite_store, tmp_path):
    await add_model(sqlite_store, "after")
    await restore(sqlite_archive, sqlite_store.database_url, backup_directory=tmp_path / "backups")
    async with sqlite_store.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM models")) == 1
    await add_model(sqlite_store, "new")


async def test_a_backup_is_taken_while_others_write(sqlite_store, tmp_path):
    async def write_on():
        for number in range(200):
            await add_model(sqlite_store, f"model {number}")

    writing = asyncio.create_task(write_on())
    archives = [await back_up(sqlite_store, tmp_path / "backups") for _ in range(3)]
    await writing
    assert len(set(archives)) == 3
    for number, archive in enumerate(archives):
        url = f"sqlite:///{tmp_path}/restored {number}.db"
        restored = await restore(archive, url, backup_directory=tmp_path / "backups")
        assert restored.kept_aside is None
        assert len(await model_names(url)) <= 200


async def test_a_file_is_never_overwritten(sqlite_store, tmp_path):
    target = tmp_path / "mine.tar.gz"
    target.write_text("precious")
    with pytest.raises(BackupFailed, match="already"):
        await back_up(sqlite_store, target)
    assert target.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.glob("*mine*")) == ["mine.tar.gz"]


async def test_a_database_that_is_not_there_cannot_be_backed_up(tmp_path):
    with pytest.raises(BackupFailed, match="nothing to back up"):
        await back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "backups")
    assert not (tmp_path / "none.db").exists()


async def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(sqlite_store, tmp_path):
    await add_model(sqlite_store, "one")
    await sqlite_store.close()
    content = bytearray(sqlite_store.path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    sqlite_store.path.write_bytes(content)
    with pytest.raises(DatabaseCorrupt):
        await back_up(sqlite_store, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


async def test_a_restore_in_the_place_of_a_damaged_database_keeps_the_damaged_file(sqlite_archive, tmp_path):
    path = tmp_path / "bad.db"
    path.write_bytes(b"no database at all " * 100)
    restored = await restore(sqlite_archive, f"sqlite:///{path}", backup_directory=tmp_path / "backups")
    assert restored.kept_aside.read_bytes().startswith(b"no database at all")
    assert await model_names(f"sqlite:///{path}") == {"before"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_restore_waits_for_nobody_forever_and_changes_nothing_when_it_gives_up(
    sqlite_archive, sqlite_store, tmp_path
):
    await add_model(sqlite_store, "after")
    holder = sqlite3.connect(sqlite_store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseLocked):
        await restore(
            sqlite_archive,
            sqlite_store.database_url,
            backup_directory=tmp_path / "backups",
            busy_timeout_seconds=0.1,
        )
    holder.close()
    assert await model_names(sqlite_store.database_url) == {"before", "after"}


async def test_pruning_keeps_the_newest_and_touches_nobody_elses_files(sqlite_store, tmp_path):
    made = [await back_up(sqlite_store, tmp_path, clock=lambda day=day: NOON + day * 86_400) for day in range(4)]
    (tmp_path / "holiday.tar.gz").write_text("not ours")
    assert prune(tmp_path, keep=2) == tuple(made[:2])
    assert sorted(tmp_path.glob("*.tar.gz")) == sorted([*made[2:], tmp_path / "holiday.tar.gz"])
    with pytest.raises(ValueError, match="at least one"):
        prune(tmp_path, keep=0)


@pytest.mark.postgres
async def test_postgresql_without_its_tools_says_what_is_missing(postgres_database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="pg_dump is not on PATH"):
        await back_up(postgres_database_url, tmp_path / "backups")


@pytest.mark.postgres
async def test_tables_of_others_in_the_same_server_database_are_neither_taken_nor_touched(
    postgres_database_url, tmp_path
):
    store = await Store.open(postgres_database_url)
    async with store.write() as connection:
        await connection.execute(text("CREATE TABLE flow_run (name text)"))
        await connection.execute(text("INSERT INTO flow_run VALUES ('theirs')"))
    archive = await back_up(store, tmp_path / "backups")
    async with store.write() as connection:
        await connection.execute(text("INSERT INTO flow_run VALUES ('since')"))
    await restore(archive, postgres_database_url, backup_directory=tmp_path / "backups")
    async with store.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM flow_run")) == 2
    await store.close()


async def test_a_backup_of_a_server_that_is_away_is_a_store_error(tmp_path):
    with pytest.raises(StoreError):
        await back_up("postgresql://127.0.0.1:1/turnout", tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


async def test_the_copy_is_a_database_that_stands_alone(sqlite_archive, tmp_path):
    with tarfile.open(sqlite_archive) as tar:
        (tmp_path / "copy.db").write_bytes(tar.extractfile("database").read())
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT name FROM models").fetchall() == [("before",)]
