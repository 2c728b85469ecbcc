"""Policies: versions that never change, and the defaults that ship."""

from __future__ import annotations

import asyncio
import time

import pytest

from registry.errors import NotFound
from registry.policies import Policies
from registry.seeding import seed
from registry.words import Capability, Objective, Policy


@pytest.fixture
def policies(store):
    return Policies(store, time.time)


async def test_the_same_content_stays_the_same_version_and_another_becomes_the_next(policies):
    careful = Policy(name="careful", objective=Objective(quality=1, cost=0, speed=0), budget_nanousd=5)
    first = await policies.put(careful)
    assert await policies.put(careful) == first
    second = await policies.put(Policy(name="careful", deadline_seconds=3.5, on_refusal="end"))
    assert (first.version, second.version) == (1, 2)
    assert await policies.get("careful") == second


async def test_an_old_version_can_be_read_and_returned_to(policies, store):
    first = await policies.put(Policy(name="careful", deadline_seconds=1))
    await policies.put(Policy(name="careful", deadline_seconds=2))
    third = await policies.put(Policy(name="careful", deadline_seconds=1))
    assert third.version == 3
    assert (await policies.get("careful")).deadline_seconds == 1
    assert await Policies(store, time.time).load(first.policy_id) == first


async def test_two_who_change_a_policy_at_once_make_two_versions(policies):
    put = [policies.put(Policy(name="careful", deadline_seconds=seconds)) for seconds in range(1, 7)]
    versions = {policy.version for policy in await asyncio.gather(*put)}
    assert versions == {1, 2, 3, 4, 5, 6}


async def test_pictures_and_films_have_defaults_of_their_own(policies, store):
    await seed(store, time.time)
    text, image, video = [
        await policies.for_task("default", capability)
        for capability in (Capability.TEXT, Capability.IMAGE, Capability.VIDEO)
    ]
    assert text.objective == Objective(quality=0.7, speed=0.2, cost=0.1)
    assert image.objective == Objective(quality=0.8, speed=0.1, cost=0.1)
    assert video.objective == Objective(quality=0.9, speed=0.05, cost=0.05)


async def test_a_policy_that_is_not_there_is_named_with_its_nearest(policies, store):
    await seed(store, time.time)
    with pytest.raises(NotFound, match="did you mean 'default'"):
        await policies.get("defualt")
    with pytest.raises(NotFound, match="policy '99'"):
        await policies.load(99)
