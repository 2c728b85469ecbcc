"""A mergeable histogram of whole numbers in a few bytes: counts per log-linear bucket, and quantiles of them.

Numbers below 64 have a bucket each; above, every power of two is cut into 32 equal buckets. A bucket is thus at most
1/32 of its numbers wide, and a quantile, told as the middle of its bucket, is at most 1/64 (1.6 %) off the exact one.
(The shape is that of HdrHistogram; the bytes are our own: varints of the step to the next used bucket and its count.)
Merging adds counts, so it does not matter in which order, or how often in between, histograms are merged.
"""

from __future__ import annotations

from itertools import accumulate, chain
from operator import sub
from typing import TYPE_CHECKING

from registry.errors import RecordUnreadable
from registry.varints import read_varints, varint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Counts = dict[int, int]
"""How many numbers fell into each bucket."""

RELATIVE_ERROR = 1 / 64
_PARTS = 32
_PART_BITS = 5


def bucket_of(number: int) -> int:
    """The bucket that a number of at least 0 falls into.

    >>> bucket_of(7), bucket_of(64), bucket_of(65), bucket_of(66)
    (7, 64, 64, 65)
    """
    if number < 2 * _PARTS:
        return number
    shift = number.bit_length() - _PART_BITS - 1
    return shift * _PARTS + (number >> shift)


def middle_of(bucket: int) -> float:
    """The number that stands for a bucket.

    >>> middle_of(7), middle_of(64)
    (7.0, 64.5)
    """
    if bucket < 2 * _PARTS:
        return float(bucket)
    shift = bucket // _PARTS - 1
    lowest = (bucket - shift * _PARTS) << shift
    return lowest + ((1 << shift) - 1) / 2


def histogram_of(numbers: Iterable[int]) -> bytes:
    """The histogram of some numbers."""
    counts: Counts = {}
    for number in numbers:
        bucket = bucket_of(number)
        counts[bucket] = counts.get(bucket, 0) + 1
    return to_bytes(counts)


def to_bytes(counts: Mapping[int, int]) -> bytes:
    """The histogram with these counts."""
    buckets = sorted(counts)
    steps = map(sub, buckets, [0, *buckets])
    numbers = list(chain.from_iterable(zip(steps, map(counts.__getitem__, buckets), strict=True)))
    # All but the first fit into a byte nearly always, and this runs for every key of every batch of the ledger.
    if max(numbers[1:], default=0) < 0x80:
        return varint(numbers[0]) + bytes(numbers[1:]) if numbers else b""
    return b"".join(map(varint, numbers))


def from_bytes(histogram: bytes) -> Counts:
    """The counts in a histogram.

    Raises:
        RecordUnreadable: the bytes are no histogram.
    """
    try:
        numbers = read_varints(histogram)
    except ValueError as error:
        raise RecordUnreadable("latency histogram", str(error)) from error
    if len(numbers) % 2:
        raise RecordUnreadable("latency histogram", "its last bucket has no count")
    counts: Counts = {}
    for bucket, count in zip(accumulate(numbers[::2]), numbers[1::2], strict=True):
        counts[bucket] = count
    return counts


def merge(*histograms: bytes) -> bytes:
    """The histogram of the numbers of all of these together.

    Raises:
        RecordUnreadable: one of them is no histogram.
    """
    together: Counts = {}
    for histogram in histograms:
        for bucket, count in from_bytes(histogram).items():
            together[bucket] = together.get(bucket, 0) + count
    return to_bytes(together)


def quantile(histogram: bytes, q: float) -> float | None:
    """The smallest number that a share ``q`` (0..1) of the numbers do not exceed, to 1.6 %; None if there are none.

    Raises:
        RecordUnreadable: the bytes are no histogram.
        ValueError: ``q`` is outside 0..1.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile lies in 0..1, not at {q}")
    counts = from_bytes(histogram)
    rank = max(1, -int(-q * sum(counts.values()) // 1))
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if rank <= 0:
            return middle_of(bucket)
    return None
