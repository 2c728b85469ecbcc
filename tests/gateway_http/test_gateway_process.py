"""The gateway as a process: it says where it listens, drains when told to end, and refuses in one sentence."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from registry import AccessKeys, Catalogue, Store, seed

REPOSITORY = Path(__file__).parents[2]
MODEL_SERVER = REPOSITORY / "tests" / "gateway" / "model_server.py"


@pytest.fixture(scope="module")
def model_port():
    """A service that answers with a schema's instance, slowly at ``/slow/v1``."""
    command = [sys.executable, str(MODEL_SERVER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield int(process.stdout.readline())
        process.stdin.close()


@pytest.fixture
def home(tmp_path, model_port):
    """A data directory with one service and one key; the key."""

    async def prepare():
        store = await Store.open(f"sqlite:///{tmp_path}/turnout.db")
        await seed(store, time.time)
        catalogue = Catalogue(store, time.time)
        await catalogue.set_enabled("local", enabled=False)
        endpoint = f"http://127.0.0.1:{model_port}/slow/v1"
        await catalogue.add_service("slow", "openai_compatible", endpoint=endpoint, enabled=True)
        await catalogue.put_offering("slow", "m", capabilities=["text"], features=["json_schema"], quality=0.9)
        endpoint = f"http://127.0.0.1:{model_port}/endless/v1"
        await catalogue.add_service("endless", "openai_compatible", endpoint=endpoint, enabled=True)
        await catalogue.put_offering("endless", "e", capabilities=["text"], features=["stream"], quality=0.1)
        _, key = await AccessKeys(store, time.time).create("tests")
        await store.close()
        return key

    return tmp_path, asyncio.run(prepare())


def environment(folder, **more):
    return {**os.environ, "TURNOUT_HOME": str(folder), "PYTHONPATH": str(REPOSITORY), **more}


@contextmanager
def running(folder, *arguments, **more):
    """The process, and the port that it said."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "gateway.http", "--port", "0", "--ready-fd", str(writing), *arguments]
    with subprocess.Popen(
        command, env=environment(folder, **more), pass_fds=[writing], stderr=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        os.close(writing)
        with os.fdopen(reading) as ready:
            port = int(ready.readline() or 0)
        yield process, port
        if process.poll() is None:
            process.kill()


def ask(port, key):
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    body = {
        "messages": [{"role": "user", "content": "Moment: A lamp is lit."}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
    }
    headers = {"authorization": f"Bearer {key}"}
    return httpx.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body, headers=headers, timeout=30)


def test_sigterm_lets_what_is_under_way_finish_and_ends_with_zero(home):
    folder, key = home
    with running(folder) as (process, port):
        answers = []
        asking = threading.Thread(target=lambda: answers.append(ask(port, key)))
        asking.start()
        time.sleep(0.15)  # it is under way: the service takes its time
        process.send_signal(signal.SIGTERM)
        asking.join(20)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    assert answers[0].status_code == 200
    assert "title" in json.loads(answers[0].json()["choices"][0]["message"]["content"])
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stream_that_does_not_end_in_time_hears_of_it_in_its_last_event(home, number):
    folder, key = home
    body = {"model": "endless", "stream": True, "messages": [{"role": "user", "content": "Tell me a story."}]}
    with running(folder, TURNOUT_DRAIN_SECONDS="0.5") as (process, port):
        url, headers = f"http://127.0.0.1:{port}/v1/chat/completions", {"authorization": f"Bearer {key}"}
        with httpx.stream("POST", url, json=body, headers=headers, timeout=30) as answer:
            assert answer.status_code == 200
            events = (line.removeprefix("data: ") for line in answer.iter_lines() if line)
            told = [next(events), next(events)]
            process.send_signal(number)
            told += events
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    assert json.loads(told[1])["choices"][0]["delta"]["content"] == "Once upon a time "
    *_, last, end = told
    assert end == "[DONE]"
    error = json.loads(last)["error"]
    assert (error["code"], error["message"]) == (
        "shutting_down", "the server ends, and the stream was not done in time",
    )  # fmt: skip


def test_an_answer_that_is_not_done_in_time_is_a_503(home, model_port):
    def asked():
        return httpx.get(f"http://127.0.0.1:{model_port}/").json().get("endless", 0)

    folder, key = home
    before = asked()
    body = {"model": "endless", "messages": [{"role": "user", "content": "Tell me a story."}]}
    with running(folder, TURNOUT_DRAIN_SECONDS="0.5") as (process, port):
        url, answers = f"http://127.0.0.1:{port}/v1/chat/completions", []
        headers = {"authorization": f"Bearer {key}"}
        asking = threading.Thread(
            target=lambda: answers.append(httpx.post(url, json=body, headers=headers, timeout=30))
        )  # fmt: skip
        asking.start()
        while asked() == before:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        asking.join(20)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
    assert (answers[0].status_code, answers[0].json()["error"]["code"]) == (503, "shutting_down")


STARTER = """
import os, subprocess, sys, time
reading, writing = os.pipe()
mine = ["--parent", str(os.getpid())]
command = [sys.executable, "-m", "gateway.http", "--port", "0", "--ready-fd", str(writing), *mine]
started = subprocess.Popen(command, pass_fds=[writing])
os.close(writing)
os.fdopen(reading).readline()
print(started.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_with_whoever_started_it_even_by_kill_9(home):
    folder, _ = home
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], env=environment(folder), stdout=subprocess.PIPE, text=True
    ) as starter:  # fmt: skip
        started = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
    started.wait(20)


def refused(folder, *arguments, **more):
    command = [sys.executable, "-m", "gateway.http", *arguments]
    return subprocess.run(
        command, env=environment(folder, **more), capture_output=True, text=True, timeout=60, check=False
    )


def test_what_it_cannot_do_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = refused(tmp_path, "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"turnout gateway: port {taken_port(ended.stderr)} at 127.0.0.1 is not to be had")
    assert ended.stderr.count("\n") == 1
    ended = refused(tmp_path, "--host", "0.0.0.0", "--port", "0")
    assert (ended.returncode, "turnout keys create NAME" in ended.stderr) == (1, True)
    ended = refused(tmp_path, "--port", "0", TURNOUT_MAX_BODY_BYTES="many")
    assert (ended.returncode, "max_body_bytes" in ended.stderr) == (1, True)


def taken_port(sentence):
    return sentence.split()[3]


def test_the_command_says_where_it_listens_and_ctrl_c_ends_it(home):
    folder, key = home
    command = [sys.executable, "-m", "gateway.cli.main", "gateway", "--port", "0"]
    with subprocess.Popen(command, env=environment(folder), stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.readline()
        port = int(said.split("127.0.0.1:")[1].split("/")[0])
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/models", headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
