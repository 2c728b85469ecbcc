"""Runs every benchmark, or those named, prints a table with its bars, and writes ``out/benchmarks.json``.

``python -m benchmarks`` runs all of them (minutes); ``python -m benchmarks decision ledger`` runs two.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

# Each is a module ``benchmarks.bench_NAME`` with ``measure() -> dict[str, float]``.
BENCHMARKS = (
    "decision", "rules", "strategies", "ledger", "budgets", "start", "engine", "scenarios", "gateway", "pages", "batch",
    "memory",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure is held to; a figure without a bar is there to be compared."""

    kind: Literal["at most", "at least"]
    limit: float

    def is_held_by(self, value: float) -> bool:
        """Whether ``value`` is on the right side."""
        return value <= self.limit if self.kind == "at most" else value >= self.limit


BARS = {
    "decision_8_us": Bar("at most", 20.0),
    "decision_200_us": Bar("at most", 200.0),
    "s2_mean_ms": Bar("at most", 60.0),
    "s2c_mean_ms": Bar("at most", 109.0),
    "s2c_lost": Bar("at most", 0.0),
    "s3l_right_percent": Bar("at least", 100.0),
    "s3l_p99_ms": Bar("at most", 400.0),
    "s3l_dollars_in_unhedged": Bar("at most", 1.03),
    "cost_outside_its_interval": Bar("at most", 0.0),
    "s4_seconds_to_leave": Bar("at most", 0.5),
    "s4_last_quarter_ms": Bar("at most", 90.0),
    "s5b_right_percent": Bar("at least", 99.5),
    "s5b_usd_per_1000_right": Bar("at most", 0.10),
    "down_answered_percent": Bar("at least", 100.0),
    "down_seconds_to_recover": Bar("at most", 1.0),
    "down_calls_in_steady": Bar("at most", 1.5),
    "high_p95_in_unloaded": Bar("at most", 1.2),
    "low_percent": Bar("at least", 5.0),
    "runtime_on_aiohttp_calls_a_second": Bar("at least", 5_000.0),
    "runtime_on_lean_calls_a_second": Bar("at least", 8_000.0),
    "ten_rules_200_us": Bar("at most", 100.0),
    "ledger_us_a_row": Bar("at most", 10.0),
    "ledger_bytes_a_row": Bar("at most", 200.0),
    "services_list_seconds": Bar("at most", 1.0),
    "budgets_applies_where_there_are_none_us": Bar("at most", 0.3),
    "budgets_applies_us": Bar("at most", 0.3),
    "budgets_reserve_and_settle_us": Bar("at most", 3.0),
    "budgets_sqlite_used_percent": Bar("at least", 95.0),
    "limits_sqlite_used_percent": Bar("at least", 95.0),
    "budgets_postgresql_used_percent": Bar("at least", 95.0),
    "limits_postgresql_used_percent": Bar("at least", 95.0),
    "gateway_p50_added_ms": Bar("at most", 3.0),
    "gateway_p99_added_ms": Bar("at most", 15.0),
    "pages_runs_ready_seconds": Bar("at most", 3.0),
    "pages_runs_tick_ms": Bar("at most", 100.0),
    "pages_services_tick_ms": Bar("at most", 100.0),
    "pages_console_errors": Bar("at most", 0.0),
    "pages_outside_requests": Bar("at most", 0.0),
    "batch_rows_a_second": Bar("at least", 800.0),
    "batch_memory_ratio": Bar("at most", 1.05),
    "memory_ratio": Bar("at most", 1.05),
}


def main(names: list[str]) -> int:
    """Measure, print, write; 1 where a bar was missed, 2 for a benchmark that there is none of."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    figures: dict[str, float] = {}
    missed = 0
    for name in names or BENCHMARKS:
        began = time.monotonic()
        measured = import_module(f"benchmarks.bench_{name}").measure()
        print(f"{name} ({time.monotonic() - began:.0f} s)")
        for figure, value in measured.items():
            bar = BARS.get(figure)
            held = bar is None or bar.is_held_by(value)
            missed += not held
            verdict = "" if bar is None else f"  {bar.kind} {bar.limit:g}: {'held' if held else 'MISSED'}"
            print(f"  {figure:44} {value:14,.3f}{verdict}", flush=True)
        figures |= measured
    print("Peers (LiteLLM, Portkey, TensorZero) are measured by a harness, in one run with us: docs/peers.md.")
    _write(figures)
    return 1 if missed else 0


def _write(figures: dict[str, float]) -> None:
    out = Path("out")
    out.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    told = {"machine": machine, "figures": figures}
    (out / "benchmarks.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
