"""``turnout run`` stopped at any moment, by anybody: it ends at once, loses nothing that is finished, and goes on."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from gateway.prefect_server.temporary import TemporaryServer

SECONDS_TO_END = 5.0
SECONDS_FOR_CHILDREN = 10.0
LOCKED_SECONDS = 22.0  # longer than four writers wait for a lock, one after the other

pytestmark = pytest.mark.prefect


def items_done(where):
    """The items of the last run that are done, with the piece of work each came from."""
    with closing(sqlite3.connect(where.home / "turnout.db")) as connection:
        return {
            (stage, item): changed
            for stage, item, changed in connection.execute(
                "SELECT stage, item, changed_us FROM items WHERE state = 'done' "
                "AND run_id = (SELECT max(run_id) FROM runs)"
            )
        }


def nobody_left(where, left_behind):
    """Wait until no process of that place lives; those that stay."""
    until = time.monotonic() + SECONDS_FOR_CHILDREN
    while (left := left_behind(where)) and time.monotonic() < until:
        time.sleep(0.1)
    return left


@pytest.fixture
def own_prefect(place, prefect_home, shared_prefect):
    """A place whose runs start a Prefect server of their own, over a database that need not be made first."""
    where = place("slow")
    source, target = (sqlite3.connect(folder / "prefect.db") for folder in (prefect_home, where.home / "prefect"))
    with closing(source), closing(target):
        source.backup(target)
    return where


def goes_on(where, ended, kept):
    """The same command again: it ends well, and does nothing anew that was done before."""
    how = ended(where.storyboard())
    assert how.code == 0, how.err
    assert f"going on: {len(kept)} items were done before" in how.err
    after = items_done(where)
    assert {key: after[key] for key in kept} == kept
    assert where.state()[0] == "done"
    assert len(where.made()) == 4


def test_sigterm_in_the_middle_keeps_what_is_finished_and_leaves_nobody_behind(
    own_prefect, shared_prefect, interrupted, left_behind, ended
):
    where = own_prefect
    how, seconds = interrupted(where, "style:", signal.SIGTERM)
    assert how.code == 143
    assert seconds < SECONDS_TO_END
    assert how.err.splitlines()[-1] == (
        "turnout: told to end, and ended; what was finished before is recorded, and the same command goes on with "
        "what is missing."
    )
    assert how.err.count("turnout: ") == 1
    assert "Traceback" not in how.err
    assert nobody_left(where, left_behind) == []
    assert where.state() == ("interrupted", "stopped from outside")
    assert where.made() == set()
    kept = items_done(where)
    assert {("analysis", "thought"), ("style", "style")} <= kept.keys()
    goes_on(replace(where, environment=shared_prefect), ended, kept)


def test_sigterm_while_prefects_server_starts_ends_it_too(place, interrupted, left_behind):
    where = place()
    how, seconds = interrupted(where, "Starting", signal.SIGTERM)
    assert (how.code, how.err.count("\n")) == (143, 2), how.err
    assert seconds < SECONDS_TO_END
    assert nobody_left(where, left_behind) == []
    assert where.turnout("runs", "--json").json["runs"] == []


def test_ctrl_c_pressed_twice_is_one_sentence_and_an_orderly_end(place, shared_prefect, interrupted):
    where = place("slow", **shared_prefect)
    how, seconds = interrupted(where, "Run 1", signal.SIGINT, signal.SIGINT)
    assert how.code == 130
    assert seconds < SECONDS_TO_END
    assert how.err.splitlines()[-1].startswith("turnout: stopped by Ctrl-C; what was finished before is recorded")
    assert "Traceback" not in how.err
    assert where.state()[0] == "interrupted"


def test_a_process_that_is_killed_takes_its_children_along_and_the_next_goes_on(
    own_prefect, shared_prefect, interrupted, left_behind, ended
):
    where = own_prefect
    how, _ = interrupted(where, "style:", signal.SIGKILL)
    assert how.code == -signal.SIGKILL
    assert nobody_left(where, left_behind) == []
    kept = items_done(where)
    assert ("style", "style") in kept
    (listed,) = where.turnout("runs", "--json").json["runs"]
    assert listed["state"] != "done"
    goes_on(replace(where, environment=shared_prefect), ended, kept)


def test_a_database_that_somebody_locks_in_the_middle_ends_the_run_in_order(place, shared_prefect, ended):
    where = place("slow", **shared_prefect)
    process = where.storyboard()
    wait_for(where, "style")
    with closing(sqlite3.connect(where.home / "turnout.db", isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_SECONDS)
    how = ended(process)
    assert how.code == 1
    assert how.err.splitlines()[-1].startswith(
        f"turnout: the database {where.home / 'turnout.db'} is locked by another"
    )
    assert "Traceback" not in how.err
    assert where.made() == set()
    goes_on(where, ended, items_done(where))  # noted as failed, or abandoned, if that could not be written either


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 5 MB, mounted for the test."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", str(mounted)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    yield mounted
    subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def test_a_disk_that_fills_up_in_the_middle_ends_the_run_and_what_was_committed_is_safe(
    place, shared_prefect, ended, small_disk
):
    made = place("slow", **shared_prefect)
    shutil.copytree(made.home, small_disk / "home")
    where = type(made)(small_disk / "home", small_disk / "out", made.environment)
    process = where.storyboard()
    wait_for(where, "style")
    filling = small_disk / "filling"
    fill(filling)
    how = ended(process)
    assert how.code == 1
    assert "has no room left to write" in how.err.splitlines()[-1]
    assert "Traceback" not in how.err
    assert where.made() == set()
    filling.unlink()
    goes_on(where, ended, items_done(where))


def fill(path):
    """Write until there is no room left."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def wait_for(where, stage, seconds=60):
    """Wait until an item of a stage is done."""
    until = time.monotonic() + seconds
    while stage not in {found for found, _ in items_done(where)}:
        assert time.monotonic() < until
        time.sleep(0.05)


STUCK = """
import time
from gateway.cli.opening import in_loop

async def work():
    print("ready", flush=True)
    time.sleep(60)  # it holds up the whole loop

in_loop(work)
"""


def test_work_that_cannot_be_stopped_is_cut_off():
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert process.returncode == 143
    assert said == "turnout: told to end; what had not ended after 4 s was cut off.\n"


@pytest.fixture
def server(tmp_path):
    """A Prefect server that has not been started, over a database that is all right; and its database."""
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database, database:
        database.execute("CREATE TABLE flow_runs (name TEXT)")
    (tmp_path / "temporary-server.log").write_text("")
    return TemporaryServer(tmp_path, scheduling=False), tmp_path / "prefect.db"


def test_a_damaged_database_of_prefects_is_put_aside_and_kept(server):
    stopped, database = server
    database.write_bytes(b"this is no database" * 500)
    assert stopped.put_database_aside()
    assert not database.exists()
    assert database.with_name("prefect.db.unusable").read_bytes().startswith(b"this is no database")
    stopped.take_database_back()
    assert database.exists()


def test_a_database_that_another_prefect_server_holds_is_left_alone(server):
    stopped, database = server
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert not stopped.put_database_aside()
    assert not stopped.put_database_aside()


def test_a_database_of_a_later_prefect_is_put_aside(server):
    stopped, database = server
    database.with_name("temporary-server.log").write_text("CommandError: Can't locate revision identified by 'abc'")
    assert stopped.put_database_aside()
