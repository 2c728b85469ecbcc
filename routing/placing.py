"""Places for walks: who may call which offering now, who waits for what, and how long."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from registry.words.quick import maker
from routing.waiting import WaitingRoom
from routing.walking import Placed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from registry.words import Offering
    from routing.health import Health
    from routing.walking import Walk

    Affordable = Callable[[Walk, Offering], int | None]

LOCAL = "local"  # the kind of service that runs on this machine
NOBODY_ELSE_SECONDS = 0.5  # between looks at offerings that are out, where nobody else is left
LONGEST_LOOK_SECONDS = 5.0  # how long at most a walk waits for a place without looking at its route again
_placed = maker(Placed)


class Placing:
    """Gives walks places at offerings. ``clock`` gives monotonic seconds, ``sleep`` waits for some."""

    def __init__(self, health: Health, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._health = health
        self._clock = clock
        self._sleep = sleep
        self._room = WaitingRoom(clock)

    @property
    def is_crowded(self) -> bool:
        """Whether anybody waits for a place: then nobody gets a second one."""
        return self._room.count > 0

    @property
    def waiting(self) -> dict[str, int]:
        """How many walks wait for a place, by priority."""
        return self._room.counts()

    def arrived(self, walk: Walk) -> None:
        """A walk begins."""
        if walk.priority == "high":
            self._room.arrived(walk.priority)

    def take(self, walk: Walk, affordable: Affordable) -> Placed | None:
        """The first offering of the route that can be called now, with a place there; None where there is none.

        What was asked already is asked again only when nothing of the route is left to be asked now.
        """
        return (
            self._take_first(walk, affordable)
            or (self._take_again(walk, affordable) if walk.again else None)
            or self._take_least_bad(walk, affordable)
        )

    def take_beside(self, walk: Walk, same: Offering | None, affordable: Affordable) -> Placed | None:
        """A place for a call beside one that is late: at another offering, else at the ``same``, where one is given.

        A model on this machine is late because it is busy; a second call would only keep it busier.
        """
        placed = self._take_first(walk, affordable) or (self._take_again(walk, affordable) if walk.again else None)
        late = None if same is None or same.service.kind == LOCAL else same
        if placed is not None or walk.route or walk.again or late is None or not self._may_call(walk, late):
            return placed
        cost = affordable(walk, late)
        return None if cost is None else self._place(walk, late, cost)

    def put_back(self, walk: Walk, placed: Placed) -> None:
        """Leave a place that was taken and not used."""
        walk.route.insert(0, placed.offering)
        walk.begun -= 1
        if placed.looks:
            placed.standing.breaker.unsaid()
        self.leave(placed)

    def leave(self, placed: Placed) -> None:
        """Leave a place; whoever waits for it gets it."""
        placed.standing.places.leave()
        self.changed(placed.offering)

    def changed(self, offering: Offering) -> None:
        """An offering may take more calls than before."""
        if not self._room.count:
            return
        standing = self._health.of(offering)
        if self._is_out(offering) is not None:
            return

        def may(priority: str, granted: int) -> bool:
            kept = self._room.kept_free(offering.offering_id, priority, standing.places.cap)
            return standing.places.room(max(kept, granted))

        self._room.grant(offering.offering_id, may=may)

    def seconds_until_some(self, walk: Walk) -> float:
        """How long until one of those that are left may be asked; 0 where only a place is waited for."""
        now = self._clock()
        waits = [self._seconds_out(offering, nobody_else=True) for offering in walk.route]
        waits += [max(at - now, self._seconds_out(offering, nobody_else=True)) for offering, at in walk.again.values()]
        return max(0.0, min(waits))

    async def wait(self, walk: Walk, seconds: float) -> None:
        """Wait until an offering of the walk may be called, so long, or until the deadline."""
        offerings = {offering.offering_id for offering in self._left(walk)}
        waiter = self._room.join(walk.priority, offerings)
        # With no time to wait for, it is a place that is waited for; a look now and then costs little.
        look = NOBODY_ELSE_SECONDS if self._health.anything_out else LONGEST_LOOK_SECONDS
        longest = min(seconds or look, walk.deadline - self._clock())
        timer: asyncio.Future[None] = asyncio.ensure_future(self._sleep(max(0.0, longest)))
        first: set[asyncio.Future[int] | asyncio.Future[None]] = {waiter.granted, timer}
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            self._room.leave(waiter)
            if waiter.granted.done():
                self._room.come(waiter.granted.result())
            waiter.granted.cancel()
        if timer.done():
            with suppress(asyncio.CancelledError):
                await timer

    def _take_first(self, walk: Walk, affordable: Affordable) -> Placed | None:
        route = walk.route
        place = 0
        while place < len(route):
            offering = route[place]
            if not self._may_call(walk, offering):
                place += 1
                continue
            del route[place]
            cost = affordable(walk, offering)
            if cost is None:
                walk.unaffordable = True
                continue
            return self._place(walk, offering, cost)
        return None

    def _take_again(self, walk: Walk, affordable: Affordable) -> Placed | None:
        now = self._clock()
        for offering_id, (offering, at) in sorted(walk.again.items(), key=lambda entry: entry[1][1]):
            if at > now or not self._may_call(walk, offering):
                continue
            del walk.again[offering_id]
            cost = affordable(walk, offering)
            if cost is None:
                walk.unaffordable = True
                continue
            return self._place(walk, offering, cost)
        return None

    def _take_least_bad(self, walk: Walk, affordable: Affordable) -> Placed | None:
        """Where all that are left are out: the one that will be back first, one call at a time.

        Never all candidates at once: cool-downs are guesses, and somebody has to find out. Whoever was told itself to
        come back later does so.
        """
        left = list(self._left(walk))
        if not left or not all(self._seconds_out(offering, nobody_else=False) for offering in left):
            return None
        now = self._clock()
        ready = [offering for offering in left if walk.again.get(offering.offering_id, (offering, now))[1] <= now]
        for offering in sorted(ready, key=lambda one: self._seconds_out(one, nobody_else=False)):
            if self._may_call(walk, offering, nobody_else=True):
                cost = affordable(walk, offering)
                if cost is not None:
                    walk.again.pop(offering.offering_id, None)
                    walk.route = [other for other in walk.route if other.offering_id != offering.offering_id]
                    placed = self._place(walk, offering, cost)
                    placed.is_probe = placed.standing.is_probed = True
                    return placed
        return None

    def _place(self, walk: Walk, offering: Offering, cost_nanousd: int) -> Placed:
        standing = self._health.of(offering)
        looks = standing.breaker.is_open
        standing.breaker.probe()
        walk.begun += 1
        places = standing.places
        return _placed(
            offering, standing, walk.begun, places.take(), cost_nanousd, looks=looks, turned_before=places.turned
        )

    def _may_call(self, walk: Walk, offering: Offering, *, nobody_else: bool = False) -> bool:
        health = self._health
        places = health.of(offering).places
        if places.is_bounded or walk.priority == "high" or self._room.count:
            kept = self._room.kept_free(offering.offering_id, walk.priority, places.cap)
            if places.is_bounded and not places.room(kept):
                return False
        if not health.anything_out:
            return True
        return self._seconds_out(offering, nobody_else=nobody_else) <= 0

    def _seconds_out(self, offering: Offering, *, nobody_else: bool) -> float:
        """How long an offering is still out: cooling, or its breaker open. 0 is not out."""
        health = self._health
        if not health.anything_out:
            return 0.0
        if nobody_else:
            health.of(offering).breaker.sooner(self._clock() + NOBODY_ELSE_SECONDS)
        seconds = health.open_seconds(offering)
        if seconds is not None:  # 0 where a probe is under way: its end is waited for
            return seconds or NOBODY_ELSE_SECONDS
        cooling = health.cooling(offering)
        if cooling is None:
            return 0.0
        if nobody_else:
            standing = health.of(offering)
            return NOBODY_ELSE_SECONDS if standing.is_probed else max(0.0, standing.probe_at - self._clock())
        return health.seconds_left(cooling)

    def _is_out(self, offering: Offering) -> float | None:
        seconds = self._seconds_out(offering, nobody_else=False)
        return seconds or None

    @staticmethod
    def _left(walk: Walk) -> Iterable[Offering]:
        yield from walk.route
        for offering, _ in walk.again.values():
            yield offering
