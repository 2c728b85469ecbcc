"""Cool-downs that processes share: the longer one stands, times are the database's, and what is over goes."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select

from registry import (
    Catalogue,
    Cooldown,
    Cooldowns,
    FailureClass,
    Out,
    Retention,
    Service,
    SnapshotWatch,
    account_of,
    to_us,
)
from registry.tables import cooldowns as table

ONE, TWO = Out(1), Out(2)
ACCOUNT = Out(0, "api.example.com env:KEY")


class Hand:
    """Seconds that pass only when told to."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


class DatabaseClock:
    """The database's time, as a test sets it."""

    us = to_us(datetime(2026, 11, 28, 12, tzinfo=UTC))

    async def __call__(self, connection):
        return self.us

    def pass_seconds(self, seconds):
        self.us += int(seconds * 1_000_000)


@pytest.fixture
def database_clock():
    return DatabaseClock()


@pytest.fixture
def process(store, database_clock):
    """A process with a clock of its own; what it tells is by its name."""

    def make(name, now=1_000.0):
        clock = Hand(now)
        cooldowns = Cooldowns(store, clock, process=name, database_clock=database_clock)
        cooldowns.hand = clock
        return cooldowns

    return make


def out_for(cooldowns, seconds, out=ONE, failure=FailureClass.RATE_LIMITED, message=""):
    """A cool-down that begins now, on the clock of the process."""
    now = cooldowns.hand()
    return Cooldown(out=out, failure=failure, since=now, until=now + seconds, message=message)


async def rows(store):
    async with store.read() as connection:
        return await connection.scalar(select(func.count()).select_from(table))


async def test_what_one_process_tells_another_one_reads_on_its_own_clock(process):
    teller, reader = process("a", now=5.0), process("b", now=7_000_000.0)
    await teller.tell([out_for(teller, 60, ACCOUNT, FailureClass.QUOTA, "no credit left")])
    _, (found,) = await reader.read()
    assert (found.out, found.failure, found.message) == (ACCOUNT, FailureClass.QUOTA, "no credit left")
    assert (found.since, found.until, found.told_by) == (7_000_000.0, 7_000_060.0, "a")


async def test_time_that_passes_is_the_databases(process, database_clock):
    teller, reader = process("a"), process("b")
    await teller.tell([out_for(teller, 60)])
    database_clock.pass_seconds(20)
    teller.hand.now, reader.hand.now = 0.0, 500_000.0
    _, (found,) = await reader.read()
    assert found.until - reader.hand() == 40
    database_clock.pass_seconds(40)
    assert (await reader.read())[1] == ()


async def test_a_longer_cool_down_replaces_a_shorter_one_and_never_the_other_way_round(process):
    one, other = process("a"), process("b")
    await one.tell([out_for(one, 60)])
    await other.tell([out_for(other, 20, failure=FailureClass.UNAVAILABLE_MODEL)])
    _, (found,) = await one.read()
    assert (found.until, found.told_by, found.failure) == (1_060.0, "a", FailureClass.RATE_LIMITED)
    await other.tell([out_for(other, 600, failure=FailureClass.UNAVAILABLE_MODEL)])
    _, (found,) = await one.read()
    assert (found.until, found.told_by, found.failure) == (1_600.0, "b", FailureClass.UNAVAILABLE_MODEL)


async def test_of_many_that_tell_at_once_the_longest_stands(store, process):
    tellers = [process(f"p{number}") for number in range(12)]
    lengths = [(7 * number) % 12 + 20 for number in range(12)]
    await asyncio.gather(*(one.tell([out_for(one, seconds)]) for one, seconds in zip(tellers, lengths, strict=True)))
    version, (found,) = await tellers[0].read()
    assert (found.until, version) == (1_000.0 + max(lengths), 12)


async def test_several_are_told_and_lifted_in_one_transaction(process):
    one, other = process("a"), process("b")
    _, since_us = await one.tell([out_for(one, 60, ONE), out_for(one, 60, ACCOUNT)])
    version, _ = await one.tell([out_for(one, 30, TWO)], lifted=since_us)
    at_least, (found,) = await other.read()
    assert (found.out, at_least) == (TWO, version)


async def test_lifting_leaves_what_was_told_since(process, database_clock):
    one, other = process("a"), process("b")
    _, since_us = await one.tell([out_for(one, 60)])
    database_clock.pass_seconds(1)
    await other.tell([out_for(other, 90)])
    await one.tell((), lifted=since_us)
    _, (found,) = await one.read()
    assert found.told_by == "b"


