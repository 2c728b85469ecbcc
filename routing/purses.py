"""What this process holds of budgets and limits, in memory: taken from, settled and given back in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from registry.leases import Ask

if TYPE_CHECKING:
    from registry.accounts import Account, Kind
    from registry.leases import Grant

KINDS: tuple[Kind, ...] = ("budget", "requests", "tokens", "places")
BUDGET, REQUESTS, TOKENS, PLACES = range(4)

SLAB_NEEDS = 8
"""A slab is wanted for so many of the largest recent takes at least."""
SLAB_SECONDS = 4.0
"""… and for so much time at the present pace: half of it has to do while the store is busy with something else …"""
SLAB_SHARES: dict[Kind, int] = {"budget": 1_024, "requests": 128, "tokens": 128, "places": 5}
"""… and for this part of the whole at least, which nobody misses: money that a process takes with it when it dies is
lost for longer than a minute, and places are given back to whoever wants for some."""
SHORTEST_PACE_SECONDS = 0.05
"""A pace is measured over so much time at least."""
PLACES_AHEAD = 4
"""So many places are kept beyond those that were taken at once lately, or as many again: bursts differ, and grow."""
GROWTH = 3
"""… or so many times as many, where a call has to wait because they have run out: a burst grows further."""
IDLE_SECONDS = 10.0
"""After so long without a take all that lies ready is given back."""
DRY_SECONDS = 0.25
"""How long the store is not asked again for what it has just refused: others may have given something back by then."""
REPORT_SECONDS = 0.5
"""How old the store's knowledge of what was spent may be, and ours of who waits for places."""
RENEW_SHARE = 0.5
"""The part of a lease's time after which it is renewed."""


class Room(NamedTuple):
    """Whether limits leave room ``now``, as far as this process knows; and if not, in how many ``seconds`` to ask."""

    now: bool
    seconds: float


ROOMY = Room(now=True, seconds=0.0)


