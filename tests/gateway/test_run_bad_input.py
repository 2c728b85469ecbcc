"""``turnout run`` given what it cannot use: one sentence, exit code 1, and nothing written anywhere."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from registry import Settings

UNUSABLE = {
    "empty": (b"", "the thought is empty"),
    "white": (b" \n\t\r\n \n", "the thought is empty"),
    "mark only": (b"\xef\xbb\xbf", "the thought is empty"),
    "invisible": ("\u200b\u200d".encode(), "the thought is empty"),
    "binary": (bytes(range(128, 256)) * 9, "byte 0 of"),
    "NUL": (b"hello\0world", "U+0000"),
    "escape sequence": (b"a\x1b[2Jb", "U+001B"),
    "Latin-1": (b"caf\xe9 noir", "byte 3 of"),
    "UTF-16 cut short": (b"\xff\xfeh\x00i", "no UTF-16 text"),
}


@pytest.fixture
def storyboard(turnout, tmp_path):
    """Runs the storyboard over a file, in this process."""
    return lambda source, *more: turnout("run", "storyboard", "--input", source, "--out", tmp_path / "out", *more)


@pytest.fixture
def thought(tmp_path):
    path = tmp_path / "thought.txt"
    path.write_text("A lamp goes on.")
    return path


@pytest.fixture(autouse=True)
def _nothing_is_made(tmp_path):
    yield
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_holds_no_text_is_refused_before_anything_is_made(storyboard, refused, home, tmp_path, name):
    content, why = UNUSABLE[name]
    (tmp_path / "thought.txt").write_bytes(content)
    assert why in refused(storyboard(tmp_path / "thought.txt"))
    assert not home.exists()


def test_what_is_no_file_is_refused_by_name(storyboard, refused, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    assert "there is no file" in refused(storyboard(tmp_path / "missing"))
    assert "there is no file" in refused(storyboard(tmp_path / "dangling"))
    for name in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        assert "is no file" in refused(storyboard(name))
    assert "File name too long" in refused(storyboard("a" * 5_000))
    assert "it names no file" in refused(storyboard(""))


def test_a_huge_input_is_refused_with_the_limit_and_its_name(storyboard, refused, tmp_path, monkeypatch):
    (tmp_path / "thought.txt").write_text("a lamp " * 1_000)
    monkeypatch.setenv("TURNOUT_MAX_INPUT_CHARACTERS", "6999")
    assert "7,000 characters; at most 6,999" in refused(storyboard(tmp_path / "thought.txt"))
    monkeypatch.setenv("TURNOUT_MAX_INPUT_BYTES", "6999")
    assert "larger than 6,999 bytes (max_input_bytes)" in refused(storyboard(tmp_path / "thought.txt"))


def test_the_default_limits_let_300_pages_through_in_any_script():
    settings = Settings()
    assert settings.max_input_characters >= 300 * 3_000
    assert settings.max_input_bytes >= 4 * settings.max_input_characters


@pytest.mark.parametrize(
    ("closed", "why"), [("<&-", "standard input: it is closed"), ("</dev/null", "the thought is empty")]
)
def test_standard_input_without_a_text_is_refused(home, tmp_path, refused, ended, closed, why):
    command = f"exec {sys.executable} -m gateway.cli.main run storyboard --input - --out {tmp_path / 'out'} {closed}"
    process = subprocess.Popen(
        ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert why in refused(ended(process))


def test_endless_standard_input_is_refused_at_the_limit(home, tmp_path, refused, ended):
    command = [sys.executable, "-m", "gateway.cli.main", "run", "storyboard", "--input", "-"]
    with open("/dev/zero", "rb") as zeros:  # noqa: PTH123 - a device
        process = subprocess.Popen(
            [*command, "--out", str(tmp_path / "out")], stdin=zeros, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert "larger than" in refused(ended(process))


@pytest.fixture
def without_rights():
    """What stands before a command so that file modes bind it. They bind everybody but root."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("file modes do not bind root, and there is no setpriv to give up that privilege")
    return (setpriv, "--bounding-set", "-dac_override,-dac_read_search")


