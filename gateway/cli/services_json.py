"""Services as machines read them: the same facts as people see, in JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gateway.cli.services_shown import HEALTH_MINUTES
from routing.wording import utc_iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.cli.services_shown import Found
    from registry import Cooldown, Rollup
    from registry.words import Offering


def services_as_json(found: Sequence[Found]) -> list[dict[str, Any]]:
    """All services for machines."""
    return [_as_json(one) for one in found]


def service_as_json(found: Found, health: dict[str, Rollup]) -> dict[str, Any]:
    """One service for machines, with its last 24 hours."""
    return _as_json(found) | {
        "health": {
            "minutes": HEALTH_MINUTES,
            "offerings": [
                {
                    "offering": name,
                    "calls": rollup.calls,
                    "failures": rollup.failures,
                    "latency_p50_ms": rollup.latency_ms(0.5),
                    "latency_p95_ms": rollup.latency_ms(0.95),
                    "cost_nanousd": rollup.cost_nanousd,
                }
                for name, rollup in health.items()
            ],
        }
    }


def _as_json(found: Found) -> dict[str, Any]:
    service = found.service
    return {
        "name": service.name,
        "kind": service.kind,
        "enabled": service.enabled,
        "endpoint": service.endpoint,
        "credential": {"reference": service.credential_ref, "present": found.key_present},
        "region": service.region,
        "data_policy": service.data_policy,
        "priority": service.priority,
        "options": dict(service.options),
        "capabilities": found.capabilities,
        "out": [_cooldown_as_json(name, cooldown) for name, cooldown in found.outs],
        "offerings": [_offering_as_json(offering) for offering in found.offerings],
    }


def _cooldown_as_json(name: str, cooldown: Cooldown) -> dict[str, Any]:
    return {
        "name": name,
        "failure": cooldown.failure.value,
        "message": cooldown.message,
        "since": utc_iso(datetime.fromtimestamp(cooldown.since, UTC)),
        "until": utc_iso(datetime.fromtimestamp(cooldown.until, UTC)),
        "told_by": cooldown.told_by,
    }


def _offering_as_json(offering: Offering) -> dict[str, Any]:
    price = offering.price
    return {
        "name": offering.name,
        "model": offering.model.name,
        "remote_name": offering.remote_name,
        "enabled": offering.enabled,
        "capabilities": sorted(offering.capabilities),
        "features": sorted(offering.features),
        "accepted_params": sorted(offering.accepted_params),
        "context_window": offering.context_window,
        "max_output_tokens": offering.max_output_tokens,
        "quality": offering.quality,
        "latency_ms": offering.latency_ms,
        "retires_at": utc_iso(offering.retires_at),
        "successor": offering.successor,
        "price": None
        if price is None
        else {
            "input_nanousd_per_mtok": price.input_nanousd_per_mtok,
            "output_nanousd_per_mtok": price.output_nanousd_per_mtok,
            "cached_input_nanousd_per_mtok": price.cached_input_nanousd_per_mtok,
            "picture_nanousd": price.picture_nanousd,
            "call_nanousd": price.call_nanousd,
            "valid_from": utc_iso(price.valid_from),
            "source": price.source,
        },
    }
