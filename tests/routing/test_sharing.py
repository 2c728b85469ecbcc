"""Cool-downs that processes share: what one was told keeps the others away, and a success anywhere ends it for all."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from blocks import Fails, Says, Scripted
from registry import Catalogue, Cooldown, Cooldowns, FailureClass, Out, Settings, Store, account_of, outs_of, seed
from registry.windows import database_time_us
from registry.words import Capability, Model, Offering, Service
from routing import Runtime, task_request
from routing.cooling import CoolingRoom
from routing.sharing import Sharing

ROOT = Path(__file__).parents[2]
KEY = "sk-the-secret-itself"
LIMITED = Fails(FailureClass.RATE_LIMITED, "too fast", retry_after_seconds=60)


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)


@pytest.fixture
async def prepared(settings, monkeypatch):
    """Two services: `one` is the better one, and has a key that it shares with `twin`, which is disabled; `two`."""
    monkeypatch.setenv("SHARED_KEY", KEY)
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    for shipped in await catalogue.services():
        await catalogue.remove_service(shipped.name)
    keyed = {"endpoint": "https://api.example.com/v1", "credential_ref": "env:SHARED_KEY"}
    for name, quality, more in (("one", 0.9, keyed), ("twin", 0.8, keyed), ("two", 0.2, {})):
        await catalogue.add_service(name, "fake", enabled=name != "twin", **more)
        await catalogue.put_offering(name, "m", capabilities=["text"], quality=quality)
    yield store
    await store.close()


@pytest.fixture
async def opened(settings, prepared):
    """Opens runtimes, as processes would; `two` always answers, `one` as its script says."""
    runtimes = []

    async def open_(*script, two=None):
        one = Scripted(list(script))
        runtime = await Runtime.start(settings, services={"one": one, "twin": one, "two": two or Scripted([Says("2")])})
        runtime.one = one
        runtimes.append(runtime)
        return runtime

    yield open_
    for runtime in runtimes:
        await runtime.aclose()


@pytest.fixture
def rows(prepared):
    """The cool-downs that stand in the database."""

    async def read():
        return (await Cooldowns(prepared, time.monotonic).read())[1]

    return read


@pytest.fixture
def offering_of():
    """An offering with an account of its own, by its number."""

    def make(number):
        service = Service(service_id=number, name=f"s{number}", kind="fake", enabled=True)
        return Offering(
            offering_id=number, service=service, model=Model(model_id=number, name="m"), remote_name="m",
            capabilities=frozenset({Capability.TEXT}),
        )  # fmt: skip

    return make


def offering(runtime, name):
    return next(one for one in runtime.snapshot.offerings if one.service.name == name)


def is_out(runtime, name="one"):
    return runtime.health.cooling(offering(runtime, name)) is not None


async def hears(until, runtime, name="one", *, out=True):
    async def heard():
        return is_out(runtime, name) is out

    await until(heard)


async def ask(runtime, **facts):
    return (await runtime.run(task_request("text", "Hello.", **facts))).text


async def test_what_one_process_is_turned_away_from_for_a_minute_the_other_does_not_call(opened, until):
    one, other = await opened(LIMITED), await opened(Says("1"))
    assert await ask(one) == "2"
    await hears(until, other)
    assert (await ask(other), other.one.calls) == ("2", [])
    assert 50 < other.health.seconds_left(other.health.cooling(offering(other, "one"))) <= 60


@pytest.mark.parametrize("failure", [FailureClass.QUOTA, FailureClass.CREDENTIALS])
async def test_an_account_that_is_out_is_out_for_all_who_share_its_key_in_every_process(opened, until, rows, failure):
    one, other = await opened(Fails(failure, "no more")), await opened(Says("1"))
    await ask(one)
    await hears(until, other)
    assert is_out(other, "twin")
    assert not is_out(other, "two")
    (row,) = await rows()
    assert (row.out, row.failure, row.message) == (Out(0, "api.example.com env:SHARED_KEY"), failure, "no more")
    assert KEY not in repr(row)


async def test_a_process_that_starts_later_knows_before_its_first_call(opened, until, rows):
    one = await opened(LIMITED)
    await ask(one)

    async def is_told():
        return await rows()

    await until(is_told)
    later = await opened(Says("1"))
    assert (await ask(later), later.one.calls) == ("2", [])


async def test_a_short_cool_down_stays_private(opened, rows):
    one = await opened(Fails(FailureClass.RATE_LIMITED, "too fast", retry_after_seconds=9))
    await ask(one)
    assert is_out(one)
    await one.aclose()  # whatever was to be told has been told by then
    assert await rows() == ()


async def test_a_longer_cool_down_replaces_a_shorter_one_in_every_process(opened, until):
    one, other = await opened(LIMITED), await opened(Says("1"))
    await ask(one)
    await hears(until, other)
    other.health.failed(offering(other, "one"), FailureClass.RATE_LIMITED, 600.0)
    one.health.failed(offering(one, "one"), FailureClass.RATE_LIMITED, 20.0)

    async def is_longer():
        return one.health.seconds_left(one.health.cooling(offering(one, "one"))) > 500

    await until(is_longer)


async def test_a_success_ends_it_for_all_also_where_another_process_was_told(opened, until, rows):
    one, other = await opened(LIMITED), await opened(Says("1"))
    await ask(one)
    await hears(until, other)
    other.health.succeeded(offering(other, "one"), latency_ms=1.0)
    assert not is_out(other)
    await hears(until, one, out=False)
    assert await rows() == ()
    assert await ask(other) == "1"


async def test_a_key_that_was_changed_and_works_again_ends_it_for_all(opened, until, rows):
    one, other = await opened(Fails(FailureClass.CREDENTIALS, "wrong key")), await opened(Says("1"))
    assert await ask(one) == "2"
    await hears(until, other)
    # Nobody else may do it: the one that is out is looked at.
    assert await ask(other, service="one", deadline_seconds=5) == "1"
    await hears(until, one, out=False)
    assert await rows() == ()


async def test_where_all_are_out_by_word_of_others_the_least_bad_is_looked_at_and_works(opened, until, rows):
    two = Scripted([Fails(FailureClass.UNAVAILABLE_MODEL), Says("2")])
    one, other = await opened(LIMITED, two=two), await opened(Says("1"))
    one.health.failed(offering(one, "two"), FailureClass.UNAVAILABLE_MODEL)
    one.health.failed(offering(one, "one"), FailureClass.RATE_LIMITED, 60.0)
    await hears(until, other, "one")
    await hears(until, other, "two")
    assert await ask(other, deadline_seconds=5) == "1"
    await hears(until, one, "one", out=False)
    assert [row.out for row in await rows()] == [Out.of(offering(one, "two"))]


async def test_a_call_that_began_before_it_was_told_says_nothing_of_it(opened, until, rows):
    one, other = await opened(LIMITED), await opened(Says("1"))
    await ask(one)
    await hears(until, other)
    other.health.succeeded(offering(other, "one"), latency_ms=60_000.0)
    assert is_out(other)
    assert len(await rows()) == 1


async def test_what_was_heard_is_not_told_on(opened, until, rows, prepared):
    one, other = await opened(LIMITED), await opened(Says("1"))
    await ask(one)
    await hears(until, other)
    (row,) = await rows()
    catalogue = Catalogue(prepared, time.time)
    _, version = await catalogue.versions()
    # Another row moves the version: everybody reads both.
    one.health.failed(offering(one, "two"), FailureClass.UNAVAILABLE_MODEL)
    await hears(until, other, "two")
    await asyncio.sleep(0.5)
    assert (await catalogue.versions())[1] == version + 1
    assert row.since_us in {found.since_us for found in await rows()}


async def test_a_cool_down_that_a_person_ends_is_over_everywhere(opened, until, rows):
    one, other = await opened(LIMITED), await opened(Says("1"))
    await ask(one)
    await hears(until, other)
    await other.cooldowns.lift([Out.of(offering(one, "one"))])
    await hears(until, one, out=False)
    await hears(until, other, out=False)
    assert await rows() == ()


async def test_a_longer_one_of_ones_own_that_nobody_was_told_stays_when_the_shared_one_ends(opened, until):
    one, other = await opened(Says("1")), await opened(Says("1"))
    out = Out.of(offering(one, "one"))
    now = time.monotonic()
    await other.cooldowns.tell(
        [Cooldown(out=out, failure=FailureClass.RATE_LIMITED, since=now, until=now + 6, message="six more seconds")]
    )
    await hears(until, one)
    one.health.failed(offering(one, "one"), FailureClass.RATE_LIMITED, 9.5)
    await other.cooldowns.lift([out])
    await hears(until, other, out=False)
    await asyncio.sleep(1.2)
    assert is_out(one)


async def test_a_process_whose_clock_is_wrong_changes_nothing(opened, until, monkeypatch, rows):
    one, other = await opened(LIMITED), await opened(Says("1"))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 10 * 86_400)
    await ask(one)
    await hears(until, other)
    monkeypatch.setattr(time, "time", lambda: real() - 86_400)
    (row,) = await rows()
    assert 50 < row.until - time.monotonic() <= 60
    one.health.failed(offering(one, "two"), FailureClass.UNAVAILABLE_MODEL)  # moves the version: all is read again
    await hears(until, other, "two")
    assert 50 < other.health.seconds_left(other.health.cooling(offering(other, "one"))) <= 60


async def test_a_database_that_fails_harms_no_call_and_is_told_once_it_answers(opened, until, rows, prepared, caplog):
    one = await opened(LIMITED, Says("1"))
    async with prepared.write() as connection:
        await connection.execute(text("ALTER TABLE cooldowns RENAME TO away"))
    for _ in range(3):
        assert await ask(one) == "2"
    one.health.failed(offering(one, "two"), FailureClass.UNAVAILABLE_MODEL)
    assert is_out(one)
    await asyncio.sleep(2.5)  # it has been tried again meanwhile
    told = [record for record in caplog.records if record.name == "routing.sharing"]
    assert len(told) == 1
    assert "cannot be told to other processes" in told[0].message
    async with prepared.write() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO cooldowns"))

    async def is_told():
        return len(await rows()) == 2

    await until(is_told)
    assert await ask(one, deadline_seconds=5) == "1"


async def test_what_ends_while_the_database_fails_is_not_told_any_more(opened, prepared, rows):
    one = await opened(LIMITED, Says("1"))
    async with prepared.write() as connection:
        await connection.execute(text("ALTER TABLE cooldowns RENAME TO away"))
    await ask(one)
    await asyncio.sleep(0.5)
    one.health.succeeded(offering(one, "one"), latency_ms=1.0)
    async with prepared.write() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO cooldowns"))
    await one.aclose()
    assert await rows() == ()


KILLED = """
import asyncio, json, sys
from blocks import Fails, Says, Scripted
from registry import FailureClass, Settings
from routing import Runtime, task_request

