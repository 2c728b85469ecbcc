"""The catalogue's rows: from SQL to the words and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from registry.clock import from_us, to_us
from registry.dialects import insert_into
from registry.tables import catalogue_state, models, offerings, prices, services
from registry.words import Capability, Model, Offering, Price, Service

if TYPE_CHECKING:
    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

_SERVICE = (
    services.c.name.label("service_name"),
    services.c.kind,
    services.c.endpoint,
    services.c.enabled.label("service_enabled"),
    services.c.credential_ref,
    services.c.region,
    services.c.data_policy,
    services.c.priority,
    services.c.options,
)
_AMOUNTS = (
    "input_nanousd_per_mtok",
    "output_nanousd_per_mtok",
    "cached_input_nanousd_per_mtok",
    "picture_nanousd",
    "call_nanousd",
)


def select_offerings(at_us: int) -> Select[Any]:
    """All offerings by id, each with its service, its model and the price in force at that time."""
    in_force = (
        select(prices.c.offering_id, func.max(prices.c.valid_from_us).label("valid_from_us"))
        .where(prices.c.valid_from_us <= at_us)
        .group_by(prices.c.offering_id)
        .subquery()
    )
    price = [prices.c[name] for name in ("valid_from_us", "source", *_AMOUNTS)]
    return (
        select(offerings, *_SERVICE, models.c.name.label("model_name"), models.c.family, *price)
        .join(services, services.c.service_id == offerings.c.service_id)
        .join(models, models.c.model_id == offerings.c.model_id)
        .outerjoin(in_force, in_force.c.offering_id == offerings.c.offering_id)
        .outerjoin(
            prices,
            and_(prices.c.offering_id == in_force.c.offering_id, prices.c.valid_from_us == in_force.c.valid_from_us),
        )
        .order_by(offerings.c.offering_id)
    )


def service_from_row(row: Row[Any]) -> Service:
    """The service in a row of ``services``."""
    return _service(row, row.name, row.enabled)


def offering_from_row(row: Row[Any]) -> Offering:
    """The offering in a row of :func:`select_offerings`."""
    return Offering(
        offering_id=row.offering_id,
        service=_service(row, row.service_name, row.service_enabled),
        model=Model(model_id=row.model_id, name=row.model_name, family=row.family),
        remote_name=row.remote_name,
        capabilities=frozenset(Capability(name) for name in row.capabilities),
        features=frozenset(row.features),
        context_window=row.context_window,
        max_output_tokens=row.max_output_tokens,
        accepted_params=frozenset(row.accepted_params),
        price=None if row.valid_from_us is None else price_from_row(row),
        quality=row.quality,
        latency_ms=row.latency_ms,
        enabled=row.enabled,
        retires_at=None if row.retires_at_us is None else from_us(row.retires_at_us),
        successor=row.successor,
    )


def price_from_row(row: Row[Any]) -> Price:
    """The price in a row; one that was always in force has no day from which it is."""
    amounts = {name: getattr(row, name) for name in _AMOUNTS}
    valid_from = from_us(row.valid_from_us) if row.valid_from_us else None
    return Price(**amounts, source=row.source, valid_from=valid_from)


async def put_price_row(connection: AsyncConnection, offering_id: int, price: Price, valid_from_us: int) -> None:
    """Write a price, in place of one that begins at the same time."""
    values = {name: getattr(price, name) for name in (*_AMOUNTS, "source")}
    statement = insert_into(connection, prices).values(offering_id=offering_id, valid_from_us=valid_from_us, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[prices.c.offering_id, prices.c.valid_from_us], set_=values)
    )


async def put_model_row(connection: AsyncConnection, name: str, family: str) -> int:
    """The id of a model, which is written if it is new."""
    statement = insert_into(connection, models).values(name=name, family=family)
    await connection.execute(statement.on_conflict_do_nothing())
    model_id = await connection.scalar(select(models.c.model_id).where(models.c.name == name))
    return int(model_id or 0)


async def put_offering_row(connection: AsyncConnection, offering: Offering) -> int:
    """Write an offering, in place of the one that its service has of that model; its id. Its price is not written."""
    model_id = await put_model_row(connection, offering.model.name, offering.model.family)
    values = {
        "remote_name": offering.remote_name,
        "capabilities": sorted(offering.capabilities),
        "features": sorted(offering.features),
        "context_window": offering.context_window,
        "max_output_tokens": offering.max_output_tokens,
        "accepted_params": sorted(offering.accepted_params),
        "quality": offering.quality,
        "latency_ms": offering.latency_ms,
        "enabled": offering.enabled,
        "retires_at_us": None if offering.retires_at is None else to_us(offering.retires_at),
        "successor": offering.successor,
    }
    key = {"service_id": offering.service.service_id, "model_id": model_id}
    statement = insert_into(connection, offerings).values(**key, **values)
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=values)
    offering_id = await connection.scalar(statement.returning(offerings.c.offering_id))
    return int(offering_id or 0)


async def insert_service_row(
    connection: AsyncConnection, service: Service, *, workspace: str, at_us: int
) -> int | None:
    """Write a service; its id, or None where one bears its name already."""
    statement = insert_into(connection, services).values(
        name=service.name,
        kind=service.kind,
        endpoint=service.endpoint,
        enabled=service.enabled,
        credential_ref=service.credential_ref,
        region=service.region,
        data_policy=service.data_policy,
        priority=service.priority,
        options=dict(service.options),
        workspace=workspace,
        created_us=at_us,
        changed_us=at_us,
    )
    service_id: int | None = await connection.scalar(
        statement.on_conflict_do_nothing().returning(services.c.service_id)
    )
    return service_id


async def bump_version(connection: AsyncConnection) -> int:
    """Tell every process, by a new version of the catalogue, that it has changed."""
    statement = insert_into(connection, catalogue_state).values(one=1, version=1)
    statement = statement.on_conflict_do_update(
        index_elements=[catalogue_state.c.one], set_={"version": catalogue_state.c.version + 1}
    )
    version = await connection.scalar(statement.returning(catalogue_state.c.version))
    return int(version or 0)


def _service(row: Row[Any], name: str, enabled: bool) -> Service:
    return Service(
        service_id=row.service_id,
        name=name,
        kind=row.kind,
        endpoint=row.endpoint,
        enabled=enabled,
        credential_ref=row.credential_ref,
        region=row.region,
        data_policy=row.data_policy,
        priority=row.priority,
        options=row.options,
    )
