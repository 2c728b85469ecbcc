"""Made-up worlds for pages: any number of runs with calls and rollups, put in by the thousand, the same each time."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from sqlalchemy import insert

from blocks import Fails, Scripted, Streams
from registry import (
    AccessKeys,
    Capability,
    Catalogue,
    FailureClass,
    Message,
    Price,
    Settings,
    TaskRequest,
    Usage,
    seed,
)
from registry.histogram import histogram_of
from registry.names import Names
from registry.tables import call_messages, calls, items, probes, rollups, runs
from registry.task_ids import EPOCH_MS
from routing import Runtime

US = 1_000_000
SERVICES = (
    # name, priced, share of calls, median latency in s, share of failures
    ("openai", 2_600, 0.34, 1.1, 0.012),
    ("mistral", 900, 0.28, 0.8, 0.03),
    ("local", 0, 0.26, 2.4, 0.002),
    ("together", 600, 0.12, 0.7, 0.14),
)
PIPELINES = ("storyboard", "batch", "summaries", "captions")
MESSAGES = (
    "the service answered 503 Service Unavailable",
    "rate limit reached: 60 requests a minute",
    "<script>alert(1)</script> is no JSON",
    "\u202eنص عربي\u202c: الخدمة مشغولة",
)
_ROWS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was put in, counted while it was made."""

    runs: int
    calls: int
    failures: int
    cost_nanousd: int
    by_state: dict[str, int]
    first_run: int
    admin: str
    reader: str


async def make_services(store):
    """The services of the made-up world; the offering of each, by the service's name."""
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    for service in await catalogue.services():
        await catalogue.remove_service(service.name)
    ids = {}
    for name, priced, *_ in SERVICES:
        kind = "openai_compatible"
        await catalogue.add_service(name, kind, endpoint="http://127.0.0.1:9/v1", enabled=True)
        offering = await catalogue.put_offering(name, "small", capabilities=["text"], context_window=128_000)
        if priced:
            price = Price(
                input_nanousd_per_mtok=priced * 100_000, output_nanousd_per_mtok=priced * 400_000, source="made up"
            )
            await catalogue.put_price(f"{name}/small", price)
        ids[name] = offering
    await catalogue.add_service("retired", "openai_compatible", endpoint="http://127.0.0.1:9/v1", enabled=False)
    return ids


async def make_world(store, *, count, days=30.0, now=None, items_each=0, seed_number=7) -> World:
    """``count`` runs over ``days`` days up to now, each with one to three calls."""
    now_us = int((time.time() if now is None else now) * US)
    ids = await make_services(store)
    stage = (await Names(store).intern(["write"]))["write"]
    made = _Made(random.Random(seed_number), ids, stage, now_us, int(days * 86_400 * US / max(1, count)))
    for number in range(1, count + 1):
        made.add_run(number, count, items_each)
    await _insert(store, runs, made.runs)
    await _insert(store, calls, made.calls)
    await _insert(store, call_messages, made.messages)
    await _insert(store, items, made.items)
    await _insert(store, rollups, made.rollups())
    await _insert(store, probes, made.probes())
    keys = AccessKeys(store, time.time)
    _, admin = await keys.create("Ada", scopes=("call", "read", "admin"))
    _, reader = await keys.create("Reader", scopes=("read",))
    return World(
        runs=count,
        calls=len(made.calls),
        failures=sum(1 for call in made.calls if call["outcome"]),
        cost_nanousd=sum(call["cost_nanousd"] for call in made.calls),
        by_state=made.by_state,
        first_run=1,
        admin=admin,
        reader=reader,
    )


