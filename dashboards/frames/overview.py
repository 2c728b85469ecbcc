"""What calls in a range of time add up to: totals, and cost, calls, failures and latency by span and service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dashboards.frames.latencies import add_up, no_counts, quantile_ms
from dashboards.frames.ranges import local_ms
from registry import now_us
from registry.page_reads import minute_of, read_histograms, read_offering_names, read_sums
from registry.run_reads import RunReads

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from dashboards.frames.ranges import TimeRange
    from registry import Clock, Store
    from registry.page_reads import OfferingName, SpanSums

WHOLE_READ_MINUTES = 5
"""How often everything is read again: a call that took hours is booked in the minute in which it began."""
NOBODY = "nobody could be called"
REMOVED = "removed services"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One service over time: a figure for each span."""

    service: str
    calls: tuple[int, ...]
    failures: tuple[int, ...]
    cost_nanousd: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A range of time at a glance. Series are as long as ``times_ms``, the local begin of each span, as charts take it.

    ``p50_ms`` and ``p95_ms`` of the series are None for spans without calls.
    """

    range: TimeRange
    states: Mapping[str, int]
    calls: int
    failures: int
    cost_nanousd: int
    tokens: int
    p50_ms: float | None
    p95_ms: float | None
    times_ms: tuple[float, ...]
    services: tuple[Series, ...]
    p50s_ms: tuple[float | None, ...]
    p95s_ms: tuple[float | None, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.calls and not any(self.states.values())


@dataclass(slots=True)
class _Span:
    sums: list[SpanSums] = field(default_factory=list)
    latencies: NDArray[np.int64] = field(default_factory=no_counts)


class OverviewReader:
    """Reads one range again and again. What lies behind is kept; each time only the newest two spans are read.

    Every method raises ``StoreError`` where the database cannot be used.
    """

    def __init__(self, store: Store, clock: Clock, time_range: TimeRange) -> None:
        self._store = store
        self._clock = clock
        self._range = time_range
        self._runs = RunReads(store)
        self._spans: dict[int, _Span] = {}  # by the first minute
        self._whole_at: int | None = None
        self._read_until = 0

    async def read(self) -> Overview:
        """The range up to now."""
        now = minute_of(now_us(self._clock))
        since, until = self._range.since_minute(now), self._range.until_minute(now)
        is_whole = self._whole_at is None or now - self._whole_at >= WHOLE_READ_MINUTES
        # Two spans back from where the last reading ended: nobody may have looked for a while.
        start = since if is_whole else max(since, self._read_until - 2 * self._range.span_minutes)
        await self._read_spans(start, until)
        self._read_until = until
        if is_whole:
            self._whole_at = now
        self._spans = {minute: span for minute, span in self._spans.items() if since <= minute < until}
        names = await read_offering_names(self._store)
        states = await self._runs.count_by_state(since * 60_000_000)
        return self._overview(since, until, names, states)

    async def _read_spans(self, start: int, until: int) -> None:
        minutes = self._range.span_minutes
        fresh = {minute: _Span() for minute in range(start, until, minutes)}
        for sums in await read_sums(self._store, start, until, minutes):
            fresh[start + sums.span * minutes].sums.append(sums)
        for number, histograms in (await read_histograms(self._store, start, until, span_minutes=minutes)).items():
            fresh[start + number * minutes].latencies = add_up(histograms)
        self._spans |= fresh

    def _overview(
        self, since: int, until: int, names: Mapping[int, OfferingName], states: Mapping[str, int]
    ) -> Overview:
        minutes = range(since, until, self._range.span_minutes)
        spans = [self._spans.get(minute) or _Span() for minute in minutes]
        all_sums = [sums for span in spans for sums in span.sums]
        together = no_counts()
        for span in spans:
            together = together + span.latencies
        return Overview(
            range=self._range,
            states=states,
            calls=sum(sums.calls for sums in all_sums),
            failures=sum(sums.failures for sums in all_sums),
            cost_nanousd=sum(sums.cost_nanousd for sums in all_sums),
            tokens=sum(sums.input_tokens + sums.output_tokens for sums in all_sums),
            p50_ms=quantile_ms(together, 0.5),
            p95_ms=quantile_ms(together, 0.95),
            times_ms=tuple(map(local_ms, minutes)),
            services=_by_service(spans, names),
            p50s_ms=tuple(quantile_ms(span.latencies, 0.5) for span in spans),
            p95s_ms=tuple(quantile_ms(span.latencies, 0.95) for span in spans),
        )


def service_of(offering_id: int, names: Mapping[int, OfferingName]) -> str:
    """The service that an offering is of, also where there is none any more."""
    if offering_id == 0:
        return NOBODY
    name = names.get(offering_id)
    return REMOVED if name is None else name.service


def _by_service(spans: list[_Span], names: Mapping[int, OfferingName]) -> tuple[Series, ...]:
    figures: dict[str, list[list[int]]] = {}
    for number, span in enumerate(spans):
        for sums in span.sums:
            service = service_of(sums.offering_id, names)
            if service not in figures:
                figures[service] = [[0] * len(spans) for _ in range(3)]
            calls, failures, cost = figures[service]
            calls[number] += sums.calls
            failures[number] += sums.failures
            cost[number] += sums.cost_nanousd
    return tuple(
        Series(service=service, calls=tuple(calls), failures=tuple(failures), cost_nanousd=tuple(cost))
        for service, (calls, failures, cost) in sorted(figures.items())
    )
