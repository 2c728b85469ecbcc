"""Budgets and limits as people set them: what is taken, what is refused, and how they stand."""

from __future__ import annotations

import re
import time

import pytest

from registry import (
    Budgets,
    Catalogue,
    EntryInvalid,
    Ledger,
    Limits,
    Names,
    NotFound,
    Runs,
    budget_standings,
    key_standings,
    limit_standings,
    usd_from_text,
)
from registry.accounts import Account
from registry.calls import CallRow
from registry.leases import Ask, Leases
from registry.outbox import Outbox
from registry.spending import Spender


@pytest.fixture
def budgets(store):
    return Budgets(store, time.time)


@pytest.fixture
async def limits(store):
    catalogue = Catalogue(store, time.time)
    await catalogue.add_service("openai", "openai_compatible")
    await catalogue.put_offering("openai", "small", capabilities=["text"])
    return Limits(store, time.time)


async def test_a_budget_is_set_set_again_listed_and_removed(budgets, store):
    first = await budgets.put("workspace", "default", 5, "day", zone="Europe/Berlin")
    again = await budgets.put("workspace", "default", 6, "day", zone="Europe/Berlin")
    same = await budgets.put("workspace", "default", 6, "day", zone="Europe/Berlin")
    assert (first.version, again.version, same.version) == (1, 2, 2)
    assert first.budget_id == again.budget_id
    await budgets.put("workspace", "default", 100, "month")
    assert [(b.label, b.per, b.zone, b.amount_nanousd) for b in await budgets.list()] == [
        ("workspace:default", "day", "Europe/Berlin", 6),
        ("workspace:default", "month", "UTC", 100),
    ]
    (gone,) = await budgets.remove("workspace", "default", "day")
    assert gone.amount_nanousd == 6
    assert [b.per for b in await budgets.list()] == ["month"]
    with pytest.raises(NotFound, match="did you mean 'workspace:default'"):
        await budgets.remove("workspace", "defualt")
    kinds = [stored.event.kind for stored in await Outbox(store, time.time).unsent(10)]
    assert kinds == ["turnout.budget.set"] * 4 + ["turnout.budget.removed"]


async def test_a_key_is_named_by_its_principal(budgets):
    assert (await budgets.put("key", "ann", 5, "month")).name == "default/ann"
    assert (await budgets.put("key", "other/ann", 5, "month")).name == "other/ann"
    assert (await budgets.put("key", "*", 5, "month")).name == "*"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("team", "x", 5, "day"), "there are run, pipeline, key, workspace, service"),
        (("run", "seven", 5, "run"), "is no run's number"),
        (("run", "²", 5, "run"), "is no run's number"),
        (("workspace", " ", 5, "day"), "1 to 200 characters"),
        (("workspace", "x" * 201, 5, "day"), "1 to 200 characters"),
        (("workspace", "default", -1, "day"), "below zero"),
        (("workspace", "default", 10**19, "day"), "above"),
        (("workspace", "default", 5, "week"), "per run, day or month, and not per 'week'"),
    ],
)
async def test_what_makes_no_budget_is_said_in_a_sentence(budgets, wrong, why):
    with pytest.raises(EntryInvalid, match=why):
        await budgets.put(*wrong)
    assert await budgets.list() == ()


async def test_a_budget_for_a_service_that_is_not_there_is_refused(budgets, limits):
    with pytest.raises(NotFound, match="did you mean 'openai'"):
        await budgets.put("service", "openia", 5, "day")
    assert (await budgets.put("service", "openai", 5, "day")).name == "openai"


@pytest.mark.parametrize(
    ("written", "nanousd"),
    [("5", 5 * 10**9), ("5.00", 5 * 10**9), ("$0.5", 5 * 10**8), ("5 USD", 5 * 10**9), (".000000001", 1), ("0", 0)],
)
def test_an_amount_is_understood_as_people_write_it(written, nanousd):
    assert usd_from_text(written) == nanousd


@pytest.mark.parametrize("unit", ["EUR", "€", "tokens", "k", "%"])
def test_a_budget_in_an_unknown_unit_is_told_what_is_taken_and_no_amount_that_was_not_meant(unit):
    with pytest.raises(EntryInvalid, match=f"in US dollars, and '{unit}' is not one; write dollars: 2.50, "):
        usd_from_text(f"5 {unit}")


@pytest.mark.parametrize(
    ("written", "dollars"),
    [
        ("5 cents", "$0.05"),
        ("5ct", "$0.05"),
        ("1 Cent", "$0.01"),
        ("50¢", "$0.50"),
        ("150 c", "$1.50"),
        (".5 ct", "$0.005"),
    ],
)
def test_cents_are_told_in_the_dollars_that_they_are(written, dollars):
    with pytest.raises(EntryInvalid, match=f"write {re.escape(dollars)}$"):
        usd_from_text(written)


