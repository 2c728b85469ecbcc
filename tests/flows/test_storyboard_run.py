"""The main job, for real: the example becomes a storyboard by the model that ships, through Prefect, by the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from flows.storyboard import Storyboard
from gateway.prefect_server import prefect_server

ROOT = Path(__file__).parents[2]


def turnout(*words: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does."""
    command = [str(Path(sys.executable).with_name("turnout")), "--home", str(home), *words]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One run of the example, for all tests here: what it printed, what it wrote, and what Prefect kept of it."""
    import asyncio

    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("out")

    async def run():
        async with prefect_server(tmp_path_factory.mktemp("prefect")) as url:
            password = os.environ["PREFECT_API_AUTH_STRING"]
            done = await asyncio.to_thread(
                turnout, "run", "storyboard", "--input", "examples/thought.txt", "--out", str(out), "--json", home=home
            )
            assert done.returncode == 0, done.stderr
            async with httpx.AsyncClient(auth=tuple(password.split(":", 1))) as client:
                kept = {
                    what: (await client.post(f"{url}/{what}/filter", json={})).json()
                    for what in ("flow_runs", "task_runs", "artifacts")
                }
        return json.loads(done.stdout), kept

    told, kept = asyncio.run(run())
    board = json.loads((out / "storyboard.json").read_text(encoding="utf-8"))
    board.pop("tally")
    return told, kept, out, home, Storyboard.model_validate(board)


pytestmark = [pytest.mark.model, pytest.mark.prefect]


def test_the_example_has_at_least_four_panels_each_with_its_picture(made):
    *_, board = made
    assert len(board.panels) >= 4
    assert len({panel.digest for panel in board.panels}) == len(board.panels)


def test_no_two_shots_are_the_same(made):
    *_, board = made
    assert len({shot.description.casefold() for shot in board.shots}) == len(board.shots)


def test_every_answer_that_was_used_is_valid_against_its_schema(made):
    told, *_ = made
    by_check = {line["check"]: line for line in told["audit"]}
    assert by_check["matches_schema"]["passed"] >= 10
    assert by_check["matches_schema"]["failed"] == by_check["matches_schema"]["disagreed"] == 0


def test_every_decision_is_explained_for_every_candidate(made):
    told, *_ = made
    catalogue = {one["offering"] for task in told["tasks"] for one in task["decision"]["ranked"]}
    assert catalogue == {"local/smollm2-135m-instruct", "sketch/sketch"}
    sizes = set()
    for task in told["tasks"]:
        assert task["decision"]["ranked"]
        assert all(one["reason"] for one in task["decision"]["excluded"])
        sizes.add(len(task["decision"]["ranked"]) + len(task["decision"]["excluded"]))
    assert len(sizes) == 1, "each decision accounts for the whole catalogue"


def test_nothing_was_paid(made):
    told, *_ = made
    assert told["totals"]["cost_nanousd"] == 0
    assert told["totals"]["cost_known"]


def test_the_page_the_tables_and_the_contact_sheet_are_there(made):
    _, _, out, *_ = made
    assert {path.name for path in out.iterdir()} == {
        "storyboard.html", "storyboard.json", "storyboard.csv", "contact_sheet.png",
    }  # fmt: skip


def test_prefect_shows_readable_steps_progress_and_tables(made):
    _, kept, *_ = made
    assert [run["state"]["type"] for run in kept["flow_runs"]] == ["COMPLETED"]
    names = {run["name"] for run in kept["task_runs"]}
    assert {"analysis · thought", "shots · shot-01", "pictures · shot-01", "audit · checks"} <= names
    artifacts = {artifact["key"]: artifact for artifact in kept["artifacts"]}
    assert float(artifacts["storyboard-progress"]["data"]) == 100
    assert len(json.loads(artifacts["storyboard-decisions"]["data"])) >= 10


def test_the_run_is_listed_and_explained_afterwards(made):
    *_, home, _ = made
    listed = json.loads(turnout("runs", "--json", home=home).stdout)["runs"]
    assert [(run["pipeline"], run["state"]) for run in listed] == [("storyboard", "done")]
    said = turnout("explain", "last", home=home)
    assert said.returncode == 0
    assert "local/smollm2-135m-instruct" in said.stdout
