"""The ledger: takes calls at once, writes them once, loses none, and can explain each of them."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time

import pytest
from sqlalchemy import event, func, select

from registry.calls import CallRow, only_new
from registry.errors import LedgerFull
from registry.ledger import Ledger
from registry.names import LONGEST_NAME, Names
from registry.outbox import Event, Outbox
from registry.rollups import read_rollups
from registry.scores import Scores, TaskScores
from registry.store import Store
from registry.tables import call_messages, calls, names
from registry.task_ids import WORKERS, TaskIds, claim_worker, task_time_seconds
from registry.words import Capability, Score


def row(task_id: int, **facts) -> CallRow:
    plain = {
        "attempt": 1, "run_id": 3, "stage": "shots", "item": f"shot-{task_id}", "owner": "default/local",
        "prompt_version": "", "snapshot_id": 1, "policy_id": 1, "offering_id": 4, "outcome": 0,
        "started_us": 1_800_000_000_000_000, "latency_us": 1_000, "first_output_us": None, "input_tokens": 10,
        "output_tokens": 5, "cost_nanousd": 7, "cost_known": True,
    }  # fmt: skip
    return CallRow(task_id, **plain | facts)


@pytest.fixture
async def ledger(store):
    ledger = Ledger(store, Names(store), time.time, flush_seconds=0.01)
    yield ledger
    await ledger.close()


async def count(store, table) -> int:
    async with store.read() as connection:
        return await connection.scalar(select(func.count()).select_from(table))


async def test_rows_are_written_with_their_messages_rollups_and_events(ledger, store):
    await ledger.start()
    event = Event(kind="turnout.task.failed", subject="2")
    ledger.record(row(1, candidates=b"\x01\x00", checks=5, trace_id=bytes(16), first_output_us=500))
    ledger.record(row(2, outcome=1, message="503: \x00" + "again " * 200), event)
    assert await ledger.drain(10) == 0
    async with store.read() as connection:
        written = (await connection.execute(select(calls).order_by(calls.c.task_id))).all()
        (message,) = (await connection.execute(select(call_messages))).all()
    assert (written[0].candidates, written[0].checks, written[0].cost_known) == (b"\x01\x00", 5, True)
    assert (written[0].first_output_us, written[1].first_output_us, written[1].trace_id) == (500, None, None)
    assert (message.task_id, len(message.message), "\x00" in message.message) == (2, 500, False)
    (rollup,) = await read_rollups(store, 0)
    assert (rollup.calls, rollup.failures, rollup.cost_nanousd) == (2, 1, 14)
    (stored,) = await Outbox(store, time.time).unsent()
    assert stored.event == event


@pytest.mark.parametrize("count_of_rows", [1, 99, 100, 250])
async def test_many_rows_in_which_facts_are_missing_come_back_as_they_were(ledger, store, count_of_rows):
    for number in range(1, count_of_rows + 1):
        facts = {"candidates": bytes([1, number % 256]), "checks": None if number % 7 else 5}
        ledger.record(row(number, **facts, trace_id=bytes(16) if number == 90 else None))
    assert await ledger.drain(10) == 0
    async with store.read() as connection:
        written = (await connection.execute(select(calls).order_by(calls.c.task_id))).all()
    assert [one.candidates for one in written] == [bytes([1, n % 256]) for n in range(1, count_of_rows + 1)]
    assert [one.checks for one in written] == [None if n % 7 else 5 for n in range(1, count_of_rows + 1)]
    assert {one.task_id for one in written if one.trace_id} == {90} & set(range(count_of_rows + 1))
    assert {one.first_output_us for one in written} == {None}


async def test_a_row_that_is_recorded_twice_counts_once(ledger, store):
    for number in (1, 2, 1):
        ledger.record(row(number))
    await ledger.drain(10)
    ledger.record(row(2, cost_nanousd=999), Event(kind="again", subject="2"))
    ledger.record(row(3))
    ledger.record(row(3, attempt=2))
    assert await ledger.drain(10) == 0
    assert await count(store, calls) == 4
    (rollup,) = await read_rollups(store, 0)
    assert (rollup.calls, rollup.cost_nanousd) == (4, 28)
    assert await Outbox(store, time.time).unsent() == ()


async def test_many_more_rows_than_fit_into_a_write_all_arrive(store):
    ledger = Ledger(store, Names(store), time.time, flush_seconds=0.01, rows_per_write=150)
    await ledger.start()
    for number in range(1, 1_001):
        ledger.record(row(number, item=f"item-{number % 7}"))
        if number % 100 == 0:
            await asyncio.sleep(0)
    assert await ledger.close() == 0
    assert await count(store, calls) == 1_000
    assert await count(store, names) == 9
    assert sum(rollup.calls for rollup in await read_rollups(store, 0)) == 1_000


async def test_two_processes_that_write_at_once_add_up(store, database_url):
    other = await Store.open(database_url)
    ledgers = [Ledger(each, Names(each), time.time, flush_seconds=0.001) for each in (store, other)]
    for place, ledger in enumerate(ledgers):
        await ledger.start()
        for number in range(100):
            ledger.record(row(1 + 2 * number + place, item=f"item-{number % 11}"))
            await asyncio.sleep(0.001)
    assert [await ledger.close() for ledger in ledgers] == [0, 0]
    await other.close()
    (rollup,) = await read_rollups(store, 0)
    assert (rollup.calls, rollup.input_tokens) == (200, 2_000)
    assert await count(store, names) == 13


async def test_while_another_process_holds_the_database_rows_wait_and_are_told_of_once(sqlite_database_url, caplog):
    caplog.set_level(logging.WARNING, "registry.ledger")
    store = await Store.open(sqlite_database_url, busy_timeout_seconds=0.01)
    names = Names(store)
    await names.intern(["shots", "shot-1", "shot-2", "default/local"])
    ledger = Ledger(store, names, time.time, flush_seconds=0.01)
    await ledger.start()
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ledger.record(row(1))
    assert await ledger.drain(0.3) == 1
    ledger.record(row(2))
    assert await ledger.drain(0.1) == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "is locked by another process" in caplog.text
    holder.execute("ROLLBACK")
    holder.close()
    assert await ledger.close() == 0
    assert await count(store, calls) == 2
    await store.close()


async def test_a_full_ledger_refuses_and_keeps_what_it_has(sqlite_store):
    ledger = Ledger(sqlite_store, Names(sqlite_store), time.time, most_rows=2)
    ledger.record(row(1))
    ledger.record(row(2))
    with pytest.raises(LedgerFull, match="2 calls wait"):
        ledger.record(row(3))
    assert await ledger.close() == 0
    assert await count(sqlite_store, calls) == 2


async def test_one_row_that_the_database_will_not_take_does_not_hold_up_the_others(ledger, store, caplog):
    for number in range(1, 21):
        ledger.record(row(number, cost_nanousd=2**70 if number == 13 else 7))
    assert await ledger.drain(10) == 0
    assert [bad.task_id for bad in ledger.set_aside] == [13]
    assert "task 13" in caplog.text
    assert await count(store, calls) == 19
    (rollup,) = await read_rollups(store, 0)
    assert (rollup.calls, rollup.cost_nanousd) == (19, 19 * 7)


async def test_nothing_is_thrown_away_when_the_tables_are_missing(sqlite_store):
    ledger = Ledger(sqlite_store, Names(sqlite_store), time.time)
    async with sqlite_store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE rollups RENAME TO elsewhere")
    ledger.record(row(1))
    ledger.record(row(2))
    assert await ledger.drain(0.2) == 2
    assert await count(sqlite_store, calls) == 0
    async with sqlite_store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO rollups")
    assert await ledger.close() == 0
    assert await count(sqlite_store, calls) == 2


async def test_rows_may_be_recorded_from_other_threads(ledger, store):
    await ledger.start()
    for part in range(5):
        await asyncio.to_thread(lambda part=part: [ledger.record(row(part * 100 + number)) for number in range(1, 21)])
    assert await ledger.drain(10) == 0
    assert await count(store, calls) == 100


@pytest.mark.parametrize("name", ["x" * 500, "nul\x00nul", "half \ud83d", "日本語", "'; DROP TABLE names; --"])
async def test_any_name_gets_a_number_and_keeps_it(store, name):
    numbers = await Names(store).intern([name, ""])
    assert await Names(store).intern([name]) == {name: numbers[name]}
    assert numbers[""] == 0
    texts = await Names(store).texts([numbers[name], 0, 99])
    assert texts.keys() == {numbers[name], 0}
    assert len(texts[numbers[name]]) <= LONGEST_NAME


async def test_long_names_that_begin_alike_stay_apart(store):
    numbers = await Names(store).intern(["x" * 300 + "a", "x" * 300 + "b"])
    assert len(set(numbers.values())) == 2


async def test_batches_of_every_size_are_written_with_a_few_kinds_of_statement(store):
    """Drivers keep statements, 60 kB each at 300 places: one for every size of a batch would fill memory with them."""
    seen = set()
    for engine in (store.engine, store._reader):
        event.listen(engine.sync_engine, "before_cursor_execute", lambda _, __, said, *___: seen.add(said))
    numbered, scores = Names(store), Scores(store, time.time)
    for size in range(1, 101):
        task_ids = [size * 1_000 + number for number in range(size)]
        await numbered.intern(f"row {task_id}" for task_id in task_ids)
        async with store.write() as connection:
            assert len(await only_new(connection, list(map(row, task_ids)))) == size
        passed = [Score(task_id=task_id, source="check", name="not_empty", value=1.0) for task_id in task_ids]
        judged = [
            TaskScores(task_id=one.task_id, model_id=1, capability=Capability.TEXT, scores=(one,)) for one in passed
        ]
        await scores.record(judged)
    assert await count(store, names) == sum(range(1, 101))
    assert len(seen) < 100


async def test_names_are_the_same_numbers_in_every_process(store, database_url):
    other = await Store.open(database_url)
    wanted = [f"name-{number}" for number in range(700)]
    one, two = await asyncio.gather(Names(store).intern(wanted), Names(other).intern(reversed(wanted)))
    await other.close()
    assert one == two
    assert len(set(one.values())) == 700


def test_task_ids_rise_and_never_repeat_even_when_the_clock_goes_back():
    hand = [1_800_000_000.0]
    one, two = TaskIds(lambda: hand[0], worker=1), TaskIds(lambda: hand[0], worker=2)
    some = [next(one) for _ in range(3_000)]
    hand[0] -= 5
    some += [next(one) for _ in range(10)]
    assert some == sorted(set(some))
    assert not set(some) & {next(two) for _ in range(3_000)}
    assert max(some) < 2**63
    assert task_time_seconds(some[0]) == 1_800_000_000.0
    with pytest.raises(ValueError, match="worker"):
        TaskIds(time.time, worker=WORKERS)


async def test_every_process_claims_another_worker(store, database_url):
    other = await Store.open(database_url)
    claimed = [await claim_worker(each) for each in (store, other, store)]
    await other.close()
    assert len(set(claimed)) == 3
