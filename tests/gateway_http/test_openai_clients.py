"""OpenAI's own clients against the gateway: they must not notice a difference."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import openai
import pytest


@pytest.fixture
def official(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
        yield client


def say(client, text="Say it.", **more):
    return client.chat.completions.create(model="auto", messages=[{"role": "user", "content": text}], **more)


def test_chat_models_and_embeddings_parse_into_its_own_types(official):
    answer = say(official, temperature=0.3, max_tokens=50)
    assert answer.choices[0].message.content == "The lamp."
    assert answer.usage.total_tokens == 10
    assert [model.id for model in official.models.list()] == ["auto", "mock/m"]
    assert official.models.retrieve("mock/m").owned_by == "mock"
    # It asks for base64 and unpacks it.
    vectors = [item.embedding for item in official.embeddings.create(model="auto", input=["a", "b"]).data]
    assert vectors == [[0.5, -1.0, 0.0], [0.5, -1.0, 1.0]]


def test_streams_come_as_chunks_with_usage_at_the_end(official):
    chunks = list(say(official, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "The lamp."
    assert chunks[-1].usage.total_tokens == 10


def test_a_tool_and_a_schema_of_its_own_helpers(official):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    (call,) = say(official, "Use the tool", tools=tools).choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"at": "sea"}
    from pydantic import BaseModel

    class Light(BaseModel):
        light: int

    parsed = official.chat.completions.parse(
        model="auto", messages=[{"role": "user", "content": "JSON"}], response_format=Light
    )
    assert parsed.choices[0].message.parsed == Light(light=1)


def test_errors_are_raised_as_its_own_classes(official, gateway):
    with pytest.raises(openai.NotFoundError) as missing:
        official.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "x"}])
    assert missing.value.code == "model_not_found"
    assert missing.value.request_id.startswith("req-")
    with pytest.raises(openai.BadRequestError) as wrong:
        say(official, n=9)
    assert wrong.value.param == "n"
    for key, error in ((gateway.revoked, openai.AuthenticationError), (gateway.reading, openai.PermissionDeniedError)):
        with pytest.raises(error):
            say(official.with_options(api_key=key))
    with pytest.raises(openai.APITimeoutError):
        say(official.with_options(timeout=0.3), "Please hang")
    with pytest.raises(openai.APIError, match="broke off"):
        list(say(official, "Now break", stream=True))


def test_a_stream_that_is_cancelled_ends_the_call(official, gateway):
    before = len(gateway.outcomes())
    with say(official, "Tell it slowly", stream=True) as stream:
        next(iter(stream))
    asyncio.run(_until(lambda: len(gateway.outcomes()) > before))
    assert gateway.outcomes()[-1] == "cancelled"


async def _until(holds):
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - it happens in another thread
            await asyncio.sleep(0.05)


def test_the_asynchronous_client_does_the_same(gateway):
    async def work():
        async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.key, max_retries=0) as client:
            many = await asyncio.gather(*(say(client) for _ in range(20)))
            stream = await say(client, stream=True)
            pieces = [chunk.choices[0].delta.content async for chunk in stream]
        return {answer.choices[0].message.content for answer in many}, "".join(filter(None, pieces))

    assert asyncio.run(work()) == ({"The lamp."}, "The lamp.")


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory):
    """A folder with OpenAI's client for Node in it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.skip("Node.js is not installed")
    folder = tmp_path_factory.mktemp("node")
    command = [npm, "install", "openai@6", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    if installed.returncode != 0:
        pytest.skip(f"npm cannot fetch OpenAI's client: {installed.stderr[-200:]}")
    return folder


@pytest.mark.node
def test_the_client_for_node_does_the_same(gateway, node_folder):
    script = node_folder / "client.mjs"
    script.write_text((Path(__file__).parent / "client.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    ended = subprocess.run(
        ["node", str(script)], cwd=node_folder, capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "BASE": f"{gateway.url}/v1", "KEY": gateway.key, "REVOKED": gateway.revoked},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "chat": "The lamp.",
        "stream": "The lamp.",
        "usage": 10,
        "models": ["auto", "mock/m"],
        "embeddings": [[0.5, -1, 0], [0.5, -1, 1]],
        "missing": ["NotFoundError", "model_not_found"],
        "wrong": ["BadRequestError", "n"],
        "revoked": "AuthenticationError",
        "timeout": "APIConnectionTimeoutError",
        "cancelled": True,
    }
