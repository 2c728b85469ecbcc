"""What pages read of the rollups and of services: sums and latencies by span of time, the latest failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from registry.outcomes import failed
from registry.rollups import US_PER_MINUTE
from registry.tables import call_messages, calls, models, offerings, rollups, services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from registry.store import Store

_SEPARATOR = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanSums:
    """What the calls of one offering add up to in one span: ``span`` counts whole spans from ``since_minute``."""

    span: int
    offering_id: int
    calls: int
    failures: int
    cost_nanousd: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferingName:
    """Whose an offering is: the service's id and name, and the model's name."""

    service_id: int
    service: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCall:
    """A call that failed: when, whose, how (a failure class's code), and in which words. ``run_id`` 0 is none."""

    task_id: int
    attempt: int
    run_id: int
    offering_id: int
    outcome: int
    started_us: int
    message: str


async def read_sums(store: Store, since_minute: int, until_minute: int, span_minutes: int) -> tuple[SpanSums, ...]:
    """The sums of each offering in each span of ``span_minutes``, from one minute on and before another.

    Raises:
        StoreError: the database cannot be used.
    """
    span = _span(since_minute, span_minutes)
    summed = ("calls", "failures", "cost_nanousd", "input_tokens", "output_tokens")
    statement = (
        select(span.label("span"), rollups.c.offering_id, *(func.sum(rollups.c[name]).label(name) for name in summed))
        .where(rollups.c.minute >= since_minute, rollups.c.minute < until_minute)
        .group_by(span, rollups.c.offering_id)
    )
    async with store.read() as connection:
        rows = await connection.execute(statement)
        return tuple(
            SpanSums(
                span=int(row.span), offering_id=row.offering_id, **{name: int(getattr(row, name)) for name in summed}
            )
            for row in rows
        )


async def read_histograms(
    store: Store, since_minute: int, until_minute: int, *, span_minutes: int | None = None
) -> dict[int, tuple[bytes, ...]]:
    """The latency histograms of some minutes: by span, or by offering id where no ``span_minutes`` are given.

    They are put together by the database: a month has some hundred thousand, and fetching each as a row of its own
    takes longer than all the rest.

    Raises:
        StoreError: the database cannot be used.
    """
    key = rollups.c.offering_id if span_minutes is None else _span(since_minute, span_minutes)
    in_hex = func.hex(rollups.c.latency_histogram)
    if store.dialect == "postgresql":
        in_hex = func.encode(rollups.c.latency_histogram, "hex")
    statement = (
        select(key, func.aggregate_strings(in_hex, _SEPARATOR))
        .where(rollups.c.minute >= since_minute, rollups.c.minute < until_minute, rollups.c.offering_id != 0)
        .group_by(key)
    )
    async with store.read() as connection:
        rows = (await connection.execute(statement)).all()
    return {int(number): tuple(map(bytes.fromhex, together.split(_SEPARATOR))) for number, together in rows}


async def read_offering_names(store: Store) -> Mapping[int, OfferingName]:
    """Whose each offering is, by its id; those that were removed are not among them.

    Raises:
        StoreError: the database cannot be used.
    """
    statement = (
        select(
            offerings.c.offering_id,
            services.c.service_id,
            services.c.name.label("service"),
            models.c.name.label("model"),
        )
        .join(services, services.c.service_id == offerings.c.service_id)
        .join(models, models.c.model_id == offerings.c.model_id)
    )
    async with store.read() as connection:
        return {
            row.offering_id: OfferingName(service_id=row.service_id, service=row.service, model=row.model)
            for row in await connection.execute(statement)
        }


async def read_failed_calls(store: Store, limit: int = 20) -> tuple[FailedCall, ...]:
    """The calls that failed last, the newest first.

    Raises:
        StoreError: the database cannot be used.
    """
    same = and_(calls.c.task_id == call_messages.c.task_id, calls.c.attempt == call_messages.c.attempt)
    statement = (
        select(
            call_messages.c.task_id, call_messages.c.attempt, calls.c.run_id, calls.c.offering_id, calls.c.outcome,
            calls.c.started_us, call_messages.c.message,
        )
        .join(calls, same)
        .where(failed())
        .order_by(call_messages.c.task_id.desc(), call_messages.c.attempt.desc())
        .limit(limit)
    )  # fmt: skip
    async with store.read() as connection:
        rows = await connection.execute(statement)
        return tuple(FailedCall(**row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's public name


def minute_of(time_us: int) -> int:
    """The minute since 1970 that a moment lies in.

    >>> minute_of(61_000_000)
    1
    """
    return time_us // US_PER_MINUTE


def _span(since_minute: int, span_minutes: int) -> ColumnElement[int]:
    return (rollups.c.minute - since_minute) // span_minutes
