"""What keeps the running house whole: upkeep in the worker, flow runs that note their end, runs that go on."""

from __future__ import annotations

import base64
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).parents[2]
ROWS = 80

pytestmark = pytest.mark.prefect


class Up:
    """``turnout up`` over a data directory, with its Prefect server."""

    def __init__(self, home):
        self.home = home
        ports = ("--gateway-port", "0", "--prefect-port", "0", "--no-pages", "--json")
        environment = {**os.environ, "TURNOUT_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli.main", "up", *ports], env=environment, cwd=home,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.address = json.loads(self.process.stdout.readline())["prefect"]

    def api(self, path, body=None):
        request = urllib.request.Request(
            f"{self.address}/api{path}", None if body is None else json.dumps(body).encode()
        )
        request.add_header("content-type", "application/json")
        password = (self.home / "prefect" / "password").read_bytes().strip()
        request.add_header("authorization", f"Basic {base64.b64encode(password).decode()}")
        for patience in (5, 5, 5, 5, 0):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as error:  # its database is busy, and it has done nothing
                if error.code != 503 or not patience:
                    raise
                time.sleep(patience)
        raise AssertionError("not reached")

    def begin(self, flow, parameters):
        """A flow run of a deployment; its id."""
        deployment = self.api(f"/deployments/name/{flow}/{flow}")
        return self.api(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": parameters})["id"]

    def flow_runs(self, flow):
        """The flow runs of a flow that have ended: state and where they ran."""
        found = self.api("/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}})
        return [(one["state_name"], one["infrastructure_pid"]) for one in found if one["end_time"]]


@pytest.fixture
def house(place):
    """A house whose text service is slow; each call of it starts the house anew."""
    home = place("slow", picture=False).home
    started = []

    def start():
        started.append(Up(home))
        return started[-1]

    yield start
    for up in started:
        if up.process.poll() is None:
            up.process.kill()
        up.process.communicate()


def until(holds, seconds=90):
    """Wait until ``holds()`` gives something; that."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
    return found


def asked(home, question):
    with closing(sqlite3.connect(f"file:{home / 'turnout.db'}?mode=ro", uri=True)) as database:
        return database.execute(question).fetchall()


def last_run(home):
    """State and message of the last run."""
    return asked(home, "SELECT state, message FROM runs ORDER BY run_id DESC LIMIT 1")[0]


def under_way(home, at_least):
    """Whether so many rows of the last run are done and others are not."""
    return asked(home, "SELECT count(*) FROM items WHERE state = 'done'")[0][0] >= at_least


def belonging_to(home, word=""):
    """The processes that belong to a data directory, by their environment; those with a word on their command line."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("TURNOUT_HOME") == str(home) and (not word or word in process.cmdline()):
                found.append(process)
    return found


def table(folder, name):
    path = folder / name
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *([number, f"{name} {number}"] for number in range(ROWS))])
    return path


def batch_of(source):
    return {
        "parameters": {
            "input_path": str(source), "output_path": str(source.with_name(f"out-{source.name}")),
            "prompt": "{{ row.text }}", "concurrency": 2, "chunk_rows": 10,
        }
    }  # fmt: skip


def results(source):
    with source.with_name(f"out-{source.name}").open(newline="") as file:
        return [row["turnout_result"] for row in csv.DictReader(file)]


def test_upkeep_needs_no_process_of_its_own_and_a_flow_run_that_was_killed_goes_on(house, tmp_path):
    up = house()
    until(lambda: ("Completed", "in the worker") in up.flow_runs("recover"))
    source = table(tmp_path, "first.csv")
    up.begin("route_batch", batch_of(source))
    until(lambda: under_way(up.home, 5))
    (engine,) = belonging_to(up.home, "prefect.engine")
    engine.kill()
    until(lambda: not engine.is_running())
    assert last_run(up.home)[0] == "running"
    up.begin("recover", {})
    until(lambda: last_run(up.home)[0] == "done")
    assert results(source) == [f"first.csv {number}" for number in range(ROWS)]
    assert asked(up.home, "SELECT count(*) FROM runs") == [(1,)]
    up.begin("probe", {})
    until(lambda: ("Completed", "in the worker") in up.flow_runs("probe"))
    assert asked(up.home, "SELECT count(*) FROM probes") == [(1,)]
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill -9"])
def test_a_flow_run_under_way_when_the_house_ends_is_interrupted_and_nobody_is_left(house, tmp_path, number):
    up = house()
    up.begin("route_batch", batch_of(table(tmp_path, "second.csv")))
    until(lambda: under_way(up.home, 5))
    up.process.send_signal(number)
    up.process.wait(60)
    until(lambda: not belonging_to(up.home), 30)
    assert last_run(up.home) == ("interrupted", "stopped from outside")


# Upkeep that takes long, cancelled as the worker does it when it is told to end.
CANCELLED = """
import asyncio, threading
from prefect import flow
from prefect.client.orchestration import get_client
from gateway.up.worker import _Here
began = threading.Event()

@flow(name="long", persist_result=False)
async def long():
    began.set()
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise

async def main():
    async with get_client() as client:
        here = _Here(long, await client.create_flow_run(long))
    running = asyncio.create_task(asyncio.to_thread(here.run))
    await asyncio.to_thread(began.wait, 60)
    here.cancel()
    await asyncio.wait_for(running, 60)
    print("ended", flush=True)

asyncio.run(main())
"""


def test_upkeep_that_is_under_way_ends_with_the_worker(place, shared_prefect, ended):
    how = ended(place(None, **shared_prefect).program("-c", CANCELLED))
    assert (how.code, how.out.split()) == (0, ["cancelled", "ended"]), how.err
