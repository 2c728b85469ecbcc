"""Memory of one process after a million calls through the whole runtime, as a ratio to that after a hundred thousand.

Over HTTP to a service without latency, on the lean engine, 32 in flight. Requests differ as they do in life: in prompt,
item, run, principal, labels, wishes, policy, schema; some go to a service that is down. What is kept by any of these
without a bound shows. ``python -m benchmarks.bench_memory 50000`` measures fewer; the ratio is to that after a tenth.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import func, select

from benchmarks.bench_engine import IN_FLIGHT, add_mock
from benchmarks.mock_service import mock_service
from gateway.memory import bound_arenas
from registry import Catalogue, Message, Policies, Price, Settings, Store, TaskRequest, seed, usd_to_nanousd
from registry.tables import calls
from registry.words import Capability, Policy, Requirements, Rule, Split, parse_objective, parse_target
from routing import RoutingError, Runtime

if TYPE_CHECKING:
    from collections.abc import Sequence

CALLS = 1_000_000
CALLS_PER_DRAIN = (
    20_000  # one that works without a breath makes rows faster than it writes them: they would be measured
)
DRAIN_SECONDS = 120.0
PRINCIPALS, RUNS, ITEMS, WISHES, SCHEMAS = 300, 4_000, 8_000, 40, 200
STAGES = ("outline", "draft", "review", "summary", "caption", "translate", "classify", "title")
_RULES = (
    Rule(name="public-first", when='request.metadata.data == "public"', prefer='service.name == "spare"'),
    Rule(name="canary", split=Split(by="request.principal", seed="1", shares={"mock/m": 0.9, "spare/m": 0.1})),
)


async def _stock(settings: Settings, endpoint: str) -> None:
    """Two services that answer, one that is down, and a policy with rules and affinity."""
    await add_mock(settings, endpoint)
    store = await Store.open(settings.store_url)
    catalogue = Catalogue(store, time.time)
    price = Price(
        input_nanousd_per_mtok=usd_to_nanousd("0.20"), output_nanousd_per_mtok=usd_to_nanousd("0.60"),
        source="the benchmark",
    )  # fmt: skip
    for name, url in (("spare", f"{endpoint}/v1"), ("down", "http://127.0.0.1:9/v1")):
        await catalogue.add_service(name, "openai_compatible", endpoint=url, enabled=True)
        await catalogue.put_offering(
            name, "m", capabilities=["text"], context_window=100_000, quality=0.6, latency_ms=200,
            accepted_params=["max_tokens", "temperature"],
        )  # fmt: skip
        await catalogue.put_price(f"{name}/m", price)
    await seed(store, time.time)
    await catalogue.set_enabled("local", enabled=False)
    await Policies(store, time.time).put(Policy(name="house", rules=_RULES, affinity=True))
    await store.close()


def request_of(number: int) -> TaskRequest:
    """The request of that number: the same each time, and like no other."""
    chance = random.Random(number)
    item = chance.randrange(ITEMS)
    request = TaskRequest(
        capability=Capability.TEXT,
        messages=(
            Message("system", f"You write for reader {chance.randrange(50)}."),
            Message("user", f"Say of lamp {number}: " + "it is lit at sea tonight. " * chance.randint(1, 12)),
        ),
        params={"max_output_tokens": chance.choice((20, 50, 100)), "temperature": round(chance.random(), 2)},
        metadata={"data": chance.choice(("public", "internal")), "ticket": f"T-{number}"},
        hints={"session": f"s{number // 3}"} if number % 3 else {},
        policy="house" if number % 4 == 0 else "default",
        priority=chance.choice((None, None, "high", "low")),
        run_id=1 + item % RUNS,
        pipeline="benchmark",
        stage=chance.choice(STAGES),
        item=f"item-{item}",
        principal=f"principal-{chance.randrange(PRINCIPALS)}",
    )
    return _unusual(number, chance, request)


def _unusual(number: int, chance: random.Random, request: TaskRequest) -> TaskRequest:
    """Some requests say what matters to them, some want JSON and do not get it, some name a service that is down."""
    if number % 500 == 1:
        return replace(request, requirements=Requirements(pinned="down"), deadline_seconds=0.1)
    if number % 200 == 3:
        name = f"field{chance.randrange(SCHEMAS)}"
        schema = {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}
        return replace(request, schema=schema, requirements=Requirements(pinned="mock"))
    if number % 10 == 5:
        return replace(request, target=parse_target(f"the cheapest above 0.{chance.randrange(10, 10 + WISHES)}"))
    if number % 10 == 7:
        return replace(request, objective=parse_objective(f"quality={chance.randint(1, WISHES)},cost=20"))
    return request


async def _run(endpoint: str, marks: Sequence[int]) -> dict[str, float]:
    """Resident megabytes after so many calls, drained and collected, for each of the marks."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as home:
        given = {"home": Path(home), "http_engine": "lean", "drain_seconds": DRAIN_SECONDS}
        settings = Settings.load(given, directory=Path(home), environment={})
        await _stock(settings, endpoint)
        async with Runtime.open(settings) as runtime:
            done = 0
            for mark in marks:
                while done < mark:
                    first, done = done, min(mark, done + CALLS_PER_DRAIN)
                    await _ask(runtime, first, done)
                    if left := await runtime.drain():
                        raise RuntimeError(f"{left} calls were not written")
                gc.collect()
                figures[f"memory_mb_after_{mark}"] = psutil.Process().memory_info().rss / 1e6
            await _check(runtime, done)
    return figures


async def _ask(runtime: Runtime, first: int, end: int) -> None:
    """All requests from ``first`` up to ``end``, so many at a time."""
    numbers = iter(range(first, end))

    async def worker() -> None:
        for number in numbers:
            try:
                await runtime.run(request_of(number))
            except RoutingError:
                if number % 500 != 1 and number % 200 != 3:
                    raise

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


async def _check(runtime: Runtime, done: int) -> None:
    """That the ledger has a row of every request: else it was not the whole runtime that was measured."""
    async with runtime.store.read() as connection:
        rows = await connection.scalar(select(func.count(func.distinct(calls.c.task_id))))
    if rows != done:
        raise RuntimeError(f"the ledger knows {rows} of {done} requests")


def measure(count: int = CALLS) -> dict[str, float]:
    """Resident memory after a tenth of the calls and after all of them, and their ratio."""
    marks = (max(1, count // 10), count)
    with mock_service() as endpoint:
        command = [sys.executable, "-m", "benchmarks.bench_memory", "child", endpoint, *map(str, marks)]
        told = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    figures: dict[str, float] = json.loads(told)
    early, late = (figures[f"memory_mb_after_{mark}"] for mark in marks)
    return figures | {"memory_ratio": late / early}


def _child(endpoint: str, *marks: str) -> dict[str, Any]:
    import uvloop

    bound_arenas()  # as the gateway does
    return uvloop.run(_run(endpoint, tuple(map(int, marks))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(_child(*sys.argv[2:])))
    else:
        for name, value in measure(*map(int, sys.argv[1:])).items():
            print(f"{name:32} {value:10.2f}")
