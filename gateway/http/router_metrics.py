"""How the router stands, for Prometheus: read when it is asked for, so that calls pay nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.metrics_core import Metric

    from registry.words import Offering
    from routing import Runtime
    from routing.health import Standing

MOST_OFFERINGS = 500  # of a larger catalogue the first, so that Prometheus is not drowned
CLOSED, OPEN, HALF_OPEN = 0, 1, 2


class RouterMetrics(Collector):
    """The offerings that have been called from here, who waits for places, and kept results."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def describe(self) -> Iterable[Metric]:
        """Nothing: they are made when they are asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All of them, as they are now."""
        yield from self._of_offerings()
        waiting = GaugeMetricFamily("turnout_waiting", "Requests that wait for a place.", labels=("priority",))
        for priority, count in self._runtime.waiting.items():
            waiting.add_metric((priority,), count)
        yield waiting
        results = self._runtime.results
        lookups = CounterMetricFamily("turnout_cache_lookups", "Looks for a kept result.", labels=("outcome",))
        lookups.add_metric(("hit",), results.hits)
        lookups.add_metric(("miss",), results.misses)
        yield lookups
        yield GaugeMetricFamily(
            "turnout_cache_memory_bytes", "Kept results in memory, in bytes.", value=results.memory_bytes
        )

    def _of_offerings(self) -> Iterator[Metric]:
        label = ("offering",)
        breaker = GaugeMetricFamily(
            "turnout_breaker_state", "The circuit breaker: 0 closed, 1 open, 2 open with a probe under way.",
            labels=label,
        )  # fmt: skip
        in_flight = GaugeMetricFamily("turnout_calls_in_flight", "Calls under way.", labels=label)
        places = GaugeMetricFamily(
            "turnout_places", "How many calls at once it is thought to take; +Inf: no bound is known.", labels=label
        )
        cooling = GaugeMetricFamily("turnout_cooling_seconds", "How long it is still left alone.", labels=label)
        hedges = CounterMetricFamily(
            "turnout_hedges", "Calls made beside a late one, and those of them that were first.",
            labels=("offering", "outcome"),
        )  # fmt: skip
        for offering, standing in self._known():
            name = (offering.name,)
            breaker.add_metric(name, _breaker_state(standing))
            in_flight.add_metric(name, standing.places.in_flight)
            places.add_metric(name, standing.places.cap)
            cooling.add_metric(name, self._cooling_seconds(offering))
            hedges.add_metric((*name, "made"), standing.hedges_made)
            hedges.add_metric((*name, "won"), standing.hedges_won)
        yield from (breaker, in_flight, places, cooling, hedges)

    def _known(self) -> Iterator[tuple[Offering, Standing]]:
        left = MOST_OFFERINGS
        for offering in self._runtime.snapshot.offerings:
            standing = self._runtime.health.known(offering.offering_id)
            if standing is not None and left > 0:
                left -= 1
                yield offering, standing

    def _cooling_seconds(self, offering: Offering) -> float:
        health = self._runtime.health
        cooling = health.cooling(offering)
        return 0.0 if cooling is None else health.seconds_left(cooling)


def _breaker_state(standing: Standing) -> int:
    if not standing.breaker.is_open:
        return CLOSED
    return HALF_OPEN if standing.breaker.is_probed else OPEN
