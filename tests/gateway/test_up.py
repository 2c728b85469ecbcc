"""``turnout up`` with its real parts: started, used, stopped, killed, started again; nobody is left behind."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import httpx
import psutil
import pytest

from gateway.up.lock import UpLock, read_up
from gateway.up.parts import Part
from gateway.up.supervising import Supervisor

REPOSITORY = Path(__file__).parents[2]
UP_SECONDS = 150

pytestmark = pytest.mark.prefect


@pytest.fixture
def start():
    """Starts ``turnout up``; whatever is still there at the end is killed."""
    begun = []

    def start(home, *more):
        begun.append(_start(home, *more))
        return begun[-1]

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _start(home, *more):
    ports = ("--gateway-port", "0", "--pages-port", "0", "--prefect-port", "0")
    command = [sys.executable, "-m", "gateway.cli.main", "up", *ports, "--json"]
    environment = {**os.environ, "TURNOUT_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [*command, *more], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home
    )


def left(home):
    """The processes that belong to a data directory, by its name in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TURNOUT_HOME") == str(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


def nobody_left(home, seconds=20):
    until = time.monotonic() + seconds
    while (there := left(home)) and time.monotonic() < until:
        time.sleep(0.1)
    return there


def models(told):
    headers = {"authorization": f"Bearer {told['key']}"}
    return httpx.get(f"{told['gateway']}/models", headers=headers, timeout=20).json()["data"]


