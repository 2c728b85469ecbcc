"""Budgets and limits that processes share: never exceeded, nearly all used, and a killed process holds its part."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from registry import Budgets, Catalogue, Limits, budget_standings, limit_standings
from registry.accounts import Account
from registry.leases import LEASE_SECONDS, Ask, Leases
from registry.spending import Spender
from registry.windows import database_time_us

ROOT = Path(__file__).parents[2]
PROCESSES = 8
BUDGET = 20_000_000
REQUESTS = 600


@pytest.fixture
def spender(database_url):
    """Starts a process that spends, of a service ``mock``, in holds of so much; those that still run are ended."""
    started = []

    def start(worst, *more):
        command = [sys.executable, "-m", "benchmarks.spender", database_url, "mock", str(worst), "60", *more]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def spend_together(processes, seconds_of_a_minute=0):
    """What each has spent, all of them having begun at once; with so much of a minute still to come."""
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    if (left := 60 - time.time() % 60) < seconds_of_a_minute:
        time.sleep(left)
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=100)[0]) for process in processes]


@pytest.fixture(autouse=True)
async def _service(store):
    await Catalogue(store, time.time).add_service("mock", "fake")


async def test_eight_processes_use_a_budget_up_and_never_exceed_it(store, spender):
    await Budgets(store, time.time).put("workspace", "default", BUDGET, "month")
    told = await asyncio.to_thread(spend_together, [spender(BUDGET // 100) for _ in range(PROCESSES)])
    spent = sum(one["spent"] for one in told)
    assert 0.95 * BUDGET <= spent <= BUDGET
    ((_, (standing,)),) = await budget_standings(store)
    assert (standing.spent, standing.held) == (spent, 0)


async def test_eight_processes_use_a_limit_up_and_never_exceed_it(store, spender):
    await Limits(store, time.time).put("mock", requests=REQUESTS)
    told = await asyncio.to_thread(spend_together, [spender(1) for _ in range(PROCESSES)], 25)
    calls = sum(one["calls"] for one in told)
    assert 0.95 * REQUESTS <= calls <= REQUESTS
    ((_, standings),) = await limit_standings(store)
    assert standings["requests"].spent == calls


async def test_a_process_killed_in_the_middle_holds_what_it_had_and_no_more(store, spender):
    budget = await Budgets(store, time.time).put("workspace", "default", 10**12, "month")
    process = spender(1_000, "tell")
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    lines = [await asyncio.to_thread(process.stdout.readline)]
    while (await standing(store)).spent == 0:
        lines += [await asyncio.to_thread(process.stdout.readline) for _ in range(100)]
    process.send_signal(signal.SIGKILL)
    lines += (await asyncio.to_thread(process.stdout.read)).splitlines()
    billed = sum(int(line) for line in lines)
    left_behind = await standing(store)
    assert left_behind.spent <= billed <= left_behind.spent + left_behind.held
    assert left_behind.held < 10**12 // 10

    async def later(connection):
        return await database_time_us(connection) + int((LEASE_SECONDS + 1) * 1_000_000)

    spender_of = Spender(scope="workspace", name="default")
    account = Account(
        kind="budget", owner_id=budget.budget_id, name="default", period="month", zone="UTC", spender=spender_of
    )
    leases = Leases(store, database_clock=later)
    rest = 10**12 - left_behind.spent - left_behind.held
    _, (too_much,) = await leases.exchange([Ask(account=account, holder="next", needs=rest + 1)])
    _, (just_right,) = await leases.exchange([Ask(account=account, holder="other", needs=rest)])
    assert (too_much.free, just_right.free) == (0, rest)


async def standing(store):
    ((_, (found,)),) = await budget_standings(store)
    return found
