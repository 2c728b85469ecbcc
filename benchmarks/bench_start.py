"""How long it takes from the prompt: the command line, and imports, beside starting Python itself in the same run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(command: list[str], environment: dict[str, str], times: int = 5) -> float:
    """The median wall time of a whole process, after one warm-up."""
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def measure() -> dict[str, float]:
    """Seconds of ``turnout services list`` and of importing rooms, and the first as a multiple of an empty Python."""
    turnout = str(Path(sys.executable).with_name("turnout"))
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "TURNOUT_HOME": home}
        listed = seconds([turnout, "services", "list"], environment)
        figures = {
            "services_list_seconds": listed,
            "services_list_in_empty_pythons": listed / seconds([sys.executable, "-c", ""], environment),
        }
        for room in ("blocks.contract", "registry", "routing"):
            figures[f"import_{room}_seconds"] = seconds([sys.executable, "-c", f"import {room}"], environment)
    return figures


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:32} {value:10.3f}")
