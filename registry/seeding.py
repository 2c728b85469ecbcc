"""Seeding: puts what ships (services, offerings, prices, policies) into a database, each once and never again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from registry.catalogue_rows import (
    bump_version,
    insert_service_row,
    put_offering_row,
    put_price_row,
    service_from_row,
)
from registry.clock import now_us, to_us
from registry.dialects import CATALOGUE_TURN, take_turn
from registry.entries import (
    checked_capabilities,
    checked_credential_ref,
    checked_endpoint,
    checked_kind,
    checked_label,
    checked_measures,
    checked_model_name,
    checked_service_name,
)
from registry.outbox import Event, append
from registry.policies import SHIPPED, put_policy
from registry.seed_file import read_seed
from registry.tables import models, offerings, policies, prices, seeds, services
from registry.words import Model, Offering, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.seed_file import Seed, SeedOffering, SeedService
    from registry.store import Store
    from registry.words import Price


async def seed(store: Store, clock: Clock, shipped: Seed | None = None) -> int:
    """Put in what ships and was never put in before; how many entries that were.

    What people changed or removed since stays as they made it. A new release may bring more. An offering that comes
    to a service which was there before comes disabled unless it is free, because that service may be in use.

    Raises:
        StoreError: the database cannot be used.
        EntryInvalid: the seed says something that will not do.
    """
    shipped = shipped or read_seed()
    wanted = set(_keys(shipped))
    async with store.read() as connection:
        if wanted <= await _done(connection):
            return 0
    async with store.write() as connection:
        await take_turn(connection, CATALOGUE_TURN)
        done, at_us = await _done(connection), now_us(clock)
        missing = wanted - done
        for service in shipped.services:
            if _service_key(service) in missing:
                await insert_service_row(connection, _service(service), workspace="default", at_us=at_us)
        for service, offering, price in shipped.offerings():
            if _offering_key(service, offering) in missing:
                await _put_offering(connection, service, offering, is_late=_service_key(service) in done)
            if price is not None and _price_key(service, offering, price) in missing:
                await _put_price(connection, service, offering, price)
        for policy in SHIPPED:
            named = select(func.count()).where(policies.c.name == policy.name)
            if f"policy:{policy.name}" in missing and not await connection.scalar(named):
                await put_policy(connection, policy, at_us)
        if missing:
            await connection.execute(insert(seeds), [{"name": key, "created_us": at_us} for key in sorted(missing)])
            version = await bump_version(connection)
            event = Event(kind="turnout.catalogue.seeded", subject="catalogue", content={"version": version})
            await append(connection, at_us, event)
    return len(missing)


def _keys(shipped: Seed) -> Iterator[str]:
    """What each entry is remembered by."""
    yield from map(_service_key, shipped.services)
    for service, offering, price in shipped.offerings():
        yield _offering_key(service, offering)
        if price is not None:
            yield _price_key(service, offering, price)
    yield from (f"policy:{policy.name}" for policy in SHIPPED)


def _service_key(service: SeedService) -> str:
    return f"service:{service.name}"


def _offering_key(service: SeedService, offering: SeedOffering) -> str:
    return f"offering:{service.name}/{offering.model}"


def _price_key(service: SeedService, offering: SeedOffering, price: Price) -> str:
    day = price.valid_from.date().isoformat() if price.valid_from else "always"
    return f"price:{service.name}/{offering.model}@{day}"


async def _done(connection: AsyncConnection) -> set[str]:
    return set(await connection.scalars(select(seeds.c.name)))


def _service(entry: SeedService) -> Service:
    return Service(
        service_id=0,
        name=checked_service_name(entry.name),
        kind=checked_kind(entry.kind, None),
        endpoint=checked_endpoint(entry.endpoint),
        enabled=entry.enabled,
        credential_ref=checked_credential_ref(entry.credential_ref),
        region=checked_label("the region", entry.region),
        data_policy=checked_label("the data policy", entry.data_policy),
        priority=entry.priority,
    )


async def _put_offering(
    connection: AsyncConnection, service: SeedService, entry: SeedOffering, *, is_late: bool
) -> None:
    rows = await connection.execute(select(services).where(services.c.name == service.name))
    row = rows.one_or_none()
    # Somebody removed the service, made another kind of it, or has put this model there by hand.
    if row is None or row.kind != service.kind or await _offering_id(connection, service, entry) is not None:
        return
    checked_measures(
        quality=entry.quality,
        latency_ms=entry.latency_ms,
        context_window=entry.context_window,
        max_output_tokens=entry.max_output_tokens,
    )
    offering = Offering(
        offering_id=0,
        service=service_from_row(row),
        model=Model(model_id=0, name=checked_model_name(entry.model), family=entry.family),
        remote_name=entry.remote_name or entry.model,
        capabilities=checked_capabilities(entry.capabilities),
        features=frozenset(entry.features),
        context_window=entry.context_window,
        max_output_tokens=entry.max_output_tokens,
        accepted_params=frozenset(entry.accepted_params),
        quality=entry.quality,
        latency_ms=entry.latency_ms,
        enabled=entry.free or not is_late,
    )
    await put_offering_row(connection, offering)


async def _put_price(connection: AsyncConnection, service: SeedService, offering: SeedOffering, price: Price) -> None:
    offering_id = await _offering_id(connection, service, offering)
    if offering_id is None:
        return
    ours = select(func.count()).where(
        seeds.c.name.startswith(f"price:{service.name}/{offering.model}@", autoescape=True)
    )
    there = select(func.count()).where(prices.c.offering_id == offering_id)
    # More prices than were ever seeded: somebody keeps this offering's prices by hand.
    if int(await connection.scalar(there) or 0) > int(await connection.scalar(ours) or 0):
        return
    await put_price_row(connection, offering_id, price, to_us(price.valid_from) if price.valid_from else 0)


async def _offering_id(connection: AsyncConnection, service: SeedService, offering: SeedOffering) -> int | None:
    statement = (
        select(offerings.c.offering_id)
        .join(services, services.c.service_id == offerings.c.service_id)
        .join(models, models.c.model_id == offerings.c.model_id)
        .where(services.c.name == service.name, models.c.name == offering.model)
    )
    found: int | None = await connection.scalar(statement)
    return found
