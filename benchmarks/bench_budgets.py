"""What budgets and limits cost a call, and how well eight processes use one budget and one limit up together.

Run it with ``python -m benchmarks.bench_budgets``. The processes spend until nothing is given any more; each hold is at
most 1 % of the budget, and a call costs from a quarter of its hold to all of it. PostgreSQL is measured too where one
answers (TURNOUT_TEST_POSTGRES_URL, or 127.0.0.1:5432).
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.spender import offering_of
from registry import Budgets, Catalogue, Limits, Store, budget_standings, limit_standings
from registry.words import Capability, Message, TaskRequest
from routing import Allowances, Hold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PROCESSES = 8
BUDGET_NANOUSD = 200_000_000
LARGEST_HOLD_NANOUSD = BUDGET_NANOUSD // 100
REQUESTS = 4_000
LONGEST_SECONDS = 60.0
ROUNDS = 7
CALLS = 20_000
POSTGRES_URL = os.environ.get("TURNOUT_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
_CALM_SECONDS = 35  # at least so much of a minute is wanted for a limit of a minute


def measure() -> dict[str, float]:
    """Microseconds a call in memory; shares of a budget and a limit that eight processes used, on each database."""
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(_in_memory(f"sqlite:///{directory}/memory.db"))
        figures |= asyncio.run(_eight("sqlite", f"sqlite:///{directory}/budget.db", f"sqlite:///{directory}/limit.db"))
    return figures | asyncio.run(_on_postgresql())


async def _in_memory(url: str) -> dict[str, float]:
    store = await Store.open(url)
    allowances = Allowances(store, clock=time.monotonic, wall=time.time)
    await allowances.start()
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x"),))
    offering = offering_of("mock")
    figures = {"budgets_applies_where_there_are_none_us": _microseconds(lambda: allowances.applies(request))}
    await Catalogue(store, time.time).add_service("mock", "fake")
    await Budgets(store, time.time).put("workspace", "default", 10**18, "month")
    await allowances.refresh()

    def reserve_and_settle() -> None:
        held = allowances.try_hold(request, offering, 1_000, 100)
        if isinstance(held, Hold):
            allowances.settle(held, 400, 50)
            return
        raise SystemExit("what should lie in memory does not")

    await _stock(allowances, request)
    figures["budgets_reserve_and_settle_us"] = _microseconds(reserve_and_settle)
    figures["budgets_applies_us"] = _microseconds(lambda: allowances.applies(request))
    await Limits(store, time.time).put("mock", requests=10**12, tokens=10**14, places=1_000)
    await allowances.refresh()
    await _stock(allowances, request)
    figures["budgets_reserve_and_settle_with_three_limits_us"] = _microseconds(reserve_and_settle)
    await allowances.aclose()
    await store.close()
    return figures


async def _stock(allowances: Allowances, request: TaskRequest) -> None:
    """Have so much in memory that nothing is fetched while memory is measured."""
    held = await allowances.hold(request, offering_of("mock"), 1_000, 100, 5.0)
    if not isinstance(held, Hold):
        raise SystemExit(f"refused: {held[1]}")
    allowances.release(held)
    for pocket in allowances._leasing.pockets.values():  # noqa: SLF001 - no caller could have as much at once
        pocket.purse.low, pocket.purse.free = 0, CALLS * ROUNDS * 1_000


def _microseconds(work: Callable[[], object]) -> float:
    """Processor time of one, the median of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            work()
        rounds.append((time.process_time() - began) / CALLS * 1e6)
    return statistics.median(rounds)


async def _eight(database: str, budget_url: str, limit_url: str) -> dict[str, float]:
    figures = {}
    async with _prepared(budget_url) as store:
        await Budgets(store, time.time).put("workspace", "default", BUDGET_NANOUSD, "month")
        told, seconds = await asyncio.to_thread(_spend, budget_url, LARGEST_HOLD_NANOUSD)
        spent = sum(one["spent"] for one in told)
        ((_, (standing,)),) = await budget_standings(store)
        if (standing.spent, standing.held) != (spent, 0):
            raise SystemExit(f"the store has {standing}, the processes say {spent}")
        if spent > BUDGET_NANOUSD:
            raise SystemExit(f"the budget was exceeded: {spent} of {BUDGET_NANOUSD}")
        figures[f"budgets_{database}_used_percent"] = 100 * spent / BUDGET_NANOUSD
        figures[f"budgets_{database}_seconds"] = seconds
    async with _prepared(limit_url) as store:
        await Limits(store, time.time).put("mock", requests=REQUESTS)
        await _calm()
        told, seconds = await asyncio.to_thread(_spend, limit_url, 1)
        calls = sum(one["calls"] for one in told)
        if calls > REQUESTS:
            raise SystemExit(f"the limit was exceeded: {calls} of {REQUESTS}")
        ((_, standings),) = await limit_standings(store)
        figures[f"limits_{database}_used_percent"] = 100 * calls / REQUESTS
        figures[f"limits_{database}_in_the_store_percent"] = 100 * standings["requests"].spent / REQUESTS
        figures[f"limits_{database}_calls_a_second"] = calls / seconds
    return figures


async def _calm() -> None:
    """Wait for the next minute where too little is left of this one: the limit is one of a minute."""
    left = 60 - time.time() % 60
    if left < _CALM_SECONDS:
        await asyncio.sleep(left)


@asynccontextmanager
async def _prepared(url: str) -> AsyncIterator[Store]:
    store = await Store.open(url)
    await Catalogue(store, time.time).add_service("mock", "fake")
    yield store
    await store.close()


def _spend(url: str, worst_nanousd: int) -> tuple[list[dict[str, int]], float]:
    command = [sys.executable, "-m", "benchmarks.spender", url, "mock", str(worst_nanousd), str(LONGEST_SECONDS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": Path(__file__).parents[1]}
    processes = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]  # type: ignore[call-overload]
    for process in processes:
        process.stdout.readline()  # it is ready
    began = time.monotonic()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(process.communicate()[0]) for process in processes]
    return told, time.monotonic() - began


async def _on_postgresql() -> dict[str, float]:
    import asyncpg

    try:
        server = await asyncpg.connect(POSTGRES_URL, timeout=5)
    except OSError:
        return {}
    names = [f"turnout_bench_{uuid.uuid4().hex[:8]}" for _ in range(2)]
    try:
        for name in names:
            await server.execute(f"CREATE DATABASE {name}")
        urls = [f"{POSTGRES_URL.rpartition('/')[0]}/{name}" for name in names]
        return await _eight("postgresql", *urls)
    finally:
        for name in names:
            with suppress(asyncpg.PostgresError):
                await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await server.close()


def main() -> None:
    """Measure, and print each figure."""
    for name, value in measure().items():
        print(f"{name:52} {value:12.3f}")


if __name__ == "__main__":
    main()
