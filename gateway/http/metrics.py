"""What the gateway counts, in Prometheus' text format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gateway.http.router_metrics import MOST_OFFERINGS, RouterMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.words import Attempt
    from routing import Runtime

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "turnout_http_requests", "Requests, by route and status.", ("route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "turnout_http_request_seconds", "How long requests took.", ("route",), buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self.under_way = Gauge("turnout_http_requests_under_way", "Requests being answered.", registry=self._registry)
        self._calls = Counter(
            "turnout_calls", "Calls of services, by offering and outcome.", ("offering", "outcome"),
            registry=self._registry,
        )  # fmt: skip
        self._cost = Counter(
            "turnout_cost_usd", "What calls have cost, in US dollars.", ("offering",), registry=self._registry
        )
        self._tokens = Counter(
            "turnout_tokens", "Tokens in and out.", ("offering", "direction"), registry=self._registry
        )

        self._call_seconds = Histogram(
            "turnout_call_seconds", "How long calls of services took.", ("offering",), buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._labels: set[str] = set()

    def watch(self, runtime: Runtime) -> None:
        """Tell of the router, too."""
        self._registry.register(RouterMetrics(runtime))

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered; status 0 is one whose client was gone before."""
        self._requests.labels(route, str(status or 499)).inc()
        self._seconds.labels(route).observe(seconds)

    def called(self, attempts: Iterable[Attempt]) -> None:
        """Services were called; a kept result that was given again is no call."""
        for attempt in attempts:
            if not attempt.number:
                continue
            offering = self._label(attempt.offering)
            outcome = "done" if attempt.failure is None else attempt.failure.value
            self._calls.labels(offering, outcome).inc()
            self._call_seconds.labels(offering).observe(attempt.latency_ms / 1_000)
            self._cost.labels(offering).inc(attempt.cost_nanousd / 1e9)
            self._tokens.labels(offering, "in").inc(attempt.usage.input_tokens)
            self._tokens.labels(offering, "out").inc(attempt.usage.output_tokens)

    def _label(self, offering: str) -> str:
        """The offering's name; beyond so many that there have been, one for all others."""
        if offering not in self._labels:
            if len(self._labels) >= MOST_OFFERINGS:
                return "other"
            self._labels.add(offering)
        return offering

    def text(self) -> bytes:
        """All of it, for Prometheus."""
        return generate_latest(self._registry)
