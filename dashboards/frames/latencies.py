"""Many latency histograms added up at once: what ``registry.histogram`` does one by one, on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from registry.histogram import middle_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BUCKETS = 2_048
"""How many buckets there are: 64-bit numbers need 1,920."""


def no_counts() -> NDArray[np.int64]:
    """Counts of nothing."""
    return np.zeros(BUCKETS, dtype=np.int64)


def add_up(histograms: Sequence[bytes]) -> NDArray[np.int64]:
    """How many numbers fell into each bucket, over all of these histograms; one that is damaged counts nothing.

    The bytes are varints of (step to the next bucket, count), as ``registry/histogram.py`` writes them.
    """
    whole = [histogram for histogram in histograms if histogram and histogram[-1] < 0x80]
    if not whole:
        return no_counts()
    data = np.frombuffer(b"".join(whole), dtype=np.uint8)
    numbers = _varints(data)
    is_last = data < 0x80
    # How many numbers each histogram has: those that end within its bytes.
    ends = np.cumsum([len(histogram) for histogram in whole])
    numbers_until = np.cumsum(is_last)[ends - 1]
    firsts = np.concatenate(([0], numbers_until[:-1]))
    lengths = numbers_until - firsts
    if (lengths % 2).any():
        even = [histogram for histogram, length in zip(whole, lengths, strict=True) if length % 2 == 0]
        return add_up(even)
    steps, counts = numbers[::2], numbers[1::2]
    walked = np.cumsum(steps)
    before = np.concatenate(([0], walked))[firsts // 2]
    buckets = walked - np.repeat(before, lengths // 2)
    fits = (buckets >= 0) & (buckets < BUCKETS)
    summed = np.bincount(buckets[fits], weights=counts[fits], minlength=BUCKETS)
    return summed.astype(np.int64)


def quantile_ms(counts: NDArray[np.int64], q: float) -> float | None:
    """The latency in ms that a share ``q`` (0..1) does not exceed, to 1.6 %; None where nothing was counted."""
    total = int(counts.sum())
    if total == 0:
        return None
    rank = max(1, -int(-q * total // 1))
    bucket = int(np.searchsorted(np.cumsum(counts), rank))
    return middle_of(bucket) / 1_000


def _varints(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    is_last = data < 0x80
    ends = np.flatnonzero(is_last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    position = np.arange(len(data)) - np.repeat(starts, ends - starts + 1)
    parts = (data & 0x7F).astype(np.int64) << np.minimum(7 * position, 56)
    return np.add.reduceat(parts, starts)
