"""``turnout budgets`` and ``turnout limits``: set, listed as they stand, removed; what is refused, in a sentence."""

from __future__ import annotations

import asyncio

import pytest

from gateway.cli.budgets import bar

NEXT_YEARS = "20"


@pytest.fixture
def spent(home):
    """Spends some of the budget of the workspace, and holds some more."""

    async def spend(owner_id):
        from registry import Leases, Settings, Store
        from registry.accounts import Account
        from registry.leases import Ask

        store = await Store.open(Settings.load().store_url)
        account = Account(kind="budget", owner_id=owner_id, name="default", period="day", zone="Europe/Berlin")
        await Leases(store).exchange([Ask(account=account, holder="x", settled=2_000_000_000, under_way=500_000_000)])
        await store.close()

    return lambda owner_id: asyncio.run(spend(owner_id))


def test_a_budget_is_set_stands_and_is_removed(turnout, spent):
    assert "turnout budgets set workspace:default 5.00 --per day" in turnout("budgets", "list").out
    made = turnout("budgets", "set", "workspace:default", "5.00", "--per", "day", "--zone", "Europe/Berlin")
    assert made.out == "workspace:default may spend $5.00 a day (Europe/Berlin).\n"
    spent(1)
    listed = turnout("budgets", "list").out
    for part in ("workspace:default", "$5.00", "$2.00", "$0.50", "$2.50", "########==.........."):
        assert part in listed
    (shown,) = turnout("budgets", "list", "--json").json["budgets"]
    (window,) = shown.pop("windows")
    assert shown == {
        "scope": "workspace", "name": "default", "per": "day", "zone": "Europe/Berlin",
        "amount_nanousd": 5_000_000_000, "version": 1,
    }  # fmt: skip
    assert window["ends"].startswith(NEXT_YEARS)
    assert [window[f"{part}_nanousd"] for part in ("spent", "held", "left")] == [2 * 10**9, 5 * 10**8, 25 * 10**8]
    assert turnout("budgets", "remove", "workspace:default", "--yes").out == (
        "Removed the budget of workspace:default a day.\n"
    )
    assert turnout("budgets", "list", "--json").json == {"budgets": []}


def test_a_budget_that_is_not_there_is_told_before_anything_is_asked(turnout):
    missing = turnout("budgets", "remove", "key:ann", "--per", "day")
    assert missing.code == 1
    assert missing.err == "turnout: there is no budget 'key:default/ann'.\n"


def test_a_name_that_is_left_out_means_each(turnout):
    assert turnout("budgets", "set", "run", "0.50", "--per", "run").out == "run:* may spend $0.50 a run.\n"
    turnout("budgets", "set", "key:ann", "$3", "--per", "month")
    assert [b["name"] for b in turnout("budgets", "list", "--json").json["budgets"]] == ["default/ann", "*"]
    assert "run:*" in turnout("budgets", "list").out


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (
            ("workspace", "5EUR", "--per", "day"),
            "budgets are in US dollars, and 'EUR' is not one; write dollars: 2.50, ",
        ),
        (("workspace", "5 apples", "--per", "day"), "'apples' is not one; write dollars: 2.50, $2.50 or 2.50 USD."),
        (("workspace", "5 cents", "--per", "day"), "budgets are in US dollars, and 'cents' is not one; write $0.05."),
        (("workspace", "-5", "--per", "day"), "amount: '-5' is below zero; write US dollars, such as 5.00."),
        (("--per", "day", "workspace", "-$5"), "amount: '-$5' is below zero; write US dollars, such as 5.00."),
        (("workspace", "--per", "day", "--", "-5"), "amount: '-5' is below zero; write US dollars, such as 5.00."),
        (("workspace", "5", "--per", "fortnight"), "per: a budget is per run, day or month, and not per 'fortnight'."),
        (("workspace", "lots", "--per", "day"), "amount: 'lots' is no amount; write US dollars, such as 5.00."),
        (("workspace", "5", "--per", "week"), "per: a budget is per run, day or month, and not per 'week'."),
        (("team:x", "5", "--per", "day"), "there are run, pipeline, key, workspace, service."),
        (("workspace", "5", "--per", "day", "--zone", "Berlin"), "there is no time zone 'Berlin'"),
        (("service:openia", "5", "--per", "day"), "there is no service 'openia'; did you mean 'openai'?"),
    ],
)
def test_a_budget_that_makes_no_sense_is_answered_with_one_sentence(turnout, wrong, sentence):
    ended = turnout("budgets", "set", *wrong)
    assert ended.code == 1
    assert sentence in ended.err
    assert ended.err.count("\n") == 1
    assert turnout("budgets", "list", "--json").json == {"budgets": []}


