"""Who uses the local server is known for sure, also after kill -9."""

import os
import signal
import subprocess
import sys

import pytest

from blocks.local.record import Lock, Record, ServerFolder
from blocks.local.users import Membership, living_users


def test_a_user_is_counted_from_joining_to_leaving(tmp_path):
    member = Membership(tmp_path / "users")
    assert living_users(tmp_path / "users") == []
    member.join()
    member.join()
    (user,) = living_users(tmp_path / "users")
    assert user.calls == 0
    member.leave()
    assert living_users(tmp_path / "users") == []


def test_calls_in_flight_are_seen_and_each_end_counts_as_activity(tmp_path):
    member = Membership(tmp_path)
    member.join()
    with member.calling(), member.calling():
        (during,) = living_users(tmp_path)
    (after,) = living_users(tmp_path)
    assert (during.calls, after.calls) == (2, 0)
    assert after.changed_ns > during.changed_ns
    member.leave()


def test_a_user_whose_file_was_swept_away_joins_again(tmp_path):
    member = Membership(tmp_path)
    member.join()
    next(tmp_path.iterdir()).unlink()
    member.join()
    assert len(living_users(tmp_path)) == 1
    member.leave()


def test_a_user_that_was_killed_is_gone_at_once_with_its_file(tmp_path):
    code = (
        "import sys, pathlib; from blocks.local.users import Membership\n"
        "Membership(pathlib.Path(sys.argv[1])).join(); print('in', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"in\n"
        assert len(living_users(tmp_path)) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert living_users(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_dead_process_whose_id_lives_on_is_no_user(tmp_path):
    (tmp_path / f"{os.getpid()}-abcd").write_text('{"calls": 1}')
    assert living_users(tmp_path) == []


def test_the_record_is_readable_by_its_owner_only_and_shows_no_token(tmp_path):
    place = ServerFolder(tmp_path, tmp_path / "model.gguf")
    place.make()
    record = Record(pid=1, started=2.0, port=3, token="sesame", model_path="m", context_tokens=4, slots=5)
    place.write(record)
    assert place.read() == record
    assert place.read().token.get_secret_value() == "sesame"
    assert place.record_file.stat().st_mode & 0o777 == 0o600
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert "sesame" not in repr(record)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff", b'{"pid": "many"}'])
def test_a_record_that_makes_no_sense_is_none(tmp_path, content):
    place = ServerFolder(tmp_path, tmp_path / "model.gguf")
    place.make()
    place.record_file.write_bytes(content)
    assert place.read() is None


def test_a_server_lives_as_long_as_its_lock_is_held(tmp_path):
    place = ServerFolder(tmp_path, tmp_path / "model.gguf")
    place.make()
    assert not place.is_serving()
    with Lock(place.serving_file) as lock:
        assert lock.try_once()
        assert place.is_serving()
        assert not Lock(place.serving_file).try_for(0.02)
    assert not place.is_serving()


def test_two_models_have_two_folders(tmp_path):
    one, other = (ServerFolder(tmp_path, tmp_path / part / "model.gguf") for part in ("a", "b"))
    assert one.folder != other.folder
