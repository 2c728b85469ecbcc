"""Leases: what is given out is never given twice, whoever dies, comes back, or says the same thing again."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from registry import Budgets, Catalogue, Limits, Store, budget_standings, to_us
from registry.accounts import Account
from registry.leases import LEASE_SECONDS, Ask, Leases
from registry.spending import Spender

DAY = 86_400


class DatabaseClock:
    """The database's time, as a test sets it."""

    def __init__(self):
        self.us = to_us(datetime(2026, 11, 25, 12, tzinfo=UTC))

    async def __call__(self, connection):
        return self.us

    def pass_seconds(self, seconds):
        self.us += int(seconds * 1_000_000)


@pytest.fixture
def clock():
    return DatabaseClock()


@pytest.fixture
def leases(store, clock):
    return Leases(store, database_clock=clock)


@pytest.fixture
async def budget(store):
    return await Budgets(store, time.time).put("workspace", "default", 1_000, "day", zone="Europe/Berlin")


@pytest.fixture
def account(budget):
    return account_of(budget)


def account_of(budget, **changed):
    spender = Spender(scope="workspace", name="default")
    facts = {"kind": "budget", "owner_id": budget.budget_id, "name": "default", "period": "day", "zone": budget.zone}
    return Account(**(facts | changed), spender=spender)


async def places(store, amount):
    catalogue = Catalogue(store, time.time)
    await catalogue.add_service("openai", "openai_compatible")
    limit = await Limits(store, time.time).put("openai", places=amount)
    return Account(kind="places", owner_id=limit.limit_id, name="openai", period="open")


async def one(leases, **ask):
    _, (grant,) = await leases.exchange([Ask(**ask)])
    return grant


async def standing(store, clock):
    ((_, (found,)),) = await budget_standings(store, database_clock=clock)
    return found.spent, found.held, found.left


async def test_a_slab_is_given_spent_topped_up_and_given_back(leases, account, store, clock):
    first = await one(leases, account=account, holder="a", needs=10, wants=200)
    assert (first.free, first.left, first.sharers) == (200, 800, 1)
    assert await standing(store, clock) == (0, 200, 800)
    lease = {"account": account, "holder": "a", "window_id": first.window_id, "fence": first.fence}
    more = await one(leases, **lease, settled=150, under_way=20, spare=30, wants=100)
    assert (more.free, more.fence) == (100, first.fence)
    assert await standing(store, clock) == (150, 120, 730)
    await one(leases, **lease, settled=170, closing=True)
    assert await standing(store, clock) == (170, 0, 830)


async def test_slabs_shrink_as_the_window_runs_dry_and_with_every_sharer(leases, account):
    given = [(await one(leases, account=account, holder=f"p{n}", needs=10, wants=10_000)).free for n in range(8)]
    assert given[0] == 500
    assert given == sorted(given, reverse=True)
    assert sum(given) <= 1_000
    assert given[-1] <= 20


async def test_who_cannot_be_served_gives_back_what_it_has_and_another_can_use_it(leases, account):
    first = await one(leases, account=account, holder="a", needs=900)
    second = await one(leases, account=account, holder="b", needs=90)
    assert (first.free, second.free, second.left) == (900, 90, 10)
    lease = {"account": account, "window_id": first.window_id}
    refused = await one(leases, **lease, holder="b", fence=second.fence, spare=90, needs=150)
    assert (refused.free, refused.left) == (0, 100)
    served = await one(leases, **lease, holder="a", fence=first.fence, under_way=900, needs=100)
    assert (served.free, served.left, served.wanted) == (100, 0, True)


async def test_saying_the_same_thing_again_changes_nothing(leases, account, store, clock):
    first = await one(leases, account=account, holder="a", needs=100)
    report = {"account": account, "holder": "a", "window_id": first.window_id, "fence": first.fence}
    for _ in range(3):  # the answer was lost each time
        await one(leases, **report, settled=40, under_way=60)
    assert await standing(store, clock) == (40, 60, 900)
    for _ in range(3):
        await one(leases, **report, settled=70, closing=True)
    assert await standing(store, clock) == (70, 0, 930)


async def test_what_was_given_in_an_answer_that_was_lost_comes_back_with_the_next_report(leases, account, store, clock):
    await one(leases, account=account, holder="a", needs=500)  # its answer never arrives
    again = await one(leases, account=account, holder="a", needs=20)
    assert again.free == 20
    assert await standing(store, clock) == (0, 20, 980)


async def test_what_a_dead_process_held_counts_as_spent(leases, account, store, clock):
    await one(leases, account=account, holder="dead", needs=300)
    clock.pass_seconds(LEASE_SECONDS + 1)
    alive = await one(leases, account=account, holder="alive", needs=10, wants=10_000)
    assert alive.sharers == 1
    assert await standing(store, clock) == (0, 300 + alive.free, 700 - alive.free)
    assert (await one(leases, account=account, holder="other", needs=701)).free == 0


