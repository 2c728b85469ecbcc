"""What every test stands on: an environment that reads nothing of the person's own, and fresh databases."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from registry.settings import Settings
    from registry.store import Store

# Set before anything of ours or Prefect's is imported, since both read the environment at import or first use.
_SESSION_DIRECTORY = Path(tempfile.mkdtemp(prefix="turnout-tests-"))
POSTGRES_URL = os.environ.get("TURNOUT_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
for _name in [name for name in os.environ if name.startswith(("TURNOUT_", "PREFECT_", "GX_"))]:
    del os.environ[_name]
os.environ.update(
    TURNOUT_HOME=str(_SESSION_DIRECTORY / "home"),
    TURNOUT_CONFIG_FILE=os.devnull,
    PREFECT_HOME=str(_SESSION_DIRECTORY / "prefect"),
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_LOGGING_LEVEL="WARNING",
    DO_NOT_TRACK="1",
    GX_ANALYTICS_ENABLED="false",
)


# Rooms whose tests start servers and browsers, and take long: first, so that no process waits for another at the end.
_LONGEST_FIRST = ("gateway", "flows", "dashboards", "docs", "gateway_http")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        room = item.path.parent.name
        return _LONGEST_FIRST.index(room) if room in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=place)


def pytest_unconfigure() -> None:
    shutil.rmtree(_SESSION_DIRECTORY, ignore_errors=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The default settings over a data directory of the test's own."""
    from registry.settings import Settings

    return Settings.load({"home": tmp_path / "home"}, directory=tmp_path)


async def _make(database_url: str) -> None:
    from registry.store import Store

    store = await Store.open(database_url)
    await store.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    """An empty SQLite database at the present schema; tests copy it, which is quicker than migrating each time."""
    path = tmp_path_factory.mktemp("template") / "turnout.db"
    asyncio.run(_make(f"sqlite:///{path}"))
    return path


async def _on_server(*statements: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(POSTGRES_URL, timeout=5)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def postgres_url(database: str) -> str:
    """The URL of another database on the test server."""
    return f"{POSTGRES_URL.rpartition('/')[0]}/{database}"


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of an empty PostgreSQL database at the present schema, which tests copy."""
    name = f"turnout_test_{os.getpid()}_{uuid.uuid4().hex[:6]}"  # whose it is, should a killed run leave it behind
    try:
        asyncio.run(_on_server(f"CREATE DATABASE {name}"))
    except OSError as error:
        sentence = f"no PostgreSQL answers at {POSTGRES_URL} ({error}); name one with TURNOUT_TEST_POSTGRES_URL"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    try:
        asyncio.run(_make(postgres_url(name)))
        yield name
    finally:
        asyncio.run(_on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture
def sqlite_database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite database of the test's own."""
    path = tmp_path / "turnout.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres_database_url(postgres_template: str) -> AsyncIterator[str]:
    """A fresh PostgreSQL database of the test's own."""
    name = f"{postgres_template}_{uuid.uuid4().hex[:8]}"
    await _on_server(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield postgres_url(name)
    await _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request) -> str:
    """A fresh database's URL, once for each database that Turnout runs on."""
    wanted = {"sqlite": "sqlite_database_url", "postgresql": "postgres_database_url"}
    return request.getfixturevalue(wanted[request.param])


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An empty store, once for each database that Turnout runs on."""
    from registry.store import Store

    store = await Store.open(database_url)
    yield store
    await store.close()


@pytest.fixture
async def sqlite_store(sqlite_database_url: str) -> AsyncIterator[Store]:
    """An empty store over SQLite, for tests in which the kind of database makes no difference."""
    from registry.store import Store

    store = await Store.open(sqlite_database_url)
    yield store
    await store.close()
