"""Calls a second over a real zero-latency HTTP service, 32 in flight: bare engines, our transports, the whole runtime.

The runtime's figure holds everything: deciding, calling, checking, and the ledger on SQLite, drained inside the time;
it counts only if the ledger has as many rows as the service answered calls.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from benchmarks.mock_service import calls_answered, mock_service
from blocks import AiohttpTransport, HttpxTransport, LeanTransport, WireRequest
from registry import Catalogue, Message, Price, Settings, Store, TaskRequest, usd_to_nanousd
from registry.tables import calls
from registry.words import Capability
from routing import Runtime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS = 4.0
IN_FLIGHT = 32
_BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Say it."}]}).encode()
_HEADERS = {"content-type": "application/json"}


async def rate(call: Callable[[], Awaitable[object]], seconds: float = SECONDS) -> float:
    """Calls a second, with :data:`IN_FLIGHT` of them at any time."""
    until = time.perf_counter() + seconds
    made = 0

    async def worker() -> None:
        nonlocal made
        while time.perf_counter() < until:
            await call()
            made += 1

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return made / (time.perf_counter() - began)


async def _bare_aiohttp(url: str) -> float:
    import aiohttp

    async with aiohttp.ClientSession() as session:

        async def call() -> None:
            async with session.post(url, data=_BODY, headers=_HEADERS) as answer:
                json.loads(await answer.read())

        return await rate(call)


async def _bare_httpx(url: str) -> float:
    import httpx

    async with httpx.AsyncClient() as client:

        async def call() -> None:
            (await client.post(url, content=_BODY, headers=_HEADERS)).json()

        return await rate(call)


async def _transport(engine: Any, url: str) -> float:
    request = WireRequest(url=url, headers=_HEADERS, body=_BODY)

    async def call() -> None:
        json.loads((await engine.fetch(request)).body)

    try:
        return await rate(call)
    finally:
        await engine.aclose()


async def add_mock(settings: Settings, endpoint: str) -> None:
    """Register the mock service as the only one that is enabled."""
    store = await Store.open(settings.store_url)
    catalogue = Catalogue(store, time.time)
    await catalogue.add_service("mock", "openai_compatible", endpoint=f"{endpoint}/v1", enabled=True)
    await catalogue.put_offering(
        "mock", "m", capabilities=["text"], context_window=100_000, quality=0.9, latency_ms=20,
        accepted_params=["max_tokens", "temperature"],
    )  # fmt: skip
    price = Price(
        input_nanousd_per_mtok=usd_to_nanousd("0.10"), output_nanousd_per_mtok=usd_to_nanousd("0.40"),
        source="the benchmark",
    )  # fmt: skip
    await catalogue.put_price("mock/m", price)
    await store.close()


async def _runtime(endpoint: str, engine: str) -> tuple[float, int, int]:
    """Calls a second, drained; the rows of the ledger, and how many of them are of calls that were answered."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.load({"home": Path(home), "http_engine": engine}, directory=Path(home), environment={})
        await add_mock(settings, endpoint)
        request = TaskRequest(
            capability=Capability.TEXT, messages=(Message("user", "Say it."),), params={"max_output_tokens": 50}
        )
        async with Runtime.open(settings) as runtime:
            opened = time.perf_counter()
            a_second = await rate(partial(runtime.run, request))
            made = a_second * (time.perf_counter() - opened)
            if left := await runtime.drain():
                raise RuntimeError(f"{left} calls were not written")
            drained = made / (time.perf_counter() - opened)
            async with runtime.store.read() as connection:
                counted = select(func.count(), func.count().filter(calls.c.outcome == 0)).select_from(calls)
                rows, succeeded = (await connection.execute(counted)).one()
        return drained, rows, succeeded


async def _measure() -> dict[str, float]:
    with mock_service() as endpoint:
        url = f"{endpoint}/v1/chat/completions"
        figures = {
            "engine_bare_aiohttp_calls_a_second": await _bare_aiohttp(url),
            "engine_bare_httpx_calls_a_second": await _bare_httpx(url),
            "engine_our_aiohttp_calls_a_second": await _transport(AiohttpTransport(), url),
            "engine_our_lean_calls_a_second": await _transport(LeanTransport(), url),
            "engine_our_httpx_calls_a_second": await _transport(HttpxTransport(), url),
        }
        for engine in ("aiohttp", "lean", "httpx"):
            before = calls_answered(endpoint)
            drained, rows, succeeded = await _runtime(endpoint, engine)
            answered = calls_answered(endpoint) - before
            if not succeeded <= answered <= rows:  # what was given up for another may have been answered or not
                raise RuntimeError(f"the ledger has {rows} rows, {succeeded} of them answered, of {answered} calls")
            figures[f"runtime_on_{engine}_calls_a_second"] = drained
    figures["runtime_in_bare_httpx"] = (
        figures["runtime_on_aiohttp_calls_a_second"] / figures["engine_bare_httpx_calls_a_second"]
    )
    figures["runtime_in_bare_aiohttp"] = (
        figures["runtime_on_aiohttp_calls_a_second"] / figures["engine_bare_aiohttp_calls_a_second"]
    )
    return figures


def measure() -> dict[str, float]:
    """Calls a second, and the runtime's as a share of bare engines'."""
    import uvloop

    return uvloop.run(_measure())


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:40} {value:12,.2f}")
