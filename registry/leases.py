"""Leases: parts of a budget or a limit that a process holds for itself, given out in slabs, fenced, and ending in time.

Whatever has been given out counts as used until it is settled or given back, so nothing is ever given twice. What a
process held that died counts as spent: *settled <= billed <= settled + held*.
"""

from __future__ import annotations

import secrets
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, update

from registry.accounts import window_of
from registry.allowance_tables import leases, windows
from registry.dialects import stepped
from registry.lease_windows import LEASE_SECONDS, Ask, Grant, LeaseState, WindowState
from registry.processes import this_process
from registry.windows import database_time_us

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.store import Store
    from registry.windows import DatabaseClock

__all__ = ["LEASE_SECONDS", "Ask", "Grant", "Leases"]

_COUNTS = ("spent", "held", "lost", "fence", "wanted_us")
_STATE = ("fence", "held", "settled", "ends_us", "ended")
_WRITE_WINDOW = (
    update(windows)
    .where(windows.c.window_id == bindparam("of_window"))
    .values({name: bindparam(f"new_{name}") for name in _COUNTS})
)
_THIS_LEASE = (leases.c.window_id == bindparam("of_window")) & (leases.c.fence == bindparam("of_fence"))
_WRITE_LEASE = update(leases).where(_THIS_LEASE).values({name: bindparam(f"new_{name}") for name in _STATE})
_REMOVE_LEASE = delete(leases).where(_THIS_LEASE)


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
        """Report and ask, in one short transaction of as many statements for fifty asks as for one.

        Returns:
            The database's time in microseconds, read at the beginning; and for each ask what came of it, None where
            the budget, the limit or the window is gone.
        """
        return await self._store.write_at_once(partial(self._exchange, asks))

    async def _exchange(self, asks: Sequence[Ask], connection: AsyncConnection) -> tuple[int, list[Grant | None]]:
        grants: list[Grant | None] = [None] * len(asks)
        at_us = await self._database_clock(connection)
        opened = await _opened(connection, asks, at_us)
        states = await _locked(connection, set(opened.values()))
        for place in sorted(opened, key=lambda place: opened[place]):
            state = states.get(opened[place])
            if state is not None:
                grants[place] = state.exchange(asks[place], at_us)
        await _write(connection, states.values())
        return at_us, grants


async def _opened(connection: AsyncConnection, asks: Sequence[Ask], at_us: int) -> dict[int, int]:
    """The window of each ask, by its place; opened, where it is the first to ask for it."""
    found: dict[int, int] = {}
    # In one order, so that no two transactions wait for each other.
    for place in sorted(range(len(asks)), key=lambda place: _rank(asks[place])):
        window_id = asks[place].window_id
        if window_id is None:
            row = await window_of(connection, asks[place].account, at_us)
            window_id = None if row is None else row.window_id
        if window_id is not None:
            found[place] = window_id
    return found


def _rank(ask: Ask) -> tuple[str, int, str]:
    return ask.account.kind, ask.account.owner_id, ask.account.name


async def _locked(connection: AsyncConnection, window_ids: Collection[int]) -> dict[int, WindowState]:
    """The windows that are still there, nobody else's to change until the transaction ends; with their leases."""
    if not window_ids:
        return {}
    these = stepped(sorted(window_ids))
    statement = select(windows).where(windows.c.window_id.in_(these)).order_by(windows.c.window_id).with_for_update()
    states = {
        row.window_id: WindowState(
            window_id=row.window_id, kind=row.kind, end_us=row.end_us, amount=row.amount, spent=row.spent,
            held=row.held, lost=row.lost, fence=row.fence, wanted_us=row.wanted_us,
        )
        for row in await connection.execute(statement)
    }  # fmt: skip
    for row in await connection.execute(select(leases).where(leases.c.window_id.in_(these))):
        states[row.window_id].leases.append(
            LeaseState(
                fence=row.fence, process=row.process, held=row.held, settled=row.settled, ends_us=row.ends_us,
                ended=row.ended, stored_fence=row.fence,
            )
        )  # fmt: skip
    return states


async def _write(connection: AsyncConnection, states: Iterable[WindowState]) -> None:
    """Write down what has changed, each kind of change in one statement."""
    windows_written, written, removed, made = [], [], [], []
    for state in states:
        windows_written.append({"of_window": state.window_id} | _new(state, _COUNTS))
        for lease in state.leases:
            key = {"of_window": state.window_id, "of_fence": lease.stored_fence}
            if lease.stored_fence is None:
                if not lease.over:
                    values = {name: getattr(lease, name) for name in _STATE}
                    made.append({"window_id": state.window_id, "process": lease.process} | values)
            elif lease.over:
                removed.append(key)
            elif lease.changed:
                written.append(key | _new(lease, _STATE))
    for statement, rows in (
        (_WRITE_WINDOW, windows_written),
        (_REMOVE_LEASE, removed),
        (_WRITE_LEASE, written),
        (insert(leases), made),
    ):
        if rows:
            await connection.execute(statement, rows)


def _new(state: WindowState | LeaseState, names: Iterable[str]) -> dict[str, Any]:
    return {f"new_{name}": getattr(state, name) for name in names}
