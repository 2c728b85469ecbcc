"""What was spent, and what a run adds up to: sums over the ledger for budgets and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from registry.rollups import US_PER_MINUTE
from registry.tables import calls, items, names, rollups

if TYPE_CHECKING:
    from registry.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """What a run adds up to: its items by state, its calls, and what they cost."""

    items: dict[str, int]
    calls: int
    failed_calls: int
    cost_nanousd: int
    input_tokens: int
    output_tokens: int


async def spent_nanousd(store: Store, owner: str, since_us: int) -> int:
    """What the calls of an owner (``workspace/principal``) have cost since a moment, to the minute before it.

    Raises:
        StoreError: the database cannot be used.
    """
    statement = (
        select(func.coalesce(func.sum(rollups.c.cost_nanousd), 0))
        .join(names, names.c.name_id == rollups.c.owner_id)
        .where(names.c.name == owner, rollups.c.minute >= since_us // US_PER_MINUTE)
    )
    async with store.read() as connection:
        return int(await connection.scalar(statement) or 0)


async def totals_of_run(store: Store, run_id: int) -> RunTotals:
    """What a run adds up to so far.

    Raises:
        StoreError: the database cannot be used.
    """
    by_state = select(items.c.state, func.count()).where(items.c.run_id == run_id).group_by(items.c.state)
    made = calls.c.attempt > 0
    sums = select(
        func.count().filter(made),
        func.count().filter(made & (calls.c.outcome != 0)),
        func.coalesce(func.sum(calls.c.cost_nanousd), 0),
        func.coalesce(func.sum(calls.c.input_tokens), 0),
        func.coalesce(func.sum(calls.c.output_tokens), 0),
    ).where(calls.c.run_id == run_id)
    async with store.read() as connection:
        states = {state: int(count) for state, count in await connection.execute(by_state)}
        count, failed, cost, tokens_in, tokens_out = (await connection.execute(sums)).one()
    return RunTotals(
        items=states,
        calls=count,
        failed_calls=failed,
        cost_nanousd=int(cost),
        input_tokens=int(tokens_in),
        output_tokens=int(tokens_out),
    )
