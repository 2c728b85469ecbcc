"""Services as people read them: state, credential, offerings, prices, who is out, and how they did lately."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.cli.tables import Column, say_facts, say_table, say_text
from gateway.cli.terminal import say
from registry.words import format_usd
from routing.wording import latency_in_words, out_in_words, price_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry import Catalogue, Clock, Cooldown, OutNow, Rollup, Store
    from registry.words import Offering, Service

HEALTH_MINUTES = 24 * 60
_STATE = Column(title="state", colours={"enabled": "green", "out": "yellow"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A service with its offerings, and who is out. ``key_present`` is None where it was not looked for."""

    service: Service
    offerings: tuple[Offering, ...]
    key_present: bool | None
    out: OutNow

    @property
    def state(self) -> str:
        """Whether it may be chosen, in a word."""
        if not self.service.enabled:
            return "disabled"
        return "enabled" if self.whole_out is None else "out"

    @property
    def whole_out(self) -> Cooldown | None:
        """What keeps all of it out."""
        return self.out.whole(self.service, self.offerings)

    @property
    def outs(self) -> list[tuple[str, Cooldown]]:
        """What is out, by name: the service, or models of it."""
        whole = self.whole_out
        if whole is not None:
            return [(self.service.name, whole)]
        parts = [(offering.name, self.out.part(offering)) for offering in self.offerings]
        return [(name, cooldown) for name, cooldown in parts if cooldown is not None]

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


async def read_services(catalogue: Catalogue, store: Store, clock: Clock) -> tuple[Found, ...]:
    """All services. Keys in Prefect blocks are not looked for: that would take seconds."""
    from blocks import CredentialSource

    source = CredentialSource()
    offered: dict[str, list[Offering]] = defaultdict(list)
    for offering in await catalogue.offerings():
        offered[offering.service.name].append(offering)
    out = await read_out(store, clock)
    found = []
    for service in await catalogue.services():
        quick = service.credential_ref is None or service.credential_ref.startswith("env:")
        present = await source.present(service.credential_ref) if quick else None
        found.append(Found(service=service, offerings=tuple(offered[service.name]), key_present=present, out=out))
    return tuple(found)


async def read_service(catalogue: Catalogue, store: Store, clock: Clock, name: str) -> Found:
    """One service, its key looked for wherever it is.

    Raises:
        NotFound: there is no such service.
    """
    from blocks import CredentialSource

    service = await catalogue.service(name)
    present = await CredentialSource().present(service.credential_ref)
    return Found(
        service=service,
        offerings=await catalogue.offerings(name),
        key_present=present,
        out=await read_out(store, clock),
    )


async def read_out(store: Store, clock: Clock) -> OutNow:
    """Who is out now."""
    from registry import Cooldowns, OutNow

    _, cooldowns = await Cooldowns(store, clock).read()
    return OutNow(cooldowns)


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
                one.state,
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
    for name, cooldown in (part for one in found if one.service.enabled for part in one.outs):
        say_text(f"{name} is {out_in_words(cooldown)}.")
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
            *(("now", f"{name} is {out_in_words(cooldown)}") for name, cooldown in found.outs),
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
            Column(title="quality", right=True, dispensable=1),
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
                f"{offering.quality:.2f}",
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
