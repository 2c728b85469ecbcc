"""Services as they stand: health now, uptime over a day, latency, cost and where the month is heading."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from dashboards.frames.latencies import add_up, no_counts, quantile_ms
from dashboards.frames.overview import service_of
from dashboards.frames.words import ago, share
from registry import Catalogue, Cooldowns, FailureClass, OutNow, from_us, now_us, read_probes, to_us
from registry.page_reads import (
    minute_of,
    read_failed_calls,
    read_histograms,
    read_offering_names,
    read_sums,
)
from routing.wording import out_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from blocks.credentials import CredentialSource
    from registry import Clock, Offering, Probe, Service, Store
    from registry.page_reads import FailedCall, OfferingName, SpanSums

Health = Literal["up", "degraded", "down", "out", "no key", "off", "idle"]

LOOK_BACK_MINUTES = 15
SLOT_MINUTES = 30
SLOTS = 48
WHOLE_READ_MINUTES = 5
_DAY_MINUTES = 1_440
_WEEK_DAYS = 7
_DEGRADED_SHARE = 0.05
_DOWN_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Half an hour of a service."""

    since_us: int
    calls: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """One service as it stands. ``health_told`` says why; calls, failures and latencies are of the last 24 hours."""

    service: Service
    offerings: tuple[Offering, ...]
    health: Health
    health_told: str
    slots: tuple[Slot, ...]
    calls: int
    failures: int
    p50_ms: float | None
    p95_ms: float | None
    today_nanousd: int
    month_nanousd: int
    projected_nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureLine:
    """A call that failed: when, where, how and in which words."""

    task_id: int
    run_id: int
    service: str
    offering: str
    failure: str
    at_us: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesFrame:
    """All services, by health and name, and the latest failures, newest first."""

    services: tuple[ServiceState, ...]
    failures: tuple[FailureLine, ...]


@dataclass(frozen=True, slots=True)
class _Days:
    """When today and this month began, as minutes, and how many days of the month are left."""

    today: int
    month: int
    left: float

    @classmethod
    def at(cls, time_us: int) -> _Days:
        local = from_us(time_us).astimezone()
        midnight = datetime(local.year, local.month, local.day).astimezone()
        first = datetime(local.year, local.month, 1).astimezone()
        in_month = calendar.monthrange(local.year, local.month)[1]
        gone = local.day - 1 + (local - midnight).total_seconds() / 86_400
        return cls(today=minute_of(to_us(midnight)), month=minute_of(to_us(first)), left=max(0.0, in_month - gone))


class ServicesReader:
    """Reads services again and again; what lies before today is kept for some minutes.

    Every method raises ``StoreError`` where the database cannot be used.
    """

    def __init__(self, store: Store, clock: Clock, credentials: CredentialSource) -> None:
        self._store = store
        self._clock = clock
        self._credentials = credentials
        self._catalogue = Catalogue(store, clock)
        self._kept: tuple[int, dict[int, int], dict[int, float]] | None = None

    async def read(self) -> ServicesFrame:
        """All services as they stand now."""
        at_us = now_us(self._clock)
        names = await read_offering_names(self._store)
        offerings = await self._catalogue.offerings()
        probes = await read_probes(self._store)
        costs = await self._costs(at_us)
        slots, latencies, recent = await self._day(minute_of(at_us))
        out = OutNow((await Cooldowns(self._store, self._clock).read())[1])
        states = []
        for service in await self._catalogue.services():
            own = tuple(one for one in offerings if one.service.service_id == service.service_id)
            ids = {offering_id for offering_id, name in names.items() if name.service_id == service.service_id}
            health, told = await self._health(service, _sums(recent, ids), probes.get(service.service_id), at_us)
            health, told = _with_out(health, told, service, own, out)
            counts = no_counts()
            for offering_id in ids:
                counts = counts + add_up(latencies.get(offering_id, ()))
            timeline = _slots(slots, ids, minute_of(at_us))
            states.append(
                ServiceState(
                    service=service,
                    offerings=own,
                    health=health,
                    health_told=told,
                    slots=timeline,
                    calls=sum(slot.calls for slot in timeline),
                    failures=sum(slot.failures for slot in timeline),
                    p50_ms=quantile_ms(counts, 0.5),
                    p95_ms=quantile_ms(counts, 0.95),
                    **_of_all(costs, ids),
                )
            )
        failures = tuple(_failure(call, names) for call in await read_failed_calls(self._store))
        return ServicesFrame(services=tuple(sorted(states, key=_order)), failures=failures)

    async def _day(
        self, now: int
    ) -> tuple[tuple[SpanSums, ...], Mapping[int, tuple[bytes, ...]], tuple[SpanSums, ...]]:
        since = _first_slot(now)
        slots = await read_sums(self._store, since, now + 1, SLOT_MINUTES)
        latencies = await read_histograms(self._store, since, now + 1)
        recent = await read_sums(self._store, now - LOOK_BACK_MINUTES + 1, now + 1, LOOK_BACK_MINUTES)
        return slots, latencies, recent

    async def _costs(self, at_us: int) -> dict[int, tuple[int, int, int]]:
        """What each offering has cost today and this month, and will have by the month's end."""
        days, now = _Days.at(at_us), minute_of(at_us)
        if self._kept is None or now - self._kept[0] >= WHOLE_READ_MINUTES or self._kept[0] < days.today:
            before = await read_sums(self._store, days.month, days.today, max(1, days.today - days.month))
            since = now - _WEEK_DAYS * _DAY_MINUTES
            self._kept = now, _costs_of(before), _daily(await read_sums(self._store, since, now, _DAY_MINUTES))
        _, month, daily = self._kept
        today = _costs_of(await read_sums(self._store, days.today, now + 1, now + 1 - days.today))
        return {
            offering: (
                today.get(offering, 0),
                month.get(offering, 0) + today.get(offering, 0),
                month.get(offering, 0) + today.get(offering, 0) + round(daily.get(offering, 0.0) * days.left),
            )
            for offering in {*today, *month, *daily}
        }

    async def _health(
        self, service: Service, recent: tuple[int, int], probe: Probe | None, at_us: int
    ) -> tuple[Health, str]:
        if not service.enabled:
            return "off", "disabled: routing leaves it out"
        reference = service.credential_ref
        if reference is not None and reference.startswith("env:") and not await self._credentials.present(reference):
            return "no key", f"the environment variable {reference.removeprefix('env:')} is not set"
        calls, failures = recent
        if calls:
            told = f"{failures:,} of {calls:,} calls failed in {LOOK_BACK_MINUTES} min ({share(failures, calls)})"
            if failures >= _DOWN_SHARE * calls:
                return "down", told
            return ("degraded" if failures > _DEGRADED_SHARE * calls else "up"), told
        if probe is None:
            return "idle", f"no calls in {LOOK_BACK_MINUTES} min, and not probed yet"
        seen = ago(probe.probed_us, at_us)
        return ("up", f"answered a probe {seen}") if probe.ok else ("down", f"probe {seen}: {probe.message}")


