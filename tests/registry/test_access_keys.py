"""Access keys: shown once, known by their digest, and shut for good when revoked."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from registry import AccessKeys, Budgets, EntryInvalid, KeyRefused, NotFound
from registry.access_keys import TRUSTED_SECONDS
from registry.tables import access_keys


class Hand:
    """A clock that a test moves."""

    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def keys(store, clock):
    return AccessKeys(store, clock)


async def refusal(keys, key):
    with pytest.raises(KeyRefused) as refused:
        await keys.verify(key)
    return refused.value.reason


async def test_a_key_opens_the_doors_it_was_made_for_and_is_not_kept(keys, store):
    made, key = await keys.create("notebook", scopes=("call",), principal="ann", budget_nanousd=5)
    assert key.startswith(f"tk_{made.prefix}_")
    found = await keys.verify(key)
    assert (found.name, found.principal) == ("notebook", "ann")
    assert (found.may("call"), found.may("read"), found.may("admin")) == (True, False, False)
    async with store.read() as connection:
        (row,) = await connection.execute(select(access_keys))
    assert key not in str(row._mapping)
    assert key.rsplit("_", 1)[1] not in str(row._mapping)


async def test_a_key_that_is_none_opens_nothing(keys):
    made, key = await keys.create("notebook")
    for wrong in ("", "tk_", "sk-abc", "tk_x_\ud83d", "tk_" + "x" * 500):
        assert await refusal(keys, wrong) == "malformed"
    for wrong in (f"tk_{made.prefix}_guess", key + "x", key.replace(made.prefix, "0" * 12)):
        assert await refusal(keys, wrong) == "unknown"


async def test_a_revoked_key_is_shut_everywhere_within_seconds(keys, store, clock):
    elsewhere = AccessKeys(store, clock)
    made, key = await keys.create("notebook")
    await elsewhere.verify(key)
    assert (await keys.revoke(key)).revoked_us is not None
    assert await refusal(keys, key) == "revoked"
    clock.now += TRUSTED_SECONDS + 0.1
    assert await refusal(elsewhere, key) == "revoked"
    revoked_us = (await keys.list())[0].revoked_us
    clock.now += 60
    assert (await keys.revoke(made.prefix)).revoked_us == revoked_us
    with pytest.raises(NotFound, match="access key"):
        await keys.revoke("nobody")


async def test_a_key_expires(keys, clock):
    _, key = await keys.create("visitor", expires_us=int((clock.now + 60) * 1_000_000))
    assert (await keys.verify(key)).name == "visitor"
    clock.now += 60
    assert await refusal(keys, key) == "expired"


async def test_the_last_use_is_written_but_not_each_time(keys, clock):
    _, key = await keys.create("notebook")
    assert (await keys.list())[0].last_used_us is None
    await keys.verify(key)
    first = (await keys.list())[0].last_used_us
    clock.now += 30
    await keys.verify(key)
    assert (await keys.list())[0].last_used_us == first
    clock.now += 61
    await keys.verify(key)
    assert (await keys.list())[0].last_used_us > first


@pytest.mark.parametrize("wrong", [{"name": " "}, {"scopes": ()}, {"scopes": ("root",)}, {"budget_nanousd": -1}])
async def test_what_makes_no_key_is_refused(keys, wrong):
    with pytest.raises(EntryInvalid):
        await keys.create(**{"name": "notebook", **wrong})
    assert await keys.list() == ()


async def test_two_keys_are_never_alike_and_the_newest_is_listed_first(keys):
    made = [await keys.create(f"key {number}") for number in range(5)]
    assert len({key for _, key in made}) == len({one.prefix for one, _ in made}) == 5
    assert [one.name for one in await keys.list()] == [f"key {number}" for number in reversed(range(5))]


async def test_the_budget_of_a_key_is_one_of_its_principal_which_all_its_keys_share(keys, store, clock):
    made, _ = await keys.create("notebook", principal="ann", budget_nanousd=5, budget_window="day")
    assert (made.budget_nanousd, made.budget_window) == (5, "day")
    await keys.create("other", principal="ann", budget_nanousd=5, budget_window="day")
    with pytest.raises(EntryInvalid, match=r"`turnout budgets set key:default/ann AMOUNT --per day` changes it"):
        await keys.create("third", principal="ann", budget_nanousd=6, budget_window="day")
    assert [key.name for key in await keys.list()] == ["other", "notebook"]
    (budget,) = await Budgets(store, clock).list()
    assert (budget.label, budget.amount_nanousd, budget.per, budget.zone) == ("key:default/ann", 5, "day", "UTC")
    await Budgets(store, clock).put("key", "ann", 7, "day")
    assert {key.budget_nanousd for key in await keys.list()} == {7}
