"""What comes of an ask: the arithmetic of windows and of the leases in them, on values read within one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from registry.clock import MICROSECONDS_PER_SECOND

if TYPE_CHECKING:
    from registry.accounts import Account

Kind = Literal["budget", "requests", "tokens", "places"]

LEASE_SECONDS = 30.0
"""How long a lease lasts that nobody renews: how long a dead process's places stay taken."""
WANTED_SECONDS = 2.0
"""How long it counts that somebody asked in vain."""
SHARE = 2
"""A slab is at most this part, and this again for each process, of what is left: they shrink as a window runs dry."""
KEPT_PLACES = 8
"""Of the places that are left, one in so many is kept for who comes next, where a process is alone. It may have the
others at once: they come back, and a burst that got half of what is left would have to ask again and again."""

_LEASE_US = int(LEASE_SECONDS * MICROSECONDS_PER_SECOND)
_WANTED_US = int(WANTED_SECONDS * MICROSECONDS_PER_SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a process reports of its part in an account, and wants more of.

    ``holder`` is the lease's own name, which its holder made up; ``window_id`` and ``fence`` are those of its last
    grant, None and 0 before the first. ``settled`` is all that the lease has spent so far, ``under_way`` what calls
    under way may come to: both are said in full each time, so that an answer that was lost does no harm. ``spare``
    lies ready in memory. ``needs`` is to lie there at least, or the spare is given back too; ``wants`` where there is
    plenty. ``closing`` gives up all but what is under way.
    """

    account: Account
    holder: str
    window_id: int | None = None
    fence: int = 0
    settled: int = 0
    under_way: int = 0
    spare: int = 0
    needs: int = 0
    wants: int = 0
    closing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the process has now: ``free`` to spend until ``lease_us``, in a window that lasts until ``ends_us``.

    ``left`` is what is left for anybody after that; ``sharers`` how many processes have leases; ``wanted`` says that
    another one has just asked in vain.
    """

    window_id: int
    fence: int
    free: int
    left: int
    amount: int
    sharers: int
    wanted: bool
    ends_us: int | None
    lease_us: int


@dataclass(slots=True, kw_only=True)
class LeaseState:
    """A lease as its row is, or is to be; ``stored_fence`` is the row's own key, None where there is none yet."""

    fence: int
    process: str
    held: int = 0
    settled: int = 0
    ends_us: int = 0
    ended: bool = False
    stored_fence: int | None = None
    changed: bool = False
    over: bool = False  # nothing is left of it: its row goes


@dataclass(slots=True, kw_only=True)
class WindowState:
    """A window as its row is, or is to be, with its leases."""

    window_id: int
    kind: Kind
    end_us: int | None
    amount: int
    spent: int
    held: int
    lost: int
    fence: int
    wanted_us: int
    leases: list[LeaseState] = field(default_factory=list)

    @property
    def left(self) -> int:
        """What nobody has spent, holds or has taken away with it."""
        return self.amount - self.spent - self.held - self.lost

    def exchange(self, ask: Ask, at_us: int) -> Grant:
        """Take in what an ask reports, and grant what there is. Answering it again changes nothing more."""
        mine = next((lease for lease in self.leases if lease.process == ask.holder and not lease.over), None)
        for lease in self.leases:
            if lease is not mine and not lease.ended and not lease.over and lease.ends_us < at_us:
                self._end(lease)
        sharers = 1 + sum(not (lease.ended or lease.over or lease is mine) for lease in self.leases)
        spare = self._report(ask, mine)
        left = self.left - ask.under_way - spare
        wanted = sharers > 1 and at_us - self.wanted_us < _WANTED_US
        # Of places, who has its share gets no more while somebody else has less.
        has_share = self.kind == "places" and ask.under_way + spare >= max(1, self.amount // sharers)
        granted, refused = _granted(ask, spare, left, sharers, may_more=not (wanted and has_share))
        if refused:
            spare = 0
        holds = ask.under_way + spare + granted
        self.held += holds
        if refused and not has_share:
            self.wanted_us = at_us
        lease_us = self._lease_end(at_us)
        return Grant(
            window_id=self.window_id,
            fence=self._hold(ask, mine, holds, lease_us),
            free=spare + granted,
            left=self.left,
            amount=self.amount,
            sharers=sharers,
            wanted=wanted and not refused,
            ends_us=self.end_us,
            lease_us=lease_us,
        )

    def _report(self, ask: Ask, mine: LeaseState | None) -> int:
        """Count what was spent, and take out what the lease holds; how much of the spare is still its own."""
        spends = self.kind != "places"  # places come back by themselves
        if mine is not None and mine.ended:
            self.lost -= mine.held if spends else 0
        elif mine is not None:
            self.held -= mine.held
        if spends and (mine is not None or not ask.fence):  # one that was closed has said it all
            self.spent += ask.settled - (0 if mine is None else mine.settled)
        # The fence has moved on from one that ended: what was left in memory is no longer its own.
        return 0 if mine is None or mine.ended else max(0, ask.spare)

    def _end(self, lease: LeaseState) -> None:
        """End a lease whose time has passed. What it held is remembered where it may come back and settle it."""
        self.held -= lease.held
        if self.kind == "places":
            lease.held = 0
        else:
            self.lost += lease.held
        lease.ended = lease.changed = True

    def _hold(self, ask: Ask, mine: LeaseState | None, holds: int, lease_us: int) -> int:
        """Put down what the lease holds now; its fence."""
        over = ask.closing and not holds
        fence = mine.fence if mine is not None and not mine.ended else self.fence + 1
        self.fence = max(self.fence, fence)
        if mine is None:
            if over:
                return fence
            mine = LeaseState(fence=fence, process=ask.holder)
            self.leases.append(mine)
        mine.fence, mine.held, mine.settled, mine.ends_us, mine.ended = fence, holds, ask.settled, lease_us, False
        mine.over, mine.changed = over, True
        return fence

    def _lease_end(self, at_us: int) -> int:
        ends_us = at_us + _LEASE_US
        return ends_us if self.end_us is None else max(at_us, min(ends_us, self.end_us))


def _granted(ask: Ask, spare: int, left: int, sharers: int, *, may_more: bool) -> tuple[int, bool]:
    """How much more the lease gets of ``left``, and whether it is turned away."""
    if ask.closing:
        return 0, False
    lacks = max(0, ask.needs - spare)
    if lacks > max(0, left) or (lacks and not may_more):
        return 0, True
    if not may_more:
        return 0, False
    most = left // (SHARE * sharers)
    if sharers == 1 and ask.account.kind == "places":
        most = left - left // KEPT_PLACES
    return max(lacks, min(ask.wants - spare, most)), False
