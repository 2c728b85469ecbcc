"""What Prefect's server has to know: the pool and its queues, the deployments, limits, and whom to call when one hangs.

Run as ``python -m gateway.up.arranging`` in the folder of ``prefect.yaml``, with Prefect's address in the environment.
All of it may be done again and again.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.events import AutomationCore

POOL = "turnout"
QUEUES = {"urgent": 1, "default": 2, "background": 3}
"""The pool's queues; what waits in the first is taken first."""

BATCHES_AT_ONCE = 4
HANGING = "turnout: a flow run without heartbeats has crashed"
HEARTBEATS_MISSED_AFTER = timedelta(minutes=10)


async def arrange() -> None:
    """Pool, queues, the limit on batches, the automation."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    async with get_client() as client:
        try:
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        except ObjectAlreadyExists:
            sys.stderr.write(f"the pool {POOL} is there already\n")
        known = {queue.name: queue for queue in await client.read_work_queues(work_pool_name=POOL)}
        for name, priority in QUEUES.items():
            if name not in known:
                await client.create_work_queue(name=name, priority=priority, work_pool_name=POOL)
            elif known[name].priority != priority:
                await client.update_work_queue(known[name].id, priority=priority)
        await client.upsert_global_concurrency_limit_by_name("turnout-batches", BATCHES_AT_ONCE)
        if not await client.read_automations_by_name(HANGING):
            await client.create_automation(_when_one_hangs())


def _when_one_hangs() -> AutomationCore:
    """A flow run that sent heartbeats and then none for a while is marked as crashed: its process is gone."""
    from prefect.client.schemas.objects import StateType
    from prefect.events import AutomationCore, ChangeFlowRunState, EventTrigger, Posture, ResourceSpecification

    return AutomationCore(
        name=HANGING,
        description="Its process has died without a word; `turnout` goes on with what is missing when it is run again.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification.model_validate({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=HEARTBEATS_MISSED_AFTER,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat: its process is gone")],
    )


def deploy() -> None:
    """Put every deployment of ``prefect.yaml`` on the server.

    Raises:
        RuntimeError: one of them was left out. Prefect goes on without a word then, and ends with 0.
    """
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    said = ended.stdout + ended.stderr
    if ended.returncode != 0 or "Skipping" in said or "error" in said.lower():
        raise RuntimeError(f"not every deployment of prefect.yaml was taken:\n{said}")


if __name__ == "__main__":
    asyncio.run(arrange())
    deploy()