async def work():
    settings = Settings.load({"home": sys.argv[1], "database_url": sys.argv[2]})
    script = [Fails(FailureClass.RATE_LIMITED, "too fast", retry_after_seconds=60)]
    async with Runtime.open(settings, services={"one": Scripted(script), "two": Scripted([Says("2")])}) as runtime:
        await runtime.run(task_request("text", "Hello."))
        while not (await runtime.cooldowns.read())[1]:
            await asyncio.sleep(0.05)
        print(json.dumps("told"), flush=True)
        await asyncio.sleep(600)

asyncio.run(work())
"""


@pytest.fixture
def killed(settings):
    """Runs a process that is turned away for a minute and has told so, and kills it."""

    def run():
        command = [sys.executable, "-c", KILLED, str(settings.home), settings.store_url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=dict(os.environ)) as process:
            told = process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        return told

    return run


async def test_what_a_killed_process_told_keeps_others_away_and_ends_by_itself(opened, until, prepared, killed):
    other = await opened(Says("1"))
    assert json.loads(await asyncio.to_thread(killed)) == "told"
    await hears(until, other)
    assert (await ask(other), other.one.calls) == ("2", [])

    async def later(connection):
        return await database_time_us(connection) + 61_000_000

    _, found = await Cooldowns(prepared, time.monotonic, database_clock=later).read()
    assert found == ()


@pytest.mark.parametrize("seed_number", range(4))
async def test_however_processes_tell_lift_and_hear_in_the_end_all_of_them_know_what_stands(
    prepared, rows, offering_of, seed_number
):
    dice = random.Random(seed_number)
    catalogue = Catalogue(prepared, time.time)
    rooms = [CoolingRoom(time.monotonic) for _ in range(4)]
    sharings = [
        Sharing(Cooldowns(prepared, time.monotonic, process=str(number)), room, time.monotonic)
        for number, room in enumerate(rooms)
    ]
    for room, sharing in zip(rooms, sharings, strict=True):
        room.told = sharing
    offerings = [offering_of(number) for number in (1, 2, 3)]

    async def live(room, sharing):
        for _ in range(25):
            one, now = dice.choice(offerings), time.monotonic()
            match dice.choice(("failed", "failed", "worked", "heard", "passed")):
                case "failed":
                    failure = dice.choice((FailureClass.RATE_LIMITED, FailureClass.QUOTA))
                    room.failed(one, failure, dice.uniform(20, 900))
                case "worked":
                    room.worked(one, now - dice.choice((0.0, 0.02, 1.0)))
                case "heard":
                    await sharing.follow((await catalogue.versions())[1])
                case _:
                    await asyncio.sleep(dice.uniform(0, 0.05))

    await asyncio.gather(*(live(room, sharing) for room, sharing in zip(rooms, sharings, strict=True)))
    for sharing in sharings:
        await sharing.aclose(10)
    for sharing in sharings:
        await sharing.follow((await catalogue.versions())[1])
    stand = {row.out: row.until for row in await rows()}
    for room in rooms:
        for one in offerings:
            expected = [stand[out] for out in outs_of(one.service, [one]) if out in stand]
            known = room.of(one)
            assert (known is None) is (not expected)
            assert known is None or known.until == pytest.approx(max(expected), abs=0.5)


async def test_an_account_without_a_credential_is_the_service_alone(opened):
    runtime = await opened(Says("1"))
    two = offering(runtime, "two").service
    assert account_of(two) == f"service {two.service_id}"
