"""Going on with one run whose process died, by what is stored of it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.resuming import resumed_run
from flows.running import flow_runtime
from flows.upkeep.stored import again
from registry import RunTaken

if TYPE_CHECKING:
    from routing import Runtime


@flow(name="resume_run", flow_run_name="run {run_id}", persist_result=False, retries=0)
async def resume_run(run_id: int) -> dict[str, Any]:
    """Go on with a run; what its pipeline gives.

    Raises:
        NotFound: there is no such run.
        RunTaken: another process works on it, or it is done.
        RunNotResumable: not all that it takes is stored, or its input has changed.
        Exception: whatever the pipeline raises.
    """
    async with flow_runtime() as runtime:
        return await _go_on(runtime, run_id)


async def _go_on(runtime: Runtime, run_id: int) -> dict[str, Any]:
    run = await runtime.runs.get(run_id)
    token = resumed_run.set(run_id)
    try:
        call = again(run)
        result: dict[str, Any] = await call.flow(call.parameters)
    except RunTaken:
        raise
    except Exception as error:
        with suppress(RunTaken):  # it was begun, and has noted its end itself
            await runtime.runs.give_up(run_id, "interrupted", f"its process died, and it did not go on: {error}")
        raise
    finally:
        resumed_run.reset(token)
    return result
