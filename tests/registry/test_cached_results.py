"""Kept results in the database: found until they expire, replaced, and pruned, on both databases."""

from __future__ import annotations

import pytest

from registry import CachedResult, CachedResults, Store


class Clock:
    """Seconds since 1970 that pass only when told to."""

    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def results(database_url, clock):
    store = await Store.open(database_url)
    yield CachedResults(store, clock, most_rows=3)
    await store.close()


def kept(letter, *, until=1_060, content=b"x"):
    return CachedResult(
        digest=letter * 64, workspace="default", content=content, created_us=1_000_000_000,
        expires_us=until * 1_000_000,
    )  # fmt: skip


async def test_what_is_kept_is_found_and_nothing_else(results):
    await results.keep([kept("a"), kept("b")])
    assert await results.find(["a" * 64, "c" * 64]) == {"a" * 64: kept("a")}


async def test_what_has_expired_is_not_found(results, clock):
    await results.keep([kept("a")])
    clock.now = 1_060
    assert await results.find(["a" * 64]) == {}


async def test_a_later_result_of_the_same_digest_takes_the_place_of_the_earlier_one(results):
    await results.keep([kept("a")])
    await results.keep([kept("a", content=b"older"), kept("a", content=b"new", until=1_090)])
    assert await results.find(["a" * 64]) == {"a" * 64: kept("a", content=b"new", until=1_090)}


async def test_pruning_removes_what_has_expired_and_then_what_expires_first(results, clock):
    await results.keep([kept(letter, until=1_000 + 10 * number) for number, letter in enumerate("abcdef", 1)])
    clock.now = 1_010
    assert await results.prune() == 3
    found = await results.find([letter * 64 for letter in "abcdef"])
    assert sorted(digest[0] for digest in found) == ["d", "e", "f"]
    assert await results.prune() == 0


async def test_keeping_nothing_is_nothing(results):
    await results.keep([])
    assert await results.find(["a" * 64]) == {}