def test_missing_rights_are_named_with_the_place(place, refused, ended, without_rights, thought, tmp_path):
    where = place()
    thought.chmod(0o000)
    assert "Permission denied" in refused(ended(where.storyboard(source=thought, prefix=without_rights)))
    thought.chmod(0o600)
    where.out.mkdir(mode=0o500)
    assert "Permission denied" in refused(ended(where.storyboard(prefix=without_rights)))
    where.out.chmod(0o700)
    (where.home / "turnout.db").chmod(0o400)
    assert "no right to write" in refused(ended(where.storyboard(prefix=without_rights)))
    (where.home / "turnout.db").chmod(0o600)
    where.home.chmod(0o500)
    assert "cannot be written (Permission denied)" in refused(ended(where.storyboard(prefix=without_rights)))
    where.home.chmod(0o700)
    assert where.made() == set()


def test_a_file_in_the_place_of_the_results_folder_is_named(turnout, refused, thought, tmp_path):
    for out in (thought, thought / "deeper" / "still"):
        sentence = refused(turnout("run", "storyboard", "--input", thought, "--out", out))
        assert f"{thought} is a file" in sentence
    assert thought.read_text() == "A lamp goes on."


def test_a_policy_that_there_is_not_is_found_before_anything_is_begun(storyboard, refused, turnout, thought):
    assert "there is no policy 'carefull'" in refused(storyboard(thought, "--policy", "carefull"))
    assert "did you mean 'default'?" in refused(storyboard(thought, "--policy", "defautl"))
    assert turnout("runs", "--json").json["runs"] == []


def test_an_option_out_of_its_bounds_is_a_fault_of_the_command_line(storyboard, thought):
    for option, value in (("--shots", 3), ("--shots", 25), ("--width", 333), ("--style", "x")):
        answer = storyboard(thought, option, value)
        assert answer.code == 2
        assert option in answer.err


def test_a_damaged_or_newer_database_stops_a_run_before_it_begins(storyboard, refused, turnout, home, thought):
    turnout("services", "list")
    with closing(sqlite3.connect(home / "turnout.db")) as connection, connection:
        connection.execute("UPDATE turnout_schema SET version_num = '9999'")
    assert "newer Turnout" in refused(storyboard(thought))
    (home / "turnout.db").write_bytes(b"this is no database" * 500)
    assert "turnout restore" in refused(storyboard(thought))


def test_a_prefect_server_that_is_configured_and_not_there_is_named(storyboard, refused, thought, monkeypatch):
    for url, why in (("http://127.0.0.1:9/api", "Connection refused"), ("nonsense", "it is no http or https URL")):
        monkeypatch.setenv("PREFECT_API_URL", url)
        assert f"Prefect's server at {url} does not answer ({why})" in refused(storyboard(thought))


# ---- what looks odd and is all right --------------------------------------------------------------------------------

SENTENCES = ("The old sailor looks at the harbour.", "Rain falls on red roofs.", "A small dog waits near the door.")
ODD = {
    "Arabic": "كانت هناك فتاة صغيرة تعيش قرب البحر. كل مساء كانت تشعل مصباحا في النافذة لأبيها الصياد.",
    "emoji": "🤖🌧️🏠❤️",
    "one word": "Lighthouse",
    "200 pages": "\n\n".join(" ".join(SENTENCES * 3) for _ in range(2_300)),
}


@pytest.fixture(scope="module")
def odd_runs(place, shared_prefect, ended, tmp_path_factory):
    """How the runs over odd thoughts ended, and where; two at a time."""
    sources = {}
    for name, text in ODD.items():
        sources[name] = tmp_path_factory.mktemp("odd") / "thought.txt"
        sources[name].write_text(text, encoding="utf-8")
    places = {name: place(**shared_prefect) for name in ODD}

    def run(name):
        return name, (ended(places[name].storyboard("--json", source=sources[name])), places[name].out)

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(run, ODD))


@pytest.mark.prefect
@pytest.mark.parametrize("name", ODD)
def test_an_odd_thought_becomes_a_storyboard_of_four_pictures(odd_runs, name):
    how, out = odd_runs[name]
    assert (how.code, how.err) == (0, "")
    assert json.loads(how.out)["shots"] == 4
    board = json.loads((out / "storyboard.json").read_text(encoding="utf-8"))
    assert board["thought"]["text"] == ODD[name]
    assert len({shot["description"] for shot in board["shots"]}) == 4
    assert {path.name for path in out.iterdir()} == {
        "storyboard.html", "storyboard.json", "storyboard.csv", "contact_sheet.png",
    }  # fmt: skip
