"""What was spent, and what a run adds up to: sums over the ledger for budgets and answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from registry.outcomes import cancelled, failed
from registry.rollups import US_PER_MINUTE
from registry.tables import calls, items, names, offerings, rollups, runs, services

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.budgets import BudgetScope
    from registry.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """Whose spending is meant: that of ``name``, which is a ``scope``; of one run only, where ``run_id`` is not 0."""

    scope: BudgetScope
    name: str
    run_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """What a run adds up to: its items by state, its calls, and what they cost."""

    items: dict[str, int]
    calls: int
    failed_calls: int
    cancelled_calls: int
    cost_nanousd: int
    input_tokens: int
    output_tokens: int


async def spent_before_nanousd(connection: AsyncConnection, spender: Spender, since_us: int) -> int:
    """What the ledger says was spent since a moment, within the caller's transaction; to the minute, but for runs."""
    statement = _by_run(spender, since_us) if spender.run_id else _by_minute(spender, since_us)
    return int(await connection.scalar(statement) or 0)


def _by_run(spender: Spender, since_us: int) -> Select[Any]:
    statement = select(func.coalesce(func.sum(calls.c.cost_nanousd), 0)).where(
        calls.c.run_id == spender.run_id, calls.c.started_us >= since_us
    )
    if spender.scope == "service":
        statement = statement.where(calls.c.offering_id.in_(_offerings_of(spender.name)))
    return statement


def _by_minute(spender: Spender, since_us: int) -> Select[Any]:
    if spender.scope == "pipeline":
        return (
            select(func.coalesce(func.sum(calls.c.cost_nanousd), 0))
            .join(runs, runs.c.run_id == calls.c.run_id)
            .where(runs.c.pipeline == spender.name, calls.c.started_us >= since_us)
        )
    statement = select(func.coalesce(func.sum(rollups.c.cost_nanousd), 0)).where(
        rollups.c.minute >= since_us // US_PER_MINUTE
    )
    if spender.scope == "service":
        return statement.where(rollups.c.offering_id.in_(_offerings_of(spender.name)))
    statement = statement.join(names, names.c.name_id == rollups.c.owner_id)
    if spender.scope == "key":
        return statement.where(names.c.name == spender.name)
    return statement.where(names.c.name.startswith(f"{spender.name}/", autoescape=True))


def _offerings_of(service: str) -> Select[Any]:
    return (
        select(offerings.c.offering_id)
        .join(services, services.c.service_id == offerings.c.service_id)
        .where(services.c.name == service)
    )


async def totals_of_run(store: Store, run_id: int) -> RunTotals:
    """What a run adds up to so far.

    Raises:
        StoreError: the database cannot be used.
    """
    by_state = select(items.c.state, func.count()).where(items.c.run_id == run_id).group_by(items.c.state)
    made = calls.c.attempt > 0
    sums = select(
        func.count().filter(made),
        func.count().filter(made & failed()),
        func.count().filter(made & cancelled()),
        func.coalesce(func.sum(calls.c.cost_nanousd), 0),
        func.coalesce(func.sum(calls.c.input_tokens), 0),
        func.coalesce(func.sum(calls.c.output_tokens), 0),
    ).where(calls.c.run_id == run_id)
    async with store.read() as connection:
        states = {state: int(count) for state, count in await connection.execute(by_state)}
        count, failures, gone, cost, tokens_in, tokens_out = (await connection.execute(sums)).one()
    return RunTotals(
        items=states,
        calls=count,
        failed_calls=failures,
        cancelled_calls=gone,
        cost_nanousd=int(cost),
        input_tokens=int(tokens_in),
        output_tokens=int(tokens_out),
    )
