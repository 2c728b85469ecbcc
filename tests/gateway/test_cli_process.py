"""``turnout`` as a process of its own: what it imports, and how it meets pipes, encodings, signals and a person."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "gateway.cli.main"]
REPOSITORY = Path(__file__).parents[2]
HEAVY = {"prefect", "pandas", "great_expectations", "panel", "httpx", "numpy", "asyncpg", "alembic", "fastapi"}


@pytest.fixture
def environment(home):
    return os.environ | {"TURNOUT_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}


def run(*arguments, environment, **options):
    return subprocess.run(  # our own module
        [*COMMAND, *arguments], env=environment, capture_output=True, timeout=60, check=False, **options
    )


def test_a_list_imports_nothing_heavy(environment):
    assert run("services", "list", environment=environment).returncode == 0
    script = (
        "import sys; from gateway.cli.main import main; code = main(['services', 'list', '--json']);"
        "print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["services"]
    assert not HEAVY & set(json.loads(ended.stderr.replace("'", '"')))


def test_a_reader_that_goes_away_is_met_in_silence(environment):
    process = subprocess.Popen(
        [*COMMAND, "services", "list"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_a_terminal_without_unicode_gets_question_marks_and_not_an_error(environment):
    added = run(
        "services", "add", "mine", "--endpoint", "http://127.0.0.1:1", "--model", "\u0645=m", "--region",
        "\u65e5\u672c",
        environment=environment,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    shown = run("services", "show", "mine", environment=environment | {"PYTHONIOENCODING": "ascii"})
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"region       ??" in shown.stdout
    as_json = run("services", "show", "mine", "--json", environment=environment | {"PYTHONIOENCODING": "ascii"})
    assert json.loads(as_json.stdout)["region"] == "\u65e5\u672c"


def ask(environment, *arguments):
    """Start a command on a terminal of its own; the process, and the terminal once the question stands there."""
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], env=environment | {"NO_COLOR": "1"}, stdin=inside, stdout=inside, stderr=inside
    )
    os.close(inside)
    seen = b""
    while b"[y/N] " not in seen:
        seen += os.read(terminal, 1000)
    return process, terminal, seen


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 1), (b"no\n", 1)])
def test_a_person_at_a_terminal_is_asked_and_decides(environment, answer, code):
    process, terminal, seen = ask(environment, "services", "remove", "openai")
    assert b"Remove openai with its 3 models?" in seen
    os.write(terminal, answer)
    assert process.wait(60) == code
    os.close(terminal)
    assert (run("services", "show", "openai", environment=environment).returncode == 0) == (code != 0)


def test_ctrl_c_at_a_question_ends_with_130_and_changes_nothing(environment):
    process, terminal, _ = ask(environment, "services", "remove", "openai")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    os.close(terminal)
    assert run("services", "show", "openai", environment=environment).returncode == 0