def _with_out(
    health: Health, told: str, service: Service, offerings: tuple[Offering, ...], out: OutNow
) -> tuple[Health, str]:
    """Health, where the service or a model of it is out; how it did before that counts for less."""
    if health in {"off", "no key"}:
        return health, told
    whole = out.whole(service, offerings)
    if whole is not None:
        return "out", out_in_words(whole)
    parts = [(offering.model.name, out.part(offering)) for offering in offerings]
    return health, "; ".join([told, *(f"{name} is {out_in_words(part)}" for name, part in parts if part is not None)])


def _order(state: ServiceState) -> tuple[int, str]:
    ranks = {"down": 0, "out": 1, "degraded": 2, "up": 3, "idle": 4, "no key": 5, "off": 6}
    return ranks[state.health], state.service.name


def _first_slot(now: int) -> int:
    return (now // SLOT_MINUTES + 1 - SLOTS) * SLOT_MINUTES


def _slots(sums: Iterable[SpanSums], ids: set[int], now: int) -> tuple[Slot, ...]:
    calls, failures = [0] * SLOTS, [0] * SLOTS
    for one in sums:
        if one.offering_id in ids:
            calls[one.span] += one.calls
            failures[one.span] += one.failures
    first = _first_slot(now)
    return tuple(
        Slot(since_us=(first + number * SLOT_MINUTES) * 60_000_000, calls=calls[number], failures=failures[number])
        for number in range(SLOTS)
    )


def _sums(sums: Iterable[SpanSums], ids: set[int]) -> tuple[int, int]:
    mine = [one for one in sums if one.offering_id in ids]
    return sum(one.calls for one in mine), sum(one.failures for one in mine)


def _costs_of(sums: Iterable[SpanSums]) -> dict[int, int]:
    costs: dict[int, int] = {}
    for one in sums:
        costs[one.offering_id] = costs.get(one.offering_id, 0) + one.cost_nanousd
    return costs


def _daily(sums: tuple[SpanSums, ...]) -> dict[int, float]:
    """The mean cost of a day, over the last week or what there is of it."""
    days = _WEEK_DAYS - min((one.span for one in sums), default=0)
    return {offering: cost / days for offering, cost in _costs_of(sums).items()}


def _of_all(costs: Mapping[int, tuple[int, int, int]], ids: set[int]) -> dict[str, int]:
    mine = [costs[offering] for offering in ids if offering in costs]
    today, month, projected = (sum(one[place] for one in mine) for place in range(3))
    return {"today_nanousd": today, "month_nanousd": month, "projected_nanousd": projected}


def _failure(call: FailedCall, names: Mapping[int, OfferingName]) -> FailureLine:
    service = service_of(call.offering_id, names)
    known = names.get(call.offering_id)
    try:
        failure = FailureClass.from_code(call.outcome)
    except KeyError:
        failure = None
    return FailureLine(
        task_id=call.task_id,
        run_id=call.run_id,
        service=service,
        offering=service if known is None else f"{known.service}/{known.model}",
        failure="failed" if failure is None else failure.value.replace("_", " "),
        at_us=call.started_us,
        message=call.message,
    )
