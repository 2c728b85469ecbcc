"""``turnout services``, as people and scripts use it."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import datetime

import pytest

from registry import Catalogue, Cooldown, Cooldowns, FailureClass, Settings, Store, outs_of

ADD = ("services", "add", "mine", "--endpoint", "http://127.0.0.1:8000/v1", "--model")


def test_what_ships_is_listed_with_what_can_spend_disabled(turnout):
    services = {service["name"]: service for service in turnout("services", "list", "--json").json["services"]}
    assert services["local"]["enabled"]
    assert services["sketch"]["enabled"]
    enabled = [service for service in services.values() if service["enabled"]]
    assert all(offering["price"]["input_nanousd_per_mtok"] == 0 for one in enabled for offering in one["offerings"])
    assert services["openai"]["credential"] == {"reference": "env:OPENAI_API_KEY", "present": False}


def test_an_added_service_is_disabled_and_bears_the_figures_that_were_given(turnout):
    added = turnout(
        *ADD, "Meta/Llama-3.1", "--model", "big=huge", "--capability", "text", "--capability", "embedding",
        "--feature", "json_schema", "--context-window", 8192, "--price-in", "0.15", "--price-out", "$0.60",
        "--key", "env:MY_API_KEY",
    )  # fmt: skip
    assert (added.code, added.err) == (0, "")
    assert "It is disabled; `turnout services enable mine`" in added.out
    mine = turnout("services", "show", "mine", "--json").json
    assert not mine["enabled"]
    assert [(one["model"], one["remote_name"]) for one in mine["offerings"]] == [
        ("llama-3.1", "Meta/Llama-3.1"),
        ("huge", "big"),
    ]
    for offering in mine["offerings"]:
        assert offering["capabilities"] == ["embedding", "text"]
        assert offering["context_window"] == 8192
        assert offering["price"]["input_nanousd_per_mtok"] == 150_000_000
        assert offering["price"]["output_nanousd_per_mtok"] == 600_000_000


def test_a_price_that_is_not_given_is_unknown_and_asked_about_before_enabling(turnout):
    turnout(*ADD, "llama")
    assert turnout("services", "show", "mine", "--json").json["offerings"][0]["price"] is None
    refused = turnout("services", "enable", "mine")
    assert refused.code == 1
    assert "mine can spend money (llama: unknown)" in refused.err
    assert "add --yes" in refused.err
    assert not turnout("services", "show", "mine", "--json").json["enabled"]


@pytest.mark.parametrize(
    "key",
    ["sk-proj-4f9aKx81LmQ0bTz7", "env:sk_live_4f9aKx81LmQ0bTz7", "ghp_0123456789abcdefABCDEF", "hunter 2", "sesame=="],
)
def test_a_key_on_the_command_line_is_refused_and_not_repeated(turnout, key):
    refused = turnout(*ADD, "llama", "--key", key)
    assert refused.code == 1
    assert refused.err.count("\n") == 1
    assert "env:" in refused.err
    assert key.removeprefix("env:") not in refused.err + refused.out
    assert turnout("services", "show", "mine").code == 1


@pytest.mark.parametrize("key", ["OPENAI_API_KEY=sk-proj-4f9aKx81LmQ0bTz7", "env:MY_KEY=sesame"])
def test_a_variable_with_its_value_is_refused_with_a_hint_and_without_the_value(turnout, key):
    refused = turnout(*ADD, "llama", "--key", key)
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "give the variable's name alone" in refused.err
    assert key.partition("=")[2] not in refused.err + refused.out


def test_the_kind_for_tests_may_be_used_and_is_not_offered(turnout):
    told = turnout(*ADD, "llama", "--kind", "fakee").err
    assert "there are local, openai_compatible, sketch" in told
    assert "'fake'" not in told
    assert turnout(*ADD, "llama", "--kind", "fake").code == 0


def test_nothing_of_a_service_stays_when_a_part_of_it_will_not_do(turnout):
    refused = turnout(*ADD, "llama", "--model", "other=Not A Name")
    assert refused.code == 1
    assert "the model's name" in refused.err
    assert "there is no service 'mine'" in turnout("services", "show", "mine").err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--capability", "texd"), "did you mean 'text'?"),
        (("--kind", "openai_compatibel"), "did you mean 'openai_compatible'?"),
        (("--endpoint", "ftp://somewhere"), "it must be a URL such as"),
        (("--model", "=x"), "names no model"),
        (("--model", "other/llama"), "would both be called 'llama'"),
    ],
)
def test_what_cannot_be_added_is_said_in_one_sentence(turnout, arguments, sentence):
    refused = turnout(*ADD, "llama", *arguments)
    assert refused.code == 1
    assert refused.err.startswith("turnout: ")
    assert refused.err.count("\n") == 1
    assert sentence in refused.err


@pytest.mark.parametrize("price", ["cheap", "-1", "NaN", "1e400"])
def test_a_price_that_is_none_is_a_fault_of_the_command_line(turnout, price):
    refused = turnout(*ADD, "llama", "--price-in", price)
    assert refused.code == 2
    assert "is no price in US dollars" in refused.err


def test_a_service_whose_key_is_missing_is_enabled_with_a_word_about_it(turnout, monkeypatch):
    enabled = turnout("services", "enable", "openai", "--yes")
    assert enabled.code == 0
    assert "It can spend money." in enabled.out
    assert "Its key is missing: env:OPENAI_API_KEY" in enabled.err
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    turnout("services", "disable", "openai")
    assert turnout("services", "enable", "openai", "--yes").err == ""


def test_a_key_is_shown_as_present_and_never_itself(turnout, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "open-sesame-4711")
    shown = turnout("services", "show", "openai")
    assert "env:OPENAI_API_KEY (present)" in shown.out
    for answer in (shown, turnout("services", "show", "openai", "--json"), turnout("services", "list")):
        assert "open-sesame-4711" not in answer.out + answer.err


def test_a_free_service_is_enabled_and_disabled_without_a_question(turnout):
    assert turnout("services", "disable", "local").out == "Disabled local: routing leaves it out.\n"
    assert turnout("services", "enable", "local").code == 0
    assert turnout("services", "enable", "local").out == "local is enabled already.\n"


def test_a_service_is_removed_only_when_somebody_says_yes(turnout):
    assert turnout("services", "remove", "openai").code == 1
    assert turnout("services", "show", "openai").code == 0
    assert turnout("services", "remove", "openai", "--yes").code == 0
    assert turnout("services", "show", "openai").code == 1


def test_the_nearest_name_is_offered_for_an_unknown_service(turnout):
    for command in ("show", "enable", "disable", "remove", "wake"):
        refused = turnout("services", command, "opnai")
        assert (refused.code, refused.err) == (1, "turnout: there is no service 'opnai'; did you mean 'openai'?\n")


def test_the_last_24_hours_of_a_service_are_shown(turnout, storyboard_run):
    health = turnout("services", "show", "local", "--json").json["health"]["offerings"]
    assert [(one["calls"], one["failures"]) for one in health] == [(2, 1)]
    assert "The last 24 hours:" in turnout("services", "show", "local").out
    assert "No calls in the last 24 hours." in turnout("services", "show", "openai").out


def test_services_are_asked_whether_they_are_up_and_what_they_say_is_kept(turnout):
    turnout("services", "enable", "openai", "--yes")
    told = {one["name"]: one for one in turnout("services", "probe", "--json").json["services"]}
    assert told.keys() == {"local", "sketch", "openai"}
    assert (told["local"]["up"], told["openai"]["up"]) == (True, False)
    assert told["openai"]["message"] == "its key is missing: set the environment variable OPENAI_API_KEY"
    shown = turnout("services", "probe", "sketch")
    assert (shown.code, "sketch   up" in shown.out, "openai" in shown.out) == (0, True, False)
    assert turnout("services", "probe", "nobody").err.startswith("turnout: there is no service 'nobody'; there are ")


def test_a_server_that_is_down_is_an_answer_and_no_error(turnout):
    turnout("services", "add", "mine", "--endpoint", "http://127.0.0.1:9/v1", "--model", "llama")
    shown = turnout("services", "probe", "mine")
    assert (shown.code, shown.err) == (0, "")
    assert "down" in shown.out
    assert "127.0.0.1:9 refuses connections" in shown.out


def test_looking_for_servers_says_what_was_found_and_enables_nothing(turnout):
    told = turnout("services", "discover", "--json").json["servers"]
    assert all(not one["enabled"] for one in told)
    shown = turnout("services", "discover")
    assert (shown.code, shown.err) == (0, "")
    enabled = {one["name"] for one in turnout("services", "list", "--json").json["services"] if one["enabled"]}
    assert enabled == {"local", "sketch"}


async def _tell_out(names, failure, message=""):
    """Tell that these are out for a minute, as a process does that was turned away."""
    store = await Store.open(Settings.load().store_url)
    catalogue = Catalogue(store, time.time)
    outs = [outs_of(await catalogue.service(name), await catalogue.offerings(name))[0] for name in names]
    now = int(time.time()) + 0.5  # in the middle of a second, which every reading of it tells alike
    await Cooldowns(store, time.time, process="host:7:1").tell(
        Cooldown(out=out, failure=failure, since=now, until=now + 60, message=message) for out in outs
    )
    await store.close()


@pytest.fixture
def tell_out(turnout):
    """Tells that services are out; the data directory is made before."""
    turnout("services", "list")
    return lambda *names, **told: asyncio.run(_tell_out(names, told.get("failure", FailureClass.QUOTA), "no credit"))


def test_a_service_that_is_out_is_listed_and_shown_with_why_and_until_when(turnout, tell_out):
    tell_out("local")
    listed = turnout("services", "list")
    told = re.search(r"local is out until (\d\d:\d\d:\d\d): quota \(no credit\)\.", listed.out)
    assert told
    assert re.search(r"local +out ", listed.out)
    shown = turnout("services", "show", "local")
    assert f"out until {told[1]}: quota (no credit)" in shown.out
    (out,) = turnout("services", "show", "local", "--json").json["out"]
    assert (out["name"], out["failure"], out["message"], out["told_by"]) == ("local", "quota", "no credit", "host:7:1")
    until = datetime.fromisoformat(out["until"])
    assert f"{until.astimezone():%H:%M:%S}" == told[1]
    assert (until - datetime.fromisoformat(out["since"])).total_seconds() == pytest.approx(60, abs=0.01)
    services = turnout("services", "list", "--json").json["services"]
    assert {one["name"]: len(one["out"]) for one in services if one["enabled"]} == {"local": 1, "sketch": 0}


def test_a_service_that_is_out_is_woken_by_hand_and_only_once(turnout, tell_out):
    tell_out("local", "sketch")
    woken = turnout("services", "wake", "local")
    assert (woken.code, woken.err) == (0, "")
    assert "local was out until" in woken.out
    assert "Woke local" in woken.out
    assert turnout("services", "wake", "local").out == "local is not out: nothing keeps work from it.\n"
    services = turnout("services", "list", "--json").json["services"]
    assert [one["name"] for one in services if one["out"]] == ["sketch"]


def test_a_probe_that_finds_a_service_up_wakes_it(turnout, tell_out):
    tell_out("sketch")
    (listed,) = re.findall(r"out until (\S+): quota", turnout("services", "list").out)
    probed = turnout("services", "probe", "sketch")
    assert f"sketch was out until {listed}: quota (no credit). It is called again." in probed.out
    assert [one["woken"] for one in turnout("services", "probe", "sketch", "--json").json["services"]] == [False]
    assert "out until" not in turnout("services", "list").out
