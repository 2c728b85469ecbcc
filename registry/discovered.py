"""Servers that were found on this machine, put into the catalogue: disabled, each once, and never against a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from sqlalchemy import insert, select

from registry.catalogue_rows import (
    bump_version,
    insert_service_row,
    put_offering_row,
    put_price_row,
    service_from_row,
)
from registry.clock import now_us
from registry.dialects import CATALOGUE_TURN, take_turn
from registry.entries import LONGEST_NAME, checked_model_name, checked_service_name
from registry.errors import EntryInvalid
from registry.outbox import Event, append
from registry.tables import models, offerings, seeds, services
from registry.words import Model, Offering, Price, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store
    from registry.words.found import FoundModel, FoundServer

# What servers on one's own machine take, whatever their make.
_PARAMS = frozenset({"max_tokens", "temperature", "top_p", "seed", "stop", "frequency_penalty", "presence_penalty"})
_FEATURES = frozenset({"json_schema", "stream"})
_QUALITY, _LATENCY_MS, _PRIORITY = 0.5, 4_000.0, 150
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptServer:
    """What became of a server that was found.

    ``state``: ``added`` (disabled), ``known`` (there as ``service``, enabled or not), ``removed`` (a person took it
    out, or moved it: nothing was done). ``new_models`` are those that its service got just now.
    """

    found: FoundServer
    state: Literal["added", "known", "removed"]
    service: str = ""
    enabled: bool = False
    new_models: tuple[str, ...] = ()


async def keep_found(
    store: Store, clock: Clock, found: Sequence[FoundServer], *, workspace: str = "default"
) -> tuple[KeptServer, ...]:
    """Put servers into the catalogue that were never there, disabled, with their models at no price.

    One that is there gets the models that it never had, where it shipped or was found; one that a person added is
    left alone, and so is whatever a person has removed. A service that is enabled gets new models disabled.

    Raises:
        StoreError: the database cannot be used.
    """
    if not found:
        return ()
    async with store.write() as connection:
        await take_turn(connection, CATALOGUE_TURN)
        keeping = _Keeping(connection, set(await connection.scalars(select(seeds.c.name))), now_us(clock), workspace)
        kept = tuple([await keeping.keep(server) for server in found])
        await keeping.finish()
    return kept


class _Keeping:
    """One transaction's work: what was ever put in (``done``), and what is put in now (``new``)."""

    def __init__(self, connection: AsyncConnection, done: set[str], at_us: int, workspace: str) -> None:
        self._connection = connection
        self._done = done
        self._new: set[str] = set()
        self._at_us = at_us
        self._workspace = workspace
        self._changed = False

    async def keep(self, server: FoundServer) -> KeptServer:
        rows = [service_from_row(row) for row in await self._connection.execute(select(services))]
        there = next((service for service in rows if _place(service.endpoint) == server.port), None)
        if there is not None:
            added = await self._put_models(there, server) if self._is_ours(there.name) else ()
            return KeptServer(
                found=server, state="known", service=there.name, enabled=there.enabled, new_models=added
            )  # fmt: skip
        name = self._free_name(server, {service.name for service in rows})
        if name is None:
            return KeptServer(found=server, state="removed")
        service = await self._add(name, server)
        return KeptServer(
            found=server, state="added", service=name, new_models=await self._put_models(service, server)
        )  # fmt: skip

    async def finish(self) -> None:
        """Note what was put in, and tell every process of it."""
        if self._new:
            rows = [{"name": key, "created_us": self._at_us} for key in sorted(self._new)]
            await self._connection.execute(insert(seeds), rows)
        if self._changed:
            version = await bump_version(self._connection)
            event = Event(kind="turnout.catalogue.found", subject="catalogue", content={"version": version})
            await append(self._connection, self._at_us, event)

    def _is_ours(self, name: str) -> bool:
        return f"service:{name}" in self._done | self._new

    def _free_name(self, server: FoundServer, taken: set[str]) -> str | None:
        """A name for a server that was never in; None for one that a person took out, or moved elsewhere."""
        if _found_key(server) in self._done:
            return None
        for name in (server.product, f"{server.product}-{server.port}"):
            if name not in taken:
                # It shipped, or was found at another port, and somebody removed it.
                return None if self._is_ours(name) else checked_service_name(name)
        return None

    async def _add(self, name: str, server: FoundServer) -> Service:
        service = Service(
            service_id=0,
            name=name,
            kind="openai_compatible",
            endpoint=server.endpoint,
            data_policy="on_this_machine",
            priority=_PRIORITY,
            options={"found": server.product},
        )
        await insert_service_row(self._connection, service, workspace=self._workspace, at_us=self._at_us)
        self._new |= {_found_key(server), f"service:{name}"}
        self._changed = True
        row = (await self._connection.execute(select(services).where(services.c.name == name))).one()
        return service_from_row(row)

    async def _put_models(self, service: Service, server: FoundServer) -> tuple[str, ...]:
        """Put in the models that the service never had; their names."""
        has = set(
            await self._connection.scalars(
                select(models.c.name)
                .join(offerings, offerings.c.model_id == models.c.model_id)
                .where(offerings.c.service_id == service.service_id)
            )
        )
        added = []
        for model in server.models:
            name = canonical_name(model.name)
            key = f"offering:{service.name}/{name}"
            if name is None or name in has or key in self._done | self._new:
                continue
            offering_id = await put_offering_row(self._connection, _offering(service, name, model))
            await put_price_row(self._connection, offering_id, Price(source="on this machine"), 0)
            self._new.add(key)
            self._changed = True
            has.add(name)
            added.append(name)
        return tuple(added)


def canonical_name(remote: str) -> str | None:
    """The name of a model here, from the one that a server has for it; None where none can be made of it.

    >>> canonical_name("meta-llama/Llama-3.1-8B-Instruct"), canonical_name("../../etc/"), canonical_name("a b@c")
    ('llama-3.1-8b-instruct', 'etc', 'a-b-c')
    """
    last = remote.rstrip("/").rpartition("/")[2].lower().removesuffix(".gguf").removesuffix(":latest")
    plain = re.sub(r"[^a-z0-9._:+-]+", "-", last).lstrip("._:+-")[:LONGEST_NAME]
    try:
        return checked_model_name(plain)
    except EntryInvalid:
        return None


def _offering(service: Service, name: str, model: FoundModel) -> Offering:
    return Offering(
        offering_id=0,
        service=service,
        model=Model(model_id=0, name=name),
        remote_name=model.name,
        capabilities=frozenset({model.capability}),
        features=_FEATURES if model.capability == "text" else frozenset(),
        context_window=model.context_window,
        accepted_params=_PARAMS if model.capability == "text" else frozenset(),
        quality=_QUALITY,
        latency_ms=_LATENCY_MS,
        enabled=not service.enabled,
    )


def _found_key(server: FoundServer) -> str:
    return f"found:{server.product}@{server.port}"


def _place(endpoint: str | None) -> int | None:
    """The port of an address on this machine; None for one elsewhere."""
    parts = urlsplit(endpoint or "")
    return (parts.port or 80) if parts.hostname in _LOOPBACK else None
