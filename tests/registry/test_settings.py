"""Settings: which source wins, how each value explains itself, and what a mistake is answered with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from registry.errors import SettingsError
from registry.settings import Settings, explain


@pytest.fixture
def world(tmp_path):
    """A working directory, an environment and a user's file, none of them the person's own."""
    directory = tmp_path / "work"
    directory.mkdir()
    user_file = tmp_path / "user.toml"
    user_file.write_text("")
    return {"directory": directory, "environment": {"TURNOUT_CONFIG_FILE": str(user_file)}}


def write(world, text, *, file="turnout.toml"):
    path = world["directory"] / file if file == "turnout.toml" else Path(world["environment"]["TURNOUT_CONFIG_FILE"])
    path.write_text(text)
    return path


def test_without_anything_the_defaults_hold(world):
    settings = Settings.load(**world)
    assert settings.store_url == f"sqlite:///{settings.home}/turnout.db"
    assert (settings.workspace, settings.principal, settings.local_slots) == ("default", "local", 2)


def test_flag_beats_environment_beats_file_beats_users_file_beats_default(world):
    def slots(flags=None):
        (of_slots,) = [line for line in explain(flags, **world) if line.name == "local_slots"]
        assert str(Settings.load(flags, **world).local_slots) == of_slots.value
        return of_slots.value, of_slots.source

    assert slots() == ("2", "default")
    user_file = write(world, "local_slots = 3", file="user")
    assert slots() == ("3", str(user_file))
    write(world, "local_slots = 4")
    assert slots() == ("4", "turnout.toml")
    world["environment"]["TURNOUT_LOCAL_SLOTS"] = "5"
    assert slots() == ("5", "environment TURNOUT_LOCAL_SLOTS")
    assert slots({"local_slots": 6}) == ("6", "flag")
    assert slots({"local_slots": None}) == ("5", "environment TURNOUT_LOCAL_SLOTS")


def test_every_setting_is_explained(world):
    lines = explain(**world)
    assert [line.name for line in lines] == list(Settings.model_fields)
    assert all(line.description.endswith(".") for line in lines)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@db/turnout",
        "postgresql://ann:p:hunter2@db/turnout",
        "postgresql://ann:hunter2%40@db/turnout?password=hunter2",
        "postgresql://:hunter2@db/turnout",
    ],
)
def test_a_password_is_never_shown(world, url):
    world["environment"]["TURNOUT_DATABASE_URL"] = url
    assert "hunter2" not in str(explain(**world))
    settings = Settings.load(**world)
    assert "hunter2" not in repr(settings)
    assert settings.store_url == url


def test_relative_paths_are_taken_from_where_they_were_written(world):
    write(world, 'home = "data"')
    assert Settings.load(**world).home == world["directory"] / "data"
    user_file = write(world, 'database_url = "sqlite:///mine.db"', file="user")
    assert Settings.load(**world).store_url == f"sqlite:///{user_file.parent}/mine.db"
    world["environment"]["TURNOUT_HOME"] = "~/turnout"
    assert Settings.load(**world).home == Path.home() / "turnout"


def test_an_empty_variable_is_as_good_as_none(world):
    world["environment"]["TURNOUT_WORKSPACE"] = ""
    assert Settings.load(**world).workspace == "default"


def test_settings_are_frozen(world):
    with pytest.raises(ValidationError, match="frozen"):
        Settings.load(**world).workspace = "another"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("local_slot = 3", ["turnout.toml", "'local_slot'", "did you mean 'local_slots'?"]),
        ("Local-Slots = 3", ["turnout.toml", "did you mean 'local_slots'?"]),
        ("xyzzy = 3", ["turnout.toml", "'xyzzy'", "`turnout config`"]),
        ('local_slots = "many"', ["turnout.toml", "local_slots", "'many', but it takes a whole number from 1 to 64"]),
        ("local_slots = 0", ["turnout.toml", "local_slots", "it takes a whole number from 1 to 64"]),
        ('log_level = "some"', ["turnout.toml", "log_level", "'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'"]),
        ("home = 3", ["turnout.toml", "home", "path"]),
        ("[local]\nslots = 3", ["turnout.toml", "'local'"]),
        ("local_slots = \n", ["turnout.toml", "TOML", "line 1"]),
    ],
)
def test_a_mistake_in_a_file_is_answered_with_file_key_and_what_would_be_right(world, text, parts):
    write(world, text)
    with pytest.raises(SettingsError) as caught:
        Settings.load(**world)
    sentence = str(caught.value)
    assert [part for part in parts if part not in sentence] == []
    assert "\n" not in sentence


def test_a_file_that_is_no_text_is_refused(world):
    (world["directory"] / "turnout.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"turnout\.toml.*UTF-8"):
        Settings.load(**world)


def test_a_folder_in_the_place_of_a_file_is_refused(world):
    (world["directory"] / "turnout.toml").mkdir()
    with pytest.raises(SettingsError, match=r"turnout\.toml: it cannot be read"):
        Settings.load(**world)


def test_a_named_file_must_be_there(world, tmp_path):
    world["environment"]["TURNOUT_CONFIG_FILE"] = str(tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match=r"gone\.toml.*no such file"):
        Settings.load(**world)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TURNOUT_HOEM", "TURNOUT_HOME"),
        ("TURNOUT_DATABSE_URL", "TURNOUT_DATABASE_URL"),
        ("TURNOUT_LOGLEVEL", "TURNOUT_LOG_LEVEL"),
    ],
)
def test_a_slip_in_a_variables_name_is_not_passed_over(world, variable, meant):
    world["environment"][variable] = "x"
    with pytest.raises(SettingsError, match=f"{variable} is no setting; did you mean {meant}"):
        Settings.load(**world)


def test_variables_of_others_are_let_be(world):
    world["environment"] |= {"TURNOUT_SOMETHING_ELSE": "x", "TURN": "x", "HOME": "/"}
    Settings.load(**world)


def test_a_wrong_value_names_the_source_that_won(world):
    write(world, "local_slots = 3")
    world["environment"]["TURNOUT_LOCAL_SLOTS"] = "many"
    with pytest.raises(SettingsError, match="environment TURNOUT_LOCAL_SLOTS") as caught:
        Settings.load(**world)
    assert caught.value.key == "local_slots"


def test_importing_settings_loads_nothing_heavy():
    code = "import sys, registry.settings; print(*sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"sqlalchemy", "prefect", "pandas", "great_expectations", "panel", "alembic", "httpx", "asyncio"}
    assert heavy & set(finished.stdout.split()) == set()
