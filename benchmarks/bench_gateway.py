"""What the gateway adds to a call, HTTP in to HTTP out: 300 requests a second over the service itself, in one run.

Requests are sent on a fixed schedule whatever comes back (an open loop), so a server that falls behind cannot hide it.
The gateway has a core to itself where the machine has two.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bench_engine import add_mock
from benchmarks.mock_service import mock_service
from registry import AccessKeys, Settings, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

RATE = 300
SECONDS = 12.0
WARM_UP_SECONDS = 2.0
DELAY_MS = 20.0
_BODY = b'{"model":"%s","messages":[{"role":"user","content":"Say it."}],"max_tokens":50}'


async def _prepare(settings: Settings, endpoint: str) -> str:
    await add_mock(settings, endpoint)
    store = await Store.open(settings.store_url)
    _, key = await AccessKeys(store, time.time).create("benchmark")
    await store.close()
    return key


@contextmanager
def gateway(home: Path) -> Iterator[int]:
    """A gateway over a data directory, as its port."""
    reading, writing = os.pipe()
    pinned = ["taskset", "-c", str((os.cpu_count() or 1) - 1)] if (os.cpu_count() or 1) > 1 else []
    command = [*pinned, sys.executable, "-m", "gateway.http", "--port", "0", "--ready-fd", str(writing)]
    environment = {**os.environ, "TURNOUT_HOME": str(home)}
    with subprocess.Popen(command, env=environment, pass_fds=[writing]) as process:
        os.close(writing)
        with os.fdopen(reading) as ready:
            yield int(ready.readline())
        process.terminate()


async def _open_loop(session: aiohttp.ClientSession, url: str, key: str) -> list[float]:
    """Milliseconds of each request after the warm-up, counted from when it was due."""
    loop = asyncio.get_running_loop()
    taken: list[float] = []
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    began = loop.time()

    async def one(due: float) -> None:
        async with session.post(url, data=_BODY % b"auto", headers=headers) as answer:
            await answer.read()
            answer.raise_for_status()
        if due - began >= WARM_UP_SECONDS:
            taken.append((loop.time() - due) * 1000)

    async with asyncio.TaskGroup() as group:
        for number in range(int(RATE * (SECONDS + WARM_UP_SECONDS))):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            group.create_task(one(due))
    return taken


async def _measure() -> dict[str, float]:
    import aiohttp

    with tempfile.TemporaryDirectory() as home, mock_service(DELAY_MS) as endpoint:
        settings = Settings.load({"home": Path(home)}, directory=Path(home), environment={})
        key = await _prepare(settings, endpoint)
        with gateway(Path(home)) as port:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                direct = await _open_loop(session, f"{endpoint}/v1/chat/completions", key)
                through = await _open_loop(session, f"http://127.0.0.1:{port}/v1/chat/completions", key)
    figures = {}
    for name, share in (("p50", 50), ("p99", 99)):
        at = {where: statistics.quantiles(taken, n=100)[share - 1] for where, taken in (("d", direct), ("t", through))}
        figures[f"gateway_direct_{name}_ms"] = at["d"]
        figures[f"gateway_{name}_added_ms"] = at["t"] - at["d"]
    return figures


def measure() -> dict[str, float]:
    """Milliseconds at the median and at the 99th percentile: of the service itself, and what the gateway adds."""
    import uvloop

    return uvloop.run(_measure())


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:32} {value:8.2f}")
