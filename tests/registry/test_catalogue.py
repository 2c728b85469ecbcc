"""The catalogue: what people may do to it, what ships in it, and what others learn of each change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from registry.catalogue import Catalogue
from registry.errors import AlreadyThere, EntryInvalid, NotFound
from registry.outbox import Outbox
from registry.policies import Policies
from registry.seed_file import read_seed
from registry.seeding import seed
from registry.words import Capability, Price, Usage

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def clock() -> float:
    return NOW.timestamp()


@pytest.fixture
def catalogue(store):
    return Catalogue(store, clock)


async def with_one_offering(catalogue: Catalogue) -> None:
    await catalogue.add_service("mine", "openai_compatible", endpoint="https://api.example.com/v1/", enabled=True)
    await catalogue.put_offering("mine", "llama3.1", capabilities=["text"], context_window=8192)


async def test_what_was_added_is_read_back(catalogue):
    await catalogue.add_service(
        "mine", "openai_compatible", endpoint="https://api.example.com/v1/", credential_ref="env:MY_KEY", priority=3
    )
    retires_at = datetime(2027, 1, 14, 8, 30, tzinfo=UTC)
    put = await catalogue.put_offering(
        "mine",
        "llama3.1",
        remote_name="meta/Llama-3.1",
        capabilities=["text", "search"],
        features=["stream"],
        accepted_params=["temperature"],
        retires_at=retires_at,
    )
    (offering,) = await catalogue.offerings("mine")
    assert offering == put
    assert offering.name == "mine/llama3.1"
    assert offering.capabilities == {Capability.TEXT, Capability.SEARCH}
    assert offering.retires_at == retires_at
    assert offering.price is None
    assert offering.service.endpoint == "https://api.example.com/v1"
    assert offering.service == await catalogue.service("mine")


async def test_each_change_moves_the_version_and_leaves_an_event_and_a_failed_one_does_neither(catalogue, store):
    await with_one_offering(catalogue)
    await catalogue.set_enabled("mine", False)
    await catalogue.set_offering_enabled("mine/llama3.1", False)
    with pytest.raises(AlreadyThere, match="mine"):
        await catalogue.add_service("mine", "local")
    await catalogue.remove_service("mine")
    assert await catalogue.version() == 5
    events = await Outbox(store, clock).unsent()
    assert [stored.event.kind.removeprefix("turnout.catalogue.") for stored in events] == [
        "service_added", "offering_put", "service_disabled", "offering_disabled", "service_removed",
    ]  # fmt: skip
    assert [stored.event.content["version"] for stored in events] == [1, 2, 3, 4, 5]
    assert await catalogue.offerings() == ()


async def test_a_name_that_is_nearly_right_is_told_the_right_one(catalogue):
    await with_one_offering(catalogue)
    with pytest.raises(NotFound, match="did you mean 'mine'"):
        await catalogue.set_enabled("mime", True)
    with pytest.raises(NotFound, match=r"did you mean 'mine/llama3\.1'"):
        await catalogue.set_offering_enabled("mine/llama31", True)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "My Service"}, "name"),
        ({"name": "../etc"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"kind": "openai_compatibel"}, "did you mean 'openai_compatible'"),
        ({"endpoint": "ftp://example.com"}, "endpoint"),
        ({"endpoint": "https://"}, "endpoint"),
        ({"endpoint": "https://example.com:port"}, "endpoint"),
        ({"endpoint": "https://user:hunter2@example.com"}, "endpoint"),
        ({"endpoint": "https://example.com/v1?key=hunter2"}, "endpoint"),
        ({"credential_ref": "hunter2"}, "credential"),
        ({"options": {"api_key": "hunter2"}}, "options"),
        ({"region": "x" * 51}, "region"),
    ],
)
async def test_what_will_not_do_is_refused_without_repeating_a_secret(sqlite_store, typed, field):
    catalogue = Catalogue(sqlite_store, clock, kinds=["local", "openai_compatible"])
    with pytest.raises(EntryInvalid, match=field) as caught:
        await catalogue.add_service(**{"name": "mine", "kind": "local"} | typed)
    assert "hunter2" not in str(caught.value)
    assert await catalogue.version() == 0


@pytest.mark.parametrize(
    "typed",
    [
        {"model": "a/b"},
        {"capabilities": ["texts"]},
        {"capabilities": []},
        {"quality": 1.2},
        {"quality": float("nan")},
        {"latency_ms": -1},
        {"context_window": 0},
    ],
)
async def test_an_offering_that_will_not_do_is_refused(sqlite_store, typed):
    catalogue = Catalogue(sqlite_store, clock)
    await catalogue.add_service("mine", "local")
    with pytest.raises(EntryInvalid):
        await catalogue.put_offering(**{"service": "mine", "model": "m", "capabilities": ["text"]} | typed)
    assert await catalogue.offerings() == ()


async def test_the_price_in_force_is_the_latest_that_has_begun(catalogue):
    await with_one_offering(catalogue)
    for days, nanousd in ((-10, 1), (-1, 2), (10, 3)):
        price = Price(call_nanousd=nanousd, valid_from=NOW + timedelta(days=days))
        offering = await catalogue.put_price("mine/llama3.1", price)
    assert offering.price is not None
    assert offering.price.cost_nanousd(Usage()) == 2
    assert offering.price.valid_from == NOW - timedelta(days=1)
    assert await catalogue.next_price_us() == (NOW + timedelta(days=10)).timestamp() * 1e6
    with pytest.raises(EntryInvalid):
        await catalogue.put_price("mine/llama3.1", Price(call_nanousd=-1))


async def test_a_price_without_a_day_holds_from_the_beginning_and_the_next_one_from_now_on(catalogue, store):
    await with_one_offering(catalogue)
    await catalogue.put_price("mine/llama3.1", Price(call_nanousd=1))
    (first,) = await Catalogue(store, lambda: 0.0).offerings()
    assert first.price == Price(call_nanousd=1)
    await catalogue.put_price("mine/llama3.1", Price(call_nanousd=2))
    (before,) = await Catalogue(store, lambda: clock() - 1).offerings()
    (now,) = await catalogue.offerings()
    assert (before.price.call_nanousd, now.price.call_nanousd) == (1, 2)


async def test_what_ships_is_there_after_seeding_and_only_what_is_free_and_here_is_enabled(catalogue, store):
    assert await seed(store, clock) > 0
    services = {service.name: service for service in await catalogue.services()}
    assert {name for name, service in services.items() if service.enabled} == {"local", "sketch"}
    offerings = {offering.name: offering for offering in await catalogue.offerings()}
    assert offerings["local/smollm2-135m-instruct"].price.is_free
    assert offerings["sketch/sketch"].capabilities == {Capability.IMAGE}
    luna = offerings["openai/gpt-6-luna"]
    assert luna.price.cost_nanousd(Usage(input_tokens=1_000_000, output_tokens=1_000_000)) == 600_000_000
    assert luna.service.credential_ref == "env:OPENAI_API_KEY"
    assert all(offering.price for offering in offerings.values())
    assert (await Policies(store, clock).get()).objective.shares() == pytest.approx((0.7, 0.1, 0.2))


async def test_seeding_again_changes_nothing_that_people_changed(catalogue, store):
    await seed(store, clock)
    await catalogue.remove_service("together")
    await catalogue.set_enabled("local", False)
    await catalogue.put_offering("openai", "gpt-6-luna", capabilities=["text"], quality=0.11)
    version = await catalogue.version()
    assert await seed(store, clock) == 0
    assert await catalogue.version() == version
    assert "together" not in {service.name for service in await catalogue.services()}
    assert not (await catalogue.service("local")).enabled
    assert {o.quality for o in await catalogue.offerings("openai") if o.model.name == "gpt-6-luna"} == {0.11}


SECOND_RELEASE = """
prices = {source = "a later list", valid_from = 2026-11-20}
[[services]]
name = "first"
kind = "openai_compatible"
offerings = [
  {model = "a", quality=0.5, latency_ms=1, capabilities = ["text"], input_usd_per_mtok="2", output_usd_per_mtok="2"},
  {model = "b", quality=0.5, latency_ms=1, capabilities = ["text"], input_usd_per_mtok="2", output_usd_per_mtok="2"},
  {model = "c", capabilities = ["text"], quality = 0.5, latency_ms = 1},
]
[[services]]
name = "second"
kind = "openai_compatible"
offerings = []
"""


async def test_a_new_release_adds_services_and_prices_but_spends_nothing_and_overwrites_no_one(catalogue, store):
    first = (
        SECOND_RELEASE.replace("2026-11-20", "2026-11-01")
        .replace('"2"', '"1"')
        .partition('[[services]]\nname = "second')[0]
    )
    without_c = "\n".join(line for line in first.splitlines() if '"c"' not in line)
    await seed(store, clock, read_seed(without_c))
    await catalogue.set_enabled("first", True)
    await catalogue.put_price("first/b", Price(call_nanousd=7, valid_from=NOW - timedelta(days=9)))
    await seed(store, clock, read_seed(SECOND_RELEASE))
    offerings = {offering.model.name: offering for offering in await catalogue.offerings("first")}
    assert offerings["a"].price.input_nanousd_per_mtok == 2_000_000_000
    assert offerings["b"].price.call_nanousd == 7
    assert {name: offering.enabled for name, offering in offerings.items()} == {"a": True, "b": True, "c": False}
    assert not (await catalogue.service("second")).enabled


@pytest.mark.parametrize(
    "text", ["services = 3", "not toml", 'prices = {source = "x", valid_from = 2026-01-01}\nservices = []\nx = 1']
)
def test_a_broken_seed_file_is_named_as_such(text):
    with pytest.raises(EntryInvalid, match="the seed file"):
        read_seed(text)
