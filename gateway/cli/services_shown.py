"""Services as people and machines read them: state, credential, offerings, prices, and how they did lately."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.cli.tables import Column, say_facts, say_table, say_text
from gateway.cli.terminal import say
from registry.words import format_usd
from routing.wording import latency_in_words, price_in_words, utc_iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry import Catalogue, Clock, Rollup, Store
    from registry.words import Offering, Service

HEALTH_MINUTES = 24 * 60
_STATE = Column(title="state", colours={"enabled": "green"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A service with its offerings. ``key_present`` is None where it was not looked for."""

    service: Service
    offerings: tuple[Offering, ...]
    key_present: bool | None

    @property
    def key_missing(self) -> bool:
        """Whether the service needs a key that is not there."""
        return self.key_present is False

    @property
    def credential_in_words(self) -> str:
        """Where the key is found, and whether it is there; never the key."""
        reference = self.service.credential_ref
        if reference is None:
            return "none needed"
        if self.key_present is None:
            return reference
        return f"{reference} ({'present' if self.key_present else 'missing'})"

    @property
    def capabilities(self) -> list[str]:
        """What its offerings can do together."""
        return sorted({capability.value for offering in self.offerings for capability in offering.capabilities})


async def read_services(catalogue: Catalogue) -> tuple[Found, ...]:
    """All services. Keys in Prefect blocks are not looked for: that would take seconds."""
    from blocks import CredentialSource

    source = CredentialSource()
    offered: dict[str, list[Offering]] = defaultdict(list)
    for offering in await catalogue.offerings():
        offered[offering.service.name].append(offering)
    found = []
    for service in await catalogue.services():
        quick = service.credential_ref is None or service.credential_ref.startswith("env:")
        present = await source.present(service.credential_ref) if quick else None
        found.append(Found(service=service, offerings=tuple(offered[service.name]), key_present=present))
    return tuple(found)


async def read_service(catalogue: Catalogue, name: str) -> Found:
    """One service, its key looked for wherever it is.

    Raises:
        NotFound: there is no such service.
    """
    from blocks import CredentialSource

    service = await catalogue.service(name)
    present = await CredentialSource().present(service.credential_ref)
    return Found(service=service, offerings=await catalogue.offerings(name), key_present=present)


async def read_health(store: Store, offerings: Sequence[Offering], clock: Clock) -> dict[str, Rollup]:
    """What the calls of the last 24 hours add up to, by offering; those without calls are left out."""
    from registry import combine, read_rollups

    names = {offering.offering_id: offering.name for offering in offerings}
    since_minute = int(clock() // 60) - HEALTH_MINUTES
    parts: dict[str, list[Rollup]] = defaultdict(list)
    for rollup in await read_rollups(store, since_minute, offering_ids=list(names)):
        parts[names[rollup.offering_id]].append(rollup)
    combined = {name: combine(rollups) for name, rollups in parts.items()}
    return {name: rollup for name, rollup in combined.items() if rollup is not None}


def say_services(found: Sequence[Found]) -> None:
    """Print the list of services."""
    if not found:
        say("No services yet. `turnout services add --help` says how to add one.")
        return
    say_table(
        (
            Column(title="service"),
            _STATE,
            Column(title="can do", wraps=True),
            Column(title="key", dispensable=1),
            Column(title="models", right=True, dispensable=2),
            Column(title="endpoint", dispensable=4),
            Column(title="kind", dispensable=3),
        ),
        [
            (
                one.service.name,
                "enabled" if one.service.enabled else "disabled",
                ", ".join(one.capabilities) or "nothing yet",
                one.credential_in_words,
                len(one.offerings),
                one.service.endpoint or "-",
                one.service.kind,
            )
            for one in found
        ],
    )
    enabled = sum(one.service.enabled for one in found)
    say()
    if enabled < len(found):
        say_text(f"{enabled} of {len(found)} enabled. `turnout services enable NAME` lets routing choose one more.")
    else:
        say_text(f"All {len(found)} are enabled.")


def say_service(found: Found, health: dict[str, Rollup]) -> None:
    """Print one service."""
    service = found.service
    say_facts(
        [
            ("service", service.name),
            ("state", "enabled" if service.enabled else "disabled"),
            ("kind", service.kind),
            ("endpoint", service.endpoint or "-"),
            ("key", found.credential_in_words),
            ("region", service.region or "-"),
            ("data policy", service.data_policy or "-"),
            ("priority", service.priority),
            *((f"option {name}", value) for name, value in service.options.items()),
        ]
    )
    say()
    if not found.offerings:
        say("It offers no model yet.")
        return
    _say_offerings(found.offerings)
    say()
    if not health:
        say("No calls in the last 24 hours.")
        return
    _say_health(health)


def _say_offerings(offerings: Sequence[Offering]) -> None:
    say_table(
        (
            Column(title="model"),
            Column(title="can do", wraps=True),
            Column(title="window", right=True, dispensable=1),
            Column(title="price", wraps=True),
            Column(title="features", wraps=True, dispensable=3),
            Column(title="provider's name", dispensable=4),
            Column(title="state", colours={"enabled": "green"}, dispensable=2),
        ),
        [
            (
                offering.model.name,
                ", ".join(sorted(offering.capabilities)),
                "-" if offering.context_window is None else f"{offering.context_window:,}",
                price_in_words(offering.price),
                ", ".join(sorted(offering.features)) or "-",
                offering.remote_name,
                _offering_state(offering),
            )
            for offering in offerings
        ],
    )


def _offering_state(offering: Offering) -> str:
    if not offering.enabled:
        return "disabled"
    return "enabled" if offering.retires_at is None else f"retires {offering.retires_at:%Y-%m-%d}"


def _say_health(health: dict[str, Rollup]) -> None:
    say("The last 24 hours:")
    say_table(
        (
            Column(title="model"),
            Column(title="calls", right=True),
            Column(title="failed", right=True),
            Column(title="p50", right=True),
            Column(title="p95", right=True),
            Column(title="cost", right=True),
        ),
        [
            (
                name.partition("/")[2],
                f"{rollup.calls:,}",
                f"{rollup.failures:,}",
                latency_in_words(rollup.latency_ms(0.5)),
                latency_in_words(rollup.latency_ms(0.95)),
                format_usd(rollup.cost_nanousd),
            )
            for name, rollup in health.items()
        ],
    )


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
        "offerings": [_offering_as_json(offering) for offering in found.offerings],
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
