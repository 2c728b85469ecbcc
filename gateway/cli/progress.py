"""A run's progress at the terminal: a bar a stage, who works, what it has cost; plain lines where there is none."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from registry.words import format_usd

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from registry.words import TaskResult

SECONDS_BETWEEN_LINES = 5.0


@dataclass(slots=True)
class _Stage:
    items: int
    done: int = 0
    reused: int = 0
    services: dict[str, int] = field(default_factory=dict)
    bar: TaskID | None = None

    def who(self) -> str:
        """Who has worked on it, the busiest first, and how much was there before."""
        names = sorted(self.services, key=lambda name: -self.services[name])
        parts = [name.split("/")[0] for name in names]
        if self.reused:
            parts.append(f"{self.reused} from before")
        return ", ".join(dict.fromkeys(parts))


class TerminalProgress:
    """An observer of one run (see :class:`flows.watching.Observer`) that draws on a console.

    Enter it for the time of the run. On a terminal the bars stay in place and are redrawn; elsewhere each finished
    stage is a line, and so is an item now and then; ``quiet`` shows nothing at all. ``clock`` gives monotonic seconds.
    """

    def __init__(self, console: Console, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._quiet = quiet
        self._clock = clock
        self._told_at = clock()
        self._stages: dict[str, _Stage] = {}
        self._cost_nanousd = 0
        self._calls = 0
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._progress = Progress(
                TextColumn("{task.description:<11}"),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[who]}", style="dim"),
                console=self._console,
            )
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def done(self) -> None:
        """The run is done: leave the bars as they stand."""
        if self._progress is not None:
            self._progress.stop()

    def note(self, sentence: str) -> None:
        """Show a sentence above the bars."""
        if not self._quiet:
            self._console.print(sentence, highlight=False)

    def run_began(self, run_id: int, resumed_items: int) -> None:
        """A run began, or goes on."""
        resumed = f", going on: {resumed_items} items were done before" if resumed_items else ""
        self.note(f"Run {run_id}{resumed}.")

    def stage_began(self, stage: str, items: int) -> None:
        """A stage began."""
        known = self._stages.setdefault(stage, _Stage(0))
        known.items += items
        if self._progress is not None and known.bar is None:
            known.bar = self._progress.add_task(stage, total=known.items, who="")
        elif self._progress is not None and known.bar is not None:
            self._progress.update(known.bar, total=known.items)

    def item_done(self, stage: str, item: str, *, reused: bool) -> None:  # noqa: ARG002 - the observer's contract
        """An item is done."""
        known = self._stages.setdefault(stage, _Stage(0))
        known.done += 1
        known.reused += reused
        self._show(known)
        if self._progress is None and self._is_time_to_tell(known):
            told = [*filter(None, [known.who()]), f"{format_usd(self._cost_nanousd)} so far"]
            self.note(f"{stage}: {known.done} of {known.items} ({'; '.join(told)})")

    def task_done(self, stage: str, item: str, result: TaskResult) -> None:  # noqa: ARG002 - the observer's contract
        """A service has done a piece of work."""
        known = self._stages.setdefault(stage, _Stage(0))
        known.services[result.offering] = known.services.get(result.offering, 0) + 1
        self._cost_nanousd += result.cost_nanousd
        self._calls += len(result.attempts)
        self._show(known)

    def _is_time_to_tell(self, stage: _Stage) -> bool:
        """Whether the stage is done, or nothing was said for some seconds."""
        if stage.done < stage.items and self._clock() - self._told_at < SECONDS_BETWEEN_LINES:
            return False
        self._told_at = self._clock()
        return True

    def _show(self, stage: _Stage) -> None:
        if self._progress is not None and stage.bar is not None:
            who = f"{stage.who()} · {self._calls} calls, {format_usd(self._cost_nanousd)}"
            self._progress.update(stage.bar, completed=stage.done, who=who)
