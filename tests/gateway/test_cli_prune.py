"""``turnout prune``: shows what would go, asks, and removes no more than that."""

from __future__ import annotations

import asyncio
import time

import pytest

DAY = 24 * 3600


@pytest.fixture
def old_work(home):
    """A data directory with a run, a call and a sum of 100 days ago, and the same of today."""
    asyncio.run(_make())


async def _make():
    from registry import CallRow, Ledger, Names, Runs, Settings, Store, TaskIds

    store = await Store.open(Settings.load().store_url)
    ledger = Ledger(store, Names(store), time.time)
    for days in (100, 0):
        at = time.time() - days * DAY

        def clock(at=at):
            return at

        runs = Runs(store, clock)
        run = await runs.start("storyboard", "1", fingerprint=str(days), parameters={})
        await runs.finish(run.run_id, "done")
        ledger.record(
            CallRow(
                task_id=next(TaskIds(clock, worker=1)), attempt=1, run_id=run.run_id, stage="", item="", owner="a/b",
                prompt_version="", snapshot_id=1, policy_id=1, offering_id=1, outcome=0, started_us=int(at * 1e6),
                latency_us=1, first_output_us=None, input_tokens=0, output_tokens=0, cost_nanousd=0, cost_known=True,
            )
        )  # fmt: skip
    await ledger.drain(20)
    await store.close()


def test_what_would_go_is_shown_and_stays(turnout, old_work):
    shown = turnout("prune", "--dry-run")
    assert shown.code == 0
    assert shown.out == "Would remove 1 call with 0 messages and scores, 0 runs with 0 items, 0 sums by minute.\n"
    assert turnout("prune", "--dry-run", "--json").json == {
        "dry_run": True, "calls": 1, "details": 0, "runs": 0, "items": 0, "rollups": 0,
    }  # fmt: skip
    assert len(turnout("runs", "--json").json["runs"]) == 2


def test_nothing_goes_without_a_yes_where_nobody_can_be_asked(turnout, old_work):
    refused = turnout("prune")
    assert refused.code == 1
    assert "Remove 1 call" in refused.err
    assert "--yes" in refused.err
    assert turnout("prune", "--dry-run", "--json").json["calls"] == 1


def test_what_is_older_than_said_goes_and_the_rest_stays(turnout, old_work):
    assert turnout("prune", "--older-than", "8w", "--yes", "--json").json == {
        "dry_run": False, "calls": 1, "details": 0, "runs": 1, "items": 0, "rollups": 0,
    }  # fmt: skip
    assert len(turnout("runs", "--json").json["runs"]) == 1
    assert turnout("prune", "--older-than", "8w").out == "Nothing is older than it is kept for.\n"


def test_the_settings_say_how_long_unless_something_else_is_said(turnout, old_work, monkeypatch):
    monkeypatch.setenv("TURNOUT_RETAIN_CALLS_DAYS", "101")
    monkeypatch.setenv("TURNOUT_RETAIN_RUNS_DAYS", "99")
    monkeypatch.setenv("TURNOUT_RETAIN_ROLLUPS_DAYS", "99")
    told = turnout("prune", "--dry-run", "--json").json
    assert (told["calls"], told["runs"], told["rollups"]) == (0, 1, 1)


@pytest.mark.parametrize("span", ["", "30", "d", "-3d", "0d", "3 weeks", "9" * 30 + "d", "101y", "nan d"])
def test_a_span_that_is_none_is_refused_in_a_sentence(turnout, home, span):
    refused = turnout("prune", "--older-than", span, "--yes")
    assert refused.code == 2
    assert "is no span of time such as" in refused.err
