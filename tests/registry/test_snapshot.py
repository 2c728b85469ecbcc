"""Snapshots: the same catalogue gives the same bytes, old ones can be read, and a watch follows the changes."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from registry.catalogue import Catalogue
from registry.errors import NotFound, RecordUnreadable
from registry.seeding import seed
from registry.snapshot import SnapshotWatch
from registry.snapshot_json import digest_of, snapshot_from_bytes, snapshot_to_bytes
from registry.store import Store
from registry.tables import snapshots
from registry.words import Price


class Hand:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.seconds = datetime(2026, 11, 22, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
async def catalogue(store, clock):
    await seed(store, clock)
    return Catalogue(store, clock)


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is the watch that is being watched, from outside
            await asyncio.sleep(0.01)


async def test_a_snapshot_goes_to_bytes_and_back_unchanged(catalogue):
    await catalogue.put_offering(
        "local", "new", capabilities=["text"], remote_name="modèle", successor="local/next",
        retires_at=datetime(2027, 1, 1, 1, 2, 3, 456789, tzinfo=UTC),
    )  # fmt: skip
    snapshot = await catalogue.read_snapshot()
    content = snapshot_to_bytes(snapshot.offerings)
    assert snapshot.offerings == await catalogue.offerings()
    assert snapshot_from_bytes(content, snapshot_id=snapshot.snapshot_id, version=snapshot.version) == snapshot
    assert snapshot.digest == digest_of(content)
    assert snapshot_to_bytes(reversed(snapshot.offerings)) == content


async def test_the_same_catalogue_is_stored_once_and_an_old_one_can_still_be_read(catalogue, store):
    first = await catalogue.read_snapshot()
    assert (await catalogue.read_snapshot()).snapshot_id == first.snapshot_id
    await catalogue.set_enabled("openai", True)
    second = await catalogue.read_snapshot()
    assert second.version == first.version + 1
    await catalogue.remove_service("openai")
    old = await Catalogue(store, catalogue._clock).snapshots.load(second.snapshot_id)
    assert old == second
    assert old.offering(first.offerings[0].offering_id).name == first.offerings[0].name
    async with store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(snapshots)) == 2
    with pytest.raises(NotFound, match="snapshot '99'"):
        await catalogue.snapshots.load(99)


@pytest.mark.parametrize("content", [b"no zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"])
async def test_a_damaged_snapshot_is_told_from_a_good_one(catalogue, store, content):
    snapshot = await catalogue.read_snapshot()
    async with store.write() as connection:
        await connection.execute(update(snapshots).values(content=content))
    with pytest.raises(RecordUnreadable, match="snapshot"):
        await catalogue.snapshots.load(snapshot.snapshot_id)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format":2}', b'{"format":1,"services":[{}],"models":[]}'])
def test_what_is_no_snapshot_is_refused(content):
    with pytest.raises(RecordUnreadable, match="snapshot"):
        snapshot_from_bytes(content)


async def test_the_watch_swaps_when_another_process_changes_the_catalogue(catalogue, store, clock):
    watch = SnapshotWatch(catalogue, clock, poll_seconds=0.01)
    await watch.start()
    before = watch.current
    other = await Store.open(store.database_url)
    await Catalogue(other, clock).set_enabled("openai", True)
    await other.close()
    await until(lambda: watch.current is not before)
    await watch.stop()
    assert watch.current.version == before.version + 1
    enabled = {offering.service.name for offering in watch.current.offerings if offering.service.enabled}
    assert enabled == {"local", "sketch", "openai"}
    assert {offering.service.name for offering in before.offerings if offering.service.enabled} == {"local", "sketch"}


async def test_a_dated_price_comes_into_force_without_a_change_of_the_catalogue(catalogue, clock):
    soon = datetime.fromtimestamp(clock.seconds + 60, tz=UTC)
    name = "local/smollm2-135m-instruct"
    await catalogue.put_price(name, Price(call_nanousd=5, valid_from=soon))
    watch = SnapshotWatch(catalogue, clock)
    await watch.start()
    assert not await watch.refresh()
    clock.seconds += 61
    assert await watch.refresh()
    await watch.stop()
    (price,) = [offering.price for offering in watch.current.offerings if offering.name == name]
    assert price == Price(call_nanousd=5, valid_from=soon)


async def test_the_watch_keeps_the_last_snapshot_while_the_database_cannot_be_read_and_says_so_once(
    sqlite_store, clock, caplog
):
    await seed(sqlite_store, clock)
    catalogue = Catalogue(sqlite_store, clock)
    watch = SnapshotWatch(catalogue, clock, poll_seconds=0.01)
    await watch.start()
    before = watch.current
    caplog.set_level(logging.WARNING, "registry.snapshot")
    await set_aside(sqlite_store, "catalogue_state", "elsewhere")
    await until(lambda: caplog.records)
    await asyncio.sleep(0.1)
    assert watch.current is before
    assert len(caplog.records) == 1
    await set_aside(sqlite_store, "elsewhere", "catalogue_state")
    await catalogue.set_enabled("openai", True)
    await until(lambda: watch.current is not before)
    await watch.stop()
    assert watch.current.version == before.version + 1


async def set_aside(store: Store, table: str, new_name: str) -> None:
    async with store.write() as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {new_name}")
