"""The flow that finds runs whose process died, and has them gone on with."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from flows.errors import RunNotResumable
from flows.running import flow_runtime
from flows.upkeep.recovering import recover_runs
from flows.upkeep.resume import resume_run

if TYPE_CHECKING:
    from registry import Run

logger = logging.getLogger(__name__)

DEPLOYMENT = "resume_run/resume_run"


@flow(name="recover", persist_result=False, retries=0)
async def recover() -> list[dict[str, Any]]:
    """Find runs whose process died; go on with those that can, mark the others as what they are.

    A run goes on as a flow run of its own, where a worker serves the deployment ``resume_run``; else here, one run
    after the other. Two of us at once do no harm: whoever takes a run first has it.

    Returns:
        ``run_id``, ``outcome`` and ``message`` of each run that was found.

    Raises:
        RegistryError: the database cannot be used.
    """
    async with flow_runtime() as runtime:
        return [asdict(one) for one in await recover_runs(runtime.store, runtime.runs, time.time, _hand_on)]


async def _hand_on(run: Run) -> None:
    """Have a run gone on with.

    Raises:
        RunNotResumable: that was tried, and its process did not get as far as taking the run.
        Exception: here, whatever the pipeline raises.
    """
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound:
            deployment = None
        if deployment is not None:
            # The same run in the same plight is handed on once, however many recoverers see it.
            handed = await client.create_flow_run_from_deployment(
                deployment.id,
                parameters={"run_id": run.run_id},
                idempotency_key=f"turnout-run-{run.run_id}-{run.heartbeat_us}",
            )
            if handed.state is not None and handed.state.is_final():
                raise RunNotResumable(run.run_id, f"the flow run {handed.name} was to go on with it, and has ended")
            return
    await resume_run(run.run_id)