@pytest.mark.parametrize("written", ["-5", "-$5", "$-5", "- .5", "-5 cents"])
def test_an_amount_below_zero_is_called_so(written):
    with pytest.raises(EntryInvalid, match=f"{re.escape(repr(written))} is below zero; write US dollars, such as 5.00"):
        usd_from_text(written)


@pytest.mark.parametrize("written", ["", "many", "NaN", "Infinity", "-5", "1e9", "\u0665", "9" * 17, "1,5,0x"])
def test_what_is_no_amount_is_said_so(written):
    with pytest.raises(EntryInvalid, match=r"amount|budget"):
        usd_from_text(written)


async def test_limits_are_set_for_a_service_and_for_a_model_there(limits):
    await limits.put("openai", requests=500, tokens=200_000)
    await limits.put("openai", "small", places=4, provenance="the provider's page")
    await limits.put("openai", requests=600)
    assert [(one.label, one.requests, one.tokens, one.places, one.version) for one in await limits.list()] == [
        ("openai", 600, None, None, 2),
        ("openai/small", None, None, 4, 1),
    ]
    assert (await limits.remove("openai", "small")).provenance == "the provider's page"
    with pytest.raises(NotFound, match="limit of 'openai/small'"):
        await limits.remove("openai", "small")


async def test_limits_of_nobody_and_of_nothing_are_refused(limits):
    with pytest.raises(NotFound, match="no service"):
        await limits.put("nobody", requests=5)
    with pytest.raises(NotFound, match="model at openai"):
        await limits.put("openai", "smal", requests=5)
    with pytest.raises(EntryInvalid, match="at least one"):
        await limits.put("openai")
    with pytest.raises(EntryInvalid, match="from 1"):
        await limits.put("openai", requests=0)
    assert await limits.list() == ()


def call(task_id, **facts):
    usual = {
        "attempt": 1, "run_id": 0, "stage": "", "item": "", "owner": "default/ann", "prompt_version": "",
        "snapshot_id": 1, "policy_id": 1, "offering_id": 1, "outcome": 0, "started_us": time.time_ns() // 1_000,
        "latency_us": 1, "first_output_us": None, "input_tokens": 1, "output_tokens": 1, "cost_nanousd": 100,
        "cost_known": True, "checks": None, "candidates": None, "message": "",
    }  # fmt: skip
    return CallRow(task_id=task_id, **(usual | facts))


async def test_what_was_spent_before_there_was_a_budget_counts_in_it(budgets, limits, store):
    run = await Runs(store, time.time).start("storyboard", "1", "x", {})
    ledger = Ledger(store, Names(store), time.time)
    rows = [call(1), call(2, owner="default/bob"), call(3, owner="defaults/ann"), call(4, run_id=run.run_id)]
    for row in rows:
        ledger.record(row)
    assert await ledger.drain(10) == 0
    await ledger.close()
    for scope, name in (("workspace", "default"), ("key", "ann"), ("pipeline", "storyboard"), ("service", "openai")):
        await budgets.put(scope, name, 1_000, "month")
    await budgets.put("run", str(run.run_id), 1_000, "run")
    spent = {budget.label: standing.spent for budget, (standing,) in await budget_standings(store)}
    assert spent == {
        "workspace:default": 300, "key:default/ann": 200, "pipeline:storyboard": 100, "service:openai": 400,
        f"run:{run.run_id}": 100,
    }  # fmt: skip
    ((budget, standing),) = await key_standings(store, "default/ann")
    assert (budget.per, standing.spent, standing.left) == ("month", 200, 800)
    assert await key_standings(store, "default/bob") == ()


async def test_a_window_that_was_opened_begins_with_it_and_then_counts_by_itself(budgets, store):
    ledger = Ledger(store, Names(store), time.time)
    ledger.record(call(1))
    assert await ledger.drain(10) == 0
    await ledger.close()
    budget = await budgets.put("key", "ann", 1_000, "month")
    spender = Spender(scope="key", name="default/ann")
    account = Account(kind="budget", owner_id=budget.budget_id, name="default/ann", period="month", spender=spender)
    _, (grant,) = await Leases(store).exchange([Ask(account=account, holder="me", settled=50, under_way=30)])
    assert grant.left == 1_000 - 100 - 50 - 30
    ((_, (standing,)),) = await budget_standings(store)
    assert (standing.spent, standing.held, standing.left) == (150, 30, 820)


async def test_limits_say_what_is_used_of_them(limits, store):
    limit = await limits.put("openai", requests=10, places=3)
    ((_, before),) = await limit_standings(store)
    assert {kind: (one.amount, one.left) for kind, one in before.items()} == {"requests": (10, 10), "places": (3, 3)}
    account = Account(kind="places", owner_id=limit.limit_id, name="openai", period="open")
    await Leases(store).exchange([Ask(account=account, holder="me", needs=2)])
    ((_, after),) = await limit_standings(store)
    assert (after["places"].held, after["places"].left) == (2, 1)
