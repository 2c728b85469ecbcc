"""Accounts: what is counted together, and the window that counts it at a moment, opened by whoever comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, func, select

from registry.allowance_tables import budgets, limits, windows
from registry.clock import MICROSECONDS_PER_SECOND
from registry.dialects import insert_into
from registry.spending import spent_before_nanousd
from registry.windows import window_bounds

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.spending import Spender
    from registry.windows import Period

Kind = Literal["budget", "requests", "tokens", "places"]

_KEPT_US = 3_600 * MICROSECONDS_PER_SECOND  # how long the windows of minutes are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is counted together: one budget or limit, for one name where it is for each.

    ``spender`` says, for a budget, whose calls in the ledger were made before it was counted here.
    """

    kind: Kind
    owner_id: int
    name: str
    period: Period
    zone: str = "UTC"
    spender: Spender | None = None


async def window_of(connection: AsyncConnection, account: Account, at_us: int) -> Row[Any] | None:
    """The window of an account at that time, within the caller's transaction; opened, where nobody has yet.

    None where there is no such budget or limit any more.
    """
    start_us, end_us = window_bounds(account.period, account.zone, at_us)
    statement = select(windows).where(_windows_of(account), windows.c.start_us == start_us)
    row = (await connection.execute(statement)).one_or_none()
    if row is None and await _open(connection, account, start_us, end_us, at_us):
        row = (await connection.execute(statement)).one_or_none()
    return row


def _windows_of(account: Account) -> Any:
    return (
        (windows.c.kind == account.kind) & (windows.c.owner_id == account.owner_id) & (windows.c.name == account.name)
    )


async def _open(connection: AsyncConnection, account: Account, start_us: int, end_us: int | None, at_us: int) -> bool:
    """Open a window, unless somebody has just done so; whether there is still a budget or a limit to open it for."""
    amount = await _amount(connection, account)
    if amount is None:
        return False
    spent = await _spent_before(connection, account, start_us, end_us)
    row = {"kind": account.kind, "owner_id": account.owner_id, "name": account.name, "start_us": start_us}
    counts = {"end_us": end_us, "amount": amount, "spent": spent, "held": 0, "lost": 0, "fence": 0, "wanted_us": 0}
    await connection.execute(insert_into(connection, windows).values(**row, **counts).on_conflict_do_nothing())
    if account.period == "minute":
        old = windows.c.end_us < at_us - _KEPT_US
        await connection.execute(delete(windows).where(_windows_of(account), old))
    return True


async def _amount(connection: AsyncConnection, account: Account) -> int | None:
    if account.kind == "budget":
        statement = select(budgets.c.amount_nanousd).where(budgets.c.budget_id == account.owner_id)
    else:
        statement = select(limits.c[account.kind]).where(limits.c.limit_id == account.owner_id)
    amount: int | None = await connection.scalar(statement)
    return amount


async def _spent_before(connection: AsyncConnection, account: Account, start_us: int, end_us: int | None) -> int:
    """What counts as spent in a window that has just been opened.

    Another window of the account that overlaps it (the budget has another zone now) counts in full; else what the
    ledger has, of the time before there was this budget.
    """
    if account.spender is None:
        return 0
    used = func.coalesce(func.sum(windows.c.spent + windows.c.held + windows.c.lost), 0)
    overlapping = (windows.c.end_us > start_us) & (windows.c.start_us < (end_us or 0))
    statement = select(func.count(), used).where(_windows_of(account), overlapping)
    count, overlap = (await connection.execute(statement)).one()
    if count:
        return int(overlap)
    return await spent_before_nanousd(connection, account.spender, start_us)
