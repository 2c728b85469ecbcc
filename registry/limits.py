"""Limits: how many requests and tokens a minute, and how many calls at once, a service or one of its models takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, update

from registry.allowance_tables import limits, windows
from registry.budgets import bump_allowances, change_amount, lock_windows
from registry.clock import now_us
from registry.errors import EntryInvalid, NotFound
from registry.outbox import Event, append
from registry.tables import models, offerings, services

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store

KINDS = ("requests", "tokens", "places")
BY_HAND = "set by hand"
_LARGEST = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a service, or one of its models (``model`` of "" is the service as a whole), takes; None is no limit.

    ``requests`` and ``tokens`` are those of a minute, ``places`` calls at once. ``provenance`` says who says so.
    """

    limit_id: int
    service: str
    model: str
    requests: int | None
    tokens: int | None
    places: int | None
    provenance: str
    version: int
    changed_us: int

    @property
    def label(self) -> str:
        """Whose limit it is, as people name it: ``service`` or ``service/model``."""
        return f"{self.service}/{self.model}" if self.model else self.service


class Limits:
    """The limits there are. Every method raises ``StoreError`` where the database cannot be used.

    Example:
        >>> async def gently(limits: Limits) -> Limit:
        ...     return await limits.put("openai", requests=500, tokens=200_000, places=20)
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list(self) -> tuple[Limit, ...]:
        """All limits, by service and model."""
        async with self._store.read() as connection:
            return await read_limits(connection)

    async def put(
        self,
        service: str,
        model: str = "",
        *,
        requests: int | None = None,
        tokens: int | None = None,
        places: int | None = None,
        provenance: str = BY_HAND,
    ) -> Limit:
        """Set the limits of a service or of one of its models, in place of all that it had.

        Raises:
            EntryInvalid: no limit is given, or one is not a number above zero.
            NotFound: there is no such service, or it has no such model.
        """
        amounts = {"requests": requests, "tokens": tokens, "places": places}
        for kind, amount in amounts.items():
            if amount is not None and not 0 < amount <= _LARGEST:
                raise EntryInvalid(kind, f"it takes a number from 1 to {_LARGEST:,}")
        if all(amount is None for amount in amounts.values()):
            raise EntryInvalid("limit", "give at least one of requests, tokens and concurrency")
        at_us = now_us(self._clock)
        mine = and_(limits.c.service == service, limits.c.model == model)
        async with self._store.write() as connection:
            await bump_allowances(connection)
            await _check_names(connection, service, model)
            before = (await connection.execute(select(limits).where(mine))).one_or_none()
            values = {**amounts, "provenance": provenance[:200], "changed_us": at_us}
            if before is None:
                await connection.execute(insert(limits).values(service=service, model=model, **values, version=1))
            else:
                await connection.execute(update(limits).where(mine).values(**values, version=before.version + 1))
                await _change_windows(connection, before.limit_id, amounts)
            after = _from_row((await connection.execute(select(limits).where(mine))).one())
            await append(connection, at_us, Event(kind="turnout.limit.set", subject=after.label, content=amounts))
        return after

    async def remove(self, service: str, model: str = "") -> Limit:
        """Remove the limits of a service or of one of its models; what they were.

        Raises:
            NotFound: there are none.
        """
        async with self._store.write() as connection:
            await bump_allowances(connection)
            there = await read_limits(connection)
            gone = next((limit for limit in there if (limit.service, limit.model) == (service, model)), None)
            if gone is None:
                wanted = f"{service}/{model}" if model else service
                raise NotFound("limit of", wanted, [limit.label for limit in there])
            await _forget_windows(connection, gone.limit_id, KINDS)
            await connection.execute(delete(limits).where(limits.c.limit_id == gone.limit_id))
            await append(connection, now_us(self._clock), Event(kind="turnout.limit.removed", subject=gone.label))
        return gone


async def read_limits(connection: AsyncConnection) -> tuple[Limit, ...]:
    """All limits, within the caller's transaction."""
    statement = select(limits).order_by(limits.c.service, limits.c.model)
    return tuple(_from_row(row) for row in await connection.execute(statement))


async def _check_names(connection: AsyncConnection, service: str, model: str) -> None:
    known = list(await connection.scalars(select(services.c.name)))
    if service not in known:
        raise NotFound("service", service, known)
    if model:
        statement = (
            select(models.c.name)
            .join(offerings, offerings.c.model_id == models.c.model_id)
            .join(services, services.c.service_id == offerings.c.service_id)
            .where(services.c.name == service)
        )
        offered = list(await connection.scalars(statement))
        if model not in offered:
            raise NotFound(f"model at {service}", model, offered)


async def _change_windows(connection: AsyncConnection, limit_id: int, amounts: dict[str, int | None]) -> None:
    for kind, amount in amounts.items():
        if amount is None:
            await _forget_windows(connection, limit_id, (kind,))
        else:
            await change_amount(connection, kind, limit_id, amount)


async def _forget_windows(connection: AsyncConnection, limit_id: int, kinds: tuple[str, ...]) -> None:
    theirs = (windows.c.owner_id == limit_id) & windows.c.kind.in_(kinds)
    await lock_windows(connection, theirs)
    await connection.execute(delete(windows).where(theirs))


def _from_row(row: Row[Any]) -> Limit:
    return Limit(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
