"""Rollups and their histograms: merging in any order gives the same, and quantiles keep their promised error."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.calls import CallRow, columns_of
from registry.errors import RecordUnreadable
from registry.histogram import RELATIVE_ERROR, from_bytes, histogram_of, merge, quantile
from registry.rollups import add_up, combine, read_rollups, write_rollups
from registry.varints import read_varints, varint
from registry.words import FailureClass

latencies = st.integers(0, 10**13)
NUMBERS = {"": 0, "shots": 1, "default/local": 2}


def row(**facts) -> CallRow:
    plain = {
        "task_id": 1, "attempt": 1, "run_id": 0, "stage": "shots", "item": "", "owner": "default/local",
        "prompt_version": "", "snapshot_id": 1, "policy_id": 1, "offering_id": 4, "outcome": 0,
        "started_us": 60_000_000, "latency_us": 1_000, "first_output_us": None, "input_tokens": 10,
        "output_tokens": 5, "cost_nanousd": 7, "cost_known": True,
    }  # fmt: skip
    return CallRow(**plain | facts)


@given(st.lists(latencies, min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_within_its_promised_error_of_the_exact_one(numbers, q):
    exact = sorted(numbers)[max(1, math.ceil(q * len(numbers))) - 1]
    found = quantile(histogram_of(numbers), q)
    assert abs(found - exact) <= exact * RELATIVE_ERROR


@given(st.lists(st.lists(latencies, max_size=30), max_size=6), st.randoms(use_true_random=False))
def test_merging_does_not_depend_on_the_order_or_the_grouping(parts, chance):
    together = histogram_of(number for part in parts for number in part)
    histograms = [histogram_of(part) for part in parts]
    chance.shuffle(histograms)
    half = len(histograms) // 2
    assert merge(merge(*histograms[:half]), merge(*histograms[half:])) == together


@given(st.binary(max_size=40))
def test_any_bytes_are_a_histogram_or_refused(blob):
    try:
        counts = from_bytes(blob)
    except RecordUnreadable:
        return
    assert all(count >= 0 for count in counts.values())


@given(st.lists(st.integers(0, 2**63 - 1), max_size=20))
def test_numbers_go_to_bytes_and_back(numbers):
    assert read_varints(b"".join(map(varint, numbers))) == numbers


def test_a_histogram_of_nothing_has_no_quantile():
    assert quantile(b"", 0.5) is None
    with pytest.raises(ValueError, match="quantile"):
        quantile(b"", 1.5)


async def write(store, rows) -> None:
    async with store.write() as connection:
        await write_rollups(connection, add_up(columns_of(rows), NUMBERS))


async def test_rollups_add_up_over_writes_and_keep_their_keys_apart(store):
    await write(store, [row(latency_us=1_000), row(latency_us=3_000, outcome=1), row(offering_id=5)])
    await write(store, [row(latency_us=2_000), row(started_us=120_000_000), row(stage="")])
    found = await read_rollups(store, 1, offering_ids=[4], stage_ids=[1])
    assert [(rollup.minute, rollup.calls, rollup.failures) for rollup in found] == [(1, 3, 1), (2, 1, 0)]
    first = found[0]
    assert (first.input_tokens, first.output_tokens, first.cost_nanousd, first.latency_us) == (30, 15, 21, 6_000)
    assert first.latency_ms(1.0) == pytest.approx(3.0, rel=RELATIVE_ERROR)
    assert len(await read_rollups(store, 1)) == 4
    assert await read_rollups(store, 3) == []
    assert combine(found).calls == 4


async def test_a_call_that_was_cancelled_is_a_call_and_no_failure(store):
    await write(store, [row(outcome=FailureClass.CANCELLED.code), row(outcome=FailureClass.TRANSIENT.code)])
    (rollup,) = await read_rollups(store, 0)
    assert (rollup.calls, rollup.failures) == (2, 1)


async def test_a_task_that_nothing_could_be_called_for_counts_as_a_failure_without_latency(store):
    await write(store, [row(attempt=0, offering_id=0, outcome=5, latency_us=0)])
    (rollup,) = await read_rollups(store, 0)
    assert (rollup.calls, rollup.failures, rollup.latency_ms(0.5)) == (1, 1, None)
