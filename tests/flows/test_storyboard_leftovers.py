"""Results that were being written when somebody killed the process: old or new, never half; and what it left goes."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.storyboard import outputs

REPOSITORY = Path(__file__).parents[2]
WRITING = """
import itertools, pathlib, sys
from flows.storyboard.outputs import _put
for number in itertools.count():
    content = bytes([number % 256]) * 3_000_000
    _put({"one": content, "two": content}, pathlib.Path(sys.argv[1]))
    print(number, flush=True)
"""


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("wait_seconds", [0.0, 0.011, 0.023])
def test_a_process_killed_while_it_writes_leaves_every_file_whole(tmp_path, wait_seconds):
    with subprocess.Popen(
        [sys.executable, "-c", WRITING, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ) as process:  # fmt: skip
        process.stdout.readline()
        time.sleep(wait_seconds)
        process.kill()
    for name in ("one", "two"):
        content = (tmp_path / name).read_bytes()
        assert content == content[:1] * 3_000_000
    outputs._put({"one": b"new"}, tmp_path)
    assert (tmp_path / "one").read_bytes() == b"new"
    assert hidden(tmp_path) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_makes_stays(tmp_path):
    for name in (".storyboard-dead", ".storyboard-alive"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "storyboard.html").write_text("half")
    (tmp_path / ".mine").mkdir()
    alive = os.open(tmp_path / ".storyboard-alive", os.O_RDONLY)
    fcntl.flock(alive, fcntl.LOCK_EX)
    outputs._put({"storyboard.html": b"whole"}, tmp_path)
    os.close(alive)
    assert hidden(tmp_path) == [".mine", ".storyboard-alive"]
    assert (tmp_path / "storyboard.html").read_bytes() == b"whole"
