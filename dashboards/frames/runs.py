"""The list of runs, a page at a time, and the same list as a CSV file that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.frames.ranges import range_named
from registry import NANOUSD_PER_USD, from_us, now_us
from registry.page_reads import minute_of
from registry.run_reads import RunFilter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from registry import Clock
    from registry.run_reads import RunLine, RunReads

PAGE_ROWS = 50
SILENT_SECONDS = 60
"""After how long without a heartbeat a running run is shown as silent: whoever worked on it may be gone."""
STATES = ("running", "done", "failed", "interrupted")
_EXPORT_ROWS = 500
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsFilter:
    """What the person wants to see, as it stands in the address: every field is text that anybody may have typed."""

    range: str = ""
    state: str = ""
    pipeline: str = ""
    text: str = ""

    def as_registry(self, clock: Clock) -> RunFilter:
        """The filter as the registry takes it; a state that there is none of narrows nothing."""
        since = range_named(self.range).since_minute(minute_of(now_us(clock)))
        return RunFilter(
            state=self.state if self.state in STATES else "",
            pipeline=self.pipeline,
            since_us=since * 60_000_000,
            text=self.text[:200],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage:
    """One page of the list, newest first. ``total`` is how many runs the filter leaves on all pages."""

    lines: tuple[RunLine, ...]
    total: int
    has_newer: bool
    has_older: bool
    pipelines: tuple[str, ...]


async def read_runs_page(
    reads: RunReads, clock: Clock, wanted: RunsFilter, *, before: int | None = None, after: int | None = None
) -> RunsPage:
    """The page of runs below ``before`` or above ``after``; the newest where neither is given.

    Raises:
        StoreError: the database cannot be used.
    """
    chosen = wanted.as_registry(clock)
    lines = await reads.page(chosen, limit=PAGE_ROWS, before=before, after=after)
    has_newer = has_older = False
    if lines:
        has_newer = bool(await reads.page(chosen, limit=1, after=lines[0].run_id)) if before or after else False
        has_older = bool(await reads.page(chosen, limit=1, before=lines[-1].run_id))
    return RunsPage(
        lines=lines,
        total=await reads.count(chosen),
        has_newer=has_newer,
        has_older=has_older,
        pipelines=await reads.pipelines(),
    )


def state_shown(line: RunLine, at_us: int) -> str:
    """The run's state as people should see it: ``silent`` where it runs, but nothing has been heard of it."""
    is_silent = line.state == "running" and at_us - line.heartbeat_us > SILENT_SECONDS * 1_000_000
    return "silent" if is_silent else line.state


async def csv_of_runs(reads: RunReads, clock: Clock, wanted: RunsFilter) -> AsyncIterator[str]:
    """All runs that the filter leaves, newest first, as CSV in parts. Times are ISO 8601 in UTC, money in dollars.

    Raises:
        StoreError: the database cannot be used.
    """
    columns = ("run", "pipeline", "state", "started_utc", "ended_utc", "seconds", "calls", "failed_calls",
               "cancelled_calls", "cost_usd", "principal", "message")  # fmt: skip
    yield _csv_line(columns)
    before: int | None = None
    chosen = wanted.as_registry(clock)
    while True:
        lines = await reads.page(chosen, limit=_EXPORT_ROWS, before=before)
        if not lines:
            return
        yield "".join(_csv_line(_cells(line)) for line in lines)
        before = lines[-1].run_id


def _cells(line: RunLine) -> tuple[object, ...]:
    ended = "" if line.ended_us is None else from_us(line.ended_us).isoformat()
    seconds = "" if line.ended_us is None else round((line.ended_us - line.started_us) / 1e6, 3)
    cost = f"{line.cost_nanousd / NANOUSD_PER_USD:.9f}"
    return (line.run_id, line.pipeline, line.state, from_us(line.started_us).isoformat(), ended, seconds, line.calls,
            line.failed_calls, line.cancelled_calls, cost, line.principal, line.message)  # fmt: skip


def _csv_line(cells: tuple[object, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: object) -> object:
    """A cell that no spreadsheet runs as a formula: text that begins like one gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA_STARTS) else cell
