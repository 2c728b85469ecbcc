"""Migrations: equal to the tables, taken once, backed up before, and all or nothing."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from registry.errors import BackupError, DatabaseNewer, DiskFull, MigrationFailed, ToolMissing
from registry.schema import TURNOUT_SCHEMA, VERSION_TABLE, Schema
from registry.store import Store
from registry.tables import metadata

ROOT = Path(__file__).parents[2]
NEXT_STEP = """
from alembic import op
import sqlalchemy as sa

revision = "9000"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("added_later", sa.Column("id", sa.Integer, primary_key=True))
    {more}
"""


def later_schema(tmp_path, more="pass") -> Schema:
    """The history as a later Turnout will have it: ours and one step more."""
    directory = tmp_path / "later"
    shutil.copytree(TURNOUT_SCHEMA.directory, directory, ignore=shutil.ignore_patterns("__pycache__"))
    step = NEXT_STEP.format(head=TURNOUT_SCHEMA.head, more=more)
    (directory / "versions" / "v9000_later.py").write_text(step)
    return Schema(directory, "9000")


async def with_a_model(database_url):
    store = await Store.open(database_url)
    async with store.write() as connection:
        await connection.execute(text("INSERT INTO models (name, family) VALUES ('mine', '')"))
    await store.close()


async def scalar(store, statement):
    async with store.read() as connection:
        return await connection.scalar(text(statement))


async def test_migrations_make_exactly_the_tables_of_the_picture(store):
    def differences(connection):
        options = {"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with store.read() as connection:
        assert await connection.run_sync(differences) == []


def test_on_sqlite_the_statements_are_the_very_same(sqlite_template, tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/pictured.db")
    metadata.create_all(engine)
    engine.dispose()

    def statements(path):
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        # A constraint may stand elsewhere, a column that was added later stands last, and the name of a table that
        # was made anew is quoted.
        return {name: sorted(clauses(sql)) for name, sql in rows if name != VERSION_TABLE}

    def clauses(sql):
        head, _, body = sql.partition("(")
        return [head.strip().replace('"', ""), *(clause.strip(" )\n\t") for clause in re.split(r",(?![^()]*\))", body))]

    assert statements(sqlite_template) == statements(tmp_path / "pictured.db")


def test_the_head_that_is_written_out_is_the_last_step():
    steps = ScriptDirectory.from_config(TURNOUT_SCHEMA.config())
    assert steps.get_heads() == [TURNOUT_SCHEMA.head]


async def test_an_older_database_is_backed_up_then_brought_up_to_date_with_its_data(database_url, tmp_path):
    await with_a_model(database_url)
    store = await Store.open(database_url, backup_directory=tmp_path / "backups", schema=later_schema(tmp_path))
    assert await scalar(store, "SELECT name FROM models") == "mine"
    assert await scalar(store, "SELECT count(*) FROM added_later") == 0
    await store.close()
    (archive,) = (tmp_path / "backups").iterdir()
    assert "before-schema-9000" in archive.name
    with tarfile.open(archive) as tar:
        assert f'"schema_version": "{TURNOUT_SCHEMA.head}"' in tar.extractfile("manifest.json").read().decode()


async def test_without_a_named_directory_the_backup_lies_beside_the_file(sqlite_database_url, tmp_path):
    await with_a_model(sqlite_database_url)
    store = await Store.open(sqlite_database_url, schema=later_schema(tmp_path))
    await store.close()
    assert len(list((tmp_path / "backups").glob("*.tar.gz"))) == 1


async def test_no_backup_no_migration(sqlite_database_url, tmp_path):
    await with_a_model(sqlite_database_url)
    (tmp_path / "occupied").write_text("not a directory")
    with pytest.raises(BackupError):
        await Store.open(sqlite_database_url, backup_directory=tmp_path / "occupied", schema=later_schema(tmp_path))
    await (await Store.open(sqlite_database_url)).close()


@pytest.mark.postgres
async def test_postgresql_without_its_tools_is_migrated_with_a_warning(
    postgres_database_url, tmp_path, caplog, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    store = await Store.open(
        postgres_database_url, backup_directory=tmp_path / "backups", schema=later_schema(tmp_path)
    )
    assert await scalar(store, "SELECT count(*) FROM added_later") == 0
    await store.close()
    assert "without a backup" in caplog.text
    assert str(ToolMissing("pg_dump")) in caplog.text


@pytest.mark.parametrize(
    "more",
    ["op.execute('SELECT nonsense FROM nowhere')", "op.execute('UPDATE models SET name = NULL')", "raise KeyError(1)"],
)
async def test_a_step_that_fails_leaves_the_database_as_it_was(database_url, tmp_path, more):
    await with_a_model(database_url)
    with pytest.raises(MigrationFailed, match="It is unchanged"):
        await Store.open(database_url, backup_directory=tmp_path / "backups", schema=later_schema(tmp_path, more))
    store = await Store.open(database_url)
    assert await scalar(store, "SELECT name FROM models") == "mine"
    async with store.read() as connection:
        tables = await connection.run_sync(lambda sync: sync.dialect.get_table_names(sync))
    assert "added_later" not in tables
    await store.close()


async def test_a_full_disk_in_the_middle_of_a_step_is_named_as_such(sqlite_database_url, tmp_path):
    await with_a_model(sqlite_database_url)
    more = 'op.execute("PRAGMA max_page_count=1"); op.execute("CREATE TABLE big AS SELECT zeroblob(10000000)")'
    with pytest.raises(DiskFull):
        await Store.open(sqlite_database_url, schema=later_schema(tmp_path, more))
    await (await Store.open(sqlite_database_url)).close()


async def test_changing_a_table_on_sqlite_does_not_take_the_rows_that_point_at_it(sqlite_database_url, tmp_path):
    store = await Store.open(sqlite_database_url)
    async with store.write() as connection:
        values = "'r', 'v', 'done', '', '{}', '', NULL, 'p', 0, 0, NULL, 'w', 'p', NULL, NULL"
        await connection.execute(text(f"INSERT INTO runs VALUES (1, {values})"))
        await connection.execute(text("INSERT INTO items VALUES (1, 's', 'i', 'done', '', NULL, NULL, NULL, '', 0)"))
    await store.close()
    more = 'with op.batch_alter_table("runs") as runs: runs.alter_column("message", nullable=True)'
    store = await Store.open(sqlite_database_url, schema=later_schema(tmp_path, more))
    assert await scalar(store, "SELECT count(*) FROM items") == 1
    await store.close()


async def test_what_a_later_turnout_made_this_one_refuses(database_url, tmp_path):
    later = await Store.open(database_url, backup_directory=tmp_path / "backups", schema=later_schema(tmp_path))
    await later.close()
    with pytest.raises(DatabaseNewer, match="9000"):
        await Store.open(database_url)


async def test_two_that_find_an_older_database_at_once_migrate_it_once(database_url, tmp_path):
    await with_a_model(database_url)
    backups, schema = tmp_path / "backups", later_schema(tmp_path)
    stores = await asyncio.gather(
        *(Store.open(database_url, backup_directory=backups, schema=schema) for _ in range(3))
    )
    for store in stores:
        assert await scalar(store, "SELECT count(*) FROM models") == 1
        await store.close()
    assert len(list(backups.iterdir())) == 1


def test_opening_a_current_database_does_not_load_alembic(sqlite_database_url):
    code = (
        "import asyncio, sys; from registry.store import Store\n"
        "async def main(): await (await Store.open(sys.argv[1])).close()\n"
        "asyncio.run(main()); print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, sqlite_database_url]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert finished.stdout.strip() == "False"


async def test_budgets_of_access_keys_become_budgets_of_their_principals(database_url, tmp_path):
    before = Schema(tmp_path / "before", "0002")
    later = shutil.ignore_patterns("__pycache__", "v0003*", "v0004*", "v0005*")
    shutil.copytree(TURNOUT_SCHEMA.directory, before.directory, ignore=later)
    fresh = f"sqlite:///{tmp_path}/old.db" if database_url.startswith("sqlite") else database_url
    if fresh == database_url:
        store = await Store.open(database_url)
        async with store.write() as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
        await store.close()
    store = await Store.open(fresh, schema=before)
    keys = {
        "a": ("ann", 500, "month", None),
        "b": ("ann", 300, "month", None),
        "c": ("bob", 7, "day", 1),
        "d": ("cy", None, "month", None),
    }
    async with store.write() as connection:
        for name, (principal, budget, window, revoked_us) in keys.items():
            values = {"n": name, "w": "default", "p": principal, "b": budget, "bw": window, "r": revoked_us}
            insert = (
                "INSERT INTO access_keys (name, prefix, digest, scopes, workspace, principal, budget_nanousd, "
                "budget_window, created_us, revoked_us) VALUES (:n, :n, :n, '[]', :w, :p, :b, :bw, 1, :r)"
            )
            await connection.execute(text(insert), values)
    await store.close()
    store = await Store.open(fresh, backup_directory=tmp_path / "backups")
    async with store.read() as connection:
        budgets = await connection.execute(text("SELECT scope, name, period, zone, amount_nanousd FROM budgets"))
        assert budgets.all() == [("key", "default/ann", "month", "UTC", 300)]
        assert await connection.scalar(text("SELECT count(*) FROM access_keys")) == 4
    await store.close()
