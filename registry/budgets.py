"""Budgets: what may be spent by a run, a pipeline, a key, a workspace or at a service, in a run, a day or a month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from sqlalchemy import delete, func, insert, select, update

from registry.allowance_tables import budgets, windows
from registry.clock import now_us
from registry.dialects import insert_into
from registry.errors import EntryInvalid, NotFound
from registry.outbox import Event, append
from registry.tables import counters, services
from registry.windows import checked_zone
from registry.words import usd_to_nanousd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store

BudgetScope = Literal["run", "pipeline", "key", "workspace", "service"]
BudgetPeriod = Literal["total", "day", "month"]
SCOPES: tuple[BudgetScope, ...] = get_args(BudgetScope)
PERIODS = {"run": "total", "day": "day", "month": "month"}
"""What people write behind ``--per``, and the period that it means."""
EACH = "*"
"""The name that stands for each one: every run, every key has the amount for itself."""

LARGEST_NANOUSD = 9_000_000_000 * 10**9
_LONGEST_NAME = 200
_AMOUNT = re.compile(r"\$?\s*(\d{1,10}(?:\.\d{0,12})?|\.\d{1,12})\s*(.*)", re.DOTALL | re.ASCII)
_BELOW_ZERO = re.compile(r"\s*(?:-\s*\$?|\$\s*-)\s*\.?\d", re.ASCII)
_DOLLARS = frozenset({"", "usd", "$", "dollar", "dollars"})
_CENTS = frozenset({"c", "ct", "cts", "cent", "cents", "\u00a2"})
_ALLOWANCES = "allowances"  # the counter that moves with each change of a budget or a limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """So much may be spent by ``name``, or by each where it is ``*``, in each ``period``; days and months in ``zone``.

    The name of a key is ``workspace/principal``; that of a run its number. ``version`` counts the changes.
    """

    budget_id: int
    scope: BudgetScope
    name: str
    period: BudgetPeriod
    zone: str
    amount_nanousd: int
    version: int
    changed_us: int

    @property
    def per(self) -> str:
        """The period as people say it: run, day, month."""
        return "run" if self.period == "total" else self.period

    @property
    def label(self) -> str:
        """The budget as people name it: ``workspace:default``."""
        return f"{self.scope}:{self.name}"


class Budgets:
    """The budgets there are. Every method raises ``StoreError`` where the database cannot be used.

    Args:
        store: where they are.
        clock: dates changes.
        workspace: whose keys are meant where a name says only the principal.

    Example:
        >>> async def at_most_five_dollars_a_day(budgets: Budgets) -> Budget:
        ...     return await budgets.put("workspace", "default", 5 * 10**9, "day", zone="Europe/Berlin")
    """

    def __init__(self, store: Store, clock: Clock, *, workspace: str = "default") -> None:
        self._store = store
        self._clock = clock
        self._workspace = workspace

    async def list(self) -> tuple[Budget, ...]:
        """All budgets, by scope, name and period."""
        async with self._store.read() as connection:
            return await read_budgets(connection)

    async def put(self, scope: str, name: str, amount_nanousd: int, per: str, *, zone: str = "UTC") -> Budget:
        """Set a budget, in place of the one of the same scope, name and period; what was spent stays spent.

        Raises:
            EntryInvalid: there is no such scope, period or zone, or the amount or the name will not do.
            NotFound: there is no such service.
        """
        kind = _checked_scope(scope)
        whose = self._checked_name(kind, name)
        period = _checked_period(per)
        async with self._store.write() as connection:
            await _check_service(connection, kind, whose)
            return await put_budget(
                connection, kind, whose, checked_amount(amount_nanousd), period, checked_zone(zone), now_us(self._clock)
            )

    async def named(self, scope: str, name: str, per: str | None = None) -> tuple[Budget, ...]:
        """The budgets of that scope and name, or only the one for ``per``.

        Raises:
            EntryInvalid: there is no such scope or period.
            NotFound: there is no such budget.
        """
        return self._named(await self.list(), scope, name, per)

    async def remove(self, scope: str, name: str, per: str | None = None) -> tuple[Budget, ...]:
        """Remove the budgets that :meth:`named` names; what they were.

        Raises:
            EntryInvalid, NotFound: as there.
        """
        async with self._store.write() as connection:
            await bump_allowances(connection)
            gone = self._named(await read_budgets(connection), scope, name, per)
            ids = [budget.budget_id for budget in gone]
            theirs = (windows.c.kind == "budget") & windows.c.owner_id.in_(ids)
            await lock_windows(connection, theirs)
            await connection.execute(delete(windows).where(theirs))
            await connection.execute(delete(budgets).where(budgets.c.budget_id.in_(ids)))
            await _tell(connection, now_us(self._clock), "removed", gone)
        return gone

    def _named(self, there: tuple[Budget, ...], scope: str, name: str, per: str | None) -> tuple[Budget, ...]:
        kind = _checked_scope(scope)
        whose = self._checked_name(kind, name)
        period = None if per is None else _checked_period(per)
        theirs = tuple(budget for budget in there if (budget.scope, budget.name) == (kind, whose))
        if not theirs:
            raise NotFound("budget", f"{kind}:{whose}", [budget.label for budget in there if budget.scope == kind])
        found = tuple(budget for budget in theirs if period in (None, budget.period))
        if not found:
            raise NotFound(
                "budget", f"{kind}:{whose} per {period}", [f"{one.label} per {one.period}" for one in theirs]
            )
        return found

    def _checked_name(self, scope: BudgetScope, name: str) -> str:
        """The name as it is kept.

        Raises:
            EntryInvalid: it will not do.
        """
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise EntryInvalid("name", f"it takes 1 to {_LONGEST_NAME} characters, or {EACH} for each")
        if name == EACH:
            return name
        if scope == "run" and not (name.isascii() and name.isdecimal() and 0 < int(name) < 2**63):
            raise EntryInvalid("name", f"{name!r} is no run's number; `turnout runs` lists them, {EACH} is each run")
        if scope == "key" and "/" not in name:
            return f"{self._workspace}/{name}"
        return name


def usd_from_text(amount: str) -> int:
    """Nano-dollars in an amount as people write it: ``5``, ``5.00``, ``$5``, ``5 USD``.

    >>> usd_from_text("$0.50")
    500000000

    Raises:
        EntryInvalid: it is no amount, or not in dollars.
    """
    found = _AMOUNT.fullmatch(amount.strip())
    if found is None:
        if _BELOW_ZERO.match(amount):
            raise EntryInvalid("amount", f"{amount.strip()[:40]!r} is below zero; write US dollars, such as 5.00")
        raise EntryInvalid("amount", f"{amount[:40]!r} is no amount; write US dollars, such as 5.00")
    number, unit = found.groups()
    if unit.lower() not in _DOLLARS:
        remedy = _in_dollars(number, unit)
        raise EntryInvalid("amount", f"budgets are in US dollars, and {unit[:20]!r} is not one; {remedy}")
    return checked_amount(usd_to_nanousd(number))


def _in_dollars(number: str, unit: str) -> str:
    """What to write instead. Only of cents is known how many dollars they are; nothing else is turned into dollars."""
    if unit.lower() in _CENTS:
        return f"write ${Decimal(number) * Decimal('0.01'):f}"
    return "write dollars: 2.50, $2.50 or 2.50 USD"


def checked_amount(amount_nanousd: int) -> int:
    """An amount that a budget may have.

    Raises:
        EntryInvalid: it is below zero, or beyond what a database counts.
    """
    if not 0 <= amount_nanousd <= LARGEST_NANOUSD:
        raise EntryInvalid("budget", f"it cannot be below zero or above ${LARGEST_NANOUSD // 10**9:,}")
    return amount_nanousd


async def read_budgets(connection: AsyncConnection) -> tuple[Budget, ...]:
    """All budgets, within the caller's transaction."""
    statement = select(budgets).order_by(budgets.c.scope, budgets.c.name, budgets.c.period)
    return tuple(_from_row(row) for row in await connection.execute(statement))