async def test_who_was_only_thought_dead_settles_late_and_has_a_new_fence(leases, account, store, clock):
    sleeper = await one(leases, account=account, holder="sleeper", needs=300)
    clock.pass_seconds(LEASE_SECONDS + 1)
    await one(leases, account=account, holder="other", needs=100)
    back = {"account": account, "holder": "sleeper", "window_id": sleeper.window_id}
    late = await one(leases, **back, fence=sleeper.fence, settled=120, under_way=30, spare=150)
    assert late.fence > sleeper.fence
    assert late.free == 0  # what it had left in memory is no longer its own
    assert await standing(store, clock) == (120, 130, 750)


async def test_places_of_the_dead_are_free_again_and_those_of_the_living_are_not(leases, store, clock):
    account = await places(store, 4)
    first = await one(leases, account=account, holder="a", needs=3)
    assert (await one(leases, account=account, holder="b", needs=2)).free == 0
    clock.pass_seconds(LEASE_SECONDS + 1)
    taken = await one(leases, account=account, holder="b", needs=4)
    assert (taken.free, taken.left) == (4, 0)
    lease = {"account": account, "window_id": first.window_id, "fence": first.fence}
    late = await one(leases, holder="a", under_way=1, spare=2, needs=1, **lease)
    assert (late.free, late.left) == (0, -1)  # its call still runs, and nothing is given until there is room


async def test_who_is_alone_has_most_places_at_once_and_the_next_one_finds_some(leases, store):
    account = await places(store, 80)
    alone = await one(leases, account=account, holder="a", needs=1, wants=1_000)
    assert (alone.free, alone.left) == (70, 10)
    assert (await one(leases, account=account, holder="b", needs=1, wants=1_000)).free > 0


async def test_a_day_of_berlin_has_its_own_window_also_when_the_clocks_change(leases, account, store, clock):
    for day, hours in (((2026, 3, 28, 23), 23), ((2026, 10, 24, 22), 25)):
        clock.us = to_us(datetime(*day, tzinfo=UTC))  # midnight in Berlin
        begun = await one(leases, account=account, holder=f"{day}", needs=1_000)
        assert (begun.ends_us - clock.us) / 3.6e9 == hours
        clock.us = begun.ends_us - 1
        assert (await one(leases, account=account, holder=f"{day} late", needs=1)).free == 0
        clock.us = begun.ends_us
        assert (await one(leases, account=account, holder=f"{day} next", needs=1_000)).free == 1_000


async def test_a_clock_that_goes_back_finds_the_window_it_has_left(leases, account, store, clock):
    spent = await one(leases, account=account, holder="a", needs=600)
    lease = {"account": account, "holder": "a", "window_id": spent.window_id, "fence": spent.fence}
    await one(leases, **lease, settled=600, closing=True)
    clock.pass_seconds(DAY)
    await one(leases, account=account, holder="b", needs=1_000)
    clock.pass_seconds(-DAY)
    assert (await one(leases, account=account, holder="c", needs=401)).free == 0
    assert (await one(leases, account=account, holder="c", needs=400)).free == 400


async def test_a_budget_in_another_zone_does_not_begin_anew(leases, account, budget, store, clock):
    await one(leases, account=account, holder="a", needs=700)
    moved = await Budgets(store, time.time).put("workspace", "default", 1_000, "day", zone="Asia/Tokyo")
    elsewhere = await one(leases, account=account_of(moved), holder="b", needs=10)
    assert (elsewhere.free, elsewhere.left) == (10, 290)


async def test_another_amount_counts_at_once_and_what_was_spent_stays_spent(leases, account, store, clock):
    first = await one(leases, account=account, holder="a", needs=600)
    await Budgets(store, time.time).put("workspace", "default", 500, "day", zone="Europe/Berlin")
    lease = {"account": account, "holder": "a", "window_id": first.window_id, "fence": first.fence}
    assert (await one(leases, **lease, settled=600, needs=1)).left == -100
    await Budgets(store, time.time).put("workspace", "default", 700, "day", zone="Europe/Berlin")
    assert (await one(leases, **lease, settled=600, needs=100)).free == 100


async def test_of_a_budget_that_was_removed_nothing_is_given(leases, account, store, clock):
    first = await one(leases, account=account, holder="a", needs=600)
    await Budgets(store, time.time).remove("workspace", "default")
    lease = {"account": account, "holder": "a", "window_id": first.window_id, "fence": first.fence}
    assert await one(leases, **lease, settled=600) is None
    assert await one(leases, account=account, holder="b", needs=1) is None


