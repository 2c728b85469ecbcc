"""How budgets and limits stand now: what of each window is spent, what is held, what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from registry.allowance_tables import windows
from registry.budgets import EACH, read_budgets
from registry.limits import KINDS, read_limits
from registry.spending import Spender, spent_before_nanousd
from registry.windows import database_time_us, window_bounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.budgets import Budget
    from registry.limits import Limit
    from registry.store import Store
    from registry.windows import DatabaseClock

MOST_SHOWN = 50
"""How many of the windows of a budget for each are read, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one window stands. ``held`` is what may still come of calls under way, or of processes that died.

    What providers have billed lies between ``spent`` and ``spent + held``.
    """

    name: str
    amount: int
    spent: int
    held: int
    start_us: int
    end_us: int | None

    @property
    def left(self) -> int:
        """What is neither spent nor held."""
        return max(0, self.amount - self.spent - self.held)


async def budget_standings(
    store: Store, *, database_clock: DatabaseClock = database_time_us
) -> tuple[tuple[Budget, tuple[Standing, ...]], ...]:
    """All budgets, each with its windows of this moment: none yet for a budget for each of which nobody has spent.

    Raises:
        StoreError: the database cannot be used.
    """
    async with store.read() as connection:
        at_us = await database_clock(connection)
        return tuple(
            [(budget, await _of_budget(connection, budget, at_us)) for budget in await read_budgets(connection)]
        )


async def key_standings(
    store: Store, owner: str, *, database_clock: DatabaseClock = database_time_us
) -> tuple[tuple[Budget, Standing], ...]:
    """How the budgets of one key's days and months stand; ``owner`` is ``workspace/principal``.

    Raises:
        StoreError: the database cannot be used.
    """
    async with store.read() as connection:
        at_us = await database_clock(connection)
        theirs = [b for b in await read_budgets(connection) if b.scope == "key" and b.name in (owner, EACH)]
        lasting = [budget for budget in theirs if budget.period != "total"]
        return tuple([(budget, await _of_name(connection, budget, owner, at_us)) for budget in lasting])


async def limit_standings(
    store: Store, *, database_clock: DatabaseClock = database_time_us
) -> tuple[tuple[Limit, dict[str, Standing]], ...]:
    """All limits, each with what is used of ``requests``, ``tokens`` and ``places`` in this minute, where it has them.

    Raises:
        StoreError: the database cannot be used.
    """
    found = []
    async with store.read() as connection:
        at_us = await database_clock(connection)
        for limit in await read_limits(connection):
            standings = {}
            for kind in KINDS:
                amount = getattr(limit, kind)
                if amount is not None:
                    start_us, _ = window_bounds("open" if kind == "places" else "minute", "UTC", at_us)
                    there = await _windows(connection, kind, limit.limit_id, start_us)
                    standings[kind] = next(iter(there), _untouched(limit.label, amount, start_us))
            found.append((limit, standings))
    return tuple(found)


async def _of_budget(connection: AsyncConnection, budget: Budget, at_us: int) -> tuple[Standing, ...]:
    if budget.name != EACH and budget.period != "total":
        return (await _of_name(connection, budget, budget.name, at_us),)
    start_us, _ = window_bounds(budget.period, budget.zone, at_us)
    there = tuple(await _windows(connection, "budget", budget.budget_id, start_us))
    if there or budget.scope != "run" or budget.name == EACH:
        return there
    return (await _of_name(connection, budget, budget.name, at_us),)


async def _of_name(connection: AsyncConnection, budget: Budget, name: str, at_us: int) -> Standing:
    """The window of that name; what the ledger has, where nobody has opened it yet."""
    start_us, end_us = window_bounds(budget.period, budget.zone, at_us)
    for standing in await _windows(connection, "budget", budget.budget_id, start_us, name):
        return standing
    spender = Spender(scope=budget.scope, name=name, run_id=int(name) if budget.scope == "run" else 0)
    spent = await spent_before_nanousd(connection, spender, start_us)
    return Standing(name=name, amount=budget.amount_nanousd, spent=spent, held=0, start_us=start_us, end_us=end_us)


async def _windows(
    connection: AsyncConnection, kind: str, owner_id: int, start_us: int, name: str | None = None
) -> Iterable[Standing]:
    statement = select(windows).where(
        windows.c.kind == kind, windows.c.owner_id == owner_id, windows.c.start_us == start_us
    )
    if name is not None:
        statement = statement.where(windows.c.name == name)
    statement = statement.order_by(windows.c.window_id.desc()).limit(MOST_SHOWN)
    return [
        Standing(
            name=row.name,
            amount=row.amount,
            spent=row.spent,
            held=row.held + row.lost,
            start_us=row.start_us,
            end_us=row.end_us,
        )
        for row in await connection.execute(statement)
    ]


def _untouched(name: str, amount: int, start_us: int) -> Standing:
    return Standing(name=name, amount=amount, spent=0, held=0, start_us=start_us, end_us=None)
