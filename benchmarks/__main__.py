"""Runs every benchmark, prints a table, and writes ``out/benchmarks.json``."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import bench_decision, bench_ledger, bench_start

# What each figure is held to; a figure without a bar is there to be compared.
BARS = {
    "decision_8_us": 50.0,
    "ledger_us_a_row": 10.0,
    "ledger_bytes_a_row": 200.0,
    "services_list_seconds": 1.0,
}


def main() -> None:
    """Measure, print, write."""
    figures: dict[str, float] = {}
    for bench in (bench_decision, bench_ledger, bench_start):
        figures.update(bench.measure())
    for name, value in figures.items():
        bar = BARS.get(name)
        verdict = "" if bar is None else f"  at most {bar:g}: {'held' if value <= bar else 'MISSED'}"
        print(f"{name:32} {value:12.2f}{verdict}")
    out = Path("out")
    out.mkdir(exist_ok=True)
    (out / "benchmarks.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
