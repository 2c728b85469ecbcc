"""What goes wrong is one sentence on stderr and an exit code, and never a traceback."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from gateway.cli.failures import tell_failure
from gateway.cli.opening import in_loop
from gateway.errors import OutputClosed, Terminated
from registry import NotFound


def refused(ended) -> str:
    """The one sentence of a command that was refused."""
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("turnout: ")
    assert ended.err.endswith((".\n", "?\n"))
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err
    return ended.err


def test_a_corrupt_database_is_refused_with_the_way_out(turnout, home):
    home.mkdir(mode=0o700)
    (home / "turnout.db").write_bytes(b"this is no database" * 500)
    assert "turnout restore" in refused(turnout("services", "list"))


def test_a_newer_database_is_refused_and_left_as_it_is(turnout, home):
    turnout("services", "list")
    with closing(sqlite3.connect(home / "turnout.db")) as connection, connection:
        connection.execute("UPDATE turnout_schema SET version_num = '9999'")
    assert "newer Turnout" in refused(turnout("services", "enable", "openai", "--yes"))


def test_a_home_that_cannot_be_made_is_named_with_the_way_out(turnout, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    sentence = refused(turnout("--home", tmp_path / "file" / "home", "runs"))
    assert "TURNOUT_HOME or --home" in sentence


def test_a_database_that_somebody_else_holds_is_said_to_be_locked(turnout, home):
    turnout("services", "list")
    with closing(sqlite3.connect(home / "turnout.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert turnout("services", "list").code == 0
        assert "locked by another process" in refused(turnout("services", "disable", "local"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("home = \n", "turnout.toml: it is no valid TOML"),
        ("max_paralel = 3\n", "did you mean 'max_parallel'?"),
        ("max_parallel = 'many'\n", "max_parallel is 'many'"),
    ],
)
def test_a_broken_settings_file_is_named_with_what_is_wrong_in_it(turnout, home, content, sentence):
    (home.parent / "here" / "turnout.toml").write_text(content)
    for command in (("runs",), ("config",), ("doctor",), ("backup",)):
        assert sentence in refused(turnout(*command))


def test_a_wrong_flag_is_named_with_the_values_it_may_have(turnout):
    assert "'DEBUG', 'INFO'" in refused(turnout("--log-level", "loud", "runs"))
    assert "sqlite:///" in refused(turnout("--database-url", "mysql://db/turnout", "runs"))


def test_a_server_that_does_not_answer_is_named_without_its_password(turnout):
    sentence = refused(turnout("--database-url", "postgresql://ann:open-sesame@127.0.0.1:1/turnout", "runs"))
    assert "does not answer" in sentence
    assert "open-sesame" not in sentence


def test_an_unknown_command_is_a_fault_of_the_command_line_and_the_nearest_is_offered(turnout):
    for mistyped, meant in ((("servces",), "services"), (("services", "lst"), "list")):
        ended = turnout(*mistyped)
        assert ended.code == 2
        assert f"Did you mean {meant!r}?" in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("batch", "a.csv", "b.csv", "--concurrency", "0"),
         "'--concurrency': it takes a whole number from 1 to 10,000, not '0'\n"),
        (("batch", "a.csv", "b.csv", "--limit", "few"), "it takes a whole number of at least 1, not 'few'\n"),
        (("services", "add", "x", "--model", "y", "--quality", "2"), "it takes a number from 0 to 1, not '2'\n"),
        (("run", "storybord", "--input", "a.txt"), "'pipeline': there is no 'storybord'; did you mean 'storyboard'?\n"),
        (("batch", "a.csv", "b.csv", "--priority", "x"), "there is no 'x'; there are high, normal, low\n"),
        (("batch", "a.csv", "b.csv", "--prompt", "x" * 100_001), "--prompt: it takes at most 100,000 characters\n"),
        (("run", "storyboard", "--input", "thought.txt", "--policy", ""), "--policy: it takes at least 1 character\n"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_taken_is_told_with_those_that_are(turnout, words, told):
    Path("thought.txt").write_text("A lighthouse keeper finds a robot on the shore.", encoding="utf-8")
    ended = turnout(*words)
    assert ended.code == 2
    assert ended.err.endswith(told)


def test_what_nobody_expected_is_one_line_and_a_log_for_this_account_only(home, capsys):
    def fail() -> None:
        raise ZeroDivisionError("of postgresql://ann:open-sesame@db/turnout\nand more")

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    assert tell_failure(caught.value, ["--home", str(home), "runs"]) == 1
    told = capsys.readouterr().err
    (log,) = (home / "logs").iterdir()
    assert told.count("\n") == 1
    assert "this should not have happened: ZeroDivisionError" in told
    assert str(log) in told
    assert "Traceback" in log.read_text()
    assert "open-sesame" not in log.read_text() + told
    assert log.stat().st_mode & 0o077 == 0


def test_control_characters_in_a_message_do_not_reach_the_terminal(capsys):
    tell_failure(NotFound("service", "\x1b[2Jgone"), [])
    assert "\x1b" not in capsys.readouterr().err


def test_where_nothing_is_near_some_of_the_names_that_there_are_stand_in_the_message():
    assert str(NotFound("row", 14, "abcdefg")) == "there is no row '14'; there are a, b, c, d, e and 2 more"
    assert str(NotFound("row", 14, "a")) == "there is no row '14'"


def test_errors_of_work_done_in_parallel_are_told_by_the_first_of_ours(capsys):
    group = ExceptionGroup("two", [NotFound("service", "a"), NotFound("service", "b")])
    assert tell_failure(group, []) == 1
    assert capsys.readouterr().err == "turnout: there is no service 'a'.\n"


def test_nobody_reading_any_more_is_no_news_to_anybody(capsys):
    assert tell_failure(OutputClosed(), []) == 141
    assert capsys.readouterr().err == ""


@pytest.fixture
def own_signals():
    """Signals are taken as before, afterwards: a process that was told to end goes on here."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_sigterm_lets_the_work_clean_up_and_ends_with_143(capsys, own_signals):
    cleaned = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    with pytest.raises(Terminated) as ended:
        in_loop(work)
    assert cleaned == [True]
    assert tell_failure(ended.value, []) == 143


def test_a_signal_is_taken_though_it_does_not_wake_who_waits_for_it(own_signals):
    """As one does not that comes to another thread, or in the moment before the main one waits."""
    gone_on = []

    async def work() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        await asyncio.sleep(5)
        gone_on.append(True)

    with pytest.raises(Terminated):
        in_loop(work)
    assert gone_on == []


def test_a_second_signal_changes_nothing_once_the_work_has_ended(own_signals):
    async def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(60)

    with pytest.raises(Terminated):
        in_loop(work)
    os.kill(os.getpid(), signal.SIGTERM)  # would end this process
