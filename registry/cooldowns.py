"""Cool-downs that all processes see: what is out, since when and until when, why, and which process was told so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from registry.clock import MICROSECONDS_PER_SECOND
from registry.dialects import insert_into
from registry.tables import cooldowns, counters
from registry.windows import database_time_us
from registry.words import FailureClass
from registry.words.cooling import Out

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.store import Store
    from registry.windows import DatabaseClock
    from registry.words import Offering, Service

LONGEST_MESSAGE = 200
_COUNTER = "cooldowns"  # moves with each change, so that a process sees at a glance whether to read them

cooldowns_version = select(counters.c.value).where(counters.c.name == _COUNTER)
"""The statement that reads how often cool-downs have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """What is out, and why. ``since`` and ``until`` are seconds on the clock of whoever reads or tells it.

    ``since_us`` is when it was told, on the database's clock: a row that is told anew has another one.
    """

    out: Out
    failure: FailureClass
    since: float
    until: float
    message: str = ""
    told_by: str = ""
    since_us: int = 0


class OutNow:
    """Who is out at a moment, for people to see."""

    def __init__(self, cooldowns: Iterable[Cooldown]) -> None:
        self._by_out = {cooldown.out: cooldown for cooldown in cooldowns}

    def whole(self, service: Service, offerings: Iterable[Offering]) -> Cooldown | None:
        """What keeps all of a service out: its account's, or, where each enabled offering is out, the first to end."""
        account = self._by_out.get(Out.with_account(service))
        if account is not None:
            return account
        own = [self.part(offering) for offering in offerings if offering.enabled]
        ends = [cooldown for cooldown in own if cooldown is not None]
        return min(ends, key=lambda one: one.until) if ends and len(ends) == len(own) else None

    def part(self, offering: Offering) -> Cooldown | None:
        """What keeps one offering out, its account aside."""
        return self._by_out.get(Out.of(offering))


class Cooldowns:
    """The cool-downs there are. Every method raises ``StoreError`` where the database cannot be used.

    Rows bear the database's time; each process is told them on its own clock, so that clocks which differ or jump do
    no harm. What is over goes with the next change.

    Args:
        store: where they are.
        clock: seconds, on the clock that times are to be told by: monotonic ones, or those since 1970 for people.
        process: the name of this process, by which it tells; not needed for reading.
        database_clock: reads the time that rows bear.

    Example:
        >>> async def who_is_out(store: Store) -> list[Out]:
        ...     _, found = await Cooldowns(store, time.time).read()
        ...     return [cooldown.out for cooldown in found]
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        *,
        process: str = "",
        database_clock: DatabaseClock = database_time_us,
    ) -> None:
        self._store = store
        self._clock = clock
        self._process = process[:200]
        self._database_clock = database_clock

    async def read(self) -> tuple[int, tuple[Cooldown, ...]]:
        """Those that are not over, the longest first, and the version that they are of at least."""
        async with self._store.read() as connection:
            version = int(await connection.scalar(cooldowns_version) or 0)
            # Read before the database's time is, so that nothing is said to have been told later than it was.
            now = self._clock()
            at_us = await self._database_clock(connection)
            rows = await connection.execute(select(cooldowns).order_by(cooldowns.c.until_us.desc()))
            found = [_from_row(row, now, at_us) for row in rows if row.until_us > at_us]
        return version, tuple(one for one in found if one is not None)

    async def tell(
        self, told: Iterable[Cooldown], lifted: Mapping[Out, int] | None = None
    ) -> tuple[int, dict[Out, int]]:
        """Tell all processes, in one transaction: first what is no longer out, then what is.

        A longer cool-down replaces a shorter one, never the other way round.

        Args:
            told: what is out now.
            lifted: what is not, each with the ``since_us`` of the row that is meant: one that was told since stays.

        Returns:
            The version that this made, and the ``since_us`` of what was told.
        """
        return await self._store.write_at_once(partial(self._tell, tuple(told), dict(lifted or {})))

    async def lift(self, outs: Collection[Out], only: FailureClass | None = None) -> tuple[Cooldown, ...]:
        """End the cool-downs of these, whoever told them, or those of one failure class; what they were."""
        _, there = await self.read()
        found = tuple(one for one in there if one.out in outs and only in (None, one.failure))
        if found:
            await self.tell((), {one.out: one.since_us for one in found})
        return found

    async def _tell(
        self, told: Iterable[Cooldown], lifted: Mapping[Out, int], connection: AsyncConnection
    ) -> tuple[int, dict[Out, int]]:
        version = await _bump(connection)
        at_us = await self._database_clock(connection)
        now = self._clock()
        await connection.execute(delete(cooldowns).where(cooldowns.c.until_us <= at_us))
        for out, since_us in sorted(lifted.items()):
            await connection.execute(delete(cooldowns).where(_is(out), cooldowns.c.since_us <= since_us))
        rows = [self._row(cooldown, now, at_us) for cooldown in told]
        if rows:
            insert = insert_into(connection, cooldowns)
            new = insert.excluded
            changed = {name: new[name] for name in ("failure", "since_us", "until_us", "message", "told_by")}
            statement = insert.on_conflict_do_update(
                index_elements=[cooldowns.c.offering_id, cooldowns.c.account],
                set_=changed,
                where=cooldowns.c.until_us < new.until_us,
            )
            await connection.execute(statement, rows)
        return version, {Out(row["offering_id"], row["account"]): row["since_us"] for row in rows}

    def _row(self, cooldown: Cooldown, now: float, at_us: int) -> dict[str, Any]:
        return {
            "offering_id": cooldown.out.offering_id,
            "account": cooldown.out.account,
            "failure": cooldown.failure.code,
            "since_us": at_us + round((cooldown.since - now) * MICROSECONDS_PER_SECOND),
            "until_us": at_us + round((cooldown.until - now) * MICROSECONDS_PER_SECOND),
            "message": cooldown.message.replace("\x00", "\ufffd")[:LONGEST_MESSAGE],
            "told_by": self._process,
        }


def _from_row(row: Row[Any], now: float, at_us: int) -> Cooldown | None:
    """What a row says; None where its failure class is one of a later Turnout."""
    try:
        failure = FailureClass.from_code(row.failure)
    except KeyError:
        return None
    if failure is None:
        return None
    return Cooldown(
        out=Out(row.offering_id, row.account),
        failure=failure,
        since=now + (row.since_us - at_us) / MICROSECONDS_PER_SECOND,
        until=now + (row.until_us - at_us) / MICROSECONDS_PER_SECOND,
        message=row.message,
        told_by=row.told_by,
        since_us=row.since_us,
    )


def _is(out: Out) -> ColumnElement[bool]:
    return (cooldowns.c.offering_id == out.offering_id) & (cooldowns.c.account == out.account)


async def _bump(connection: AsyncConnection) -> int:
    """The next version. Comes first in a transaction, so that versions are committed in the order they are given."""
    statement = insert_into(connection, counters).values(name=_COUNTER, value=1)
    changed = {"value": counters.c.value + 1}
    statement = statement.on_conflict_do_update(index_elements=[counters.c.name], set_=changed)
    return int(await connection.scalar(statement.returning(counters.c.value)) or 0)
