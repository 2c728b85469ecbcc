"""What pages ask: each question a value, so that equal ones are read once for all who ask; and what answers them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dashboards.frames.overview import OverviewReader
from dashboards.frames.ranges import range_named
from dashboards.frames.run import RunReader
from dashboards.frames.runs import RunsFilter, read_runs_page
from dashboards.frames.services import ServicesReader
from registry.run_reads import RunReads

if TYPE_CHECKING:
    from blocks.credentials import CredentialSource
    from dashboards.frames.overview import Overview
    from dashboards.frames.run import CallRow, RunFrame
    from dashboards.frames.runs import RunsPage
    from dashboards.frames.services import ServicesFrame
    from registry import Clock, Store
    from registry.run_reads import ItemLine


class Sources:
    """What answers are read from: made once for the process."""

    def __init__(self, store: Store, clock: Clock, credentials: CredentialSource) -> None:
        self.store = store
        self.clock = clock
        self.runs = RunReads(store)
        self.run = RunReader(store, clock)
        self.services = ServicesReader(store, clock, credentials)
        self._overviews: dict[str, OverviewReader] = {}

    def overview(self, name: str) -> OverviewReader:
        """The reader of a range, which keeps what it has read."""
        chosen = range_named(name)
        if chosen.name not in self._overviews:
            self._overviews[chosen.name] = OverviewReader(self.store, self.clock, chosen)
        return self._overviews[chosen.name]


@dataclass(frozen=True, slots=True)
class OverviewOf:
    """A range of time at a glance."""

    range: str
    seconds: float = 2.0

    async def read(self, sources: Sources) -> Overview:
        """Read it."""
        return await sources.overview(self.range).read()


@dataclass(frozen=True, slots=True)
class RunsOf:
    """A page of the list of runs. Looking for text reads all runs, so it is done less often."""

    filter: RunsFilter = field(default_factory=RunsFilter)
    before: int | None = None
    after: int | None = None

    @property
    def seconds(self) -> float:
        """How often it is read."""
        return 15.0 if self.filter.text else 2.0

    async def read(self, sources: Sources) -> RunsPage:
        """Read it."""
        return await read_runs_page(sources.runs, sources.clock, self.filter, before=self.before, after=self.after)


@dataclass(frozen=True, slots=True)
class RunOf:
    """One run with its timeline."""

    run_id: int
    seconds: float = 2.0

    async def read(self, sources: Sources) -> RunFrame:
        """Read it."""
        return await sources.run.run(self.run_id)


@dataclass(frozen=True, slots=True)
class ItemsOf:
    """A page of a run's items."""

    run_id: int
    state: str = ""
    after: tuple[str, str] | None = None
    seconds: float = 2.0

    async def read(self, sources: Sources) -> tuple[ItemLine, ...]:
        """Read it."""
        return await sources.run.items(self.run_id, self.state, self.after)


@dataclass(frozen=True, slots=True)
class CallsOf:
    """A page of a run's calls."""

    run_id: int
    after: tuple[int, int] | None = None
    only_failed: bool = False
    seconds: float = 2.0

    async def read(self, sources: Sources) -> tuple[CallRow, ...]:
        """Read it."""
        return await sources.run.calls(self.run_id, self.after, only_failed=self.only_failed)


@dataclass(frozen=True, slots=True)
class ServicesNow:
    """All services as they stand."""

    seconds: float = 2.0

    async def read(self, sources: Sources) -> ServicesFrame:
        """Read it."""
        return await sources.services.read()
