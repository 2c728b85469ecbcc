"""The command line as a function, over a data directory of the test's own; and a run to ask it about."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.cli.main import main
from gateway.cli.opening import ROOMS

GIVEN_WIDTH = "200"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A data directory that does not exist yet, and nothing else that commands could pick up."""
    monkeypatch.setenv("TURNOUT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", GIVEN_WIDTH)
    for name in ("OPENAI_API_KEY", "MY_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


@pytest.fixture
def turnout(home, capsys):
    """Runs a command in this process and says how it ended."""

    def run(*arguments: object) -> Ended:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    yield run
    for room in ROOMS:  # a command sets them as --log-level says
        logging.getLogger(room).setLevel(logging.NOTSET)


@pytest.fixture
def storyboard_run(home) -> int:
    """A finished run with text work that failed once, pictures, and work that nobody can do; the run's number."""
    return asyncio.run(_make_run())


async def _make_run() -> int:
    from blocks import Fails, Says, Scripted
    from registry import Capability, Catalogue, FailureClass, Message, Settings, Store, TaskRequest, seed
    from routing import NoCandidate, Runtime

    settings = Settings.load()
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    await catalogue.add_service("rival", "fake", enabled=True)
    await catalogue.put_offering("rival", "rival-1", capabilities=["text"], quality=0.29, latency_ms=30_000)
    await store.close()
    script = Scripted([Says("A lighthouse"), Fails(FailureClass.TRANSIENT), Says("A robot")], then="last")
    async with Runtime.open(settings, services={"local": script, "rival": Scripted([Says("Second")])}) as runtime:
        run = await runtime.runs.start("storyboard", "1", fingerprint="abc", parameters={"thought": "a private one"})
        said = (Message("user", "Describe it."),)
        for stage, item in (("analysis", "thought"), ("shots", "shot-1")):
            await runtime.run(
                TaskRequest(capability=Capability.TEXT, messages=said, stage=stage, item=item, run_id=run.run_id)
            )
        with pytest.raises(NoCandidate):
            await runtime.run(
                TaskRequest(capability=Capability.VIDEO, prompt="waves", stage="film", item="all", run_id=run.run_id)
            )
        await runtime.runs.finish(run.run_id, "done", output="out/storyboard.html")
    return run.run_id
