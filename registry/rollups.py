"""What calls add up to, by minute, offering, stage and owner: written by the ledger, read by pages."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from registry.calls import column
from registry.dialects import ROLLUPS_TURN, insert_into, stepped, take_turn
from registry.errors import RecordUnreadable
from registry.histogram import bucket_of, from_bytes, merge, quantile, to_bytes
from registry.tables import rollups
from registry.words import FailureClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.calls import Columns
    from registry.histogram import Counts
    from registry.store import Store

logger = logging.getLogger(__name__)

US_PER_MINUTE = 60_000_000
_CANCELLED = FailureClass.CANCELLED.code
_BATCH = 200
_SUMS = ("calls", "failures", "input_tokens", "output_tokens", "cost_nanousd", "latency_us")
_ADDED = (
    "started_us", "offering_id", "stage", "owner",
    "outcome", "latency_us", "input_tokens", "output_tokens", "cost_nanousd", "attempt",
)  # fmt: skip
_KEY = (rollups.c.minute, rollups.c.offering_id, rollups.c.stage_id, rollups.c.owner_id)

Key = tuple[int, int, int, int]
"""Minute since 1970, offering id, stage id, owner id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """What the calls of one minute, offering, stage and owner add up to; ``latency_us`` is their sum.

    A task that no service could be called for counts as a failed call of offering 0, with no latency. One that was
    cancelled counts as a call, and as no failure: the service did nothing wrong.
    """

    minute: int
    offering_id: int
    stage_id: int
    owner_id: int
    calls: int
    failures: int
    input_tokens: int
    output_tokens: int
    cost_nanousd: int
    latency_us: int
    latency_histogram: bytes

    def latency_ms(self, q: float) -> float | None:
        """The latency that a share ``q`` of the calls do not exceed, to 1.6 %; None where nothing was called."""
        latency_us = quantile(self.latency_histogram, q)
        return None if latency_us is None else latency_us / 1000


class Sums:
    """What some calls of one key add up to, while they are being added up."""

    __slots__ = ("buckets", "calls", "cost_nanousd", "failures", "input_tokens", "latency_us", "output_tokens")

    def __init__(self) -> None:
        self.calls = self.failures = self.input_tokens = self.output_tokens = self.cost_nanousd = self.latency_us = 0
        self.buckets: Counts = {}


def add_up(columns: Columns, numbers: Mapping[str, int]) -> dict[Key, Sums]:
    """What some calls add up to, by key; ``numbers`` are those of their names."""
    together: dict[Key, Sums] = {}
    facts = zip(*(column(columns, name) for name in _ADDED), strict=True)
    for (
        started_us, offering_id, stage, owner, outcome, latency_us, input_tokens, output_tokens, cost_nanousd, attempt,
    ) in facts:  # fmt: skip
        if offering_id and not attempt:  # a kept result was given again: nobody was called
            continue
        key = (started_us // US_PER_MINUTE, offering_id, numbers[stage], numbers[owner])
        sums = together.get(key)
        if sums is None:
            sums = together[key] = Sums()
        sums.calls += 1
        sums.input_tokens += input_tokens
        sums.output_tokens += output_tokens
        sums.cost_nanousd += cost_nanousd
        if outcome and outcome != _CANCELLED:
            sums.failures += 1
        if offering_id:
            sums.latency_us += latency_us
            bucket = bucket_of(latency_us) if latency_us > 0 else 0
            sums.buckets[bucket] = sums.buckets.get(bucket, 0) + 1
    return together


async def write_rollups(connection: AsyncConnection, together: Mapping[Key, Sums]) -> None:
    """Add sums to what is there, within the caller's transaction."""
    await take_turn(connection, ROLLUPS_TURN)
    keys = sorted(together)
    for start in range(0, len(keys), _BATCH):
        batch = keys[start : start + _BATCH]
        statement = select(rollups).where(tuple_(*_KEY).in_(stepped(batch)))
        there = {tuple(row[:4]): row for row in await connection.execute(statement)}
        rows = []
        for key in batch:
            sums, old = together[key], there.get(key)
            row = dict(zip(("minute", "offering_id", "stage_id", "owner_id"), key, strict=True))
            row |= {name: getattr(sums, name) + (getattr(old, name) if old else 0) for name in _SUMS}
            histogram = _with_buckets(key, old.latency_histogram if old else b"", sums.buckets)
            rows.append(row | {"latency_histogram": histogram})
        insert = insert_into(connection, rollups)
        new = {name: insert.excluded[name] for name in (*_SUMS, "latency_histogram")}
        await connection.execute(insert.on_conflict_do_update(index_elements=_KEY, set_=new), rows)


async def read_rollups(
    store: Store,
    since_minute: int,
    until_minute: int | None = None,
    *,
    offering_ids: Sequence[int] | None = None,
    stage_ids: Sequence[int] | None = None,
    owner_ids: Sequence[int] | None = None,
) -> list[Rollup]:
    """The rollups from a minute on and before another one, by minute; each filter that is given narrows them.

    Raises:
        StoreError: the database cannot be used.
    """
    statement = select(rollups).where(rollups.c.minute >= since_minute).order_by(*_KEY)
    if until_minute is not None:
        statement = statement.where(rollups.c.minute < until_minute)
    filters = ((rollups.c.offering_id, offering_ids), (rollups.c.stage_id, stage_ids), (rollups.c.owner_id, owner_ids))
    for narrowed, wanted in filters:
        if wanted is not None:
            statement = statement.where(narrowed.in_(wanted))
    async with store.read() as connection:
        return [Rollup(**row._mapping) for row in await connection.execute(statement)]  # noqa: SLF001 - SQLAlchemy's public name


def combine(some: Iterable[Rollup]) -> Rollup | None:
    """What some rollups add up to, under the key of the first; None where there are none.

    Raises:
        RecordUnreadable: a histogram is none.
    """
    parts = list(some)
    if not parts:
        return None
    first = parts[0]
    sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMS}
    return Rollup(
        minute=first.minute,
        offering_id=first.offering_id,
        stage_id=first.stage_id,
        owner_id=first.owner_id,
        latency_histogram=merge(*(part.latency_histogram for part in parts)),
        **sums,
    )


def _with_buckets(key: Key, histogram: bytes, buckets: Counts) -> bytes:
    try:
        counts = from_bytes(histogram)
    except RecordUnreadable as error:
        # One bad row must not hold up the ledger: its quantiles start anew, its sums are as they were.
        logger.error("the rollup %s begins a new histogram: %s", key, error)  # noqa: TRY400 - the sentence says it all
        counts = {}
    for bucket, count in buckets.items():
        counts[bucket] = counts.get(bucket, 0) + count
    return to_bytes(counts)
