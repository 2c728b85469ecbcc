"""What the tests of this room share: a real HTTP server on loopback that answers as told, and calls to make."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from blocks.contract import Call
from blocks.transport import HttpxTransport
from registry.words import Capability, Message, Model, Offering, Service, TaskRequest


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Answer:
    """How the server is to answer. ``ending`` says what becomes of the connection after the pieces."""

    status: int = 200
    pieces: list[bytes] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    ending: str = "whole"  # whole, open (kept waiting), cut (closed within the body), reset, endless

    @classmethod
    def of(cls, value, status=200, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, [body], named)

    @classmethod
    def stream(cls, *chunks, done=True, ending="whole"):
        pieces = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
        return cls(200, pieces + [b"data: [DONE]\n\n"] * done, {"content-type": "text/event-stream"}, ending)


class HttpServer:
    """An HTTP/1.1 server in a few lines of asyncio, so that nothing stands between our client and the bytes."""

    def __init__(self):
        self.answer = Answer()
        self.requests: list[Seen] = []
        self.connections = 0
        self.broken_off = asyncio.Event()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._writers = set()

    async def stop(self):
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        self._writers.discard(writer)
        self.broken_off.set()
        writer.transport.abort()

    async def _one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        self.requests.append(Seen(method, path, headers, body))
        answer = self.answer(self.requests[-1]) if callable(self.answer) else self.answer
        if answer.ending == "reset" and not answer.pieces:
            return False
        head = f"HTTP/1.1 {answer.status} Whatever\r\ntransfer-encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        writer.write(head.encode() + b"\r\n")
        for piece in answer.pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        while answer.ending == "endless":
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()
        if answer.ending == "open":
            await reader.read()
        if answer.ending != "whole":
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


@pytest.fixture
async def http_server():
    server = HttpServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def transport():
    transport = HttpxTransport()
    yield transport
    await transport.aclose()


@pytest.fixture
def answer():
    return Answer


@pytest.fixture
def make_call():
    """A call, most of it as it mostly is: text work, at an offering that accepts the usual parameters."""

    def make(
        *,
        service=None,
        capability=Capability.TEXT,
        text="Say hello.",
        secret=None,
        timeout_seconds=10.0,
        offering=None,
        **request,
    ):
        service = service or Service(service_id=1, name="trial", kind="openai_compatible")
        facts = {
            "offering_id": 1,
            "service": service,
            "model": Model(model_id=1, name="small"),
            "remote_name": "small-1",
            "capabilities": frozenset({capability}),
            "features": frozenset({"json_schema"}),
            "accepted_params": frozenset({"temperature", "max_tokens", "seed"}),
        }
        messages = (Message("user", text),) if text else ()
        return Call(
            request=TaskRequest(**{"capability": capability, "messages": messages, **request}),
            offering=Offering(**{**facts, **(offering or {})}),
            secret=secret,
            timeout_seconds=timeout_seconds,
        )

    return make
