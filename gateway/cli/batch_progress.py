"""A batch's progress at the terminal: a bar with rate, time left and cost; a line now and then where there is none."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Self

from registry.words import format_usd

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from registry.items import ItemState

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_DRAWS = 0.1


class BatchProgress:
    """An observer of one batch (see :class:`flows.batch.BatchObserver`). ``clock`` gives monotonic seconds."""

    def __init__(self, console: Console, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._quiet = quiet
        self._clock = clock
        self._rows = self._kept = self._ended = self._failed = self._cost_nanousd = 0
        self._began = self._told_at = clock()
        self._bar: TaskID | None = None
        self._progress: Progress | None = None
        self.result: dict[str, Any] | None = None
        self.is_written = asyncio.Event()

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self._progress = Progress(
                BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.fields[told]}", style="dim"),
                console=self._console,
            )  # fmt: skip
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._show()
            self._progress.stop()

    def began(self, run_id: int, rows: int) -> None:
        """The run began, or goes on."""
        self._rows = rows
        self._began = self._told_at = self._clock()
        if not self._quiet:
            self._console.print(f"Run {run_id}.", highlight=False)
        if self._progress is not None:
            self._bar = self._progress.add_task("rows", total=rows, told="")

    def kept(self, state: ItemState, rows: int) -> None:
        """Some rows had ended before."""
        self._kept += rows
        self._failed += rows * (state != "done")
        self._tell()

    def ended(self, state: ItemState, cost_nanousd: int) -> None:
        """A row has ended."""
        self._ended += 1
        self._failed += state != "done"
        self._cost_nanousd += cost_nanousd
        self._tell()

    def written(self, result: dict[str, Any]) -> None:
        """The results are on disk."""
        self.result = result
        self.is_written.set()

    def told(self) -> str:
        """Rate, time left, cost and failures, in words."""
        seconds = max(self._clock() - self._began, 1e-6)
        rate = self._ended / seconds
        left = self._rows - self._kept - self._ended
        parts = [f"{rate:,.0f} rows/s" if rate >= 1 else f"{rate * 60:,.1f} rows/min"]
        if self._ended and left > 0:
            parts.append(f"{_duration(left / rate)} left")
        parts.append(f"{format_usd(self._cost_nanousd)} so far")
        if self._kept:
            parts.append(f"{self._kept:,} from before")
        if self._failed:
            parts.append(f"{self._failed:,} failed or rejected")
        return ", ".join(parts)

    def _tell(self) -> None:
        now = self._clock()
        is_last = self._kept + self._ended >= self._rows
        if self._progress is not None:
            if is_last or now - self._told_at >= SECONDS_BETWEEN_DRAWS:
                self._told_at = now
                self._show()
        elif not self._quiet and (is_last or now - self._told_at >= SECONDS_BETWEEN_LINES):
            self._told_at = now
            self._console.print(f"{self._kept + self._ended:,} of {self._rows:,} rows ({self.told()})", highlight=False)

    def _show(self) -> None:
        if self._progress is not None and self._bar is not None:
            self._progress.update(self._bar, completed=self._kept + self._ended, told=self.told())


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3600:.1f} h"
