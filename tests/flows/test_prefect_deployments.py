"""What Prefect sees of us: entrypoints, deployments, schedules; and the versions it breaks with, held by behaviour."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


def test_nothing_in_flows_shadows_a_package():
    ours = {path.stem for path in (ROOT / "flows").iterdir() if path.suffix in ("", ".py") and path.stem[0] not in "._"}
    others = set(sys.stdlib_module_names) | set(packages_distributions())
    assert ours, "the folder of flows was not found"
    assert not ours & others, f"Prefect puts flows/ on sys.path: {ours & others} would hide packages of that name"


@pytest.mark.parametrize("entrypoint", [deployment["entrypoint"] for deployment in DEPLOYMENTS])
def test_every_entrypoint_loads_with_its_true_import_error_shown(entrypoint, monkeypatch):
    from prefect.flows import Flow, load_flow_from_entrypoint

    monkeypatch.chdir(ROOT)
    assert isinstance(load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False), Flow)


def test_an_entrypoint_loaded_by_path_uses_the_same_classes_as_an_import(monkeypatch):
    from prefect.flows import load_flow_from_entrypoint

    from flows.storyboard.flow import storyboard

    monkeypatch.chdir(ROOT)
    loaded = load_flow_from_entrypoint(DEPLOYMENTS[0]["entrypoint"], use_placeholder_flow=False)
    assert loaded is storyboard


def test_whatever_can_spend_ships_with_inactive_schedules_and_upkeep_with_active_ones():
    active = {
        deployment["name"]: [schedule["active"] for schedule in deployment.get("schedules", [])]
        for deployment in DEPLOYMENTS
    }
    assert active == {
        "storyboard": [False], "route_batch": [], "resume_run": [], "probe": [True], "recover": [True],
        "retention": [True],
    }  # fmt: skip


def test_what_the_worker_does_itself_is_deployed_from_where_it_looks_for_it():
    from importlib import import_module

    from prefect.flows import Flow

    from flows.upkeep import IN_THE_WORKER

    entrypoints = {deployment["name"]: deployment["entrypoint"] for deployment in DEPLOYMENTS}
    assert {entrypoints[name] for name in IN_THE_WORKER} == {f"flows/entrypoints.py:{name}" for name in IN_THE_WORKER}
    for name in IN_THE_WORKER:
        flow = getattr(import_module(f"flows.upkeep.{name}"), name)
        assert isinstance(flow, Flow)
        assert flow.isasync  # the worker runs it in an event loop


@pytest.mark.prefect
async def test_a_deployed_cron_schedule_makes_scheduled_runs(tmp_path, monkeypatch):
    """Holds the pins: with SQLAlchemy 2.1 schedules never fire, with FastAPI 0.151 `prefect deploy` is refused."""
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS", "2")
    monkeypatch.setenv("PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS", "2")
    from gateway.prefect_server import prefect_server

    async with prefect_server(tmp_path / "prefect", scheduling=True):
        said = await asyncio.to_thread(_prefect, "work-pool", "create", "turnout", "--type", "process")
        said = await asyncio.to_thread(_prefect, "--no-prompt", "deploy", "--all")
        names = [f"{one['entrypoint'].rpartition(':')[2]}/{one['name']}" for one in DEPLOYMENTS]
        missing = [name for name in names if name not in said]
        assert not missing, f"`prefect deploy` skipped {missing}:\n{said}"
        said = await asyncio.to_thread(_prefect, "deployment", "schedule", "ls", names[0])
        (schedule_id,) = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", said)
        await asyncio.to_thread(_prefect, "deployment", "schedule", "resume", names[0], schedule_id)
        async with asyncio.timeout(120):
            while "SCHEDULED" not in await asyncio.to_thread(_prefect, "flow-run", "ls"):  # noqa: ASYNC110 - elsewhere
                await asyncio.sleep(1)


def _prefect(*words: str) -> str:
    environment = {**os.environ, "COLUMNS": "300", "PREFECT_LOGGING_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "prefect", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
