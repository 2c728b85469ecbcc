"""How services are doing as this process sees it: latency, breakers, places, cool-downs. Stands beside the snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.breaker import Breaker
from routing.cooling import CoolingRoom
from routing.latency import ENOUGH, Latency
from routing.places import UNBOUNDED, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from registry.words import FailureClass, Offering, Service, Streaming
    from routing.cooling import Cooling

FIRST_PROBE_SECONDS = 0.125  # between looks at what cools while nobody else is left; doubles
LONGEST_PROBE_SECONDS = 30.0
COST_SMOOTHING = 0.05  # the weight of the newest call in the mean cost

# A failure that came quickly costs nothing to be tried again; one that was waited for does, each time.
SLOW_FAILURE_SECONDS = 2.0
FIRST_DOUBT_SECONDS = 60.0  # doubles with each further one, until a call works
LONGEST_DOUBT_SECONDS = 900.0
DOUBTFUL = 0.1  # how much of its utility is left to an offering that hung


@dataclass(frozen=True, slots=True)
class Doubt:
    """Until when an offering is doubted (on the clock of :class:`Health`), and for how long the next time."""

    until: float
    next_seconds: float


class Standing:
    """What is known of one offering here and now."""

    __slots__ = (
        "_costs",
        "_dearest",
        "_nanousd",
        "_openings",
        "_probe_seconds",
        "breaker",
        "hedges_made",
        "hedges_won",
        "is_probed",
        "latency",
        "places",
        "probe_at",
    )

    def __init__(self, offering: Offering) -> None:
        self.latency = Latency(offering.latency_ms)
        self.breaker = Breaker()
        self.places = Places(places_of(offering.service))
        self.hedges_made = 0  # calls of it beside a late one
        self.hedges_won = 0
        self.is_probed = False  # while it cools, and nobody else is left
        self.probe_at = 0.0
        self._probe_seconds = FIRST_PROBE_SECONDS
        self._nanousd: float | None = None
        self._dearest = self._costs = 0
        self._openings: dict[Streaming, Latency] = {}

    def opening(self, streaming: Streaming) -> Latency:
        """How long streams of that kind take until their output begins to be passed on."""
        latency = self._openings.get(streaming)
        if latency is None:
            latency = self._openings[streaming] = Latency(self.latency.mean_ms)
        return latency

    def probed(self, now: float, *, worked: bool) -> None:
        """A look at it while it cools has ended; the next one waits twice as long each time."""
        self.is_probed = False
        self._probe_seconds = FIRST_PROBE_SECONDS if worked else min(2 * self._probe_seconds, LONGEST_PROBE_SECONDS)
        self.probe_at = now + (0.0 if worked else self._probe_seconds)

    def cost(self, nanousd: int) -> None:
        """A call was answered, and cost so much."""
        self._nanousd = nanousd if self._nanousd is None else self._nanousd + COST_SMOOTHING * (nanousd - self._nanousd)
        self._dearest = max(self._dearest, nanousd)
        self._costs += 1

    def at_most(self, nanousd: int) -> int:
        """The most that a call has probably cost whose bill nobody knows: no more than the dearest from here did.

        While few are known, all that it could have cost.
        """
        return nanousd if self._costs < ENOUGH else min(nanousd, self._dearest)

    def usual_nanousd(self, expected_nanousd: int | None) -> int:
        """What a call usually costs here; where nobody knows yet, what one is expected to."""
        return round(expected_nanousd or 0 if self._nanousd is None else self._nanousd)


class Health:
    """Live state of offerings and accounts. ``clock`` gives monotonic seconds.

    An account is an endpoint with a credential: what its provider says of money and keys holds for all services that
    share both. ``room`` has what cools. Not thread-safe: it belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._standings: dict[int, Standing] = {}
        self.known = (
            self._standings.get
        )  # what is known of one, by offering id; None where it has not been called from here
        self.room = CoolingRoom(clock)
        self._doubts: dict[int, Doubt] = {}
        self._open: set[int] = set()

    def of(self, offering: Offering) -> Standing:
        """What is known of the offering."""
        standing = self._standings.get(offering.offering_id)
        if standing is None:
            standing = self._standings[offering.offering_id] = Standing(offering)
        return standing

    def keep_only(self, offering_ids: Collection[int]) -> None:
        """Forget offerings that have left the registry, and cool-downs that are over."""
        for known in (self._standings, self._doubts):
            for gone in [one for one in known if one not in offering_ids]:
                del known[gone]
        self._open.intersection_update(offering_ids)
        self.room.forget_what_is_over()

    def succeeded(self, offering: Offering, latency_ms: float) -> None:
        """A call worked, in ``latency_ms``."""
        standing, now = self.of(offering), self._clock()
        standing.latency.took(latency_ms, now)
        if not self.room.is_empty:
            self.room.worked(offering, now - latency_ms / 1_000)
        if standing.breaker.is_open:
            standing.places.begin_anew()
        standing.breaker.worked()
        if self._open:
            self._open.discard(offering.offering_id)
        if self._doubts:
            self._doubts.pop(offering.offering_id, None)

    def answered_a_probe(self, offering: Offering) -> None:
        """It cooled, was asked all the same since nobody else was left, and did its work: it cools no longer."""
        self.room.answered(offering)

    def failed(
        self, offering: Offering, failure: FailureClass, retry_after_seconds: float | None = None, message: str = ""
    ) -> None:
        """A call failed. A longer cool-down replaces a shorter one, never the other way round."""
        self.room.failed(offering, failure, retry_after_seconds, message)

    def broke(self, offering: Offering) -> None:
        """A call found the offering out of order: no connection, an error of the server's, half an answer."""
        breaker = self.of(offering).breaker
        breaker.failed(self._clock())
        if breaker.is_open:
            self._open.add(offering.offering_id)

    def late(self, offering: Offering, so_far_ms: float) -> None:
        """A call takes longer than nearly all before it."""
        self.of(offering).latency.is_late(so_far_ms, self._clock())

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

    @property
    def anything_out(self) -> bool:
        """Whether anything has been kept out at all; where not, nobody needs to ask for each offering."""
        return not self.room.is_empty or bool(self._open)

    def cooling(self, offering: Offering) -> Cooling | None:
        """What keeps the offering out now, if anything does; the later end of its own and its account's."""
        return self.room.of(offering)

    def open_seconds(self, offering: Offering) -> float | None:
        """How long the open breaker of the offering still lets nothing through; None where it lets calls through."""
        if offering.offering_id not in self._open:
            return None
        breaker, now = self.of(offering).breaker, self._clock()
        return None if breaker.lets_through(now) else max(0.0, breaker.until - now)

    def seconds_left(self, cooling: Cooling) -> float:
        """How long a cool-down still lasts."""
        return max(0.0, cooling.until - self._clock())

    def now(self) -> float:
        """The time on this clock."""
        return self._clock()

    def latency_ms(self, offering: Offering) -> float:
        """What a call there is expected to take, in milliseconds."""
        return self.lately(offering, self._clock())[0]

    def error_rate(self, offering: Offering) -> float:
        """The share of the latest calls from here that found it out of order; 0 where none was made."""
        return self.of(offering).breaker.error_rate

    @property
    def anything_doubted(self) -> bool:
        """Whether anything has hung lately."""
        return bool(self._doubts)

    def lately(self, offering: Offering, now: float) -> tuple[float, int]:
        """The latency of recent calls from here in milliseconds, and how many are under way.

        Before anything is known the catalogue's guess stands for the latency, times the calls that are to find out:
        not all of them need to.
        """
        standing = self._standings.get(offering.offering_id)
        if standing is None:
            return offering.latency_ms, 0
        latency, in_flight = standing.latency, standing.places.in_flight
        if latency.count < ENOUGH:
            return latency.mean_ms * (1 + in_flight), in_flight
        return latency.at(now), in_flight


def places_of(service: Service) -> float:
    """How many calls at once somebody has said the service takes (option ``concurrency``); else unbounded."""
    said = service.options.get("concurrency")
    return float(said) if isinstance(said, int) and not isinstance(said, bool) and said > 0 else UNBOUNDED
