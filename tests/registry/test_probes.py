"""Probes: the latest look at each service, and since when it has been as it is."""

from __future__ import annotations

import pytest

from registry import Catalogue, Probe, read_probes, write_probes


@pytest.fixture
async def service_id(store):
    catalogue = Catalogue(store, lambda: 1_800_000_000.0)
    return (await catalogue.add_service("mine", "openai_compatible", endpoint="http://127.0.0.1:8000/v1")).service_id


def probe(service_id, at_us, ok=True, message="3 models"):
    return Probe(
        service_id=service_id, ok=ok, message=message, latency_us=1_500, probed_us=at_us, since_us=at_us
    )  # fmt: skip


async def test_the_latest_look_stands_and_the_beginning_only_moves_when_the_service_changes_its_state(
    store, service_id
):
    async def seen(at_us, ok, message=""):
        await write_probes(store, [probe(service_id, at_us, ok, message)])
        found = (await read_probes(store))[service_id]
        return found.ok, found.message, found.probed_us, found.since_us

    assert await seen(10, True, "3 models") == (True, "3 models", 10, 10)
    assert await seen(20, True, "4 models") == (True, "4 models", 20, 10)
    assert await seen(30, False, "nothing listens there") == (False, "nothing listens there", 30, 30)
    assert await seen(40, False, "still nothing") == (False, "still nothing", 40, 30)
    assert await seen(50, True) == (True, "", 50, 50)


async def test_a_look_that_comes_late_does_not_take_the_place_of_a_later_one(store, service_id):
    await write_probes(store, [probe(service_id, 20, ok=True)])
    await write_probes(store, [probe(service_id, 10, ok=False)])
    assert (await read_probes(store))[service_id] == probe(service_id, 20, ok=True)


async def test_a_service_that_was_removed_meanwhile_is_left_out_and_the_others_are_kept(store, service_id):
    await write_probes(store, [probe(service_id + 1, 10), probe(service_id, 10)])
    assert set(await read_probes(store)) == {service_id}
    await write_probes(store, [probe(service_id + 1, 10)])
    await write_probes(store, [])
    assert set(await read_probes(store)) == {service_id}


async def test_a_probe_goes_with_its_service(store, service_id):
    await write_probes(store, [probe(service_id, 10)])
    await Catalogue(store, lambda: 0.0).remove_service("mine")
    assert await read_probes(store) == {}


async def test_a_message_of_any_length_and_of_any_characters_is_kept_as_far_as_it_fits(store, service_id):
    await write_probes(store, [probe(service_id, 10, message="a\x00b" + "x" * 10_000)])
    message = (await read_probes(store))[service_id].message
    assert message.startswith("a\ufffdbxxx")
    assert len(message) == 400
