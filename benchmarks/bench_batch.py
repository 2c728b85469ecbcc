"""Batches through Prefect against a real HTTP service that takes 20 ms, 128 in flight: rows a second, and memory.

Two tables, one four times as long as the other: what memory grows by tells whether anything is kept that should not be.
``python -m benchmarks.bench_batch 10000 200000`` measures the figures of the bar, which takes some minutes; so does
``python -m benchmarks batch`` with ``BENCH_BATCH_ROWS=10000,200000``.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks.bench_engine import add_mock
from benchmarks.mock_service import calls_answered, mock_service
from registry import Catalogue, Settings, Store, seed

DELAY_MS = 20.0
IN_FLIGHT = 128
ROWS = (10_000, 40_000)
ROWS_VARIABLE = "BENCH_BATCH_ROWS"


async def _stock(home: Path, endpoint: str) -> None:
    settings = Settings.load({"home": home}, directory=home, environment={})
    await add_mock(settings, endpoint)
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    await Catalogue(store, time.time).set_enabled("local", enabled=False)
    await store.close()


def _table(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        file.writelines(f"{number},A lamp with the number {number} is lit at sea tonight.\n" for number in range(rows))


def run(home: Path, rows: int) -> tuple[float, float]:
    """Rows a second while rows were asked, and the most resident memory in megabytes."""
    table, out = home / f"in-{rows}.csv", home / f"out-{rows}.csv"
    _table(table, rows)
    turnout = str(Path(sys.executable).with_name("turnout"))
    command = [
        turnout,
        "batch",
        table,
        out,
        "--prompt",
        "Say: {{ row.text }}",
        "--concurrency",
        str(IN_FLIGHT),
        "--yes",
    ]
    environment = {**os.environ, "TURNOUT_HOME": str(home), "COLUMNS": "200"}
    with subprocess.Popen(
        list(map(str, command)), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        peak = [0]
        watching = threading.Thread(target=_watch, args=(process, peak), daemon=True)
        watching.start()
        assert process.stderr is not None
        said = process.stderr.read()
    if process.returncode != 0:
        raise RuntimeError(said)
    last = re.findall(r"\(([\d,]+) rows/s", said)[-1]
    return float(last.replace(",", "")), peak[0] / 1e6


def _watch(process: subprocess.Popen[str], peak: list[int]) -> None:
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            peak[0] = max(peak[0], watched.memory_info().rss)
        except psutil.Error:
            return
        time.sleep(0.1)


def measure(sizes: tuple[int, ...] = ()) -> dict[str, float]:
    """Rows a second and peak memory for each size; the rate of the last, and its memory as a ratio to the first's."""
    sizes = sizes or tuple(map(int, filter(None, os.environ.get(ROWS_VARIABLE, "").split(",")))) or ROWS
    rate = 0.0
    figures: dict[str, float] = {}
    peaks = []
    with tempfile.TemporaryDirectory() as folder, mock_service(DELAY_MS) as endpoint:
        home = Path(folder)
        asyncio.run(_stock(home, endpoint))
        for rows in sizes:
            before = calls_answered(endpoint)
            rate, peak_mb = run(home, rows)
            if calls_answered(endpoint) - before != rows:
                raise RuntimeError("the service did not answer as many calls as there are rows")
            figures[f"batch_{rows}_rows_a_second"] = rate
            figures[f"batch_{rows}_peak_mb"] = peak_mb
            peaks.append(peak_mb)
    return figures | {"batch_rows_a_second": rate, "batch_memory_ratio": peaks[-1] / peaks[0]}


if __name__ == "__main__":
    for name, value in measure(tuple(map(int, sys.argv[1:]))).items():
        print(f"{name:36} {value:10.2f}")
