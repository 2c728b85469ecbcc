"""The catalogue: services, their offerings and dated prices, as people edit them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from registry.catalogue_rows import (
    bump_version,
    insert_service_row,
    offering_from_row,
    put_offering_row,
    put_price_row,
    select_offerings,
    service_from_row,
)
from registry.clock import now_us, to_us
from registry.cooldowns import cooldowns_version
from registry.dialects import CATALOGUE_TURN, take_turn
from registry.entries import (
    checked_capabilities,
    checked_credential_ref,
    checked_endpoint,
    checked_kind,
    checked_label,
    checked_measures,
    checked_model_name,
    checked_options,
    checked_price,
    checked_service_name,
)
from registry.errors import AlreadyThere, NotFound
from registry.outbox import Event, append
from registry.snapshot import Snapshots
from registry.tables import catalogue_state, offerings, prices, services
from registry.words import Model, Offering, Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store
    from registry.words import Price, Snapshot


class Catalogue:
    """What there is to choose from, in SQL. Each change moves the catalogue's version and leaves an event.

    Every method raises ``StoreError`` where the database cannot be used.

    Args:
        store: where it is.
        clock: dates changes, and says which price is in force.
        kinds: the kinds of service that there are blocks for; any well-formed kind where left out.
        workspace: whose new services are.

    Example:
        >>> async def add_mine(catalogue: Catalogue) -> None:
        ...     await catalogue.add_service("mine", "openai_compatible", endpoint="http://127.0.0.1:8000/v1")
        ...     await catalogue.put_offering("mine", "llama3.1", capabilities=["text"], context_window=8192)
        ...     await catalogue.set_enabled("mine", True)
    """

    def __init__(
        self, store: Store, clock: Clock, *, kinds: Collection[str] | None = None, workspace: str = "default"
    ) -> None:
        self._store = store
        self._clock = clock
        self._kinds = kinds
        self._workspace = workspace
        self.snapshots = Snapshots(store, clock)

    async def services(self) -> tuple[Service, ...]:
        """All services, by priority and name."""
        statement = select(services).order_by(services.c.priority, services.c.name)
        async with self._store.read() as connection:
            return tuple(service_from_row(row) for row in await connection.execute(statement))

    async def service(self, name: str) -> Service:
        """The service of that name.

        Raises:
            NotFound: there is none.
        """
        async with self._store.read() as connection:
            return await _find_service(connection, name)

    async def offerings(self, service: str | None = None) -> tuple[Offering, ...]:
        """All offerings, or those of one service, with the price now in force.

        Raises:
            NotFound: there is no such service.
        """
        statement = select_offerings(now_us(self._clock))
        async with self._store.read() as connection:
            if service is not None:
                await _find_service(connection, service)
                statement = statement.where(services.c.name == service)
            return tuple(offering_from_row(row) for row in await connection.execute(statement))

    async def version(self) -> int:
        """The catalogue's version: 0 before the first change, and one more with each."""
        async with self._store.read() as connection:
            return int(await connection.scalar(select(catalogue_state.c.version)) or 0)

    async def versions(self) -> tuple[int, int]:
        """The catalogue's version and that of cool-downs, by one statement: every process asks each second."""
        statement = select(select(catalogue_state.c.version).scalar_subquery(), cooldowns_version.scalar_subquery())
        async with self._store.read() as connection:
            version, of_cooldowns = (await connection.execute(statement)).one()
        return int(version or 0), int(of_cooldowns or 0)

    async def next_price_us(self) -> int | None:
        """When the next dated price comes into force, in microseconds since 1970; None where none is to come."""
        at_us = now_us(self._clock)
        async with self._store.read() as connection:
            upcoming: int | None = await connection.scalar(
                select(func.min(prices.c.valid_from_us)).where(prices.c.valid_from_us > at_us)
            )
        return upcoming

    async def read_snapshot(self) -> Snapshot:
        """The whole catalogue as it is now, stored once for each different content; it never holds a secret."""
        async with self._store.read() as connection:
            version = int(await connection.scalar(select(catalogue_state.c.version)) or 0)
            rows = await connection.execute(select_offerings(now_us(self._clock)))
            found = [offering_from_row(row) for row in rows]
        return await self.snapshots.keep(found, version)

    async def add_service(
        self,
        name: str,
        kind: str,
        *,
        endpoint: str | None = None,
        enabled: bool = False,
        credential_ref: str | None = None,
        region: str | None = None,
        data_policy: str | None = None,
        priority: int = 100,
        options: Mapping[str, object] | None = None,
    ) -> Service:
        """Add a service; it can do nothing until it has offerings.

        Raises:
            EntryInvalid: something typed will not do.
            AlreadyThere: one bears that name.
        """
        service = Service(
            service_id=0,
            name=checked_service_name(name),
            kind=checked_kind(kind, self._kinds),
            endpoint=checked_endpoint(endpoint),
            enabled=enabled,
            credential_ref=checked_credential_ref(credential_ref),
            region=checked_label("the region", region),
            data_policy=checked_label("the data policy", data_policy),
            priority=priority,
            options=checked_options(options or {}),
        )
        async with self._change("service_added", name, kind=kind, enabled=enabled) as connection:
            at_us = now_us(self._clock)
            if await insert_service_row(connection, service, workspace=self._workspace, at_us=at_us) is None:
                raise AlreadyThere("service", name)
            return await _find_service(connection, name)

    async def set_enabled(self, name: str, enabled: bool) -> Service:
        """Let a service be chosen, or not.

        Raises:
            NotFound: there is no such service.
        """
        async with self._change("service_enabled" if enabled else "service_disabled", name) as connection:
            service = await _find_service(connection, name)
            values = {"enabled": enabled, "changed_us": now_us(self._clock)}
            where = services.c.service_id == service.service_id
            await connection.execute(update(services).where(where).values(**values))
            return await _find_service(connection, name)

    async def remove_service(self, name: str) -> None:
        """Remove a service with its offerings and prices; what it did stays in the ledger.

        Raises:
            NotFound: there is no such service.
        """
        async with self._change("service_removed", name) as connection:
            service = await _find_service(connection, name)
            await connection.execute(delete(services).where(services.c.service_id == service.service_id))

    async def put_offering(
        self,
        service: str,
        model: str,
        *,
        capabilities: Iterable[str],
        remote_name: str | None = None,
        family: str = "",
        features: Iterable[str] = (),
        context_window: int | None = None,
        max_output_tokens: int | None = None,
        accepted_params: Iterable[str] = (),
        quality: float = 0.5,
        latency_ms: float = 1_000.0,
        enabled: bool = True,
        retires_at: datetime | None = None,
        successor: str | None = None,
    ) -> Offering:
        """Add an offering, or replace the one that the service has of that model; its prices stay.

        ``remote_name`` is what the provider calls the model, where that is another name. ``family`` counts only for a
        model that is new.

        Raises:
            EntryInvalid: something typed will not do.
            NotFound: there is no such service.
        """
        checked_measures(
            quality=quality, latency_ms=latency_ms, context_window=context_window, max_output_tokens=max_output_tokens
        )
        known = Model(model_id=0, name=checked_model_name(model), family=family)
        can = checked_capabilities(capabilities)
        async with self._change("offering_put", f"{service}/{model}", enabled=enabled) as connection:
            offering = Offering(
                offering_id=0,
                service=await _find_service(connection, service),
                model=known,
                remote_name=remote_name or model,
                capabilities=can,
                features=frozenset(features),
                context_window=context_window,
                max_output_tokens=max_output_tokens,
                accepted_params=frozenset(accepted_params),
                quality=quality,
                latency_ms=latency_ms,
                enabled=enabled,
                retires_at=retires_at,
                successor=successor,
            )
            await put_offering_row(connection, offering)
            return await self._find_offering(connection, offering.name)

    async def set_offering_enabled(self, offering: str, enabled: bool) -> Offering:
        """Let one offering, ``service/model``, be chosen, or not.

        Raises:
            NotFound: there is no such offering.
        """
        async with self._change("offering_enabled" if enabled else "offering_disabled", offering) as connection:
            found = await self._find_offering(connection, offering)
            where = offerings.c.offering_id == found.offering_id
            await connection.execute(update(offerings).where(where).values(enabled=enabled))
            return await self._find_offering(connection, offering)

    async def put_price(self, offering: str, price: Price) -> Offering:
        """Give an offering a price from ``price.valid_from`` on, in place of one from the same moment.

        Without a moment it holds from now on; the first price of an offering holds from the beginning.

        Raises:
            EntryInvalid: an amount is negative.
            NotFound: there is no such offering.
        """
        checked_price(price)
        async with self._change("price_put", offering, source=price.source) as connection:
            found = await self._find_offering(connection, offering)
            count = select(func.count()).where(prices.c.offering_id == found.offering_id)
            if price.valid_from is not None:
                valid_from_us = to_us(price.valid_from)
            else:
                valid_from_us = now_us(self._clock) if await connection.scalar(count) else 0
            await put_price_row(connection, found.offering_id, price, valid_from_us)
            return await self._find_offering(connection, offering)

    @asynccontextmanager
    async def _change(self, what: str, subject: str, **content: Any) -> AsyncIterator[AsyncConnection]:
        """One change: the new version, the event and what the block writes, all or nothing."""
        async with self._store.write() as connection:
            # So that versions are committed in the order they are given: a watcher never misses one.
            await take_turn(connection, CATALOGUE_TURN)
            yield connection
            version = await bump_version(connection)
            event = Event(
                kind=f"turnout.catalogue.{what}",
                subject=subject,
                content=content | {"version": version},
                workspace=self._workspace,
            )
            await append(connection, now_us(self._clock), event)

    async def _find_offering(self, connection: AsyncConnection, name: str) -> Offering:
        rows = await connection.execute(select_offerings(now_us(self._clock)))
        found = {offering.name: offering for offering in map(offering_from_row, rows)}
        if name not in found:
            raise NotFound("offering", name, found)
        return found[name]


async def _find_service(connection: AsyncConnection, name: str) -> Service:
    row = (await connection.execute(select(services).where(services.c.name == name))).one_or_none()
    if row is None:
        raise NotFound("service", name, await connection.scalars(select(services.c.name)))
    return service_from_row(row)