async def test_a_lift_of_the_same_thing_lets_a_shorter_one_stand(process):
    one = process("a")
    _, since_us = await one.tell([out_for(one, 600)])
    await one.tell([out_for(one, 20)], lifted=since_us)
    _, (found,) = await one.read()
    assert found.until == 1_020.0


async def test_lifting_by_hand_says_what_was_lifted_and_leaves_the_rest(process):
    one = process("a")
    await one.tell([out_for(one, 60), out_for(one, 60, TWO), out_for(one, 60, ACCOUNT, FailureClass.CREDENTIALS)])
    assert [found.out for found in await one.lift([ONE, ACCOUNT], only=FailureClass.CREDENTIALS)] == [ACCOUNT]
    assert [found.out for found in await one.lift([ONE, ACCOUNT])] == [ONE]
    assert await one.lift([ONE, ACCOUNT]) == ()
    assert [found.out for found in (await one.read())[1]] == [TWO]


async def test_what_is_over_goes_with_the_next_change(store, process, database_clock):
    one = process("a")
    await one.tell([out_for(one, 20), out_for(one, 60, TWO)])
    database_clock.pass_seconds(30)
    assert await rows(store) == 2
    await one.tell([out_for(one, 20, ACCOUNT)])
    assert await rows(store) == 2
    assert {found.out for found in (await one.read())[1]} == {TWO, ACCOUNT}


async def test_retention_removes_what_is_over_by_the_databases_clock_and_nothing_else(store):
    cooldowns = Cooldowns(store, time.monotonic)
    now = time.monotonic()
    over = Cooldown(out=ONE, failure=FailureClass.QUOTA, since=now - 60, until=now - 5)
    lasts = Cooldown(out=TWO, failure=FailureClass.QUOTA, since=now, until=now + 60)
    await cooldowns.tell([over, lasts])
    wrong = Hand(time.time() + 10 * 86_400)
    await Retention(store, wrong, calls_days=30, runs_days=180, rollups_days=730).remove()
    assert await rows(store) == 1
    assert [found.out for found in (await cooldowns.read())[1]] == [TWO]


async def test_a_message_is_kept_short_and_fit_for_every_database(process):
    one = process("a")
    await one.tell([out_for(one, 60, message="no \x00" + 10_000 * "x")])
    _, (found,) = await one.read()
    assert (found.message[:5], len(found.message)) == ("no \ufffdx", 200)


async def test_a_failure_class_of_a_later_turnout_is_left_alone(store, process):
    one = process("a")
    await one.tell([out_for(one, 60)])
    async with store.write() as connection:
        row = {"offering_id": 5, "account": "", "failure": 77, "since_us": 0, "until_us": 2**60, "message": ""}
        await connection.execute(insert(table).values(**row, told_by="later"))
    assert [found.out for found in (await one.read())[1]] == [ONE]


async def test_every_change_moves_the_version_that_is_asked_for_with_the_catalogues(store, process):
    catalogue, one = Catalogue(store, time.time), process("a")
    assert await catalogue.versions() == (0, 0)
    await one.tell([out_for(one, 60)])
    assert await catalogue.versions() == (0, 1)
    await one.lift([ONE])
    await catalogue.add_service("mine", "fake")
    assert await catalogue.versions() == (1, 2)


async def test_a_watch_of_the_catalogue_tells_its_follower_of_the_version(store, process):
    class Follower:
        told: tuple[int, ...] = ()

        async def follow(self, version):
            self.told += (version,)

    one, follower = process("a"), Follower()
    watch = SnapshotWatch(Catalogue(store, time.time), time.time, follower=follower)
    await watch.start()
    await one.tell([out_for(one, 60)])
    assert not await watch.refresh()
    await watch.stop()
    assert follower.told == (0, 1)


def test_an_account_is_a_host_with_a_reference_and_never_holds_a_secret():
    def named(**facts):
        return account_of(Service(service_id=7, name="a", kind="fake", **facts))

    keyed = {"credential_ref": "env:KEY"}
    assert named(endpoint="https://api.example.com:8443/v1", **keyed) == "api.example.com:8443 env:KEY"
    assert named(endpoint="https://API.example.com:8443/v2", **keyed) == "api.example.com:8443 env:KEY"
    assert named(endpoint="https://me:hunter2@api.example.com/v1", **keyed) == "api.example.com env:KEY"
    assert named(endpoint="https://api.example.com/v1") == "service 7"
