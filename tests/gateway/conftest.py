"""The command line as a function and as a process, over data directories of the tests' own; and runs to ask about."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

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


# ---- whole runs, as processes ----------------------------------------------------------------------------------------

REPOSITORY = Path(__file__).parents[2]
THOUGHT = REPOSITORY / "examples" / "thought.txt"
HASTY = "hasty"  # a policy whose deadline is short enough to be waited for
HASTY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class ModelServer:
    """The server of model_server.py, as tests see it."""

    port: int

    def endpoint(self, manner: str) -> str:
        return f"http://127.0.0.1:{self.port}/{manner}/v1"

    def calls(self) -> dict[str, int]:
        with urlopen(f"http://127.0.0.1:{self.port}/") as reply:
            return json.load(reply)


@pytest.fixture(scope="session")
def model_server():
    """Services on this machine that answer well or badly, each under a path of its own."""
    command = [sys.executable, str(Path(__file__).with_name("model_server.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield ModelServer(int(process.stdout.readline()))
        process.stdin.close()


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory) -> Path:
    """Where the shared Prefect server keeps its database."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session")
def shared_prefect(prefect_home):
    """One Prefect server for all runs that do not look at their own: its address and password, as environment."""
    from gateway.prefect_server import prefect_server

    with asyncio.Runner() as runner:
        server = prefect_server(prefect_home)
        runner.run(server.__aenter__())
        names = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING")
        environment = {name: os.environ.pop(name) for name in names}  # for those who ask for it, and nobody else
        yield environment
        runner.run(server.__aexit__(None, None, None))


@dataclass(frozen=True, slots=True)
class Place:
    """A data directory and a folder for results, and the command line over them as a process of its own."""

    home: Path
    out: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: object, prefix: tuple[str, ...] = (), **options: Any) -> subprocess.Popen[str]:
        """A command that has begun."""
        return self._begun([*prefix, sys.executable, "-m", "gateway.cli.main", *map(str, arguments)], **options)

    def program(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        """A Python program that has begun."""
        return self._begun([sys.executable, *map(str, arguments)], **options)

    def _begun(self, command: list[str], **options: Any) -> subprocess.Popen[str]:
        own = {"TURNOUT_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY), "COLUMNS": GIVEN_WIDTH}
        environment = {**os.environ, **own, **self.environment}
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        return subprocess.Popen(command, env=environment, cwd=self.home.parent, text=True, **given)

    def storyboard(self, *more: object, source: object = THOUGHT, **options: Any) -> subprocess.Popen[str]:
        """A run of the storyboard that has begun."""
        arguments = ("run", "storyboard", "--input", source, "--out", self.out, "--shots", 4, *more)
        return self.start(*arguments, **options)

    def turnout(self, *arguments: object) -> Ended:
        """A command, from its beginning to its end."""
        return ended(self.start(*arguments))

    def state(self) -> tuple[str, str]:
        """State and message of the last run."""
        last = self.turnout("runs", "--json").json["runs"][0]
        return last["state"], last["message"]

    def made(self) -> set[str]:
        """What lies in the folder for results, hidden files too."""
        return {path.name for path in self.out.iterdir()} if self.out.exists() else set()


def ended(process: subprocess.Popen[str], seconds: float = 120) -> Ended:
    """How a process ended. One that does not is killed, and the test fails."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it did not end within {seconds:g} s; it said: {err[-2_000:]}")
    return Ended(process.returncode, out, err)


@pytest.fixture(name="ended", scope="session")
def _ended():
    return ended


@pytest.fixture(scope="session")
def refused():
    """Checks that a command ended with 1 and said why in one sentence, at the end; gives the sentence."""

    def check(how: Ended) -> str:
        assert how.code == 1, how.err
        assert how.out == ""
        assert "Traceback" not in how.err
        assert "should not have happened" not in how.err
        *_, sentence = how.err.splitlines()
        assert sentence.startswith("turnout: ")
        assert sentence.endswith((".", "?"))
        assert how.err.count("turnout: ") == 1
        return sentence

    return check


@pytest.fixture(scope="session")
def place(tmp_path_factory, model_server):
    """Makes a place whose text comes from ``mine`` in one manner (and, with ``spare``, else from a good service)."""

    def make(manner: str | None = "good", *, spare: bool = False, picture: bool = True, **environment: str) -> Place:
        folder = tmp_path_factory.mktemp("place")
        asyncio.run(_stock(folder / "home", model_server, manner, spare=spare, picture=picture))
        return Place(folder / "home", folder / "out", environment)

    return make


async def _stock(home: Path, server: ModelServer, manner: str | None, *, spare: bool, picture: bool) -> None:
    from registry import Catalogue, Home, Policies, Store, seed
    from registry.words import Policy, Price

    Home(home).make()
    store = await Store.open(f"sqlite:///{home / 'turnout.db'}")
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    texts = {"mine": (manner, 0.99), "spare": ("good" if spare else None, 0.5)}
    for name, (how, quality) in texts.items():
        if how is not None:
            await catalogue.add_service(name, "openai_compatible", endpoint=server.endpoint(how), enabled=True)
            await catalogue.put_offering(
                name, f"{name}-1", capabilities=["text"], features=["json_schema"], quality=quality
            )
            await catalogue.put_price(f"{name}/{name}-1", Price())
    await catalogue.set_enabled("local", manner is None)
    await catalogue.set_enabled("sketch", picture)
    await Policies(store, time.time).put(Policy(name=HASTY, deadline_seconds=HASTY_SECONDS))
    await store.close()


@pytest.fixture
def left_behind():
    """The processes that belong to a place and live: its environment is handed on to every one of them."""
    import psutil

    def of(where: Place) -> list[str]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TURNOUT_HOME") == str(where.home):
                    found.append(" ".join(process.cmdline()))
        return found

    return of


@pytest.fixture
def interrupted():
    """Starts a run, and sends it signals once it has said a line that begins so; how it ended, and how soon."""
    started = []

    def run(where: Place, beginning: str, *signals: int, pause_seconds: float = 0.1) -> tuple[Ended, float]:
        said = where.home.parent / "said.txt"
        with said.open("w") as file:
            # Where the tests run in the background, Ctrl-C is ignored, and would be by whom they start.
            default = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
            process = where.storyboard(stderr=file, preexec_fn=default)
        started.append(process)
        until = time.monotonic() + 90
        while not any(line.startswith(beginning) for line in said.read_text().splitlines()):
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until, said.read_text()
            time.sleep(0.05)
        began = time.monotonic()
        for number in signals:
            process.send_signal(number)
            time.sleep(pause_seconds)
        how = ended(process, 30)
        return Ended(how.code, how.out, said.read_text()), time.monotonic() - began

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()
