"""``turnout config``, ``backup``, ``restore``, ``doctor``, ``version``."""

from __future__ import annotations

import os


def test_each_setting_is_shown_with_the_source_of_its_value(turnout, home, monkeypatch):
    monkeypatch.setenv("TURNOUT_MAX_PARALLEL", "7")
    (home.parent / "here" / "turnout.toml").write_text("gx_rows = 99\nmax_parallel = 5\n")
    answer = turnout("--log-level", "info", "config", "--json").json
    settings = {setting["name"]: (setting["value"], setting["source"]) for setting in answer["settings"]}
    assert settings["log_level"] == ("INFO", "flag")
    assert settings["max_parallel"] == ("7", "environment TURNOUT_MAX_PARALLEL")
    assert settings["gx_rows"] == ("99", "turnout.toml")
    assert settings["local_slots"][1] == "default"


def test_a_password_in_the_database_url_is_not_shown(turnout):
    shown = turnout("--database-url", "postgresql://ann:open-sesame@db/turnout", "config")
    assert "postgresql://ann:***@db/turnout" in shown.out
    assert "open-sesame" not in shown.out


def test_a_backup_brings_back_what_was_removed(turnout, home):
    turnout("services", "list")
    backed_up = turnout("backup")
    assert backed_up.code == 0
    (archive,) = (home / "backups").glob("*.tar.gz")
    assert str(archive) in backed_up.out
    turnout("services", "remove", "openai", "--yes")
    refused = turnout("restore", archive)
    assert refused.code == 1
    assert "add --yes" in refused.err
    assert turnout("services", "show", "openai").code == 1
    restored = turnout("restore", archive, "--yes")
    assert restored.code == 0
    assert "What was there before is kept in" in restored.out
    assert turnout("services", "show", "openai").code == 0


def test_a_backup_makes_no_folders(turnout, tmp_path):
    turnout("services", "list")
    missing = tmp_path / "nowhere" / "deep"
    for target in (missing / "b.tgz", missing / "b.tar.gz", missing):
        refused = turnout("backup", target)
        assert (refused.code, refused.out) == (1, "")
        assert (
            refused.err == f"turnout: cannot write to {missing}: there is no such folder; make it, or name another.\n"
        )
    assert not missing.parent.exists()
    assert "FILE.tar.gz" in turnout("backup", tmp_path / "b.tgz").err
    assert turnout("backup", tmp_path).code == 0
    assert turnout("backup", tmp_path / "b.tar.gz").code == 0


def test_a_backup_that_is_not_there_is_noticed_before_anything_is_asked(turnout, tmp_path):
    refused = turnout("restore", tmp_path / "nofile")
    assert (refused.code, refused.err) == (1, f"turnout: {tmp_path / 'nofile'}: there is no such file.\n")


def test_what_is_no_backup_is_refused_and_changes_nothing(turnout, tmp_path):
    turnout("services", "list")
    for name, content in (("missing.tar.gz", None), ("text.tar.gz", b"hello"), ("empty.tar.gz", b"")):
        archive = tmp_path / name
        if content is not None:
            archive.write_bytes(content)
        refused = turnout("restore", archive, "--yes")
        assert refused.code == 1
        assert name in refused.err
        assert refused.err.count("\n") == 1
    assert turnout("services", "show", "openai").code == 0


def test_the_doctor_finds_nothing_wrong_and_makes_nothing(turnout, home):
    found = turnout("doctor", "--json")
    assert found.code == 0, found.out
    names = {finding["name"] for finding in found.json["findings"]}
    assert {"data directory", "database", "packages", "local model", "versions"} <= names
    assert not home.exists()


def test_the_doctor_warns_of_an_enabled_service_without_its_key(turnout):
    turnout("services", "enable", "openai", "--yes")
    found = turnout("doctor", "--json")
    assert found.code == 0
    (warning,) = [finding for finding in found.json["findings"] if finding["state"] == "warning"]
    assert warning["sentence"] == "openai is enabled, but env:OPENAI_API_KEY leads to no key."
    assert "1 warning." in turnout("doctor").out


def test_the_doctor_names_a_model_file_that_is_missing_and_ends_with_1(turnout, tmp_path, monkeypatch):
    monkeypatch.setenv("TURNOUT_LOCAL_MODEL_PATH", str(tmp_path / "gone.gguf"))
    found = turnout("doctor", "--json")
    assert found.code == 1
    assert not found.json["healthy"]
    (problem,) = [finding for finding in found.json["findings"] if finding["state"] == "problem"]
    assert problem["name"] == "local model"
    assert "gone.gguf" in problem["sentence"]
    assert problem["remedy"]


def test_the_doctor_speaks_of_a_corrupt_database_instead_of_failing_on_it(turnout, home):
    home.mkdir(mode=0o700)
    (home / "turnout.db").write_bytes(os.urandom(8192))
    found = turnout("doctor", "--json")
    assert found.code == 1
    (problem,) = [finding for finding in found.json["findings"] if finding["state"] == "problem"]
    assert problem["name"] == "database"


def test_the_version_is_said_in_two_ways(turnout):
    assert turnout("version").out == turnout("--version").out
    assert turnout("version").out.startswith("Turnout 0.")
