"""What the gateway counts, in Prometheus' text format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.words import Attempt

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

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered; status 0 is one whose client was gone before."""
        self._requests.labels(route, str(status or 499)).inc()
        self._seconds.labels(route).observe(seconds)

    def called(self, attempts: Iterable[Attempt]) -> None:
        """Services were called."""
        for attempt in attempts:
            outcome = "done" if attempt.failure is None else attempt.failure.value
            self._calls.labels(attempt.offering, outcome).inc()
            self._cost.labels(attempt.offering).inc(attempt.cost_nanousd / 1e9)
            self._tokens.labels(attempt.offering, "in").inc(attempt.usage.input_tokens)
            self._tokens.labels(attempt.offering, "out").inc(attempt.usage.output_tokens)

    def text(self) -> bytes:
        """All of it, for Prometheus."""
        return generate_latest(self._registry)
