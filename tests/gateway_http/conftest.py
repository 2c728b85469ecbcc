"""A gateway that really listens, over services that follow scripts; keys; and a client that sends any bytes."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import pytest
import uvicorn

from blocks import Embeds, Fails, Hangs, Says, Scripted, Streams, WantsTool
from gateway.http.app import make_app
from gateway.http.heads import BoundedHeads
from gateway.http.metrics import Metrics
from gateway.http.serving import _config
from gateway.http.state import State
from registry import AccessKeys, Catalogue, FailureClass, Settings, Store, Usage, seed
from routing import Runtime

FAULTS = {
    "refuse": FailureClass.REFUSED, "limit": FailureClass.RATE_LIMITED, "quota": FailureClass.QUOTA,
    "long": FailureClass.TOO_LONG, "fault": FailureClass.CALLER_FAULT, "down": FailureClass.TRANSIENT,
}  # fmt: skip


STEPS = {
    "hang": Hangs(),
    "slowly": Streams(["and "] * 200, delay_ms=50),
    "break": Fails(FailureClass.TRANSIENT, after="The lamp"),
    "tool": WantsTool("look", '{"at": "sea"}'),
    "much": Streams(["x" * 100_000] * 400),
    **{word: Fails(failure) for word, failure in FAULTS.items()},
}
USUAL = Streams(["The ", "lamp."], usage=Usage(input_tokens=7, output_tokens=3))


def answer(call):
    """What the service does, by the last word it is told."""
    if call.request.inputs:
        return Embeds([[0.5, -1.0, float(index)] for index, _ in enumerate(call.request.inputs)])
    usual = USUAL if call.request.schema is None else Says('{"light": 1}')
    return STEPS.get(call.request.messages[-1].content.split()[-1], usual)


class Gateway:
    """A gateway in a thread: its address, its keys, and what its services were asked."""

    def __init__(self, settings) -> None:
        self.settings = settings
        self.ready = threading.Event()
        self.script = Scripted(answer)
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.thread.start()
        assert self.ready.wait(60)

    async def _serve(self) -> None:
        async with Runtime.open(self.settings, services={"mock": self.script}) as runtime:
            keys = AccessKeys(runtime.store, time.time)
            _, self.key = await keys.create("tests", scopes=("call", "read"), principal="ann")
            _, self.reading = await keys.create("reader", scopes=("read",))
            self.revoked_key, self.revoked = await keys.create("gone")
            await keys.revoke(self.revoked_key.prefix)
            _, self.poor = await keys.create("poor", principal="poor", budget_nanousd=100_000)
            self.state = State(runtime, keys, Metrics())
            self.loop = asyncio.get_running_loop()
            app = make_app(self.state, self.settings)
            app._body_seconds, app._stall_seconds = 1.0, 1.0
            self.server = uvicorn.Server(_config(app, self.settings))
            self.server.config.http = type("Impatient", (BoundedHeads,), {"head_seconds": 1.0})
            self.server.config.host, self.server.config.port = "127.0.0.1", 0
            serving = asyncio.create_task(self.server.serve())
            while not self.server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
                await asyncio.sleep(0.01)
            self.port = self.server.servers[0].sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            self.runtime = runtime
            self.ready.set()
            await serving

    def in_loop(self, work):
        """Do something in the gateway's own event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def outcomes(self):
        """How the calls so far have ended, oldest first."""

        async def read():
            await self.runtime.drain()
            return [FailureClass.from_code(row.outcome) for row in await self.runtime.decisions.calls_of_run(0)]

        return self.in_loop(read())

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()


async def _prepare(settings) -> None:
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    for name in ("local", "sketch"):
        await catalogue.set_enabled(name, enabled=False)
    await catalogue.add_service("mock", "fake", enabled=True)
    await catalogue.put_offering(
        "mock", "m", capabilities=["text", "embedding"], features=["tools", "json_schema"],
        accepted_params=["temperature", "seed", "stop"], quality=0.9,
    )  # fmt: skip
    await store.close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """One gateway for a file of tests."""
    home = tmp_path_factory.mktemp("gateway")
    settings = Settings.load(
        {"home": home, "max_body_bytes": 2_000_000, "request_seconds": 20.0}, directory=home, environment={}
    )
    asyncio.run(_prepare(settings))
    running = Gateway(settings)
    yield running
    running.stop()


@pytest.fixture
def client(gateway):
    """An HTTP client that shows the key."""
    with httpx.Client(base_url=gateway.url, headers={"authorization": f"Bearer {gateway.key}"}, timeout=30) as client:
        yield client


@pytest.fixture
def ask(client):
    """Asks for a chat answer."""

    def ask(text="Say it.", **more):
        return client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": text}], **more})

    return ask