class Purse:
    """What this process holds of one account in one window.

    ``free`` may be taken until ``ends``; ``under_way`` is taken and not settled; ``settled`` is all that was spent.
    ``free`` falls below zero where more was spent than was taken. Times are monotonic seconds.
    """

    __slots__ = (
        "account", "cap", "dry_needs", "dry_until", "ends", "fence", "free", "gone", "holder", "index", "largest",
        "lease_from", "least", "left", "local", "low", "pace", "peak", "reported", "settled", "sharers",
        "surrender", "taken", "touched", "under_way", "window_ends", "window_id",
    )  # fmt: skip

    def __init__(self, account: Account, holder: str, now: float, amount: int = 0) -> None:
        self.account = account
        self.index = KINDS.index(account.kind)
        self.holder = holder
        self.window_id: int | None = None
        self.fence = 0
        self.free = self.under_way = self.settled = self.reported = 0
        self.left = 0
        self.sharers = 1
        self.low = 0  # below this, more is fetched in the background
        self.cap: int | None = None  # places beyond this are not kept when they come back: others wait for them
        self.ends = self.lease_from = now
        self.window_ends = float("inf")
        self.dry_needs, self.dry_until = 0, 0.0
        self.taken = self.largest = 0
        self.peak = 0  # the most that was under way at once lately
        self.least = amount // SLAB_SHARES[account.kind]
        self.pace = 0  # what went in SLAB_SECONDS lately
        self.touched = now
        self.surrender = False  # nothing is taken any more: all that lies ready, or comes back, is given back
        self.gone = False  # there is no such window any more: nothing is left to be told
        self.local = False  # what is free was not granted: the store does not answer, and this is our own share

    def settle(self, needed: int, spent: int) -> None:
        """Take in that of ``needed``, which was taken before, so much was ``spent``; the rest is free again."""
        self.under_way -= needed
        if self.index == PLACES:  # a place comes back, unless others wait for it
            if self.cap is None or self.free + self.under_way < self.cap:
                self.free += needed
            return
        self.settled += spent
        self.free += needed - spent

    def give_back(self, needed: int) -> None:
        """Take in that nothing was sent."""
        self.settle(needed, 0)

    def is_due(self, now: float) -> bool:
        """Whether the store should hear of this purse, or give it more."""
        if self.gone:
            return False
        if self.window_id is None:
            return self.settled != self.reported
        if self.free < self.low and now < self.ends:
            return True
        since = now - self.lease_from
        untold = self.settled != self.reported and since > REPORT_SECONDS
        if self.surrender or self.is_over(now) or self.is_idle(now):
            if self.free > 0 or not self.under_way or untold:
                return True
            return not self.is_over(now) and self._wants_renewal(since)
        return untold or self.cap is not None or self._wants_renewal(since)

    def _wants_renewal(self, since: float) -> bool:
        if self.index == PLACES:
            return since > REPORT_SECONDS
        return since > (self.ends - self.lease_from) * RENEW_SHARE

    @property
    def is_done(self) -> bool:
        """Whether all has been settled and reported."""
        return self.gone or not (self.under_way or self.settled != self.reported)

    def is_over(self, now: float) -> bool:
        """Whether its window has ended."""
        return now >= self.window_ends

    def is_idle(self, now: float) -> bool:
        """Whether nothing has been taken for a while."""
        return now - self.touched > IDLE_SECONDS

    def wants(self, now: float) -> int:
        """How much should lie ready: some of the largest takes, and what goes in a while at the present pace.

        Of places, more than were taken at once lately: they come back, and are wanted again at once.
        """
        if self.is_idle(now) or self.is_over(now):
            return 0
        if self.index == PLACES:
            return max(self.largest, self.peak + max(PLACES_AHEAD, self.peak, self.least) - self.under_way)
        return max(SLAB_NEEDS * self.largest, self.least, self.pace, self._pace_of(now))

    def follow(self, old: Purse) -> None:
        """Begin where the purse of the window before has left off."""
        self.sharers, self.largest, self.pace = old.sharers, old.largest, old.pace

    def _pace_of(self, now: float) -> int:
        seconds = max(SHORTEST_PACE_SECONDS, now - self.lease_from)
        return self.taken if seconds >= SLAB_SECONDS else int(self.taken * SLAB_SECONDS / seconds)

    def report(self, now: float) -> Ask:
        """A report from the background: what lies ready stays in use meanwhile, but for what is too much."""
        wants = self.wants(now)
        closing = self.is_idle(now) or self.is_over(now) or self.surrender
        plenty = wants if self.index == PLACES else 4 * wants
        too_much = closing or self.local or self.free > plenty or now >= self.ends
        if too_much:  # withdrawn first, then reported
            self.free = 0 if closing or self.local or now >= self.ends else wants
        if self.cap is not None and self.free + self.under_way > self.cap:
            self.free = max(0, self.cap - self.under_way)
        return self._ask(wants=wants, closing=closing)

    def demand(self, needs: int, now: float, together: int = 0) -> Ask:
        """A call waits for ``needs``: all that lies ready is laid on the table, and back where it is too little.

        ``together`` is what all who wait need.
        """
        spare, self.free = (0 if self.local or now >= self.ends else max(0, self.free)), 0
        self.largest = max(self.largest, needs)
        wants = max(needs, together, self.wants(now))
        if self.index == PLACES:
            wants = max(wants, GROWTH * self.peak)
        return self._ask(wants=wants, needs=needs, spare=spare)

    def _ask(self, *, wants: int, needs: int = 0, spare: int | None = None, closing: bool = False) -> Ask:
        return Ask(
            account=self.account,
            holder=self.holder,
            window_id=self.window_id,
            fence=self.fence,
            settled=self.settled,
            under_way=self.under_way,
            spare=max(0, self.free) if spare is None else spare,
            needs=needs,
            wants=wants,
            closing=closing,
        )

    def take_in(self, ask: Ask, grant: Grant, *, laid_out: int, asked_at: float, at_us: int) -> None:
        """Take in what came of ``ask``; ``laid_out`` is what was free and in use while it was answered."""
        self.window_id, self.fence = grant.window_id, grant.fence
        self.free += grant.free - laid_out
        self.reported, self.left, self.sharers = ask.settled, grant.left, grant.sharers
        if ask.closing and not ask.under_way:  # the lease is over; another one begins with what was spent since
            self.window_id, self.fence = None, 0
            self.settled, self.reported = self.settled - ask.settled, 0
        self.local = False
        self.pace = max(self._pace_of(asked_at), self.pace // 2)
        # Counted from before the question was sent: we hold it to be later than it is, never earlier.
        if grant.ends_us is not None:
            self.window_ends = asked_at + (grant.ends_us - at_us) / 1e6
        self.ends = min(asked_at + (grant.lease_us - at_us) / 1e6, self.window_ends)
        self.lease_from = asked_at
        self.largest = (self.largest + 1) // 2 if self.taken else self.largest
        self.peak = max(self.under_way, (self.peak + self.under_way) // 2)
        self.taken = 0
        self.low = self._low(ask, grant)
        self.cap = grant.amount // grant.sharers if grant.wanted and self.index == PLACES else None
        if ask.needs > grant.free:
            self.dry_needs, self.dry_until = ask.needs, asked_at + DRY_SECONDS
        elif grant.left <= 0:
            self.low = 0  # there is nothing to fetch ahead

    def _low(self, ask: Ask, grant: Grant) -> int:
        if self.index != PLACES:
            return min(grant.free, ask.wants) // 2
        return ask.wants // 2 if grant.free >= ask.wants else 0  # else there were no more

    def open_alone(self, share: int, now: float, until: float) -> None:
        """The store does not answer: go on with our own ``share`` of a limit, less what was used of it, for a while."""
        self.free = max(0, share - self.settled - self.under_way)
        self.ends = min(until, self.window_ends)
        self.lease_from = now
        self.local = True


class Pocket:
    """The place of an account in this process: the purse of the present window, and what people are told of it."""

    __slots__ = ("account", "amount", "index", "label", "per", "purse")

    def __init__(self, account: Account, purse: Purse, *, label: str, amount: int, per: str = "") -> None:
        self.account = account
        self.index = purse.index
        self.purse = purse
        self.label = label
        self.amount = amount
        self.per = per


@dataclass(slots=True, eq=False)
class Hold:
    """What was taken for one call, until it is settled or released: from which purses, and how much from each."""

    takes: list[tuple[Purse, int]]
    is_open: bool = True
