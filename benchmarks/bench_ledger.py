"""What a ledger row costs: processor time from ``record`` to committed, rollups included, and bytes on disk.

Run it with ``python -m benchmarks.bench_ledger [rows] [rounds]``. The same rows go through a bare ``executemany`` of
the standard library in the same run, which is the floor: the ratio to it is told as well, because it says more than
microseconds on a busy machine do.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from registry.calls import CallRow
from registry.candidates import pack_decision
from registry.ledger import Ledger
from registry.names import Names
from registry.store import Store
from registry.task_ids import TaskIds
from registry.words import Candidate, Capability, Decision, Exclusion

RUNS = 5
STAGES = ("analysis", "characters", "scenes", "shots", "pictures")
OFFERINGS = 8


def decisions(chance: random.Random) -> list[Decision]:
    """Some decisions over eight candidates, six ranked and two excluded."""
    made = []
    for _ in range(200):
        order = chance.sample(range(1, OFFERINGS + 1), OFFERINGS)
        ranked = [
            Candidate(
                offering_id=offering_id,
                offering=f"service/model-{offering_id}",
                rank=rank,
                utility=chance.random(),
                quality=chance.random(),
                cost=chance.random(),
                speed=chance.random(),
            )
            for rank, offering_id in enumerate(order[:6], start=1)
        ]
        excluded = [
            Candidate(offering_id=offering_id, offering=f"service/model-{offering_id}", excluded=Exclusion.FEATURE)
            for offering_id in order[6:]
        ]
        made.append(
            Decision(
                task_id=0,
                capability=Capability.TEXT,
                policy="default",
                policy_version=1,
                policy_id=1,
                snapshot_id=3,
                snapshot_version=17,
                candidates=(*ranked, *excluded),
            )
        )
    return made


class Fact(NamedTuple):
    """What one call was about and how it went."""

    stage: str
    item: str
    outcome: int
    latency_us: int
    input_tokens: int
    output_tokens: int
    cost_nanousd: int


def facts(chance: random.Random) -> list[Fact]:
    """Calls as real ones: five stages, a hundred items, 1 in 50 failed."""
    return [
        Fact(
            stage=STAGES[number % len(STAGES)],
            item=f"shot-{number % 100}",
            outcome=1 if number % 50 == 0 else 0,
            latency_us=int(chance.lognormvariate(13.5, 0.6)),
            input_tokens=chance.randrange(100, 3000),
            output_tokens=chance.randrange(10, 600),
            cost_nanousd=chance.randrange(10_000, 2_000_000),
        )
        for number in range(2_000)
    ]


def make_row(task_id: int, run_id: int, decision: Decision, candidates: bytes, fact: Fact) -> CallRow:
    """A row as the dispatcher makes it."""
    return CallRow(
        task_id=task_id,
        attempt=1,
        run_id=run_id,
        stage=fact.stage,
        item=fact.item,
        owner="default/local",
        prompt_version="",
        snapshot_id=decision.snapshot_id,
        policy_id=decision.policy_id,
        offering_id=decision.candidates[0].offering_id,
        outcome=fact.outcome,
        started_us=time.time_ns() // 1000,
        latency_us=fact.latency_us,
        first_output_us=fact.latency_us // 3,
        input_tokens=fact.input_tokens,
        output_tokens=fact.output_tokens,
        cost_nanousd=fact.cost_nanousd,
        cost_known=True,
        checks=0b0101,
        candidates=candidates,
        message="503: try again later" if fact.outcome else "",
    )


async def through_the_ledger(path: Path, count: int) -> dict[str, float]:
    """Record and drain; seconds of processor time and of the clock, and bytes by which the file grew."""
    chance = random.Random(7)
    some, known = decisions(chance), facts(chance)
    store = await Store.open(f"sqlite:///{path}")
    ledger = Ledger(store, Names(store), time.time, flush_seconds=0.05)
    ids = TaskIds(time.time, worker=1)
    await ledger.start()
    size_before = await checkpointed_bytes(store, path)
    began = time.process_time()
    packed = [pack_decision(some[number % len(some)]) for number in range(count)]
    pack_seconds = time.process_time() - began
    task_ids = [next(ids) for _ in range(count)]
    began = time.process_time()
    rows = [
        make_row(task_id, 1 + number * RUNS // count, some[number % len(some)], candidates, known[number % len(known)])
        for number, (task_id, candidates) in enumerate(zip(task_ids, packed, strict=True))
    ]
    make_seconds = time.process_time() - began
    began_cpu, began = time.process_time(), time.perf_counter()
    for number, row in enumerate(rows):
        ledger.record(row)
        if number % 500 == 499:
            await asyncio.sleep(0)
    left = await ledger.drain(timeout_seconds=120)
    cpu_seconds, seconds = time.process_time() - began_cpu, time.perf_counter() - began
    size = await checkpointed_bytes(store, path) - size_before
    await ledger.close()
    await store.close()
    if left:
        raise SystemExit(f"{left} rows were not written")
    return {"cpu": cpu_seconds, "clock": seconds, "bytes": size, "pack": pack_seconds, "make": make_seconds}


async def checkpointed_bytes(store: Store, path: Path) -> int:
    """The size of the database file once the write-ahead log is folded into it."""
    async with store.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size  # noqa: ASYNC240 - nobody else waits for this loop


def through_sqlite3(path: Path, source: Path) -> float:
    """Seconds of processor time that a bare executemany of the same rows into the same table takes."""
    connection = sqlite3.connect(source)
    rows = connection.execute("SELECT * FROM calls ORDER BY task_id, attempt").fetchall()
    tables = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'calls'") if sql]
    connection.close()
    bare = sqlite3.connect(path, isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=NORMAL")
    for sql in tables:
        bare.execute(sql)
    marks = ",".join("?" * len(rows[0]))
    began = time.process_time()
    for start in range(0, len(rows), 2_000):
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany(f"INSERT INTO calls VALUES ({marks})", rows[start : start + 2_000])
        bare.execute("COMMIT")
    seconds = time.process_time() - began
    bare.close()
    return seconds


def measure(count: int = 50_000, rounds: int = 3) -> dict[str, float]:
    """Microseconds of processor time and bytes on disk a row, and how many bare ``executemany`` that is."""
    measured = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as directory:
            figures = asyncio.run(through_the_ledger(Path(directory) / "turnout.db", count))
            figures["bare"] = through_sqlite3(Path(directory) / "bare.db", Path(directory) / "turnout.db")
            measured.append(figures)
    a_row = {name: statistics.median(figures[name] for figures in measured) / count for name in measured[0]}
    return {
        "ledger_us_a_row": a_row["cpu"] * 1e6,
        "ledger_us_a_row_best_round": min(figures["cpu"] for figures in measured) / count * 1e6,
        "ledger_in_bare_executemany": statistics.median(figures["cpu"] / figures["bare"] for figures in measured),
        "ledger_rows_a_second": 1 / a_row["clock"],
        "ledger_bytes_a_row": a_row["bytes"],
        # Before the ledger's own part: the dispatcher makes the row, and the candidates are packed with the decision.
        "ledger_making_a_row_us": a_row["make"] * 1e6,
        "ledger_packing_candidates_us": a_row["pack"] * 1e6,
    }


def main() -> None:
    """Measure with as many rows and rounds as were asked for, and print each figure."""
    for name, value in measure(*map(int, sys.argv[1:3])).items():
        print(f"{name:32} {value:12.2f}")


if __name__ == "__main__":
    main()
