"""The Prefect worker as a part: ``python -m gateway.up.worker PARENT``. It and its flow runs end with the parent.

Flow runs get a process each, but for upkeep: that is done in this process, which has all of it loaded already.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import psutil
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow
from prefect.workers.process import ProcessWorker, ProcessWorkerResult

from flows.upkeep import IN_THE_WORKER
from gateway.up.arranging import POOL
from gateway.up.parts import HOUSE_VARIABLE
from registry.serving import end_with_parent

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun

logger = logging.getLogger(__name__)

FLOW_RUNS_END_SECONDS = 8.0
_ENGINE = "prefect.engine"
_FIRST = "recover/recover"


class HouseWorker(ProcessWorker):
    """A worker that starts a process for each flow run, and does upkeep itself, in a thread."""

    @classmethod
    def __dispatch_key__(cls) -> str:
        """A name of its own among Prefect's kinds of worker; its pool is one for processes."""
        return "turnout"

    async def run(self, flow_run: FlowRun, configuration: Any, task_status: Any = None) -> ProcessWorkerResult:
        """Do a flow run's work; that of upkeep here."""
        upkeep = await self._upkeep(flow_run)
        if upkeep is None:
            return await super().run(flow_run, configuration, task_status)
        if task_status is not None:
            task_status.started("in the worker")
        here = _Here(upkeep, flow_run)
        try:
            await asyncio.to_thread(here.run)
        except asyncio.CancelledError:
            here.cancel()
            raise
        return ProcessWorkerResult(status_code=0, identifier="in the worker")

    async def _upkeep(self, flow_run: FlowRun) -> Flow[..., Any] | None:
        if flow_run.deployment_id is None:
            return None
        deployment = await self.client.read_deployment(flow_run.deployment_id)
        file, _, name = (deployment.entrypoint or "").rpartition(":")
        if file != "flows/entrypoints.py" or name not in IN_THE_WORKER:
            return None
        flow: Flow[..., Any] = getattr(await asyncio.to_thread(import_module, f"flows.upkeep.{name}"), name)
        return flow


class _Here:
    """A flow run in an event loop of its own, so that it does not hold up the worker; any thread may cancel it."""

    def __init__(self, flow: Flow[..., Any], flow_run: FlowRun) -> None:
        self._flow = flow
        self._flow_run = flow_run
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Run it to its end; how that was, Prefect's server is told."""
        with suppress(asyncio.CancelledError):
            asyncio.run(self._run())

    def cancel(self) -> None:
        """End it at the next chance."""
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # it has ended just now
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        await run_flow(self._flow, flow_run=self._flow_run, return_type="state")  # type: ignore[misc] # ours are all async


async def work() -> None:
    """Work on the pool's flow runs until told to end; then end those that are under way, in order."""
    working = asyncio.create_task(_work())
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    ending = asyncio.create_task(told.wait())
    await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not working.done():
        # Before the worker: it would kill them, and they could not note that they were interrupted.
        await asyncio.to_thread(end_flow_runs)
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def _work() -> None:
    await _recover_first()
    await HouseWorker(name="turnout", work_pool_name=POOL).start(printer=logger.info)


async def _recover_first() -> None:
    """Look after runs that lost their process with the machine, or with a worker before this one."""
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(_FIRST)
            await client.create_flow_run_from_deployment(deployment.id)
        except Exception:  # the schedule is there for it too
            logger.exception("no recovery at the start")


def end_flow_runs(seconds: float = FLOW_RUNS_END_SECONDS) -> None:
    """End all flow runs of this house, those of a worker before us too: kindly, then not."""
    for process in _flow_runs():
        with suppress(psutil.Error):
            process.terminate()
    until = time.monotonic() + seconds
    while _flow_runs() and time.monotonic() < until:
        time.sleep(0.1)  # not by waiting for them as children: Prefect's worker does, and wants to know how they ended
    for process in _flow_runs():
        logger.warning("the flow run in process %d did not end within %.0f s and is killed", process.pid, seconds)
        with suppress(psutil.Error):
            process.kill()


def _flow_runs() -> list[psutil.Process]:
    """The processes of flow runs. They lead sessions of their own: no signal to our group reaches them."""
    ours, found = os.environ.get(HOUSE_VARIABLE), []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            # A zombie has no command line any more.
            if _ENGINE in process.cmdline() and ours is not None and process.environ().get(HOUSE_VARIABLE) == ours:
                found.append(process)
    return found


def main() -> None:
    """Work until told to end."""
    end_with_parent(int(sys.argv[1]), with_group=True)
    asyncio.run(work())


if __name__ == "__main__":
    main()
