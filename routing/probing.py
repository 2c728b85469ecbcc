"""Asking services whether they are up: many at once, each within its time, none for money."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from blocks import CredentialMissing, Probed, ServiceFailure, UnknownServiceKind
from registry import Cooldowns, FailureClass, Probe, now_us, outs_of, write_probes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from blocks import AIService, CredentialSource
    from registry import Clock, Cooldown
    from registry.words import Service
    from routing.runtime import Runtime

logger = logging.getLogger(__name__)

PROBE_SECONDS = 10.0
AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedService:
    """What a look at a service found; ``probe`` is None where its kind cannot be asked for nothing.

    ``woken`` are the cool-downs that this ended.
    """

    service: str
    message: str
    probe: Probe | None
    woken: tuple[Cooldown, ...] = ()


async def probe(runtime: Runtime, names: Collection[str] = (), *, by_hand: bool = False) -> tuple[ProbedService, ...]:
    """Ask the services of these names (or all enabled ones) whether they are up, and keep what they say.

    One that is up and was out because of its key is called again: the key is good. What else it was told does not show
    in a probe, which costs nothing; so that ends only where a person has asked (``by_hand``).

    Raises:
        NotFound: there is no service of that name.
        StoreError: the database cannot be used.
    """
    named = [await runtime.catalogue.service(name) for name in names]
    services = named or [service for service in await runtime.catalogue.services() if service.enabled]
    found = await probe_services(services, runtime.connect, runtime.credentials, time.time)
    await write_probes(runtime.store, [one.probe for one in found if one.probe is not None])
    up = [service for service, one in zip(services, found, strict=True) if one.probe is not None and one.probe.ok]
    return await _woken(runtime, up, found, None if by_hand else FailureClass.CREDENTIALS)


async def _woken(
    runtime: Runtime, up: Iterable[Service], found: Iterable[ProbedService], only: FailureClass | None
) -> tuple[ProbedService, ...]:
    """What was found, with the cool-downs of those that are up; they have ended by then."""
    outs = {service.name: outs_of(service, runtime.snapshot.offerings) for service in up}
    ended = await Cooldowns(runtime.store, time.time).lift([out for several in outs.values() for out in several], only)
    return tuple(
        replace(one, woken=tuple(cooldown for cooldown in ended if cooldown.out in outs.get(one.service, ())))
        for one in found
    )


async def probe_services(
    services: Iterable[Service],
    connect: Callable[[Service], AIService],
    credentials: CredentialSource,
    clock: Clock,
    *,
    timeout_seconds: float = PROBE_SECONDS,
) -> tuple[ProbedService, ...]:
    """Ask services whether they are up; whatever is wrong with one is its answer, and no exception."""
    places = asyncio.Semaphore(AT_ONCE)

    async def ask(service: Service) -> ProbedService:
        async with places:
            began = time.monotonic()
            ok, message = await _ask(service, connect, credentials, timeout_seconds)
            at_us = now_us(clock)
            latency_us = int((time.monotonic() - began) * 1_000_000)
        if ok is None:
            return ProbedService(service=service.name, message=message, probe=None)
        probe = Probe(
            service_id=service.service_id,
            ok=ok,
            message=message,
            latency_us=latency_us,
            probed_us=at_us,
            since_us=at_us,
        )
        return ProbedService(service=service.name, message=message, probe=probe)

    return tuple(await asyncio.gather(*map(ask, services)))


async def _ask(
    service: Service, connect: Callable[[Service], AIService], credentials: CredentialSource, timeout_seconds: float
) -> tuple[bool | None, str]:
    """Whether the service is up, and what it says; None where it cannot be asked."""
    try:
        async with asyncio.timeout(timeout_seconds):
            block = connect(service)
            if not isinstance(block, Probed):
                return None, f"a service of kind {service.kind!r} cannot be asked for nothing"
            secret = await credentials.resolve(service.credential_ref)
            return True, await block.probe(secret, timeout_seconds)
    except Exception as error:  # noqa: BLE001 - a block of somebody's own may raise anything
        return False, _told(error, service, timeout_seconds)


def _told(error: Exception, service: Service, timeout_seconds: float) -> str:
    """What was wrong, in a sentence."""
    if isinstance(error, CredentialMissing):
        return f"its key is missing: {error.hint}"
    if isinstance(error, ServiceFailure):
        return error.message
    if isinstance(error, UnknownServiceKind):
        return str(error)
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout_seconds:g} s"
    # Not its words: it may quote what it was given, a secret among it.
    logger.warning("the service %s could not be asked: %s", service.name, type(error).__name__)
    return f"it could not be asked ({type(error).__name__})"
