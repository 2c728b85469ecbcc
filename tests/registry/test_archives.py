"""Archives that are not what they should be: refused before anything is touched."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest
from sqlalchemy import text

from registry.backup import back_up, restore
from registry.errors import ArchiveInvalid, BackupFailed, DatabaseNewer
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


def repacked(archive, target, change):
    """The archive again, its members changed by ``change``: a dict of name to (TarInfo, bytes)."""
    with tarfile.open(archive) as tar:
        members = {member.name: (member, tar.extractfile(member).read()) for member in tar}
    change(members)
    with tarfile.open(target, "w:gz") as tar:
        for member, content in members.values():
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    return target


@pytest.fixture
async def sqlite_archive(sqlite_store, tmp_path):
    """The backup of a SQLite store with one model and one asset."""
    await add_model(sqlite_store, "before")
    add_asset(tmp_path / "assets", b"a picture")
    return await back_up(sqlite_store, tmp_path / "backups", assets=tmp_path / "assets", clock=noon)


def escape(members):
    member = tarfile.TarInfo("assets/../../escaped")
    members["escape"] = (member, b"out")


def be_absolute(members):
    members["absolute"] = (tarfile.TarInfo("/turnout-escaped"), b"out")


def link(members):
    member = tarfile.TarInfo("assets/aa/" + "a" * 64)
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members["link"] = (member, b"")


def change_an_asset(members):
    name = next(name for name in members if name.startswith("assets/"))
    members[name] = (members[name][0], b"another picture")


def lose_an_asset(members):
    del members[next(name for name in members if name.startswith("assets/"))]


def change_the_database(members):
    member, content = members["database"]
    members["database"] = (member, content[:-10] + b"0123456789")


def lose_the_database(members):
    del members["database"]


def lose_the_manifest(members):
    del members["manifest.json"]


def rewrite_manifest(**changes):
    def change(members):
        member, content = members["manifest.json"]
        members["manifest.json"] = (member, json.dumps(json.loads(content) | changes).encode())

    return change


@pytest.mark.parametrize(
    "change",
    [
        escape,
        be_absolute,
        link,
        change_an_asset,
        lose_an_asset,
        change_the_database,
        lose_the_database,
        lose_the_manifest,
        rewrite_manifest(format=2),
        rewrite_manifest(sha256="0" * 64),
        rewrite_manifest(dialect="postgresql"),
    ],
)
async def test_an_archive_that_was_tampered_with_is_refused_and_nothing_changes(
    sqlite_archive, sqlite_store, tmp_path, change
):
    await add_model(sqlite_store, "after")
    bad = repacked(sqlite_archive, tmp_path / "bad.tar.gz", change)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArchiveInvalid, match="Nothing was changed"):
        await restore(bad, sqlite_store.database_url, backup_directory=tmp_path / "backups", assets=tmp_path / "assets")
    assert sorted(tmp_path.rglob("*")) == before
    assert await model_names(sqlite_store.database_url) == {"before", "after"}


@pytest.mark.parametrize("content", [b"", b"memoirs", gzip.compress(b"memoirs" * 1000, mtime=0)])
async def test_a_file_that_is_no_archive_is_refused(sqlite_store, tmp_path, content):
    path = tmp_path / "thing.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ArchiveInvalid):
        await restore(path, sqlite_store.database_url, backup_directory=tmp_path / "backups")


async def test_an_archive_cut_short_anywhere_is_refused(sqlite_archive, sqlite_store, tmp_path):
    content = sqlite_archive.read_bytes()
    cut = tmp_path / "cut.tar.gz"
    for length in range(0, len(content), len(content) // 9):
        cut.write_bytes(content[:length])
        with pytest.raises(ArchiveInvalid):
            await restore(cut, sqlite_store.database_url, backup_directory=tmp_path / "backups")


async def test_a_file_that_is_not_there_is_named(sqlite_store, tmp_path):
    with pytest.raises(BackupFailed, match=r"gone\.tar\.gz: No such file"):
        await restore(tmp_path / "gone.tar.gz", sqlite_store.database_url, backup_directory=tmp_path / "backups")


async def test_a_backup_of_a_newer_turnout_is_refused(store, tmp_path):
    async with store.write() as connection:
        await connection.execute(text("UPDATE turnout_schema SET version_num = '9999'"))
    archive = await back_up(store, tmp_path / "backups")
    with pytest.raises(DatabaseNewer, match="9999"):
        await restore(archive, store.database_url, backup_directory=tmp_path / "backups")
