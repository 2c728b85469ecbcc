"""The local service: what fails before a model is loaded, and the life of the real server."""

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from blocks.contract import AIService
from blocks.errors import ServiceFailure
from blocks.fold import collect
from blocks.local import Local
from registry.words import Capability, FailureClass, Service

ROW = Service(service_id=1, name="local", kind="local")
SCHEMA = {
    "type": "object",
    "properties": {"mood": {"enum": ["calm", "stormy"]}, "lamps": {"type": "integer"}},
    "required": ["mood", "lamps"],
    "additionalProperties": False,
}


@pytest.fixture
async def make_local(transport, tmp_path):
    made = []

    def make(**facts):
        local = Local(ROW, transport, directory=tmp_path, **facts)
        made.append(local)
        return local

    yield make
    for local in made:
        await local.aclose()
    if made:
        await until_gone(made[0])


@pytest.fixture
def local_call(make_call):
    def make(text="Say hello.", **facts):
        params = {"temperature": 0, "seed": 1, "max_output_tokens": 12}
        return make_call(service=ROW, text=text, timeout_seconds=60.0, **{"params": params, **facts})

    return make


async def until_gone(local):
    async with asyncio.timeout(30):
        while (await local.status()).running:  # noqa: ASYNC110 - another process ends, and sets no event
            await asyncio.sleep(0.05)


def log_of(status):
    return Path(status.log_file).read_text()


async def failure_of(local, call):
    with pytest.raises(ServiceFailure) as caught:
        await collect(local.stream(call))
    return caught.value


async def test_a_capability_that_it_has_not_is_refused_without_a_start(make_local, local_call):
    local = make_local()
    assert isinstance(local, AIService)
    failure = await failure_of(local, local_call(capability=Capability.IMAGE))
    assert failure.failure is FailureClass.UNAVAILABLE_MODEL


async def test_a_model_file_that_is_missing_or_cut_short_is_told_before_a_start(make_local, local_call, tmp_path):
    absent = await failure_of(make_local(model_path=tmp_path / "absent.gguf"), local_call())
    assert absent.failure is FailureClass.UNAVAILABLE_MODEL
    assert "absent.gguf" in absent.message

    short = tmp_path / "short.gguf"
    short.write_bytes(b"GGUF\3\0\0\0")
    local = make_local(model_path=short)
    assert (await failure_of(local, local_call())).failure is FailureClass.UNAVAILABLE_MODEL
    status = await local.status()
    assert not status.running
    assert "cut short" in status.problem


async def test_a_folder_that_cannot_be_written_is_told_of(transport, local_call, tmp_path):
    (tmp_path / "file").write_text("in the way")
    failure = await failure_of(Local(ROW, transport, directory=tmp_path / "file"), local_call())
    assert failure.failure is FailureClass.UNAVAILABLE_MODEL
    assert "cannot be started in" in failure.message


@pytest.mark.model
async def test_a_model_that_cannot_be_loaded_is_told_with_its_log(make_local, local_call, tmp_path):
    hollow = tmp_path / "hollow.gguf"
    hollow.write_bytes((b"GGUF" + struct.pack("<IQQ", 3, 0, 0)).ljust(64, b"\0"))
    local = make_local(model_path=hollow)
    failure = await failure_of(local, local_call())
    assert failure.failure is FailureClass.UNAVAILABLE_MODEL
    assert "cannot be served" in failure.message
    assert "hollow.gguf" in log_of(await local.status())


@pytest.mark.model
async def test_the_model_answers_keeps_to_its_window_and_leaves_no_prompt_behind(make_local, local_call, tmp_path):
    local = make_local(context_tokens=512)
    assert (await local.status()).running is False

    params = {"temperature": 0, "max_output_tokens": 60}
    replies = await asyncio.gather(
        collect(local.stream(local_call("A zebra crosses the bay. Its mood?", schema=SCHEMA, params=params))),
        collect(local.stream(local_call())),
        collect(local.stream(local_call("Count.", params={}))),  # more calls than slots
    )
    assert json.loads(replies[0].text)["mood"] in {"calm", "stormy"}
    assert replies[0].usage.input_tokens > 0
    assert replies[1].text
    assert replies[1].usage.output_tokens <= 12
    assert replies[2].usage.output_tokens <= 512 // 4

    long = "one two three four " * 200
    assert (await failure_of(local, local_call(long))).failure is FailureClass.TOO_LONG
    fits = local_call("one two " * 150, params={"max_output_tokens": 400})
    assert (await failure_of(local, fits)).failure is FailureClass.TOO_LONG
    assert (await collect(local.stream(local_call("one two " * 150)))).text

    status = await local.status()
    assert (status.running, status.users, status.context_tokens, status.problem) == (True, 1, 512, "")
    record = next(tmp_path.rglob("server.json"))
    assert record.stat().st_mode & 0o777 == 0o600
    token = json.loads(record.read_text())["token"]
    log = log_of(status)
    assert "zebra" not in log
    assert token not in log + " ".join(psutil.Process(status.pid).cmdline())

    await local.aclose()
    await until_gone(local)
    assert not record.exists()


@pytest.mark.model
async def test_a_server_that_was_killed_is_replaced(make_local, local_call):
    local = make_local()
    await collect(local.stream(local_call()))
    first = await local.status()

    events = local.stream(local_call("Tell a long story.", params={"max_output_tokens": 2000}))
    await anext(events)
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(ServiceFailure) as caught:
        async for _ in events:
            pass
    assert caught.value.failure is FailureClass.TRANSIENT

    assert (await collect(local.stream(local_call()))).text
    assert (await local.status()).pid != first.pid


@pytest.mark.model
async def test_an_idle_server_ends_and_the_next_call_starts_another(make_local, local_call):
    local = make_local(idle_seconds=0.3)
    first = await _pid_of_who_answers(local, local_call())
    await until_gone(local)
    assert await _pid_of_who_answers(local, local_call()) != first


async def _pid_of_who_answers(local, call):
    """The server that answers, asked while it does: on a busy machine it may be idle and gone right afterwards."""
    events = local.stream(call)
    await anext(events)
    pid = (await local.status()).pid
    assert pid is not None
    async for _ in events:
        pass
    return pid


CALLER = """
import asyncio, sys
from pathlib import Path
from blocks import Call, HttpxTransport, Local, collect
from registry.words import Capability, Message, Model, Offering, Service, TaskRequest

async def main():
    row = Service(service_id=1, name="local", kind="local")
    offering = Offering(offering_id=1, service=row, model=Model(model_id=1, name="m"), remote_name="m",
                        capabilities=frozenset({Capability.TEXT}))
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Hello."),),
                          params={"max_output_tokens": 4})
    local = Local(row, HttpxTransport(), directory=Path(sys.argv[1]))
    await collect(local.stream(Call(request=request, offering=offering)))
    print((await local.status()).pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.model
async def test_two_processes_that_start_at_once_get_one_server_which_ends_when_both_are_killed(transport, tmp_path):
    command = [sys.executable, "-c", CALLER, str(tmp_path)]
    callers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]  # noqa: ASYNC220 - starts at once
    try:
        pids = [int(await asyncio.to_thread(caller.stdout.readline)) for caller in callers]
        assert pids[0] == pids[1]
        onlooker = Local(ROW, transport, directory=tmp_path)
        callers[0].kill()
        callers[0].wait()
        await asyncio.sleep(1)
        assert (await onlooker.status()).users == 1
        assert (await onlooker.status()).running
    finally:
        for caller in callers:
            caller.kill()
            caller.wait()
            caller.stdout.close()
    await until_gone(onlooker)
    assert (await onlooker.status()).users == 0
