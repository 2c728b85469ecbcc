"""Leases: parts of a budget or a limit that a process holds for itself, given out in slabs, fenced, and ending in time.

Whatever has been given out counts as used until it is settled or given back, so nothing is ever given twice. What a
process held that died counts as spent: *settled <= billed <= settled + held*.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, insert, select, update

from registry.accounts import window_of
from registry.allowance_tables import leases, windows
from registry.clock import MICROSECONDS_PER_SECOND
from registry.processes import this_process
from registry.windows import database_time_us

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.accounts import Account
    from registry.store import Store
    from registry.windows import DatabaseClock

Kind = Literal["budget", "requests", "tokens", "places"]

LEASE_SECONDS = 30.0
"""How long a lease lasts that nobody renews: how long a dead process's places stay taken."""
WANTED_SECONDS = 2.0
"""How long it counts that somebody asked in vain."""
SHARE = 2
"""A slab is at most this part, and this again for each process, of what is left: they shrink as a window runs dry."""

_LEASE_US = int(LEASE_SECONDS * MICROSECONDS_PER_SECOND)
_WANTED_US = int(WANTED_SECONDS * MICROSECONDS_PER_SECOND)
_KEPT_US = 3_600 * MICROSECONDS_PER_SECOND  # how long the windows of minutes are kept


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