def prefect(told, home, path, body, **headers):
    """What Prefect's server answers: status and parsed body."""
    request = urllib.request.Request(f"{told['prefect']}/api{path}", json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    if headers.pop("password", True):
        told = (home / "prefect" / "password").read_text().strip().encode()
        request.add_header("authorization", f"Basic {base64.b64encode(told).decode()}")
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("up")


def test_all_parts_start_are_guarded_and_stop_twice_over_without_a_trace(home, start):
    process = start(home)
    told = json.loads(process.stdout.readline())
    assert models(told)[0]["id"] == "auto"
    assert_pages_are_guarded(told)
    _, deployed = prefect(told, home, "/deployments/filter", {})
    assert {"storyboard", "route_batch"} <= {one["name"] for one in deployed}
    _, queues = prefect(told, home, "/work_pools/turnout/queues/filter", {})
    assert {queue["name"]: queue["priority"] for queue in queues}["urgent"] == 1
    _, automations = prefect(told, home, "/automations/filter", {})
    assert [one["name"] for one in automations] == ["turnout: a flow run without heartbeats has crashed"]
    assert_secrets_are_kept(told, home)
    assert (home / "prefect" / "password").stat().st_mode & 0o777 == 0o600
    again = subprocess.run(process.args, env={**os.environ, "TURNOUT_HOME": str(home), "PYTHONPATH": str(REPOSITORY)},
                           capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert (again.returncode, "it runs already" in again.stderr) == (1, True)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)
    assert process.returncode == 0, err
    assert "Traceback" not in out + err
    assert nobody_left(home) == []
    second = start(home)
    retold = json.loads(second.stdout.readline())
    assert retold["key"] is None
    assert models({**retold, "key": told["key"]})
    second.kill()
    second.wait()
    assert nobody_left(home) == []
    assert read_up(home / "up.lock") == {}


def assert_pages_are_guarded(told):
    """They show nothing to a stranger, and let the first key in."""
    shut = httpx.get(f"{told['pages']}/runs", timeout=20)
    assert shut.status_code == 401
    typed = httpx.post(
        f"{told['pages']}/login", data={"key": told["key"]}, headers={"origin": told["pages"]}, timeout=20
    )
    assert (typed.status_code, typed.headers["location"]) == (303, "/runs")


def assert_secrets_are_kept(told, home):
    """A planted secret is not handed to strangers, nor to another site's page."""
    _, types = prefect(told, home, "/block_types/filter", {"block_types": {"slug": {"any_": ["secret"]}}})
    _, schemas = prefect(told, home, "/block_schemas/filter", {
        "block_schemas": {"block_type_id": {"any_": [types[0]["id"]]}},
    })  # fmt: skip
    planted = {"name": "planted", "data": {"value": "sesame"}, "block_schema_id": schemas[0]["id"],
               "block_type_id": types[0]["id"]}  # fmt: skip
    assert prefect(told, home, "/block_documents/", planted)[0] == 201
    wanted = {"include_secrets": True}
    status, body = prefect(told, home, "/block_documents/filter", wanted)
    assert (status, "sesame" in str(body)) == (200, True)
    for more in ({"password": False}, {"origin": "https://evil.example"}, {"host": "evil.example"}):
        status, body = prefect(told, home, "/block_documents/filter", wanted, **more)
        assert status in {401, 403}
        assert "sesame" not in str(body)


def test_a_port_that_is_taken_is_one_sentence_and_nothing_is_left_running(start, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(tmp_path, "--gateway-port", str(taken.getsockname()[1]))
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"held by {psutil.Process().name()}, process {os.getpid()}" in err
    assert "--gateway-port" in err
    assert nobody_left(tmp_path) == []


async def test_a_part_that_dies_is_started_again_and_one_that_keeps_dying_is_given_up(tmp_path):
    said = []
    supervisor = Supervisor(tmp_path, said.append)
    lives = Part(name="lives", command=lambda _: [sys.executable, "-c", "import time; time.sleep(60)"])
    running = await supervisor.start(lives)
    running.process.kill()
    running.process.wait()
    await supervisor._restart(running, -9)
    assert said == ["lives: ended with code -9; it is started again", "lives: runs again"]
    (again,) = supervisor._running
    again.process.kill()
    again.process.wait()
    again.restarts.extend([time.monotonic()] * 5)
    await supervisor._restart(again, 1)
    assert supervisor.given_up
    assert "is given up" in said[-1]
    await supervisor.stop()


SLOW_CHILD = """
import signal, subprocess, sys
child = "import pathlib, signal, sys, time\\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), " \\
    "pathlib.Path(sys.argv[1]).write_text('noted'), sys.exit()))\\nprint('ready', flush=True)\\ntime.sleep(60)"
started = subprocess.Popen([sys.executable, "-c", child, sys.argv[1]], stdout=subprocess.PIPE)
started.stdout.readline()
print("up", flush=True)
signal.sigwait([signal.SIGTERM])
"""


async def test_what_a_part_has_started_may_note_its_end_before_anything_is_killed(tmp_path):
    noted = tmp_path / "noted"
    command = [sys.executable, "-c", SLOW_CHILD.replace("\\\\", "\\"), str(noted)]
    log = tmp_path / "part.log"
    supervisor = Supervisor(tmp_path, str)
    await supervisor.start(
        Part(name="part", command=lambda _: command, answers=lambda: log.read_text().startswith("up"))
    )
    await supervisor.stop()
    assert noted.read_text() == "noted"


async def test_a_part_that_does_not_start_says_the_end_of_its_log(tmp_path):
    from gateway.errors import PartFailed

    supervisor = Supervisor(tmp_path, str)
    code = "import sys; print('no bread today'); sys.exit(7)"
    fails = Part(name="baker", command=lambda _: [sys.executable, "-c", code], says_ready=True)
    with pytest.raises(PartFailed, match=r"(?s)baker did not start: ended with code 7.*no bread today"):
        await supervisor.start(fails)


def test_one_holds_the_lock_and_its_facts_are_read_by_others(tmp_path):
    from gateway.errors import AlreadyUp

    path = tmp_path / "up.lock"
    assert read_up(path) == {}
    with UpLock(path) as lock:
        lock.tell({"pid": 7, "addresses": {"gateway": "http://x"}})
        assert read_up(path)["pid"] == 7
        with pytest.raises(AlreadyUp, match="gateway at http://x"), UpLock(path):
            pytest.fail("two hold it")
    assert read_up(path) == {}
