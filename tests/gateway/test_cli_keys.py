"""``turnout keys``: made, listed without the key, revoked."""

from __future__ import annotations

import pytest


def test_a_key_is_printed_once_listed_without_itself_and_revoked(turnout):
    assert "turnout keys create NAME" in turnout("keys", "list").out
    made = turnout("keys", "create", "notebook", "--scope", "call", "--budget", "2.50", "--window", "day")
    key = made.out.strip()
    assert key.startswith("tk_")
    assert "only time it is shown" in made.err
    listed = turnout("keys", "list").out
    assert key not in listed
    assert "$2.50 a day" in listed
    (shown,) = turnout("keys", "list", "--json").json["keys"]
    assert (shown["name"], shown["scopes"], shown["principal"], shown["state"]) == (
        "notebook", ["call"], "notebook", "open",
    )  # fmt: skip
    assert "Revoked notebook" in turnout("keys", "revoke", f"tk_{shown['prefix']}_…", "--yes").out
    assert turnout("keys", "list", "--json").json["keys"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("--scope", "root"), "admin, call, read"),
        (("--budget", "many"), "'many' is no amount; write US dollars, such as 5.00"),
        (("--window", "year"), "neither day nor month"),
    ],
)
def test_what_makes_no_key_is_said_in_a_sentence(turnout, wrong, why):
    ended = turnout("keys", "create", "notebook", *wrong)
    assert ended.code in {1, 2}
    assert why in ended.err
    assert turnout("keys", "list", "--json").json["keys"] == []


def test_a_key_that_is_not_there_is_not_revoked(turnout):
    assert "no access key 'feedbeef'" in turnout("keys", "revoke", "feedbeef", "--yes").err


def test_nobody_is_asked_about_a_key_that_is_not_there_or_was_revoked_before(turnout):
    turnout("keys", "create", "notebook")
    (shown,) = turnout("keys", "list", "--json").json["keys"]
    missing = turnout("keys", "revoke", "feedbeef")
    assert (missing.code, missing.err) == (1, "turnout: there is no access key 'feedbeef'.\n")
    asked = turnout("keys", "revoke", shown["prefix"])
    assert f"Revoke notebook (tk_{shown['prefix']}_…)? Whoever uses it is turned away." in asked.err
    assert turnout("keys", "list", "--json").json["keys"][0]["state"] == "open"
    assert turnout("keys", "revoke", shown["prefix"], "--yes").code == 0
    again = turnout("keys", "revoke", shown["prefix"])
    assert (again.code, again.out) == (0, f"notebook (tk_{shown['prefix']}_…) was revoked before.\n")
