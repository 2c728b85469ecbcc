"""How many calls an offering takes at once: found out from what it turns away, and from what it takes."""

from __future__ import annotations

UNBOUNDED = float("inf")
FIRST_PATIENCE_SECONDS = 30.0  # after a call was turned away, before one more place is tried; doubles each time
LONGEST_PATIENCE_SECONDS = 600.0
GROWTH_SECONDS = 1.0  # between one more place and the next, while they are taken
DOUBT_SECONDS = 1.0
DOUBTS = 3  # calls turned away at a number that was taken before, with none taken since: the number has shrunk
HITS = 4  # calls turned away at a number or above it, with next to none taken there and others below: it is full there
MOST_ABOVE = 3  # calls taken there meanwhile, after which it is not
FIRST_AFTER_OUTAGE = 4.0  # places after an outage; each answer adds one, so they double each round


class Places:
    """The places at one offering. ``cap`` is how many calls it is thought to take at once, unbounded at first.

    A call that is turned away (429) while more were under way than have been taken before says that the places are
    full; one that is turned away at a number that is known to be taken says that calls come too fast, which is a
    matter of time and not of places.

    >>> places = Places()
    >>> numbers = [places.take() for _ in range(8)]
    >>> for number in numbers[:6]:
    ...     places.taken(number, 0.0)
    >>> places.turned_away(numbers[6], 0.0), places.cap
    (True, 6.0)
    """

    __slots__ = (
        "_above", "_beyond", "_doubt_at", "_doubts", "_grow_at", "_hits", "_patience", "_proven", "_ramp", "_refused",
        "_suspected", "cap", "in_flight", "limit", "turned",
    )  # fmt: skip

    def __init__(self, limit: float = UNBOUNDED) -> None:
        self.limit = limit
        self.cap = limit
        self.in_flight = 0
        self.turned = 0  # calls turned away so far
        self._proven = 0
        self._suspected = self._hits = self._above = 0
        self._beyond = self._refused = 0  # calls answered and turned away above the cap, since it was as high as now
        self._doubts = 0
        self._doubt_at = 0.0
        self._patience = FIRST_PATIENCE_SECONDS
        self._grow_at = 0.0
        self._ramp = UNBOUNDED

    def room(self, kept_free: int = 0) -> bool:
        """Whether one more call may be made, with so many places left over."""
        return self.in_flight + kept_free < min(self.cap, self._ramp)

    @property
    def is_bounded(self) -> bool:
        """Whether there is any bound at all."""
        return self.cap != UNBOUNDED or self._ramp != UNBOUNDED

    def take(self) -> int:
        """Take a place; how many are taken now, this one included."""
        self.in_flight += 1
        return self.in_flight

    def leave(self) -> None:
        """Leave a place."""
        self.in_flight -= 1

    def taken(self, number: int, now: float, turned_before: int | None = None) -> None:
        """The ``number``-th call at once was answered.

        Calls that were turned away since it was made, where ``turned_before`` were before, had no place beside it: of a
        burst those that come through last tell of no more places than those that come through first.
        """
        if turned_before is not None:
            number = max(1, number - (self.turned - turned_before))
        if self._suspected:
            self._look_at(number, now)
        if number > self.cap:  # it was made before the places were thought to be full
            self._beyond += 1
            number = number if self._beyond >= self._refused else int(self.cap)
        self._proven = max(self._proven, number)
        self._doubts = 0
        if self._ramp != UNBOUNDED:
            self._ramp = UNBOUNDED if self._ramp >= 2 * max(self._proven, self.in_flight) else self._ramp + 1
        if self.cap == UNBOUNDED:
            return
        if number > self.cap:
            self._raise(number)
        elif number >= self.cap and now >= self._grow_at:
            self._raise(self.cap + 1)
            self._grow_at = now + GROWTH_SECONDS

    def _raise(self, places: float) -> None:
        self.cap = min(float(places), self.limit)
        self._beyond = self._refused = 0

    def turned_away(self, number: int, now: float) -> bool:
        """The ``number``-th call at once was turned away; whether that was for want of places.

        It was where fewer are taken for certain. Then the offering need not be left alone: it only takes no more.
        """
        self.turned += 1
        if not self._proven < number or not self._proven:
            self._suspect(number)
            if now >= self._doubt_at:  # calls side by side are turned away together; they count once
                self._doubts += 1
                self._doubt_at = now + DOUBT_SECONDS
            if self._doubts < DOUBTS or number == 1:
                return False
            self._proven = number - 1
        elif self._suspected:
            self._hits += 1
        self._bound(number - 1, now)
        return True

    def _bound(self, places: int, now: float) -> None:
        self._refused += 1
        self.cap = min(self.cap, float(max(1, places)))
        self._doubts = 0
        self._grow_at = now + self._patience
        self._patience = min(2 * self._patience, LONGEST_PATIENCE_SECONDS)

    def _suspect(self, number: int) -> None:
        """A number that was taken before was turned away.

        What was taken once may have been luck: calls cross on the way, and a service that has just given a place back
        has one more than it seems.
        """
        if number == 1:  # nobody else was there: that is about pace
            self._suspected = 0
        elif not self._suspected or number < self._suspected:
            self._suspected, self._hits, self._above = number, 1, 0
        else:
            self._hits += 1

    def _look_at(self, number: int, now: float) -> None:
        """Whether it is full where it is suspected to be: turned away there again and again, and taken below."""
        if number >= self._suspected:
            self._above += 1
            if self._above >= MOST_ABOVE:
                self._suspected = 0
        elif self._hits >= HITS:
            self._proven, self._suspected = self._suspected - 1, 0
            self._bound(self._proven, now)

    def begin_anew(self) -> None:
        """It was out and is back: a few calls first, and more with each answer."""
        self._ramp = FIRST_AFTER_OUTAGE
