"""How services are doing as this process sees it: cool-downs, latency, who hangs. Stands beside the snapshot."""

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

# A failure that came quickly costs nothing to be tried again; one that was waited for does, each time.
SLOW_FAILURE_SECONDS = 2.0
FIRST_DOUBT_SECONDS = 60.0  # doubles with each further one, until a call works
LONGEST_DOUBT_SECONDS = 900.0
DOUBTFUL = 0.1  # how much of its utility is left to an offering that hung


@dataclass(frozen=True, slots=True)
class Cooling:
    """Until when something is kept out (on the clock of :class:`Health`), and why."""

    until: float
    failure: FailureClass


@dataclass(frozen=True, slots=True)
class Doubt:
    """Until when an offering is doubted (on the clock of :class:`Health`), and for how long the next time."""

    until: float
    next_seconds: float


class Health:
    """Live state of offerings and services. ``clock`` gives monotonic seconds.

    Not thread-safe: it belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._latency_ms: dict[int, float] = {}
        self._offerings: dict[int, Cooling] = {}
        self._services: dict[int, Cooling] = {}
        self._doubts: dict[int, Doubt] = {}

    def succeeded(self, offering: Offering, latency_ms: float) -> None:
        """A call worked, in ``latency_ms``."""
        self._doubts.pop(offering.offering_id, None)
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

    def hung(self, offering: Offering) -> None:
        """A call was waited for in vain. What hangs is not left out, but ranks low: better late than never.

        Calls side by side hang together; they count once.
        """
        now, doubt = self._clock(), self._doubts.get(offering.offering_id)
        if doubt is not None and doubt.until > now:
            return
        seconds = FIRST_DOUBT_SECONDS if doubt is None else doubt.next_seconds
        next_seconds = min(2 * seconds, LONGEST_DOUBT_SECONDS)
        self._doubts[offering.offering_id] = Doubt(now + seconds, next_seconds)

    def reliability(self, offering: Offering) -> float:
        """What its utility is to be multiplied with: 1, and :data:`DOUBTFUL` for a while after it hung."""
        if not self._doubts:
            return 1.0
        doubt = self._doubts.get(offering.offering_id)
        return DOUBTFUL if doubt is not None and doubt.until > self._clock() else 1.0

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