async def test_minutes_are_forgotten_after_an_hour(leases, store, clock):
    await Catalogue(store, time.time).add_service("openai", "openai_compatible")
    limit = await Limits(store, time.time).put("openai", requests=10)
    account = Account(kind="requests", owner_id=limit.limit_id, name="openai", period="minute")
    first = await one(leases, account=account, holder="a", needs=10)
    clock.pass_seconds(60)
    assert (await one(leases, account=account, holder="b", needs=10)).free == 10
    clock.pass_seconds(3_700)
    await one(leases, account=account, holder="c", needs=10)
    lease = {"account": account, "holder": "a", "window_id": first.window_id, "fence": first.fence}
    assert await one(leases, **lease, settled=10) is None


async def limits_of(store, count):
    """The accounts of so many services' limits on requests, and on places."""
    catalogue, accounts = Catalogue(store, time.time), []
    for number in range(count):
        await catalogue.add_service(f"s{number}", "openai_compatible")
        limit = await Limits(store, time.time).put(f"s{number}", requests=1_000, places=100)
        named = {"owner_id": limit.limit_id, "name": f"s{number}"}
        accounts.append(Account(kind="requests", period="minute", **named))
        accounts.append(Account(kind="places", period="open", **named))
    return accounts


async def test_fifty_asks_take_no_more_statements_than_one(store, leases):
    accounts = await limits_of(store, 25)
    _, opened = await leases.exchange([Ask(account=one, holder="a", needs=1) for one in accounts])
    asks = [
        Ask(account=one, holder="a", window_id=grant.window_id, fence=grant.fence, under_way=1, wants=9)
        for one, grant in zip(accounts, opened, strict=True)
    ]
    told = []

    def count(connection, cursor, statement, *_):
        told.append(statement)

    event.listen(store.engine.sync_engine, "before_cursor_execute", count)
    await leases.exchange(asks[:1])
    for_one, told[:] = list(told), []
    _, grants = await leases.exchange(asks)
    assert [grant.free for grant in grants] == [9] * 50
    assert len(told) == len(for_one)


async def test_asks_made_together_come_to_what_they_come_to_one_by_one(store, leases):
    """Also where several are about one window, which a process has where a budget has just been changed."""
    accounts, chance = await limits_of(store, 4), random.Random(3)
    together, apart = accounts[:4], accounts[4:]
    state: dict[tuple[int, str], dict[str, int]] = {}
    for _ in range(30):
        asks = []
        for place in range(4):
            for holder in chance.sample("ab", chance.randint(1, 2)):
                had = state.get((place, holder), {"settled": 0, "free": 0})
                spent = chance.randint(0, had["free"])
                lease = {name: had[name] for name in ("window_id", "fence") if name in had}
                settled = had["settled"] + (spent if place % 2 == 0 else 0)
                facts = {
                    "holder": holder, "settled": settled, "spare": had["free"] - spent,
                    "needs": chance.choice([0, 5, 60]), "wants": chance.randint(0, 200),
                }  # fmt: skip
                asks.append((place, facts, lease))
        _, grants = await leases.exchange(
            [Ask(account=together[place], **facts, **lease) for place, facts, lease in asks]
        )
        for (place, facts, _), grant in zip(asks, grants, strict=True):
            other = state.get((place, facts["holder"]), {})
            lease = {name: other[f"other_{name}"] for name in ("window_id", "fence") if f"other_{name}" in other}
            alone = await one(leases, account=apart[place], **facts, **lease)
            assert (alone.free, alone.left, alone.sharers, alone.wanted) == (
                grant.free, grant.left, grant.sharers, grant.wanted,
            )  # fmt: skip
            state[place, facts["holder"]] = {
                "settled": facts["settled"], "free": grant.free, "window_id": grant.window_id, "fence": grant.fence,
                "other_window_id": alone.window_id, "other_fence": alone.fence,
            }  # fmt: skip


async def test_many_at_once_are_given_no_more_than_there_is(database_url, store, account):
    """Three stores, as three processes would have them, ask, settle and give back in any order, side by side."""
    stores = [await Store.open(database_url) for _ in range(3)]
    chance = random.Random(7)

    async def spend(number):
        leases, settled, grant = Leases(stores[number % 3]), 0, None
        holder = leases.new_holder()
        for _ in range(6):
            lease = {} if grant is None else {"window_id": grant.window_id, "fence": grant.fence}
            spare = 0 if grant is None else grant.free
            spend = chance.randint(0, spare)
            settled += spend
            grant = await one(
                leases, account=account, holder=holder, settled=settled, spare=spare - spend,
                needs=chance.randint(1, 60), wants=chance.randint(1, 200), **lease,
            )  # fmt: skip
            assert grant.left >= 0
        await one(
            leases, account=account, holder=holder, settled=settled, closing=True,
            window_id=grant.window_id, fence=grant.fence,
        )  # fmt: skip
        return settled

    spent = sum(await asyncio.gather(*(spend(number) for number in range(9))))
    ((_, (found,)),) = await budget_standings(store)
    assert (found.spent, found.held) == (spent, 0)
    assert 0 < spent <= 1_000
    for opened in stores:
        await opened.close()
