"""Hard constraints: why an offering may not do a piece of work. The first that fails is the reason that is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry.words import Exclusion, format_usd
from registry.words.quick import quickly_made
from routing.estimating import expected_cost_nanousd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from registry.words import Offering, TaskRequest
    from routing.estimating import Needs
    from routing.health import Health

Refusal = tuple[Exclusion, str]


@quickly_made
@dataclass(frozen=True, slots=True)
class World:
    """What a decision sees beside the snapshot.

    ``now`` is UTC. ``unusable`` holds services that cannot be called from this process, by service id: the exclusion
    and its reason (no credential, no block for that kind). ``budget_left`` tells what the tightest budget of a request
    has left, in nano-dollars and as a share of it; None where it has none. Only rules that name it ask.
    """

    now: datetime
    health: Health
    unusable: Mapping[int, Refusal] = field(default_factory=dict)
    budget_left: Callable[[TaskRequest], tuple[int, float] | None] | None = None


def exclude_for_good(offering: Offering, request: TaskRequest, world: World) -> Refusal | None:
    """Why the offering is no candidate for work of this kind, whatever the moment; None where it may be one."""
    if request.capability not in offering.capabilities:
        return Exclusion.CAPABILITY, f"cannot do {request.capability.value}"
    service = offering.service
    requirements = request.requirements
    if requirements.pinned is not None and not offering.answers_to(requirements.pinned):
        return Exclusion.NOT_PINNED, f"the work is pinned to {requirements.pinned}"
    if not (service.enabled and offering.enabled):
        return _switched_off(offering)
    if service.service_id in world.unusable:
        return world.unusable[service.service_id]
    return _lacking(offering, request) if requirements.features or requirements.regions else None


def exclude_now(
    offering: Offering, needs: Needs, budget_nanousd: int | None, world: World, *, all_windows_do: bool
) -> Refusal | None:
    """Why an offering that may do such work is no candidate now, for this request; None where it is one."""
    # This runs for every offering at every decision, and most pass: a quick look first, a call only where it finds
    # something to look at closely.
    if offering.retires_at is not None and offering.retires_at <= world.now:
        successor = f"; its successor is {offering.successor}" if offering.successor else ""
        return Exclusion.RETIRED, f"retired on {offering.retires_at:%Y-%m-%d}{successor}"
    if not all_windows_do:
        window = offering.context_window
        if window is not None and needs.context_tokens > window:
            return Exclusion.CONTEXT_WINDOW, f"needs about {needs.context_tokens:,} tokens of {window:,}"
    if budget_nanousd is not None:
        refusal = _over_budget(offering, needs, budget_nanousd)
        if refusal is not None:
            return refusal
    return _out(offering, world) if world.health.anything_out else None


def _switched_off(offering: Offering) -> Refusal:
    service = offering.service
    if not service.enabled:
        return Exclusion.DISABLED, f"the service is disabled; `turnout services enable {service.name}` turns it on"
    return Exclusion.DISABLED, "the offering is disabled"


def _lacking(offering: Offering, request: TaskRequest) -> Refusal | None:
    requirements = request.requirements
    if requirements.features and not requirements.features <= offering.features:
        missing = ", ".join(sorted(requirements.features - offering.features))
        return Exclusion.FEATURE, f"lacks {missing}"
    if requirements.regions and offering.service.region not in requirements.regions:
        where = offering.service.region or "an unknown region"
        return Exclusion.REGION, f"is in {where}, not in {', '.join(sorted(requirements.regions))}"
    return None


def _over_budget(offering: Offering, needs: Needs, budget_nanousd: int) -> Refusal | None:
    cost_nanousd = expected_cost_nanousd(offering, needs)
    if cost_nanousd is None:  # a budget that cannot be checked is not kept
        return Exclusion.BUDGET, "its price is unknown, and the work has a budget"
    if cost_nanousd > budget_nanousd:
        return Exclusion.BUDGET, f"may cost {format_usd(cost_nanousd)} of {format_usd(budget_nanousd)}"
    return None


def _out(offering: Offering, world: World) -> Refusal | None:
    seconds = world.health.open_seconds(offering)
    if seconds is not None:
        return Exclusion.BREAKER, f"calls keep failing; it is asked again in {seconds:.1f} s"
    cooling = world.health.cooling(offering)
    if cooling is None:
        return None
    return Exclusion.COOLING, f"cools down for {world.health.seconds_left(cooling):.0f} s ({cooling.failure.value})"
