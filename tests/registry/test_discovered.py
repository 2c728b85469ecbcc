"""Servers that were found are put in once, disabled; what a person removed, disabled or added stays as it is."""

from __future__ import annotations

import asyncio

import pytest

from registry import Catalogue, Outbox, keep_found, seed
from registry.words import Capability
from registry.words.found import FoundModel, FoundServer

NOW = 1_800_000_000.0


def clock():
    return NOW


@pytest.fixture
async def catalogue(store):
    await seed(store, clock)
    return Catalogue(store, clock)


def server(product="vllm", port=8000, *names, window=None):
    models = tuple(
        FoundModel(name=name, capability=Capability.TEXT, context_window=window) for name in names or ("llama-3",)
    )
    return FoundServer(product=product, port=port, endpoint=f"http://127.0.0.1:{port}/v1", models=models)


async def test_a_found_server_is_added_disabled_with_its_models_for_nothing(store, catalogue):
    version = await catalogue.version()
    found = server("vllm", 8000, "meta-llama/Llama-3.1-8B", "***", window=8192)
    (kept,) = await keep_found(store, clock, [found])
    assert (kept.state, kept.service, kept.enabled, kept.new_models) == ("added", "vllm", False, ("llama-3.1-8b",))
    service = await catalogue.service("vllm")
    assert (service.enabled, service.endpoint, service.data_policy) == (
        False, "http://127.0.0.1:8000/v1", "on_this_machine",
    )  # fmt: skip
    (offering,) = await catalogue.offerings("vllm")
    assert (offering.remote_name, offering.context_window) == ("meta-llama/Llama-3.1-8B", 8192)
    assert offering.price.is_free
    assert await catalogue.version() == version + 1
    kinds = [stored.event.kind for stored in await Outbox(store, clock).unsent()]
    assert kinds[-1] == "turnout.catalogue.found"


async def test_finding_it_again_changes_nothing_and_a_new_model_is_added(store, catalogue):
    await keep_found(store, clock, [server()])
    version = await catalogue.version()
    (again,) = await keep_found(store, clock, [server()])
    assert (again.state, again.service, again.new_models) == ("known", "vllm", ())
    assert await catalogue.version() == version
    (more,) = await keep_found(store, clock, [server("vllm", 8000, "llama-3", "qwen-3")])
    assert more.new_models == ("qwen-3",)


async def test_a_server_that_was_removed_is_not_added_again(store, catalogue):
    await keep_found(store, clock, [server()])
    await catalogue.remove_service("vllm")
    (kept,) = await keep_found(store, clock, [server()])
    assert (kept.state, kept.service) == ("removed", "")
    assert "vllm" not in {service.name for service in await catalogue.services()}


async def test_a_shipped_service_that_was_removed_is_not_added_again_and_one_that_is_there_gets_its_models(
    store, catalogue
):
    found = server("ollama", 11434, "qwen3:4b", "llama3.1:latest")
    (kept,) = await keep_found(store, clock, [found])
    assert (kept.state, kept.service, kept.enabled, kept.new_models) == ("known", "ollama", False, ("qwen3:4b",))
    await catalogue.remove_service("ollama")
    (kept,) = await keep_found(store, clock, [found])
    assert kept.state == "removed"


async def test_an_enabled_service_stays_enabled_and_its_new_models_wait_for_a_person(store, catalogue):
    await keep_found(store, clock, [server()])
    await catalogue.set_enabled("vllm", True)
    (kept,) = await keep_found(store, clock, [server("vllm", 8000, "llama-3", "qwen-3")])
    assert kept.enabled
    states = {offering.model.name: offering.enabled for offering in await catalogue.offerings("vllm")}
    assert states == {"llama-3": True, "qwen-3": False}


async def test_a_model_that_was_taken_out_with_its_service_disabled_or_not_stays_out(store, catalogue):
    await keep_found(store, clock, [server()])
    await catalogue.set_offering_enabled("vllm/llama-3", False)
    await catalogue.set_enabled("vllm", False)
    await keep_found(store, clock, [server()])
    assert not (await catalogue.service("vllm")).enabled
    assert [offering.enabled for offering in await catalogue.offerings("vllm")] == [False]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_what_a_person_added_at_that_address_is_left_alone(store, catalogue, host):
    await catalogue.add_service("mine", "openai_compatible", endpoint=f"http://{host}:8000/v1", enabled=True)
    (kept,) = await keep_found(store, clock, [server()])
    assert (kept.state, kept.service, kept.enabled, kept.new_models) == ("known", "mine", True, ())
    assert await catalogue.offerings("mine") == ()


async def test_a_name_that_is_taken_by_another_address_gets_its_port(store, catalogue):
    await catalogue.add_service("vllm", "openai_compatible", endpoint="https://gpu.example/v1")
    kept = await keep_found(store, clock, [server(), server("llamacpp", 8080), server("llamacpp", 8081)])
    assert [one.service for one in kept] == ["vllm-8000", "llamacpp", "llamacpp-8081"]


async def test_two_that_look_at_once_add_it_once(store, catalogue):
    both = await asyncio.gather(*(keep_found(store, clock, [server()]) for _ in range(2)))
    assert sorted(kept.state for (kept,) in both) == ["added", "known"]
    assert len(await catalogue.offerings("vllm")) == 1


async def test_nothing_found_writes_nothing(store, catalogue):
    version = await catalogue.version()
    assert await keep_found(store, clock, []) == ()
    assert await catalogue.version() == version
