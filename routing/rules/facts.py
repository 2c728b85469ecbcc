"""The facts that conditions look at, taken from the request, the clock, the snapshot and health. Only those named."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from registry import NANOUSD_PER_USD, RegistryError
from registry.condition_facts import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registry.words import Offering, TaskRequest
    from routing.constraints import World
    from routing.estimating import Needs

logger = logging.getLogger(__name__)

NO_BUDGET = (NANOUSD_PER_USD * 1_000_000_000, 1.0)
_METADATA, _HINTS = "request.metadata.", "request.hints."

_OF_REQUEST: dict[str, Callable[[TaskRequest, Needs], Any]] = {
    "request.capability": lambda request, _: request.capability.value,
    "request.pipeline": lambda request, _: request.pipeline,
    "request.stage": lambda request, _: request.stage,
    "request.item": lambda request, _: request.item,
    "request.policy": lambda request, _: request.policy,
    "request.principal": lambda request, _: request.principal,
    "request.workspace": lambda request, _: request.workspace,
    "request.input_tokens": lambda _, needs: needs.input_tokens,
    "request.output_tokens": lambda _, needs: needs.output_tokens,
    "request.has_schema": lambda request, _: request.schema is not None,
    "request.features": lambda request, _: sorted(request.requirements.features),
    "request.pinned": lambda request, _: request.requirements.pinned or "",
}
_OF_OFFERING: dict[str, Callable[[Offering], Any]] = {
    "service.name": lambda offering: offering.service.name,
    "service.kind": lambda offering: offering.service.kind,
    "service.region": lambda offering: offering.service.region or "",
    "service.data_policy": lambda offering: offering.service.data_policy or "",
    "service.priority": lambda offering: offering.service.priority,
    "offering.name": lambda offering: offering.name,
    "offering.model.name": lambda offering: offering.model.name,
    "offering.model.family": lambda offering: offering.model.family,
    "offering.capabilities": lambda offering: sorted(capability.value for capability in offering.capabilities),
    "offering.features": lambda offering: sorted(offering.features),
    "offering.quality": lambda offering: offering.quality,
    "offering.context_window": lambda offering: offering.context_window,
    "offering.input_usd_per_mtok": lambda offering: _usd(offering, "input_nanousd_per_mtok"),
    "offering.output_usd_per_mtok": lambda offering: _usd(offering, "output_nanousd_per_mtok"),
    "offering.retires": lambda offering: offering.retires_at is not None,
}


class LocalTime:
    """The clock's facts in one zone, worked out once a minute."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._from = self._until = 0.0
        self._facts: dict[str, Any] = {}

    def facts(self, now: datetime) -> dict[str, Any]:
        """The facts at that moment."""
        at = now.timestamp()
        if not self._from <= at < self._until:
            local = now.astimezone(self._zone)
            self._from = (now - timedelta(seconds=now.second, microseconds=now.microsecond)).timestamp()
            self._until = self._from + 60
            self._facts = {
                "time.hour": local.hour,
                "time.minute": local.minute,
                "time.weekday": WEEKDAYS[local.weekday()],
                "time.date": local.date().isoformat(),
            }
        return self._facts


def request_facts(
    names: Iterable[str], request: TaskRequest, needs: Needs, priority: str, world: World, clock: LocalTime
) -> dict[str, Any]:
    """The facts of those names, for conditions over a request. ``priority`` is the policy's."""
    facts: dict[str, Any] = {}
    for name in names:
        read = _OF_REQUEST.get(name)
        if read is not None:
            facts[name] = read(request, needs)
        elif name.startswith(_METADATA):
            facts[name] = _plain(request.metadata.get(name[len(_METADATA) :], ""))
        elif name.startswith(_HINTS):
            facts[name] = _plain(request.hints.get(name[len(_HINTS) :], ""))
        elif name == "request.priority":
            facts[name] = request.priority or priority
        elif name.startswith("time."):
            facts[name] = clock.facts(world.now)[name]
        else:
            facts[name] = _left(name, request, world)
    return facts


def offering_facts(names: Iterable[str], offering: Offering, world: World, clock: LocalTime) -> dict[str, Any]:
    """The facts of those names, for conditions over services."""
    facts: dict[str, Any] = {}
    for name in names:
        read = _OF_OFFERING.get(name)
        if read is not None:
            facts[name] = read(offering)
        elif name.startswith("time."):
            facts[name] = clock.facts(world.now)[name]
        else:
            facts[name] = _health(name, offering, world)
    return facts


def _left(name: str, request: TaskRequest, world: World) -> Any:
    """What a budget has left; nothing where its store cannot be asked, so that a rule that wants to know fails."""
    try:
        left = None if world.budget_left is None else world.budget_left(request)
    except RegistryError as error:
        logger.warning("what a budget has left cannot be told: %s", error)
        return None
    left_nanousd, share = NO_BUDGET if left is None else left
    return left_nanousd / NANOUSD_PER_USD if name == "budget.left_usd" else share


def _health(name: str, offering: Offering, world: World) -> Any:
    health = world.health
    if name == "health.latency_ms":
        return health.latency_ms(offering)
    if name == "health.cooling":
        return health.cooling(offering) is not None or health.open_seconds(offering) is not None
    return health.error_rate(offering)


def _usd(offering: Offering, rate: str) -> float | None:
    return None if offering.price is None else getattr(offering.price, rate) / NANOUSD_PER_USD


def _plain(value: Any) -> Any:
    """A label or a hint as conditions may see it: what is no text, number or truth is left out."""
    return value if isinstance(value, (str, int, float, bool)) else None
