"""What probes of services found: the latest look at each, and since when it has been so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, select

from registry.dialects import insert_into
from registry.tables import probes, services

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement

    from registry.store import Store

LONGEST_MESSAGE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a look at a service found. Times are in microseconds; ``since_us``: since when ``ok`` has been as it is.

    ``message`` says what was wrong, in a sentence, or what the service said of itself.
    """

    service_id: int
    ok: bool
    message: str
    latency_us: int
    probed_us: int
    since_us: int


async def read_probes(store: Store) -> Mapping[int, Probe]:
    """The latest look at each service that was looked at, by the service's id.

    Raises:
        StoreError: the database cannot be used.
    """
    async with store.read() as connection:
        rows = await connection.execute(select(probes))
        return {row.service_id: Probe(**row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's public name


async def write_probes(store: Store, found: Iterable[Probe]) -> None:
    """Keep what was found. ``since_us`` counts where ``ok`` is another than before; else the earlier one stays.

    What is older than what is there is left out, and so is a service that was removed meanwhile.

    Raises:
        StoreError: the database cannot be used.
    """
    wanted = {probe.service_id: probe for probe in found}
    if not wanted:
        return
    async with store.write() as connection:
        # On PostgreSQL a service might be removed between this and the insert.
        there = select(services.c.service_id).where(services.c.service_id.in_(wanted)).with_for_update(read=True)
        rows = [_row(wanted[service_id]) for service_id in await connection.scalars(there)]
        if not rows:
            return
        insert = insert_into(connection, probes)
        new = insert.excluded
        changed: dict[str, ColumnElement[Any]] = {
            name: new[name] for name in ("ok", "message", "latency_us", "probed_us")
        }
        changed["since_us"] = case((probes.c.ok == new.ok, probes.c.since_us), else_=new.since_us)
        statement = insert.on_conflict_do_update(
            index_elements=[probes.c.service_id], set_=changed, where=probes.c.probed_us <= new.probed_us
        )
        await connection.execute(statement, rows)


def _row(probe: Probe) -> dict[str, object]:
    message = probe.message.replace("\x00", "\ufffd")[:LONGEST_MESSAGE]
    return {
        "service_id": probe.service_id,
        "ok": probe.ok,
        "message": message,
        "latency_us": probe.latency_us,
        "probed_us": probe.probed_us,
        "since_us": probe.since_us,
    }
