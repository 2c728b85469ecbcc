"""``turnout batch`` given again with more rows wanted, and batches of which nothing came."""

from __future__ import annotations

import csv
import json

import pytest

pytestmark = pytest.mark.prefect

PROMPT = ("--prompt", "{{ row.text }}")


@pytest.fixture(scope="module")
def batch_place(place, shared_prefect):
    """A place whose text service answers at once."""
    return place("good", picture=False, **shared_prefect)


def write(path, texts):
    path.write_text("text\n" + "".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_same_command_without_its_limit_goes_on_with_the_rows_that_are_missing(batch_place, model_server, tmp_path):
    source, out = write(tmp_path / "in.csv", [f"Lamp {number}" for number in range(9)]), tmp_path / "out.csv"
    command = ("batch", source, out, *PROMPT)
    before = sum(model_server.calls().values())
    assert batch_place.turnout(*command, "--limit", 4).code == 0
    assert len(read(out)) == 4
    told = batch_place.turnout(*command, "--dry-run", "--json").json
    assert (told["askable"], told["settled"], told["left"]["askable"]) == (9, 4, 5)
    how = batch_place.turnout(*command, "--json")
    assert how.code == 0, how.err
    assert [row["turnout_result"] for row in read(out)] == [f"Lamp {number}" for number in range(9)]
    assert sum(model_server.calls().values()) - before == 9
    (run,) = [one for one in batch_place.turnout("runs", "--json").json["runs"] if one["run_id"] == how.json["run_id"]]
    assert (run["state"], run["message"]) == ("done", "")


def test_a_batch_in_which_every_row_failed_has_failed_and_one_with_some_results_is_done(batch_place, tmp_path):
    def run_of(texts, *options):
        source = write(tmp_path / f"{len(texts)}.csv", texts)
        how = batch_place.turnout("batch", source, tmp_path / f"{len(texts)}-out.csv", *PROMPT, *options, "--json")
        runs = batch_place.turnout("runs", "--json").json["runs"]
        return how.code, next(run for run in runs if run["run_id"] == json.loads(how.out)["run_id"])

    code, nothing = run_of(["this one refuses", "this one fails"], "--policy", "hasty")
    assert (code, nothing["state"], nothing["message"]) == (1, "failed", "no row has a result: 1 failed, 1 rejected")
    assert nothing["output"].endswith("2-out.csv")
    code, some = run_of(["a lamp", "this one refuses", "a ship"])
    assert (code, some["state"], some["message"]) == (3, "done", "some rows have no result: 1 rejected")
    shown = batch_place.turnout("runs").out
    assert "no row has a result: 1 failed, 1 rejected" in shown
    assert "3-out.csv (some rows have no result: 1 rejected)" in shown
    code, again = run_of(["this one refuses", "this one fails"], "--policy", "hasty")
    assert (code, again["run_id"], again["state"]) == (1, nothing["run_id"], "failed")
