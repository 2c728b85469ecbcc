"""Holds on budgets and limits: from memory, never beyond them, settled by what was billed, closed where in doubt."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from registry import Budgets, Catalogue, Exclusion, Limits, Runs, Store, budget_standings, limit_standings, to_us
from registry.leases import LEASE_SECONDS, Leases
from routing import Allowances, Hold
from routing.purses import DRY_SECONDS, IDLE_SECONDS

USD = 10**9


class DatabaseClock:
    """The database's time, as a test sets it; ``monotonic`` goes with it, as this process's own clock does."""

    def __init__(self):
        self.us = to_us(datetime(2026, 11, 25, 12, tzinfo=UTC))
        self.monotonic_us = 5_000_000
        self.read = 0  # once in each exchange with the store

    async def __call__(self, connection):
        self.read += 1
        return self.us

    def monotonic(self):
        return self.monotonic_us / 1e6

    def pass_seconds(self, seconds):
        self.us += int(seconds * 1_000_000)
        self.monotonic_us += int(seconds * 1_000_000)


@pytest.fixture
def clock():
    return DatabaseClock()


@pytest.fixture
def budgets(store):
    return Budgets(store, time.time)


@pytest.fixture
async def limits(store):
    catalogue = Catalogue(store, time.time)
    await catalogue.add_service("a", "fake")
    await catalogue.put_offering("a", "model-a", capabilities=["text"])
    return Limits(store, time.time)


@pytest.fixture
async def opened(store, clock):
    """Makes allowances, as a process would have them; those are closed at the end.

    Not ``kept``, nothing is asked of the store but for calls that wait: nobody tops up behind them.
    """
    made = []

    async def make(over=store, *, kept=True):
        leases = Leases(over, database_clock=clock)
        made.append(Allowances(over, clock=clock.monotonic, wall=time.time, leases=leases))
        await (made[-1].start() if kept else made[-1].refresh())
        return made[-1]

    yield make
    for allowances in made:
        await allowances.aclose()


@pytest.fixture
def at(offering):
    return offering("a")


async def hold(allowances, request, at, worst=100, tokens=10):
    return await allowances.hold(request, at, worst, tokens, seconds=5)


async def standing(store, clock):
    ((_, (found,)),) = await budget_standings(store, database_clock=clock)
    return found.spent, found.held, found.left


async def test_where_there_is_neither_a_budget_nor_a_limit_nothing_is_asked(opened, text_request, at):
    allowances = await opened()
    assert not allowances.applies(text_request())
    assert allowances.room(at).now


async def test_what_is_held_is_settled_by_what_was_billed_and_the_rest_is_free_at_once(
    opened, budgets, text_request, at, store, clock
):
    await budgets.put("workspace", "default", 1_000, "day")
    allowances, request = await opened(), text_request()
    assert allowances.applies(request)
    assert allowances.try_hold(request, at, 900, 10) is None  # only the store can say
    held = await hold(allowances, request, at, 900)
    assert isinstance(held, Hold)
    refused, sentence = await hold(allowances, request, at, 900)
    assert refused is Exclusion.BUDGET
    assert sentence == (
        "the budget workspace:default has $0.0000001 left of $0.000001 a day, and this may cost $0.0000009; "
        "the next day begins in 12 h"
    )
    allowances.settle(held, 40, 10)
    again = allowances.try_hold(request, at, 860, 10)  # from memory, without asking
    assert isinstance(again, Hold)
    clock.pass_seconds(1)
    await allowances.refresh()
    spent, has, left = await standing(store, clock)
    assert (spent, has + left) == (40, 960)
    assert has >= 860


async def test_a_hold_is_settled_once(opened, budgets, text_request, at, store, clock):
    await budgets.put("workspace", "default", 1_000, "day")
    allowances, request = await opened(), text_request()
    first, second = await hold(allowances, request, at), await hold(allowances, request, at)
    for _ in range(2):
        allowances.settle(first, 30, 1)
        allowances.release(first)
        allowances.release(second)
        allowances.settle(second, 50, 1)
    await allowances.aclose()
    assert await standing(store, clock) == (30, 0, 970)


async def test_a_price_that_rises_while_a_call_runs_is_settled_by_what_was_billed(
    opened, budgets, text_request, at, store, clock
):
    await budgets.put("workspace", "default", 1_000, "day")
    allowances, request = await opened(), text_request()
    held = await hold(allowances, request, at, 400)
    allowances.settle(held, 950, 10)
    assert (await hold(allowances, request, at, 100))[0] is Exclusion.BUDGET
    await allowances.aclose()
    assert await standing(store, clock) == (950, 0, 50)


async def test_an_unknown_price_is_refused_where_there_is_a_budget_and_only_there(opened, budgets, text_request, at):
    await budgets.put("key", "ann", 1_000, "day")
    allowances = await opened()
    refused, sentence = await hold(allowances, text_request(principal="ann"), at, None)
    assert (refused, sentence) == (
        Exclusion.BUDGET,
        "its price is unknown, and the budget key:default/ann bounds what may be spent",
    )
    assert not allowances.applies(text_request(principal="bob"))
    assert isinstance(await hold(allowances, text_request(principal="bob"), at, None), Hold)


async def test_work_that_costs_nothing_goes_on_when_the_budget_is_spent(opened, budgets, text_request, at):
    await budgets.put("workspace", "default", 0, "day")
    allowances, request = await opened(), text_request()
    assert (await hold(allowances, request, at, 1))[0] is Exclusion.BUDGET
    free = await hold(allowances, request, at, 0)
    assert isinstance(free, Hold)
    allowances.settle(free, 0, 10)


async def test_each_scope_is_counted_for_itself(opened, budgets, store, text_request, offering, clock):
    run = await Runs(store, time.time).start("storyboard", "1", "x", {})
    other = await Runs(store, time.time).start("storyboard", "1", "x", {})
    await Catalogue(store, time.time).add_service("dear", "fake")
    for scope, name, per in (
        ("run", "*", "run"), ("pipeline", "storyboard", "day"), ("key", "*", "month"), ("service", "dear", "day"),
        ("workspace", "default", "month"), ("pipeline", "storyboard", "run"),
    ):  # fmt: skip
        await budgets.put(scope, name, 1_000, per)
    allowances, dear, cheap = await opened(), offering("dear"), offering("cheap")
    spent = (
        (text_request(run_id=run.run_id, principal="ann"), dear, 1),
        (text_request(run_id=run.run_id, principal="bob"), cheap, 10),
        (text_request(run_id=other.run_id, principal="ann"), cheap, 100),
        (text_request(workspace="elsewhere", principal="ann"), dear, 500),
    )
    for request, at, cost in spent:
        assert allowances.applies(request)
        allowances.settle(await hold(allowances, request, at, cost), cost, 1)
    await allowances.aclose()
    found = {
        (budget.scope, budget.per, one.name): one.spent
        for budget, standings in await budget_standings(store, database_clock=clock)
        for one in standings
    }
    assert found == {
        ("run", "run", str(run.run_id)): 11,
        ("run", "run", str(other.run_id)): 100,
        ("pipeline", "day", "storyboard"): 111,
        ("pipeline", "run", f"storyboard in run {run.run_id}"): 11,
        ("pipeline", "run", f"storyboard in run {other.run_id}"): 100,
        ("key", "month", "default/ann"): 101,
        ("key", "month", "default/bob"): 10,
        ("key", "month", "elsewhere/ann"): 500,
        ("service", "day", "dear"): 501,
        ("workspace", "month", "default"): 111,
    }


async def test_a_day_ends_by_the_databases_clock_and_not_when_ours_jumps(
    opened, budgets, text_request, at, store, clock, monkeypatch
):
    await budgets.put("workspace", "default", 1_000, "day", zone="Europe/Berlin")
    allowances, request = await opened(), text_request()
    allowances.settle(await hold(allowances, request, at, 1_000), 1_000, 1)
    real = time.time
    for hours in (-30, 30, 24 * 400):  # the clock on the wall of this process is set to another time
        monkeypatch.setattr(time, "time", lambda hours=hours: real() + hours * 3_600)
        clock.pass_seconds(DRY_SECONDS + 0.1)
        assert (await hold(allowances, request, at, 1))[0] is Exclusion.BUDGET
    clock.us = to_us(datetime(2026, 11, 25, 23, tzinfo=UTC))  # midnight in Berlin
    clock.monotonic_us += 11 * 3_600 * 1_000_000
    assert isinstance(await hold(allowances, request, at, 1_000), Hold)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28, 23), 23), ((2026, 10, 24, 22), 25)])
async def test_a_budgets_day_lasts_as_long_as_the_day_in_which_the_clocks_change(
    opened, budgets, text_request, at, clock, day, hours
):
    clock.us = to_us(datetime(*day, tzinfo=UTC))
    await budgets.put("workspace", "default", 1_000, "day", zone="Europe/Berlin")
    allowances, request = await opened(), text_request()
    allowances.settle(await hold(allowances, request, at, 1_000), 1_000, 1)
    clock.pass_seconds(hours * 3_600 - 10)
    refused, sentence = await hold(allowances, request, at, 1)
    assert refused is Exclusion.BUDGET
    assert sentence.endswith("the next day begins in 10 s")
    clock.pass_seconds(10)
    assert isinstance(await hold(allowances, request, at, 1_000), Hold)


async def test_requests_a_minute_are_counted_and_room_says_when_there_are_more(
    opened, limits, text_request, at, clock, store
):
    await limits.put("a", requests=3)
    allowances, request = await opened(), text_request()
    clock.pass_seconds(20)
    for _ in range(3):
        assert allowances.room(at).now
        allowances.settle(await hold(allowances, request, at, None), 0, 10)
    refused, sentence = await hold(allowances, request, at, None)
    assert refused is Exclusion.LIMIT
    assert sentence == "a takes 3 requests a minute, and they are used; the next minute begins in 40 s"
    assert allowances.room(at) == (False, 40)
    clock.pass_seconds(40)
    assert allowances.room(at).now
    assert isinstance(await hold(allowances, request, at, None), Hold)


async def test_what_was_not_sent_counts_for_no_limit(opened, limits, text_request, at):
    await limits.put("a", "model-a", requests=1)
    allowances, request = await opened(), text_request()
    for _ in range(5):
        allowances.release(await hold(allowances, request, at))
    held = await hold(allowances, request, at)
    allowances.settle(held, 0, 10)
    assert (await hold(allowances, request, at))[0] is Exclusion.LIMIT


async def test_tokens_are_counted_as_they_were_used(opened, limits, text_request, at, store, clock):
    await limits.put("a", tokens=1_000)
    allowances, request = await opened(), text_request()
    for used in (100, 200):
        allowances.settle(await hold(allowances, request, at, tokens=700), 0, used)
    assert (await hold(allowances, request, at, tokens=701))[0] is Exclusion.LIMIT
    refused, sentence = await hold(allowances, request, at, tokens=1_001)
    assert (refused, sentence) == (Exclusion.LIMIT, "it may need 1,001 tokens, and a takes 1,000 a minute")
    clock.pass_seconds(DRY_SECONDS + 0.1)
    allowances.settle(await hold(allowances, request, at, tokens=700), 0, 700)
    await allowances.aclose()
    ((_, found),) = await limit_standings(store)
    assert found["tokens"].amount == 1_000


async def test_places_come_back_when_calls_end_however_they_do(opened, limits, text_request, at, clock):
    await limits.put("a", places=2)
    allowances, request = await opened(), text_request()
    first, second = await hold(allowances, request, at), await hold(allowances, request, at)
    refused, sentence = await hold(allowances, request, at)
    assert (refused, sentence) == (Exclusion.LIMIT, "a takes 2 calls at once, and so many are under way")
    assert not allowances.room(at).now
    allowances.settle(first, 5, 10)
    assert isinstance(await hold(allowances, request, at), Hold)
    allowances.release(second)
    assert isinstance(await hold(allowances, request, at), Hold)


async def test_places_that_were_taken_at_once_lately_are_kept_so_that_the_next_calls_need_not_ask(
    opened, limits, text_request, at, clock
):
    await limits.put("a", places=100)
    allowances, request = await opened(), text_request()
    held = [await hold(allowances, request, at) for _ in range(16)]
    for _ in range(10):  # of 16 calls some come and go, with reports to the store in between
        for one in held:
            allowances.settle(one, 0, 10)
        clock.pass_seconds(0.6)
        await allowances.refresh()
        held = [allowances.try_hold(request, at, 0, 10) for _ in range(16)]
        assert all(isinstance(one, Hold) for one in held)
    for one in held:
        allowances.settle(one, 0, 10)


async def test_places_that_are_not_taken_any_more_go_back_to_others(opened, limits, text_request, at, clock):
    await limits.put("a", places=20)
    busy, other, request = await opened(), await opened(), text_request()
    held = [await hold(busy, request, at) for _ in range(16)]
    for one in held:
        busy.settle(one, 0, 10)
    for _ in range(8):
        one = await hold(busy, request, at)
        busy.settle(one, 0, 10)
        clock.pass_seconds(0.6)
        await busy.refresh()
    given = [await hold(other, request, at) for _ in range(15)]
    assert all(isinstance(one, Hold) for one in given)


async def test_a_process_that_waits_for_places_gets_some_from_one_that_is_always_busy(
    opened, limits, text_request, at, clock
):
    await limits.put("a", places=2)
    busy, waiting, request = await opened(), await opened(), text_request()
    held = [await hold(busy, request, at) for _ in range(2)]
    assert (await hold(waiting, request, at))[0] is Exclusion.LIMIT
    clock.pass_seconds(1)
    await busy.refresh()  # which learns that somebody waits
    busy.settle(held[0], 0, 1)
    assert (await hold(busy, request, at))[0] is Exclusion.LIMIT  # its own share is one, and that one is under way
    await busy.refresh()
    assert isinstance(await hold(waiting, request, at), Hold)


async def test_what_lies_idle_in_one_process_is_there_for_another(opened, budgets, text_request, at, store, clock):
    await budgets.put("workspace", "default", 1_000, "day")
    idle, busy, request = await opened(), await opened(), text_request()
    idle.settle(await hold(idle, request, at, 60), 10, 1)
    assert (await standing(store, clock))[1] > 60
    clock.pass_seconds(IDLE_SECONDS + 0.1)
    await idle.refresh()
    assert await standing(store, clock) == (10, 0, 990)
    assert isinstance(await hold(busy, request, at, 990), Hold)


async def test_a_process_that_died_holds_what_it_had_and_no_more(opened, budgets, text_request, at, store, clock):
    await budgets.put("workspace", "default", 10_000, "day")
    dead, request = await opened(), text_request()
    await hold(dead, request, at, 100)
    had = (await standing(store, clock))[1]
    assert 100 <= had <= 1_000
    dead._keeper.cancel()  # and never again a word
    clock.pass_seconds(LEASE_SECONDS + 1)
    alive = await opened()
    assert (await hold(alive, request, at, 10_000 - had + 1))[0] is Exclusion.BUDGET
    clock.pass_seconds(DRY_SECONDS + 0.1)
    assert isinstance(await hold(alive, request, at, 10_000 - had), Hold)


async def test_a_lease_that_nobody_renewed_is_not_spent_from(opened, budgets, text_request, at, clock):
    await budgets.put("workspace", "default", 10_000, "day")
    allowances, request = await opened(), text_request()
    allowances.settle(await hold(allowances, request, at, 100), 100, 1)
    assert isinstance(allowances.try_hold(request, at, 10, 1), Hold)
    allowances._keeper.cancel()
    clock.pass_seconds(LEASE_SECONDS)
    assert allowances.try_hold(request, at, 10, 1) is None


async def test_a_change_is_noticed_and_what_was_given_out_under_the_old_amount_goes_back(
    opened, budgets, text_request, at, store, clock
):
    await budgets.put("workspace", "default", 1_000, "day")
    allowances, request = await opened(), text_request()
    held = await hold(allowances, request, at, 100)
    await budgets.put("workspace", "default", 150, "day")
    await allowances.refresh()
    assert (await standing(store, clock))[1] == 100
    assert (await hold(allowances, request, at, 51))[0] is Exclusion.BUDGET
    allowances.settle(held, 20, 1)
    await allowances.refresh()
    clock.pass_seconds(1)
    await allowances.refresh()
    assert isinstance(await hold(allowances, request, at, 51), Hold)
    await budgets.remove("workspace", "default")
    await allowances.refresh()
    assert not allowances.applies(request)
    assert isinstance(await hold(allowances, request, at, 10**15), Hold)


async def test_a_store_that_does_not_answer_closes_budgets_and_leaves_limits_a_share(
    sqlite_store, sqlite_database_url, opened, text_request, offering, clock
):
    catalogue = Catalogue(sqlite_store, time.time)
    for name in ("a", "b"):
        await catalogue.add_service(name, "fake")
    await Limits(sqlite_store, time.time).put("a", requests=10)
    await Budgets(sqlite_store, time.time).put("service", "b", 1_000, "day")
    broken = await Store.open(sqlite_database_url, busy_timeout_seconds=0.05)
    limited, bounded, request = offering("a"), offering("b"), text_request()
    first, second = await opened(broken), await opened(broken)
    for allowances in (first, second):
        allowances.settle(await hold(allowances, request, limited), 0, 1)
    blocker = await Store.open(sqlite_database_url)
    async with blocker.write() as connection:
        await connection.execute(text("UPDATE counters SET value = value"))
        clock.pass_seconds(60)
        refused, sentence = await hold(first, request, bounded, 100)
        assert refused is Exclusion.BUDGET
        assert "cannot be checked: the database does not answer" in sentence
        assert isinstance(first.try_hold(request, bounded, 0, 1), Hold)  # what costs nothing needs no budget
        held = [await hold(first, request, limited) for _ in range(12)]
        assert sum(isinstance(one, Hold) for one in held) == 10  # alone with that lease when it last heard
        clock.pass_seconds(60)
        theirs = [await hold(second, request, limited) for _ in range(12)]
        assert sum(isinstance(one, Hold) for one in theirs) == 5  # it knows of another
    clock.pass_seconds(60)
    assert isinstance(await hold(first, request, bounded, 100), Hold)
    await blocker.close()
    for allowances in (first, second):
        await allowances.aclose()
    await broken.close()


async def test_an_unknown_runs_pipeline_is_read_once_and_one_that_is_not_there_has_none(
    opened, budgets, store, text_request, at
):
    run = await Runs(store, time.time).start("storyboard", "1", "x", {})
    await budgets.put("pipeline", "storyboard", 1_000, "month")
    allowances = await opened()
    ours, other = text_request(run_id=run.run_id), text_request(run_id=999)
    for request in (ours, other):
        assert allowances.applies(request)
        assert allowances.try_hold(request, at, 2_000, 1) is None
    assert (await hold(allowances, ours, at, 2_000))[0] is Exclusion.BUDGET
    assert isinstance(await hold(allowances, other, at, 2_000), Hold)
    assert not allowances.applies(other)
    assert not allowances.applies(text_request())


async def test_many_at_once_ask_the_store_together(opened, budgets, text_request, at, store, clock):
    await budgets.put("workspace", "default", 100_000, "day")
    allowances, request = await opened(kept=False), text_request()
    held = await asyncio.gather(*(hold(allowances, request, at, 100) for _ in range(500)))
    assert all(isinstance(one, Hold) for one in held)
    assert clock.read == 1
    for one in held:
        allowances.settle(one, 50, 1)
    await allowances.aclose()
    assert await standing(store, clock) == (25_000, 0, 75_000)


async def test_calls_that_lack_different_things_ask_for_them_together(
    opened, limits, text_request, offering, store, clock
):
    await limits.put("a", requests=1_000, places=100)
    catalogue = Catalogue(store, time.time)
    offerings = [offering("a")]
    for name in ("b", "c"):
        await catalogue.add_service(name, "fake")
        await limits.put(name, places=100)
        offerings.append(offering(name))
    allowances, request = await opened(kept=False), text_request()
    held = await asyncio.gather(*(hold(allowances, request, at) for at in offerings * 20))
    assert all(isinstance(one, Hold) for one in held)
    assert clock.read == 1


async def test_who_goes_away_while_the_store_is_asked_loses_nothing(opened, budgets, text_request, at, store, clock):
    await budgets.put("workspace", "default", 1_000, "day")
    allowances, request = await opened(), text_request()
    for pauses in range(12):
        asking = asyncio.create_task(hold(allowances, request, at, 10))
        for _ in range(pauses):
            await asyncio.sleep(0)
        asking.cancel()
        (ended,) = await asyncio.gather(asking, return_exceptions=True)
        if isinstance(ended, Hold):
            allowances.release(ended)
    held = await hold(allowances, request, at, 1_000)
    assert isinstance(held, Hold)
    allowances.release(held)
    await allowances.aclose()
    assert await standing(store, clock) == (0, 0, 1_000)


async def test_without_any_time_to_ask_a_budget_refuses_and_a_limit_leaves_room(
    opened, budgets, limits, text_request, offering
):
    await budgets.put("key", "ann", 1_000, "month")
    await limits.put("a", requests=5)
    allowances = await opened()
    refused, sentence = await allowances.hold(text_request(principal="ann"), offering("b"), 10, 1, seconds=0)
    assert refused is Exclusion.BUDGET
    assert "the database does not answer" in sentence
    assert isinstance(await allowances.hold(text_request(), offering("a"), None, 1, seconds=0), Hold)


async def test_another_capability_of_the_same_owner_shares_the_budget(opened, budgets, text_request, offering):
    await budgets.put("key", "local", 1_000, "month")
    allowances, first, second = await opened(), offering("a"), offering("b")
    assert isinstance(await hold(allowances, text_request(), first, 700), Hold)
    refused, _ = await hold(allowances, replace(text_request(), stage="other"), second, 700)
    assert refused is Exclusion.BUDGET


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_databases_clock_that_jumps_an_hour_within_a_day_gives_nothing_twice_and_loses_nothing_for_good(
    opened, budgets, text_request, at, store, clock, hours
):
    await budgets.put("workspace", "default", 1_000, "day", zone="Europe/Berlin")
    allowances, other, request = await opened(), await opened(), text_request()
    held = await hold(allowances, request, at, 300)
    clock.us += hours * 3_600 * 1_000_000  # and this process's own clock goes on as it did
    assert (await hold(other, request, at, 701))[0] is Exclusion.BUDGET
    allowances.settle(held, 200, 1)
    clock.pass_seconds(IDLE_SECONDS + 0.1)
    await allowances.refresh()
    await other.refresh()
    spent, _, left = await standing(store, clock)
    assert (spent, left) == (200, 800)
    assert isinstance(await hold(other, request, at, 800), Hold)
    assert (await hold(allowances, request, at, 1))[0] is Exclusion.BUDGET


async def test_places_survive_a_databases_clock_that_jumps_and_are_never_taken_twice(
    opened, limits, text_request, at, clock
):
    await limits.put("a", places=2)
    allowances, other, request = await opened(), await opened(), text_request()
    held = [await hold(allowances, request, at) for _ in range(2)]
    clock.us -= 3_600 * 1_000_000
    assert (await hold(other, request, at))[0] is Exclusion.LIMIT
    clock.us += 3_600 * 1_000_000
    for one in held:
        allowances.settle(one, 0, 1)
    clock.pass_seconds(IDLE_SECONDS + 0.1)
    await allowances.refresh()
    assert isinstance(await hold(other, request, at), Hold)


async def test_calls_at_a_steady_pace_do_not_wait_for_the_store_once_they_have_begun(
    opened, limits, text_request, at, clock
):
    await limits.put("a", requests=60_000, places=1_000)
    allowances, request, waited = await opened(), text_request(), []
    under_way = []
    for number in range(3_000):
        held = allowances.try_hold(request, at, 0, 10)
        if held is None:
            waited.append(number)
            held = await hold(allowances, request, at)
        under_way.append(held)
        if len(under_way) > 40:  # so many at once, and half of them end together
            for one in under_way[:20]:
                allowances.settle(one, 0, 10)
            del under_way[:20]
        clock.pass_seconds(0.005)  # 200 a second, through the turn of a minute
        if number % 20 == 19:
            await allowances.refresh()
    assert all(isinstance(one, Hold) for one in under_way)
    assert waited[0] == 0
    assert len(waited) <= 3  # at the beginning, where a burst begins, and where the next minute does


async def test_the_pace_goes_on_from_one_minute_to_the_next(opened, limits, text_request, at, clock):
    await limits.put("a", requests=60_000)
    allowances, request = await opened(), text_request()
    clock.pass_seconds(59 - clock.us / 1e6 % 60)
    for _ in range(500):
        allowances.settle(await hold(allowances, request, at), 0, 10)
        clock.pass_seconds(0.001)
    await allowances.refresh()
    clock.pass_seconds(1)
    await hold(allowances, request, at)
    (pocket,) = allowances._leasing.pockets.values()
    assert pocket.purse.free >= 500
