"""``turnout batch`` as people run it: whole processes over a real service, killed, resumed, given bad tables."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from gateway.up.arranging import BATCHES_AT_ONCE
from registry import FailureClass

pytestmark = pytest.mark.prefect

PROMPT = ("--prompt", "{{ row.text }}")
LIMIT = "turnout-batches"
REPOSITORY = Path(__file__).parents[2]
ROWS = 120
CONCURRENCY = 8


@pytest.fixture(scope="module")
def batch_place(place, shared_prefect):
    """A place whose text service answers at once; each batch has a table of its own in it."""
    return place("good", picture=False, **shared_prefect)


@pytest.fixture
def table(tmp_path):
    """Writes a CSV file of texts."""

    def write(texts, name="in.csv"):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "text"])
            writer.writerows(enumerate(texts))
        return path

    return write


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_row_comes_back_in_order_with_its_result_service_cost_and_score(batch_place, table, tmp_path):
    texts = [f'Lamp {number}, "lit"\nat sea, ünï' for number in range(40)]
    how = batch_place.turnout("batch", table(texts), tmp_path / "new" / "out.csv", *PROMPT, "--chunk-rows", 7)
    assert how.code == 0, how.err
    assert "40 of 40 rows done; cost in all: $0." in how.out
    first, *lines = how.err.splitlines()
    assert first == "Opening the registry and reading the table …"
    assert "Starting Prefect's engine …" in lines
    rows = read(tmp_path / "new" / "out.csv")
    assert [row["text"] for row in rows] == texts
    assert [row["turnout_result"] for row in rows] == [text.splitlines()[0] for text in texts]
    assert {(row["turnout_service"], row["turnout_score"], row["turnout_error"]) for row in rows} == {
        ("mine/mine-1", "1.0", ""),
    }  # fmt: skip
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.csv"]


def test_rows_that_fail_or_are_rejected_are_named_and_asked_again_only_when_wanted(
    batch_place, model_server, table, tmp_path
):
    source = table(["a lamp", "this one refuses", "this one fails", "a ship"])
    out = tmp_path / "out.csv"
    command = ("batch", source, out, *PROMPT, "--policy", "hasty")
    how = batch_place.turnout(*command)
    assert how.code == 3
    assert "turnout: some rows have no result: 1 failed, 1 rejected" in how.err
    results = [(row["turnout_result"], bool(row["turnout_error"])) for row in read(out)]
    assert results == [("a lamp", False), ("", True), ("", True), ("a ship", False)]
    (rejected,) = read(tmp_path / "out.rejected.csv")
    assert (rejected["turnout_line"], rejected["text"]) == ("3", "this one refuses")
    before = sum(model_server.calls().values())
    assert batch_place.turnout(*command).code == 3
    assert sum(model_server.calls().values()) == before
    again = batch_place.turnout(*command, "--retry-failed", "--json")
    assert (again.code, json.loads(again.out)["done"]) == (3, 2)
    assert sum(model_server.calls().values()) > before


def test_a_batch_that_is_killed_goes_on_and_pays_twice_for_no_more_than_was_under_way(
    place, shared_prefect, model_server, table, tmp_path, ended
):
    where = place("slow", picture=False, **shared_prefect)
    source, out = table([f"Lamp {number}" for number in range(ROWS)]), tmp_path / "out.csv"
    command = ("batch", source, out, *PROMPT, "--concurrency", CONCURRENCY, "--chunk-rows", 25)
    before = model_server.calls().get("slow", 0)
    process = where.start(*command)
    until = time.monotonic() + 60
    while model_server.calls().get("slow", 0) - before < ROWS // 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert not out.exists()
    with closing(sqlite3.connect(where.home / "turnout.db")) as database:
        (done,) = database.execute("SELECT count(*) FROM items WHERE state = 'done'").fetchone()
    assert 0 < done < ROWS
    how = ended(where.start(*command))
    assert how.code == 0, how.err
    assert f"{done} from before" in how.err
    assert [row["turnout_result"] for row in read(out)] == [f"Lamp {number}" for number in range(ROWS)]
    # A call that was very late had another beside it: paid for knowingly, and in the ledger as cancelled.
    with closing(sqlite3.connect(where.home / "turnout.db")) as database:
        beside = "SELECT count(*) FROM calls WHERE outcome = ?"
        (late,) = database.execute(beside, (FailureClass.CANCELLED.code,)).fetchone()
    assert model_server.calls()["slow"] - before <= ROWS + CONCURRENCY + late
    assert len([path for path in tmp_path.iterdir() if path.name.startswith(".")]) == 0


def test_ctrl_c_says_how_to_go_on(place, shared_prefect, table, tmp_path, ended):
    where = place("slow", picture=False, **shared_prefect)
    process = where.start("batch", table(["Lamp"] * 60), tmp_path / "out.csv", *PROMPT, "--concurrency", 2)
    until = time.monotonic() + 60
    while where.turnout("runs", "--json").json["runs"] == []:
        assert time.monotonic() < until
    process.send_signal(signal.SIGINT)
    how = ended(process)
    assert how.code == 130
    assert how.err.splitlines()[-1].startswith("turnout: stopped by Ctrl-C; what was finished before is recorded")
    assert "Traceback" not in how.err
    assert where.state()[0] == "interrupted"


def test_jsonl_and_parquet_go_in_and_out(batch_place, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = [{"text": "a lamp", "size": 3, "tags": ["x"]}, {"text": "a ship", "size": 4.5}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n", encoding="utf-8")
    assert batch_place.turnout("batch", tmp_path / "in.jsonl", tmp_path / "mid.parquet", *PROMPT).code == 0
    made = pq.read_table(tmp_path / "mid.parquet")
    assert made.schema.field("size").type == pa.float64()
    assert made.column("turnout_result").to_pylist() == ["a lamp", "a ship"]
    how = batch_place.turnout("batch", tmp_path / "mid.parquet", tmp_path / "out.jsonl", "--column", "turnout_result")
    assert how.code == 0, how.err
    told = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["size"], line["turnout_result"]) for line in told] == [(3.0, "a lamp"), (4.5, "a ship")]


def test_a_query_is_read_and_nothing_can_be_written_by_it(batch_place, tmp_path, refused):
    database = tmp_path / "shop.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE lamps (name TEXT)")
        connection.executemany("INSERT INTO lamps VALUES (?)", [("a lamp",), ("a ship: red",)])
    url = f"sqlite:///{database}"
    out = tmp_path / "out.csv"
    query = "SELECT name AS text FROM lamps ORDER BY name"
    assert batch_place.turnout("batch", out, "--query", query, "--database", url, *PROMPT).code == 0
    assert [row["turnout_result"] for row in read(out)] == ["a lamp", "a ship: red"]
    for wrong in ("DELETE FROM lamps RETURNING name AS text", "SELECT nothing FROM lamps"):
        refused(batch_place.turnout("batch", tmp_path / "x.csv", "--query", wrong, "--database", url, *PROMPT))
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM lamps").fetchone() == (2,)


def test_a_dry_run_says_rows_tokens_and_cost_and_calls_nobody(batch_place, model_server, table, tmp_path):
    before = model_server.calls()
    source = table(["a lamp"] * 30)
    how = batch_place.turnout("batch", source, tmp_path / "out.csv", *PROMPT, "--dry-run", "--limit", 20, "--json")
    told = json.loads(how.out)
    assert (told["rows"], told["askable"], told["offering"]) == (20, 20, "mine/mine-1")
    assert told["input_tokens"] >= 20 * 2
    assert told["cost_low_nanousd"] <= told["cost_likely_nanousd"] <= told["cost_high_nanousd"]
    assert how.err == ""
    said = batch_place.turnout("batch", source, tmp_path / "out.csv", *PROMPT, "--dry-run", "--limit", 20).err
    assert "20 rows, 20 of them to be asked" in said
    assert "Prefect" not in said
    assert model_server.calls() == before
    assert not (tmp_path / "out.csv").exists()


def test_a_dry_run_says_what_is_left_where_most_is_done(batch_place, model_server, table, tmp_path):
    source = table(["a lamp", "this one fails", "a ship"])
    command = ("batch", source, tmp_path / "out.csv", *PROMPT, "--policy", "hasty")
    assert batch_place.turnout(*command).code == 3
    before = model_server.calls()
    told = batch_place.turnout(*command, "--dry-run", "--json").json
    assert (told["askable"], told["settled"], told["left"]["askable"], told["left"]["input_tokens"]) == (3, 3, 0, 0)
    again = batch_place.turnout(*command, "--dry-run", "--retry-failed", "--json").json
    assert (again["askable"], again["settled"], again["left"]["askable"]) == (3, 2, 1)
    assert 0 < again["left"]["input_tokens"] < again["input_tokens"]
    said = batch_place.turnout(*command, "--dry-run", "--retry-failed").err
    assert "3 rows, 3 of them to be asked" in said
    assert "Ended before: 2. Left to ask: 1, about" in said
    anew = batch_place.turnout(*command, "--dry-run", "--fresh", "--json").json
    assert (anew["settled"], anew["left"]["askable"]) == (0, 3)
    assert model_server.calls() == before


def test_standard_input_is_a_table_too(batch_place, tmp_path, ended):
    source = tmp_path / "piped"
    source.write_text('{"text": "a lamp"}\n', encoding="utf-8")
    with source.open("rb") as stream:
        how = ended(
            batch_place.start("batch", "-", tmp_path / "out.jsonl", *PROMPT, "--input-format", "jsonl", stdin=stream)
        )
    assert how.code == 0, how.err
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["turnout_result"] == "a lamp"


@pytest.mark.parametrize(
    ("content", "options", "why"),
    [
        (None, PROMPT, "there is no such file"),
        (b"", PROMPT, "it is empty"),
        (b"id,text\n", PROMPT, "it has no rows"),
        (b"id,id\n1,2\n", PROMPT, "two columns bear the name 'id'"),
        (b"\xff\xfei\x00d\x00", PROMPT, "it is UTF-16"),
        (b"id,text\n1,a\n", ("--prompt", "{{ row.txet }}"), "there is no column 'txet'; did you mean 'text'?"),
        (b"id,text\n1,a\n", ("--prompt", "{{ row.text "), "(line 1)"),
        (b"id,text\n1,a\n", ("--prompt", "{{ row.__class__.__mro__ }}"), "there is no column '__class__'"),
        (b"id,text\n1,a\n1,b\n", (*PROMPT, "--key", "id"), "the key '1' stands there twice"),
        (b"id,text\n1,a\n", (*PROMPT, "--key", "uid"), "there is no column 'uid'"),
        (b"id,text\n1,a\n", (*PROMPT, "--policy", "defautl"), "did you mean 'default'?"),
        (b"id,text\n1,a\n", (*PROMPT, "--check", "not_empti"), "not_empti"),
        (b"id,text\n1,a\n", (*PROMPT, "--service", "nobody"), "no service can do `text`"),
    ],
)
def test_what_cannot_be_worked_on_is_one_sentence_and_nothing_is_written(
    batch_place, tmp_path, refused, content, options, why
):
    source = tmp_path / "in.csv"
    if content is not None:
        source.write_bytes(content)
    assert why in refused(batch_place.turnout("batch", source, tmp_path / "out.csv", *options))
    assert {path.name for path in tmp_path.iterdir()} <= {"in.csv"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("in.csv", "in.csv", *PROMPT), "the same file"),
        (("in.csv", "out.xlsx", *PROMPT), "out.xlsx"),
        (("in.csv", "out.csv"), "either a prompt or the column"),
        (("-", "out.csv", *PROMPT), "--input-format"),
        (("in.csv", "out.csv", *PROMPT, "--param", "x"), "KEY=VALUE"),
    ],
)
def test_a_command_that_makes_no_sense_is_a_usage_error(batch_place, arguments, why):
    how = batch_place.turnout("batch", *arguments)
    assert (how.code, why in how.err) == (2, True), how.err


def test_a_batch_waits_for_a_place_under_the_limit_that_turnout_up_makes(
    batch_place, shared_prefect, model_server, table, tmp_path, ended
):
    code = "import asyncio; from gateway.up.arranging import arrange; asyncio.run(arrange())"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **shared_prefect}, cwd=REPOSITORY, check=True)
    user, _, password = shared_prefect["PREFECT_API_AUTH_STRING"].partition(":")
    all_places = {"names": [LIMIT], "slots": BATCHES_AT_ONCE, "mode": "concurrency"}
    with httpx.Client(base_url=shared_prefect["PREFECT_API_URL"], auth=(user, password)) as prefect:
        taken = prefect.post("/v2/concurrency_limits/increment", json=all_places).raise_for_status().json()
        assert [limit["name"] for limit in taken] == [LIMIT]
        before = model_server.calls()
        said = tmp_path / "said.txt"
        with said.open("w") as file:
            process = batch_place.start("batch", table(["a lamp"]), tmp_path / "out.csv", *PROMPT, stderr=file)
        until = time.monotonic() + 60
        while "this batch waits" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < until, said.read_text()
            time.sleep(0.1)
        assert model_server.calls() == before
        prefect.post("/v2/concurrency_limits/decrement", json=all_places).raise_for_status()
        assert ended(process).code == 0, said.read_text()
        assert prefect.get(f"/v2/concurrency_limits/{LIMIT}").json()["active_slots"] == 0
    assert len(read(tmp_path / "out.csv")) == 1


def test_where_prefects_server_is_killed_the_batch_goes_on_to_its_end(place, table, tmp_path, ended):
    import psutil

    where = place("slow", picture=False)
    process = where.start("batch", table([f"Lamp {n}" for n in range(60)]), tmp_path / "out.csv", *PROMPT,
                          "--concurrency", 4, "--chunk-rows", 10)  # fmt: skip
    until = time.monotonic() + 100
    while not _rows_done(where) > 5:
        assert time.monotonic() < until
        time.sleep(0.1)
    (server,) = [
        child for child in psutil.Process(process.pid).children() if "prefect_server.child" in str(child.cmdline())
    ]
    os.kill(server.pid, signal.SIGKILL)
    how = ended(process)
    assert how.code == 0, how.err
    assert len(read(tmp_path / "out.csv")) == 60


def _rows_done(where):
    try:
        with closing(sqlite3.connect(where.home / "turnout.db")) as database:
            return database.execute("SELECT count(*) FROM items WHERE state = 'done'").fetchone()[0]
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize(
    ("param", "told"),
    [
        ("max_output_tokens=lots", "max_output_tokens is a number of at least 0"),
        ("max_output_tokens=1.5", "max_output_tokens is a whole number"),
        ("temperature=hot", "temperature is a number of at least 0"),
        ("tempratur=1", "Did you mean temperature?"),
        ("max_tokens=5", "Did you mean max_output_tokens?"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_told_before_anything_runs(turnout, tmp_path, param, told):
    source = tmp_path / "in.csv"
    source.write_text("text\nhello\n")
    flags = ("--prompt", "{{ row.text }}", "--param", param, "--dry-run")
    assert told in turnout("batch", source, tmp_path / "out.csv", *flags).err