class Leases:
    """The leases of one process. ``database_clock`` reads the time that windows go by.

    Every method raises ``StoreError`` where the database cannot be used.
    """

    def __init__(
        self, store: Store, *, process: str | None = None, database_clock: DatabaseClock = database_time_us
    ) -> None:
        self._store = store
        self._process = f"{(process or this_process())[:180]}:{secrets.token_hex(3)}"
        self._numbers = count(1)
        self._database_clock = database_clock

    def new_holder(self) -> str:
        """A name for a lease that no other one has."""
        return f"{self._process}:{next(self._numbers)}"

    async def exchange(self, asks: Sequence[Ask]) -> tuple[int, list[Grant | None]]:
        """Report and ask, in one short transaction.

        Returns:
            The database's time in microseconds, read at the beginning; and for each ask what came of it, None where
            the budget, the limit or the window is gone.
        """
        # In one order, so that no two transactions wait for each other.
        order = sorted(range(len(asks)), key=lambda place: _rank(asks[place]))
        grants: list[Grant | None] = [None] * len(asks)
        async with self._store.write() as connection:
            at_us = await self._database_clock(connection)
            found = {place: await _window(connection, asks[place], at_us) for place in order}
            opened = {place: row.window_id for place, row in found.items() if row is not None}
            for place in sorted(opened, key=lambda place: opened[place]):
                row = await _locked(connection, opened[place])
                if row is not None:
                    grants[place] = await self._exchange(connection, asks[place], row, at_us)
        return at_us, grants

    async def _exchange(self, connection: AsyncConnection, ask: Ask, window: Row[Any], at_us: int) -> Grant:
        rows = (await connection.execute(select(leases).where(leases.c.window_id == window.window_id))).all()
        mine = next((row for row in rows if row.process == ask.holder), None)
        others = [row for row in rows if not row.ended and row is not mine]
        dead = [row for row in others if row.ends_us < at_us]
        reported = _reported(ask, window, mine, dead)
        sharers = 1 + len(others) - len(dead)
        wanted = sharers > 1 and at_us - window.wanted_us < _WANTED_US
        # Of places, who has its share gets no more while somebody else has less.
        has_share = window.kind == "places" and ask.under_way + reported.spare >= max(1, window.amount // sharers)
        granted, refused = _granted(ask, reported, sharers, may_more=not (wanted and has_share))
        spare = 0 if refused else reported.spare
        holds = ask.under_way + spare + granted
        fence = mine.fence if mine is not None and not mine.ended else window.fence + 1
        await _write_lease(connection, ask, window, mine, fence, holds, at_us)
        await _end(connection, window, dead)
        values = {"spent": reported.spent, "held": reported.held + holds, "lost": reported.lost}
        if refused and not has_share:
            values["wanted_us"] = at_us
        statement = update(windows).where(windows.c.window_id == window.window_id)
        await connection.execute(statement.values(fence=max(fence, window.fence), **values))
        return Grant(
            window_id=window.window_id,
            fence=fence,
            free=spare + granted,
            left=window.amount - sum(values[name] for name in ("spent", "held", "lost")),
            amount=window.amount,
            sharers=sharers,
            wanted=wanted and not refused,
            ends_us=window.end_us,
            lease_us=_lease_end(window, at_us),
        )


@dataclass(frozen=True, slots=True)
class _Reported:
    """A window after a report and before a grant; ``held`` is by others, ``left`` beyond what the reporter keeps."""

    spent: int
    held: int
    lost: int
    spare: int
    left: int


def _reported(ask: Ask, window: Row[Any], mine: Row[Any] | None, dead: Sequence[Row[Any]]) -> _Reported:
    spends = window.kind != "places"  # places come back by themselves
    passed = sum(row.held for row in dead)
    spent, held, lost = window.spent, window.held - passed, window.lost + (passed if spends else 0)
    spare = max(0, ask.spare)
    if mine is None or mine.ended:
        spare = 0  # the fence has moved on: what was left in memory is no longer ours
    if mine is not None and mine.ended:
        lost -= mine.held if spends else 0
    elif mine is not None:
        held -= mine.held
    if spends and (mine is not None or not ask.fence):  # one that was closed has said it all
        spent += ask.settled - (0 if mine is None else mine.settled)
    left = window.amount - spent - lost - held - ask.under_way - spare
    return _Reported(spent, held, lost, spare, left)


def _granted(ask: Ask, reported: _Reported, sharers: int, *, may_more: bool) -> tuple[int, bool]:
    """How much more the lease gets, and whether it is turned away."""
    if ask.closing:
        return 0, False
    lacks = max(0, ask.needs - reported.spare)
    if lacks > max(0, reported.left) or (lacks and not may_more):
        return 0, True
    if not may_more:
        return 0, False
    slab = min(ask.wants - reported.spare, reported.left // (SHARE * sharers))
    return max(lacks, slab), False


async def _write_lease(
    connection: AsyncConnection, ask: Ask, window: Row[Any], mine: Row[Any] | None, fence: int, holds: int, at_us: int
) -> None:
    over = ask.closing and not holds
    if mine is None and over:
        return
    state = {"held": holds, "settled": ask.settled, "ends_us": _lease_end(window, at_us), "ended": False}
    if mine is None:
        key = {"window_id": window.window_id, "fence": fence, "process": ask.holder}
        await connection.execute(insert(leases).values(**key, **state))
        return
    this = (leases.c.window_id == window.window_id) & (leases.c.fence == mine.fence)
    if over:
        await connection.execute(delete(leases).where(this))
    else:
        await connection.execute(update(leases).where(this).values(fence=fence, **state))


def _lease_end(window: Row[Any], at_us: int) -> int:
    ends_us = at_us + _LEASE_US
    return ends_us if window.end_us is None else max(at_us, min(ends_us, int(window.end_us)))


def _rank(ask: Ask) -> tuple[str, int, str]:
    return ask.account.kind, ask.account.owner_id, ask.account.name


async def _window(connection: AsyncConnection, ask: Ask, at_us: int) -> Row[Any] | None:
    """The ask's window; opened, where it is the first to ask for it."""
    if ask.window_id is None:
        return await window_of(connection, ask.account, at_us)
    return (await connection.execute(select(windows).where(windows.c.window_id == ask.window_id))).one_or_none()


async def _locked(connection: AsyncConnection, window_id: int) -> Row[Any] | None:
    statement = select(windows).where(windows.c.window_id == window_id).with_for_update()
    return (await connection.execute(statement)).one_or_none()


async def _end(connection: AsyncConnection, window: Row[Any], dead: Sequence[Row[Any]]) -> None:
    """End leases whose time has passed. What they held is remembered where they may come back and settle it."""
    if not dead:
        return
    these = (leases.c.window_id == window.window_id) & leases.c.fence.in_([row.fence for row in dead])
    values = {"ended": True, "held": 0} if window.kind == "places" else {"ended": True}
    await connection.execute(update(leases).where(these).values(**values))
