"""Clocks that jump: the wall's is set forward or back while cool-downs, budgets and kept results are at work."""

from __future__ import annotations

import time

import pytest

from blocks import Fails, Says, Scripted
from registry import AccessKeys, Catalogue, KeyRefused, Price, Settings, Store, Usage, seed
from registry.access_keys import TRUSTED_SECONDS
from registry.budgets import Budgets
from registry.words import FailureClass, Policy
from routing import RouteExhausted, Runtime, task_request

HOUR = 3_600.0
A_CALL = 1_000_000


class Wall:
    """The time of day of this machine, as somebody sets it."""

    def __init__(self):
        self._real = time.time
        self.ahead_seconds = 0.0

    def __call__(self):
        return self._real() + self.ahead_seconds


@pytest.fixture
def wall(monkeypatch):
    wall = Wall()
    monkeypatch.setattr(time, "time", wall)
    return wall


@pytest.fixture
async def runtime(wall, database_url, tmp_path):
    """A runtime over a service that answers and one that wants to be left alone; a day's budget of ten calls."""
    settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
    store = await Store.open(settings.store_url)
    await seed(store, wall)
    catalogue = Catalogue(store, wall)
    for shipped in await catalogue.services():
        await catalogue.remove_service(shipped.name)
    for name, quality in (("tired", 0.99), ("good", 0.5)):
        await catalogue.add_service(name, "fake", enabled=True)
        await catalogue.put_offering(name, "m", capabilities=["text"], quality=quality)
        await catalogue.put_price(f"{name}/m", Price(call_nanousd=A_CALL, source="the test"))
    await Budgets(store, wall).put("workspace", "default", 10 * A_CALL, "day", zone="Europe/Berlin")
    await store.close()
    tired = Scripted([Fails(FailureClass.QUOTA, retry_after_seconds=900)])
    good = Scripted([Says("yes", usage=Usage(input_tokens=1, output_tokens=1))])
    async with Runtime.open(settings, services={"tired": tired, "good": good}) as opened:
        await opened.policies.put(Policy(name="keeping", cache_seconds=600))
        opened.tired, opened.good = tired, good
        yield opened


@pytest.mark.parametrize("hours", [1, -1, 24 * 365, -24 * 365])
async def test_a_wall_clock_that_jumps_moves_no_cool_down_and_gives_no_budget_anew(runtime, wall, hours):
    first = await runtime.run(task_request("text", "Say it."))
    assert [one.offering for one in first.attempts] == ["tired/m", "good/m"]
    (tired,) = [one for one in runtime.snapshot.offerings if one.service.name == "tired"]
    for jump in (hours * HOUR, 0.0, hours * HOUR):
        wall.ahead_seconds = jump
        again = await runtime.run(task_request("text", "Say it."))
        assert [one.offering for one in again.attempts] == ["good/m"]
        assert 890 < runtime.health.seconds_left(runtime.health.cooling(tired)) <= 900
    for _ in range(6):
        await runtime.run(task_request("text", "Say it."))
    with pytest.raises(RouteExhausted, match="the budget workspace:default has"):
        await runtime.run(task_request("text", "Say it."))
    assert len(runtime.good.calls) == 10
    assert await runtime.drain() == 0
    rows = await runtime.decisions.calls_of_run(0)
    assert len({(row.task_id, row.attempt) for row in rows}) == len(rows) == 12  # the refused one has a row, too
    assert all(row.latency_us < 60_000_000 for row in rows)


async def test_a_kept_result_lasts_no_longer_for_a_clock_that_is_set_back(runtime, wall):
    wall.ahead_seconds = HOUR
    request = task_request("text", "Say it.", policy="keeping", params={"temperature": 0})
    kept = await runtime.run(request)
    assert (await runtime.run(request)).is_cached
    wall.ahead_seconds = 0.0  # what was kept is of an hour to come
    anew = await runtime.run(request)
    assert (kept.is_cached, anew.is_cached) == (False, False)
    assert (await runtime.run(request)).is_cached  # of now
    wall.ahead_seconds = 3 * HOUR  # and long past
    assert not (await runtime.run(request)).is_cached


async def test_a_revoked_key_is_not_trusted_longer_for_a_clock_that_is_set_back(store, wall):
    ours, theirs = AccessKeys(store, wall), AccessKeys(store, wall)
    made, key = await ours.create("notebook")
    assert (await ours.verify(key)).prefix == made.prefix
    await theirs.revoke(made.prefix)
    wall.ahead_seconds = -HOUR
    with pytest.raises(KeyRefused, match="revoked"):
        await ours.verify(key)
    assert TRUSTED_SECONDS < HOUR
