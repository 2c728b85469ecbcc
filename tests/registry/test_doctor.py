"""The doctor: every illness gets its sentence and its remedy, and looking changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.doctor import (
    ROOMS,
    Finding,
    examine,
    examine_clock,
    examine_disk,
    examine_packages,
    examine_settings_files,
)
from registry.doctor_database import network_file_system
from registry.errors import HomeUnusable
from registry.home import Home
from registry.settings import Settings
from registry.store import Store


def states(findings) -> dict[str, str]:
    return {finding.name: finding.state for finding in findings}


async def the_finding(settings, name, **arguments) -> Finding:
    (finding,) = [finding for finding in await examine(settings, **arguments) if finding.name == name]
    return finding


@pytest.fixture
async def healthy(settings):
    """Settings over a data directory and a database that are as they should be."""
    Home(settings.home).make()
    store = await Store.open(settings.store_url)
    await store.close()
    return settings


async def test_the_healthy_are_told_so(healthy):
    found = states(await examine(healthy))
    assert found.keys() >= {"data directory", "rights", "disk space", "database", "schema", "clock", "packages"}
    assert set(found.values()) == {"ok"}


async def test_before_the_first_run_nothing_is_wrong_and_nothing_is_made(settings):
    assert set(states(await examine(settings)).values()) == {"ok"}
    assert not settings.home.exists()


async def test_every_problem_bears_a_remedy(healthy):
    (healthy.home / "turnout.db").write_bytes(b"memoirs" * 1000)
    healthy.home.chmod(0o755)
    findings = [finding for finding in await examine(healthy, clock=lambda: 0.0) if finding.state != "ok"]
    assert {finding.name for finding in findings} == {"database", "rights", "clock"}
    assert all(finding.remedy and finding.sentence.endswith(".") for finding in findings)


async def test_a_damaged_database_is_found(healthy):
    path = healthy.home / "turnout.db"
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    finding = await the_finding(healthy, "database")
    assert finding.state == "problem"
    assert "turnout restore" in finding.remedy


async def test_a_server_that_does_not_answer_is_a_problem_whose_sentence_hides_the_password(tmp_path):
    url = "postgresql://ann:hunter2@127.0.0.1:1/turnout"
    finding = await the_finding(Settings(home=tmp_path, database_url=url), "database")
    assert finding.state == "problem"
    assert "does not answer" in finding.sentence
    assert "hunter2" not in str(finding)


async def test_a_newer_schema_is_a_problem_and_an_unmade_one_is_not(database_url, tmp_path):
    settings = Settings(home=tmp_path, database_url=database_url)
    assert (await the_finding(settings, "schema")).state == "ok"
    store = await Store.open(database_url)
    async with store.write() as connection:
        await connection.execute(text("UPDATE turnout_schema SET version_num = '9999'"))
    await store.close()
    finding = await the_finding(settings, "schema")
    assert (finding.state, "9999" in finding.sentence) == ("problem", True)


@pytest.mark.postgres
async def test_a_clock_that_differs_from_the_servers_is_a_warning(postgres_database_url, tmp_path):
    settings = Settings(home=tmp_path, database_url=postgres_database_url)
    findings = await examine(settings, clock=lambda: 4_000_000_000.0)
    assert any("seconds apart" in finding.sentence for finding in findings if finding.state == "warning")


def test_little_room_is_a_warning_and_hardly_any_a_problem(tmp_path):
    assert examine_disk(tmp_path, free_bytes=lambda _: 500_000_000).state == "warning"
    assert examine_disk(tmp_path, free_bytes=lambda _: 5_000_000).state == "problem"
    assert examine_disk(tmp_path / "not" / "made", free_bytes=lambda _: 50_000_000_000).state == "ok"


def test_a_clock_before_the_installation_is_a_problem():
    assert examine_clock(lambda: 0.0).state == "problem"


def test_a_password_in_a_file_that_others_may_read_is_a_warning(tmp_path):
    file = tmp_path / "turnout.toml"
    file.write_text('database_url = "postgresql://ann:hunter2@db/turnout"\n')
    file.chmod(0o644)
    (finding,) = examine_settings_files(tmp_path, tmp_path / "none.toml")
    assert (finding.state, finding.remedy) == ("warning", f"Run: chmod 600 {file}")
    file.chmod(0o600)
    (finding,) = examine_settings_files(tmp_path, tmp_path / "none.toml")
    assert finding.state == "ok"


def test_another_package_of_the_same_name_is_named(tmp_path):
    (tmp_path / "routing").mkdir()
    (tmp_path / "routing" / "__init__.py").write_text("raise SystemExit('it must not be imported')")
    root = Path(__file__).parents[2]
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(root)!r}]\n"
        "from registry.doctor import examine_packages\n"
        "for finding in examine_packages(): print(finding.state, finding.sentence)"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert finished.stdout.startswith(f"problem `import routing` finds {tmp_path / 'routing'}, not Turnout's own")
    assert len(finished.stdout.splitlines()) == 1


def test_packages_from_elsewhere_are_all_named(tmp_path):
    assert len(examine_packages(tmp_path)) == len(ROOMS)


async def test_other_rooms_have_their_say_and_one_that_fails_becomes_a_finding(settings):
    async def examine_gateway(_):
        return [Finding(name="gateway", state="warning", sentence="It yawns.", remedy="Coffee.")]

    async def examine_local_model(_):
        raise ZeroDivisionError

    findings = await examine(settings, [examine_gateway, examine_local_model])
    assert findings[-2].sentence == "It yawns."
    assert (findings[-1].name, findings[-1].state) == ("local model", "problem")


def test_a_network_file_system_is_told_from_a_local_disk(tmp_path):
    mounts = [("/", "ext4"), (str(tmp_path), "nfs4"), (str(tmp_path / "local"), "xfs")]
    assert network_file_system(tmp_path / "turnout.db", mounts) == "nfs4"
    assert network_file_system(tmp_path / "local" / "turnout.db", mounts) is None
    assert network_file_system(Path("/turnout.db"), mounts) is None


# ---- the data directory ----


def test_a_home_is_made_for_this_account_only(tmp_path):
    home = Home(tmp_path / "deep" / "home").make()
    assert all(part.stat().st_mode & 0o777 == 0o700 for part in (home.path, *home.parts))
    assert sorted(path.name for path in home.path.iterdir()) == ["assets", "backups", "local", "logs", "prefect"]
    home.make()


def test_a_home_that_cannot_be_made_says_so_with_a_way_out(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeUnusable, match="TURNOUT_HOME"):
        Home(tmp_path / "file" / "home").make()


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs Linux's /sys")
def test_a_home_that_cannot_be_written_is_found_whatever_the_rights_say():
    with pytest.raises(HomeUnusable, match="cannot be written"):
        Home(Path("/sys/kernel")).try_to_write()