class _Made:
    def __init__(self, dice, ids, stage, now_us, step_us):
        self.dice, self.ids, self.stage, self.now_us, self.step_us = dice, ids, stage, now_us, step_us
        self.runs, self.calls, self.messages, self.items = [], [], [], []
        self.by_state = {}
        self.sums = {}
        self.latencies = {}

    def add_run(self, number, count, items_each):
        dice = self.dice
        started = self.now_us - (count - number + 1) * self.step_us
        state = "running" if number == count else dice.choices(("done", "failed", "interrupted"), (94, 5, 1))[0]
        self.by_state[state] = self.by_state.get(state, 0) + 1
        at = started
        for part in range(dice.choice((1, 2, 2, 3))):
            at += self.add_call(number, at, part) + 20_000
        failed = state in {"failed", "interrupted"}
        self.runs.append({
            "run_id": number, "pipeline": PIPELINES[number % len(PIPELINES)], "pipeline_version": "1", "state": state,
            "fingerprint": f"f{number}", "parameters": {"tone": "calm"},
            "message": dice.choice(MESSAGES) if failed else "", "output": None, "process": "host:1:1",
            "started_us": started, "heartbeat_us": self.now_us if state == "running" else at,
            "ended_us": None if state == "running" else at, "workspace": "default", "principal": "ada",
            "trace_id": None, "flow_run_id": None,
        })  # fmt: skip
        for index in range(items_each):
            self.items.append({
                "run_id": number, "stage": "write", "item": f"row-{index:04d}", "state": "done", "fingerprint": "x",
                "result": {"a": 1}, "asset_digest": None, "task_id": None, "message": "", "changed_us": at,
            })  # fmt: skip

    def add_call(self, run, at, part):
        dice = self.dice
        service, priced, _, median, bad = dice.choices(SERVICES, [one[2] for one in SERVICES])[0]
        latency = int(median * US * dice.lognormvariate(0, 0.45))
        outcome = dice.choice((1, 1, 2, 8)) if dice.random() < bad else 0
        cost = 0 if outcome else priced * dice.randint(200, 900)
        task = ((at // 1000 - EPOCH_MS) << 22) | ((run * 4 + part) & 0x3FFFFF)
        self.calls.append({
            "task_id": task, "attempt": 1, "run_id": run, "stage_id": self.stage, "item_id": 0, "owner_id": 0,
            "prompt_version_id": 0, "snapshot_id": 0, "policy_id": 0, "offering_id": self.ids[service].offering_id,
            "outcome": outcome, "started_us": at, "latency_us": latency, "first_output_us": None,
            "input_tokens": 300, "output_tokens": 120, "cost_nanousd": cost, "cost_known": True, "checks": None,
            "candidates": None, "trace_id": None,
        })  # fmt: skip
        if outcome:
            self.messages.append({"task_id": task, "attempt": 1, "message": dice.choice(MESSAGES)})
        key = (at // (60 * US), self.ids[service].offering_id)
        sums = self.sums.setdefault(key, [0] * 4)
        for place, figure in enumerate((1, int(bool(outcome)), cost, latency)):
            sums[place] += figure
        self.latencies.setdefault(key, []).append(latency)
        return latency

    def rollups(self):
        for (minute, offering), (made, failed, cost, latency) in sorted(self.sums.items()):
            yield {
                "minute": minute, "offering_id": offering, "stage_id": self.stage, "owner_id": 0, "calls": made,
                "failures": failed, "input_tokens": 300 * made, "output_tokens": 120 * made, "cost_nanousd": cost,
                "latency_us": latency, "latency_histogram": histogram_of(self.latencies[minute, offering]),
            }  # fmt: skip

    def probes(self):
        for number, offering in enumerate(self.ids.values(), 1):
            yield {
                "service_id": offering.service.service_id, "ok": number != 4,
                "message": "" if number != 4 else "no answer within 10 s", "latency_us": 80_000,
                "probed_us": self.now_us - 40 * US, "since_us": self.now_us - 3_600 * US,
            }  # fmt: skip


async def make_real_run(home):
    """A run that the real router has made over scripted services: shots that fail, move on and are explained."""
    settings = Settings.load({"home": home}, directory=home, environment={})
    dice = random.Random(3)
    said = iter(range(1_000))

    def answer(call):
        number = next(said)
        words = f"Shot {number}: the lamp turns, and the sea answers."
        if number in {4, 11}:
            return Fails(FailureClass.TRANSIENT, "the service answered 503 Service Unavailable")
        usage = Usage(input_tokens=410, output_tokens=dice.randint(90, 240))
        return Streams((words,), delay_ms=dice.uniform(60, 400), usage=usage)

    services = {name: Scripted(answer) for name, *_ in SERVICES}
    async with Runtime.open(settings, services=services) as runtime:
        run = await runtime.runs.start("storyboard", "2", fingerprint="real", parameters={"thought": "a lighthouse"})
        names = [("analysis", "thought"), *(("shots", f"shot-{number:02d}") for number in range(1, 13))]
        await runtime.items.plan(run.run_id, [(stage, item, "x") for stage, item in names])

        async def make(stage, item):
            await runtime.items.begin(run.run_id, stage, item)
            asked = {"messages": (Message("user", "Describe it."),), "stage": stage, "item": item}
            request = TaskRequest(capability=Capability.TEXT, run_id=run.run_id, **asked)
            result = await runtime.run(request)
            await runtime.items.finish(run.run_id, stage, item, result={"text": result.text}, task_id=result.task_id)

        await make(*names[0])
        for start in range(1, len(names), 4):
            await asyncio.gather(*(make(*name) for name in names[start : start + 4]))
        await runtime.runs.finish(run.run_id, "done", output="out/storyboard.html")
        return run.run_id


async def _insert(store, table, rows):
    rows = list(rows)
    async with store.write() as connection:
        for start in range(0, len(rows), _ROWS):
            await connection.execute(insert(table), rows[start : start + _ROWS])
