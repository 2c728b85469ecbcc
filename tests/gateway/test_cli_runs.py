"""``turnout runs`` and ``turnout explain`` over a run that was really made."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from blocks import Says, Scripted
from registry import Candidate, Capability, Exclusion, Message, Settings, TaskRequest
from routing import Runtime
from routing.wording import exclusion_in_words


def test_without_runs_the_way_to_one_is_shown(turnout):
    assert turnout("runs").out == "No runs yet. `turnout run storyboard --input FILE` makes one.\n"
    assert turnout("runs", "--json").json == {"runs": [], "next_before": None}
    assert "there are no runs yet" in turnout("explain", "last").err


def test_a_run_is_listed_with_its_state_and_result_but_not_with_what_was_written_in_it(turnout, storyboard_run):
    (run,) = turnout("runs", "--json").json["runs"]
    assert (run["run_id"], run["pipeline"], run["state"]) == (storyboard_run, "storyboard", "done")
    assert run["output"] == "out/storyboard.html"
    assert run["started_at"].endswith("Z")
    assert "private" not in turnout("runs", "--json").out + turnout("runs").out


def test_the_trace_of_a_run_is_told_where_it_has_one(turnout, storyboard_run):
    from registry import Runs, Store

    async def trace_it() -> None:
        store = await Store.open(Settings.load().store_url)
        runs = Runs(store, lambda: 1_800_000_000.0)
        await runs.resume(storyboard_run, also_done=True, trace_id="4bf9" * 8)
        await runs.finish(storyboard_run, "done")
        await store.close()

    assert [run["trace_id"] for run in turnout("runs", "--json").json["runs"]] == [None]
    assert "OpenTelemetry" not in turnout("explain", storyboard_run).out
    asyncio.run(trace_it())
    assert [run["trace_id"] for run in turnout("runs", "--json").json["runs"]] == ["4bf9" * 8]
    assert f"Its trace in OpenTelemetry: {'4bf9' * 8}." in turnout("explain", storyboard_run).out


def test_runs_are_narrowed_and_turned_over_page_by_page(turnout, storyboard_run):
    from registry import Runs, Settings, Store

    async def start_two_more() -> None:
        store = await Store.open(Settings.load().store_url)
        runs = Runs(store, lambda: 1_800_000_000.0)
        await runs.start("other", "1", fingerprint="x", parameters={})
        failed = await runs.start("storyboard", "1", fingerprint="y", parameters={})
        await runs.finish(failed.run_id, "failed", message="the thought is empty")
        await store.close()

    asyncio.run(start_two_more())
    page = turnout("runs", "--limit", 2, "--json").json
    assert [run["run_id"] for run in page["runs"]] == [3, 2]
    assert [run["run_id"] for run in turnout("runs", "--before", page["next_before"], "--json").json["runs"]] == [1]
    assert "turnout runs --before 2" in turnout("runs", "--limit", 2).out
    assert "the thought is empty" in turnout("runs", "--state", "failed").out
    assert [run["run_id"] for run in turnout("runs", "--pipeline", "other", "--json").json["runs"]] == [2]
    assert turnout("runs", "--pipeline", "none").out == "No run is like that. `turnout runs` lists them all.\n"
    assert turnout("runs", "--state", "asleep").code == 2


def test_an_explanation_tells_every_call_and_why_the_others_were_not_chosen(turnout, storyboard_run):
    told = turnout("explain", storyboard_run).out
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert any(line.startswith("shots/shot-1 1 local/smollm2-135m-instruct transient ") for line in lines)
    assert any(line.startswith("shots/shot-1 2 rival/rival-1 done ") for line in lines)
    assert any(line.startswith("Why local/smollm2-135m-instruct for analysis/thought") for line in lines)
    (rival,) = [line for line in lines if line.startswith("2 rival/rival-1")]
    assert "slower: speed" in rival
    assert "dearer: cost" in rival
    assert rival.index("slower") < rival.index("dearer") < rival.index("lower quality")
    assert any(line.startswith("disabled ") and "openai/" in line for line in lines)
    assert "cost in all: $0" in told
    assert "no service can do `video`" in told


def test_an_explanation_for_machines_holds_the_whole_decision(turnout, storyboard_run):
    answer = turnout("explain", "last", "--json").json
    assert answer["run"]["run_id"] == storyboard_run
    analysis, shot, film = answer["tasks"]
    assert [candidate["offering"] for candidate in analysis["decision"]["ranked"]] == [
        "local/smollm2-135m-instruct",
        "rival/rival-1",
    ]
    assert analysis["decision"]["ranked"][0]["lost_on"] is None
    assert [attempt["outcome"] for attempt in shot["attempts"]] == ["transient", "done"]
    assert (film["attempts"], film["decision"]["ranked"]) == ([], [])
    assert {one["exclusion"] for one in film["decision"]["excluded"]} == {"capability"}
    assert answer["totals"]["calls"] == 3
    assert answer["totals"]["failed_calls"] == 1


def test_a_call_that_was_cancelled_is_counted_apart_and_costs_nothing_where_the_service_is_free(
    turnout, home, storyboard_run
):
    cancelled = "UPDATE calls SET outcome = 10, cost_known = FALSE WHERE task_id = (SELECT MIN(task_id) FROM calls)"
    with closing(sqlite3.connect(home / "turnout.db")) as connection, connection:
        assert connection.execute(cancelled).rowcount == 1
    assert "3 calls, of them 1 failed and 1 cancelled; cost in all: $0" in turnout("explain", storyboard_run).out
    totals = turnout("explain", storyboard_run, "--json").json["totals"]
    assert (totals["calls"], totals["failed_calls"], totals["cancelled_calls"]) == (3, 1, 1)
    alone = turnout("explain", storyboard_run, "analysis")
    assert "1 task, 1 call, of them 1 cancelled; cost in all: $0.\n" in alone.out


@pytest.mark.parametrize("name", ["shot-1", "shots", "shots/shot-1"])
def test_one_item_or_stage_is_explained_alone(turnout, storyboard_run, name):
    (task,) = turnout("explain", storyboard_run, name, "--json").json["tasks"]
    assert (task["stage"], task["item"]) == ("shots", "shot-1")


def test_what_cannot_be_explained_is_said_in_one_sentence(turnout, storyboard_run):
    assert turnout("explain", 99).err == "turnout: there is no run '99'.\n"
    assert turnout("explain", storyboard_run, "shot-2").err == (
        "turnout: there is no item of run 1 'shot-2'; did you mean 'shot-1'?\n"
    )
    assert turnout("explain", storyboard_run, "14").err == (
        "turnout: there is no item of run 1 '14'; there are all, shot-1, thought.\n"
    )
    for nonsense in ("one", "-3", "9" * 40, "\u0663"):
        assert turnout("explain", nonsense).code == 2


@pytest.mark.parametrize("exclusion", list(Exclusion))
def test_every_reason_for_exclusion_has_words(exclusion):
    candidate = Candidate(offering_id=1, offering="a/b", excluded=exclusion)
    assert exclusion_in_words(candidate, Capability.TEXT)


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(turnout, storyboard_run, monkeypatch, columns):
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", str(columns))
    for command in (("runs",), ("explain", "last"), ("services", "list"), ("services", "show", "openai")):
        lines = turnout(*command).out.splitlines()
        assert lines
        assert max(cell_len(line) for line in lines) <= columns, command


def test_an_answer_that_the_pipeline_did_not_use_is_shown_as_asked_again(turnout, home):
    async def ask_twice() -> None:
        said = (Message("user", "Describe it."),)
        script = Scripted([Says("A lamp"), Says("A lighthouse")])
        async with Runtime.open(Settings.load(), services={"local": script}) as runtime:
            run = await runtime.runs.start("storyboard", "1", fingerprint="abc", parameters={})
            for _ in range(2):
                await runtime.run(
                    TaskRequest(
                        capability=Capability.TEXT, messages=said, stage="shots", item="shot-1", run_id=run.run_id
                    )
                )

    asyncio.run(ask_twice())
    outcomes = [line.split()[3] for line in turnout("explain", "last").out.splitlines() if line.startswith("shots/")]
    assert outcomes == ["asked", "done"]
    assert [task["asked_again"] for task in turnout("explain", "last", "--json").json["tasks"]] == [True, False]
    assert "for shots/shot-1:" in turnout("explain", "last").out


def test_a_decision_is_explained_by_its_number_alone_whether_it_is_of_a_run_or_of_none(turnout, storyboard_run):
    task = turnout("explain", storyboard_run, "--json").json["tasks"][0]
    of_run = turnout("explain", task["task_id"], "--json").json
    assert of_run["run"]["run_id"] == storyboard_run
    assert of_run["tasks"] == [task]
    single = asyncio.run(_ask_once())
    told = turnout("explain", single)
    assert told.out.startswith(f"Decision {single}: begun ")
    assert ", for default/ann, in no run." in told.out
    assert "Why local/smollm2-135m-instruct for gateway" in told.out
    assert turnout("explain", single, "--json").json["run"] is None
    gone = turnout("explain", single + 1)
    assert gone.code == 1
    assert f"the ledger has no decision {single + 1}; a call stands in it within a second" in gone.err
    assert "is neither a run nor a decision" in turnout("explain", "9" * 19).err
    assert turnout("explain", 4_711).err == "turnout: there is no run '4711'.\n"


async def _ask_once():
    request = TaskRequest(
        capability=Capability.TEXT, messages=(Message("user", "Say it."),), stage="gateway", principal="ann"
    )
    async with Runtime.open(Settings.load(), services={"local": Scripted([Says("A lamp")])}) as runtime:
        return (await runtime.run(request)).task_id