async def put_budget(
    connection: AsyncConnection,
    scope: BudgetScope,
    name: str,
    amount_nanousd: int,
    period: BudgetPeriod,
    zone: str,
    at_us: int,
) -> Budget:
    """Set a budget, within the caller's transaction; see :meth:`Budgets.put`."""
    await bump_allowances(connection)
    key = {"scope": scope, "name": name, "period": period}
    mine = (budgets.c.scope == scope) & (budgets.c.name == name) & (budgets.c.period == period)
    before = (await connection.execute(select(budgets).where(mine))).one_or_none()
    values = {"zone": zone, "amount_nanousd": amount_nanousd, "changed_us": at_us}
    if before is None:
        await connection.execute(insert(budgets).values(**key, **values, version=1))
    elif (before.zone, before.amount_nanousd) != (zone, amount_nanousd):
        await connection.execute(update(budgets).where(mine).values(**values, version=before.version + 1))
        await change_amount(connection, "budget", before.budget_id, amount_nanousd)
    after = _from_row((await connection.execute(select(budgets).where(mine))).one())
    await _tell(connection, at_us, "set", [after])
    return after


async def change_amount(connection: AsyncConnection, kind: str, owner_id: int, amount: int) -> None:
    """Give the windows of a budget or a limit another amount; what they have spent and hold stays."""
    mine = (windows.c.kind == kind) & (windows.c.owner_id == owner_id)
    await lock_windows(connection, mine)
    await connection.execute(update(windows).where(mine).values(amount=amount))