def test_limits_are_set_listed_and_removed(turnout):
    assert "turnout limits set openai --requests 500" in turnout("limits", "list").out
    made = turnout("limits", "set", "openai", "--requests", "500", "--tokens", "200000", "--concurrency", "20")
    assert made.out == "openai takes 500 requests a minute, 200,000 tokens a minute, 20 at once.\n"
    listed = turnout("limits", "list").out
    for part in ("openai", "requests a minute", "200,000", "at once", "set by hand"):
        assert part in listed
    (shown,) = turnout("limits", "list", "--json").json["limits"]
    assert shown["requests"] == {"amount": 500, "used": 0, "held": 0, "left": 500}
    assert turnout("limits", "remove", "openai", "--yes").out == "Removed the limits of openai.\n"
    assert turnout("limits", "list", "--json").json == {"limits": []}


@pytest.mark.parametrize(
    ("wrong", "code", "sentence"),
    [
        (("openia", "--requests", "5"), 1, "there is no service 'openia'; did you mean 'openai'?"),
        (("openai/nothing", "--requests", "5"), 1, "there is no model at openai 'nothing'"),
        (("openai",), 1, "give at least one of requests, tokens and concurrency"),
        (("openai", "--requests", "5", "--per", "hour"), 2, "limits are counted per minute, and not per 'hour'"),
        (("openai", "--requests", "0"), 2, "--requests"),
    ],
)
def test_a_limit_that_makes_no_sense_is_said_so(turnout, wrong, code, sentence):
    ended = turnout("limits", "set", *wrong)
    assert (ended.code, sentence in ended.err) == (code, True)
    assert turnout("limits", "list", "--json").json == {"limits": []}


@pytest.mark.parametrize(
    ("used", "held", "amount", "drawn"),
    [
        (0, 0, 10, ".........."), (1, 0, 1_000, "#........."), (999, 0, 1_000, "#########."), (10, 0, 10, "##########"),
        (25, 0, 10, "##########"), (0, 1, 1_000, "=........."), (5, 5, 10, "#####====="), (0, 0, 0, "##########"),
    ],
)  # fmt: skip
def test_a_bar_is_full_only_when_nothing_is_left(used, held, amount, drawn):
    assert bar(used, held, amount, cells=10) == drawn


def test_a_name_that_nothing_bears_yet_is_doubted_since_such_a_budget_guards_nothing(turnout):
    doubted = turnout("budgets", "set", "pipeline:storybord", "0.25", "--per", "run")
    assert doubted.err == (
        "No pipeline is called 'storybord' so far, so nothing is bounded yet; did you mean 'storyboard'?\n"
    )
    assert "there are route_batch, storyboard.\n" in turnout("budgets", "set", "pipeline:x", "1", "--per", "run").err
    assert turnout("budgets", "set", "pipeline:route_batch", "0.25", "--per", "run").err == ""
    assert "did you mean 'default'?" in turnout("budgets", "set", "workspace:defualt", "5", "--per", "day").err
    assert "'default/ann' so far, so nothing is bounded yet; there are none.\n" in (
        turnout("budgets", "set", "key:ann", "5", "--per", "day").err
    )
    turnout("keys", "create", "ann")
    assert turnout("budgets", "set", "key:ann", "5", "--per", "day").err == ""
    assert "did you mean 'default/ann'?" in turnout("budgets", "set", "key:anne", "5", "--per", "day").err


def test_a_budget_for_each_stays_listed_when_somebody_has_used_it(turnout):
    turnout("budgets", "set", "run", "0.5", "--per", "run")
    assert "run:*" in turnout("budgets", "list").out


def test_a_budget_of_another_period_is_named_where_one_is_to_be_removed(turnout):
    assert turnout("budgets", "set", "workspace:default", "5", "--per", "day").code == 0
    told = turnout("budgets", "remove", "workspace:default", "--per", "month", "--yes").err
    assert told.startswith("turnout: there is no budget 'workspace:default per month'; did you mean ")
    assert "'workspace:default per day'" in told
    told = turnout("budgets", "remove", "key:ann", "--per", "day", "--yes").err
    assert "there is no budget 'key:default/ann'" in told
