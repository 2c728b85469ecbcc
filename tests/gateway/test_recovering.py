"""Whole processes killed in the middle of a run, and the flow that finds what they left and goes on with it."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import time
from contextlib import closing

import pytest

pytestmark = pytest.mark.prefect

ROWS, CONCURRENCY = 60, 4
RECOVER = """
import asyncio, json, sys
from flows.upkeep.recover import recover
print(json.dumps(asyncio.run(recover())))
"""


@pytest.fixture
def slow_place(place, shared_prefect):
    return place("slow", picture=False, **shared_prefect)


def killed_batch(place, folder):
    """A batch that was killed when some of its rows were done: its table and its output."""
    source, out = folder / "in.csv", folder / "out.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *([number, f"lamp {number}"] for number in range(ROWS))])
    command = ("batch", source, out, "--prompt", "{{ row.text }}", "--concurrency", CONCURRENCY, "--chunk-rows", 10)
    process = place.start(*command, start_new_session=True)
    until = time.monotonic() + 90
    while states(place).get("done", 0) < 12:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return source, out


def states(place):
    try:
        with closing(sqlite3.connect(f"file:{place.home / 'turnout.db'}?mode=ro", uri=True)) as database:
            return dict(database.execute("SELECT state, count(*) FROM items GROUP BY state").fetchall())
    except sqlite3.Error:
        return {}


def recoverer(place):
    """A process that recovers, begun."""
    return place.program("-c", RECOVER)


def report(process):
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err[-2_000:]
    return json.loads(out.splitlines()[-1])


def test_a_killed_batch_is_gone_on_with_once_by_two_recoverers(slow_place, model_server, tmp_path):
    before = model_server.calls().get("slow", 0)
    _, out = killed_batch(slow_place, tmp_path)
    assert slow_place.turnout("runs", "--json").json["runs"][0]["abandoned"]
    crews = [recoverer(slow_place) for _ in range(2)]
    outcomes = sorted(one["outcome"] for crew in crews for one in report(crew))
    assert outcomes.count("resumed") == 1, outcomes
    assert set(outcomes) <= {"resumed", "taken"}
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["turnout_result"] for row in rows] == [f"lamp {number}" for number in range(ROWS)]
    (run,) = slow_place.turnout("runs", "--json").json["runs"]
    assert (run["state"], run["output"]) == ("done", str(out))
    assert model_server.calls()["slow"] - before <= ROWS + CONCURRENCY
    assert report(recoverer(slow_place)) == []


def test_a_batch_whose_table_has_changed_or_gone_is_marked_and_nothing_is_begun(slow_place, tmp_path):
    for folder, spoil, reason in (
        ("changed", lambda source: source.write_text("id,text\n1,another\n"), "its input is another"),
        ("gone", lambda source: source.unlink(), "in.csv"),
    ):
        (tmp_path / folder).mkdir()
        source, out = killed_batch(slow_place, tmp_path / folder)
        spoil(source)
        (found,) = report(recoverer(slow_place))
        assert found["outcome"] == "interrupted"
        state, message = slow_place.state()
        assert state == "interrupted"
        assert reason in message
        assert not out.exists()
        with closing(sqlite3.connect(slow_place.home / "turnout.db")) as database:
            database.execute("DELETE FROM runs")
            database.execute("DELETE FROM items")
            database.commit()


def test_a_killed_storyboard_goes_on_from_what_is_stored_although_its_file_is_gone(place, shared_prefect, tmp_path):
    where = place("slow", **shared_prefect)
    source = tmp_path / "thought.txt"
    source.write_text("A lamp stands in the harbour. A ship comes home at night. The keeper waves.")
    process = where.storyboard(source=source, start_new_session=True)
    until = time.monotonic() + 90
    while states(where).get("done", 0) < 2:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.communicate()
    source.unlink()
    (found,) = report(recoverer(where))
    assert found["outcome"] == "resumed"
    assert where.state()[0] == "done"
    assert "storyboard.html" in where.made()
    assert len(where.turnout("runs", "--json").json["runs"]) == 1