async def lock_windows(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Lock windows before they are changed, in the order in which leases lock them: so nobody waits in a circle."""
    locking = select(windows.c.window_id).where(which).order_by(windows.c.window_id).with_for_update()
    await connection.execute(locking)


async def bump_allowances(connection: AsyncConnection) -> None:
    """Note that a budget or a limit changes. Comes first in such a transaction: the next one waits for it."""
    statement = insert_into(connection, counters).values(name=_ALLOWANCES, value=1)
    changed = {"value": counters.c.value + 1}
    await connection.execute(statement.on_conflict_do_update(index_elements=[counters.c.name], set_=changed))


async def allowances_version(connection: AsyncConnection) -> int:
    """How often a budget or a limit has changed."""
    return int(await connection.scalar(select(counters.c.value).where(counters.c.name == _ALLOWANCES)) or 0)


def _checked_scope(scope: str) -> BudgetScope:
    if scope not in SCOPES:
        raise EntryInvalid("scope", f"there is no scope {scope[:40]!r}; there are {', '.join(SCOPES)}")
    return scope


def _checked_period(per: str) -> BudgetPeriod:
    if per not in PERIODS:
        raise EntryInvalid("per", f"a budget is per run, day or month, and not per {per[:40]!r}")
    return cast("BudgetPeriod", PERIODS[per])


async def _check_service(connection: AsyncConnection, scope: BudgetScope, name: str) -> None:
    if scope != "service" or name == EACH:
        return
    if not await connection.scalar(select(func.count()).where(services.c.name == name)):
        raise NotFound("service", name, await connection.scalars(select(services.c.name)))


async def _tell(connection: AsyncConnection, at_us: int, what: str, told: Iterable[Budget]) -> None:
    events = [
        Event(kind=f"turnout.budget.{what}", subject=budget.label, content={"amount_nanousd": budget.amount_nanousd})
        for budget in told
    ]
    await append(connection, at_us, *events)


def _from_row(row: Row[Any]) -> Budget:
    return Budget(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
