"""How services are doing as this process sees it: cool-downs and smoothed latency. Stands beside the snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.words import FailureClass

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.words import Offering

SMOOTHING = 0.2  # the weight of the newest call in the moving average

# How long a failure keeps an offering (or its whole service) out when the provider names no time, in seconds.
OFFERING_COOL_SECONDS = {
    FailureClass.RATE_LIMITED: 5.0,
    FailureClass.UNAVAILABLE_MODEL: 600.0,
}
SERVICE_COOL_SECONDS = {
    FailureClass.QUOTA: 600.0,
    FailureClass.CREDENTIALS: 300.0,
}
LONGEST_COOL_SECONDS = 3_600.0  # a provider that says "in a year" is asked again in an hour


@dataclass(frozen=True, slots=True)
class Cooling:
    """Until when something is kept out (on the clock of :class:`Health`), and why."""

    until: float
    failure: FailureClass


class Health:
    """Live state of offerings and services. ``clock`` gives monotonic seconds.

    Not thread-safe: it belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._latency_ms: dict[int, float] = {}
        self._offerings: dict[int, Cooling] = {}
        self._services: dict[int, Cooling] = {}

    def succeeded(self, offering: Offering, latency_ms: float) -> None:
        """A call worked, in ``latency_ms``."""
        before = self._latency_ms.get(offering.offering_id)
        self._latency_ms[offering.offering_id] = (
            latency_ms if before is None else before + SMOOTHING * (latency_ms - before)
        )

    def failed(self, offering: Offering, failure: FailureClass, retry_after_seconds: float | None = None) -> None:
        """A call failed. A longer cool-down replaces a shorter one, never the other way round."""
        if failure in SERVICE_COOL_SECONDS:
            seconds = retry_after_seconds or SERVICE_COOL_SECONDS[failure]
            self._cool(self._services, offering.service.service_id, failure, seconds)
        elif failure in OFFERING_COOL_SECONDS:
            seconds = retry_after_seconds or OFFERING_COOL_SECONDS[failure]
            self._cool(self._offerings, offering.offering_id, failure, seconds)

    def _cool(self, cooling: dict[int, Cooling], key: int, failure: FailureClass, seconds: float) -> None:
        until = self._clock() + min(seconds, LONGEST_COOL_SECONDS)
        if key not in cooling or cooling[key].until < until:
            cooling[key] = Cooling(until, failure)

    @property
    def anything_cools(self) -> bool:
        """Whether anything has been cooled at all; where not, nobody needs to ask for each offering."""
        return bool(self._offerings or self._services)

    def cooling(self, offering: Offering) -> Cooling | None:
        """What keeps the offering out now, if anything does; the later end of its own and its service's."""
        now = self._clock()
        found = None
        for cooling in (
            self._offerings.get(offering.offering_id),
            self._services.get(offering.service.service_id),
        ):
            if cooling is not None and cooling.until > now and (found is None or cooling.until > found.until):
                found = cooling
        return found

    def seconds_left(self, cooling: Cooling) -> float:
        """How long a cool-down still lasts."""
        return max(0.0, cooling.until - self._clock())

    def latency_ms(self, offering: Offering) -> float:
        """The smoothed latency of recent calls here; the catalogue's guess before there was one."""
        return self._latency_ms.get(offering.offering_id, offering.latency_ms)
