"""What every flow's run stands on: a runtime, heartbeats while it works, and an end that is noted whatever happens."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from registry import RegistryError, RunTaken, Settings
from routing import Runtime, current_runtime

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from registry.runs import EndState

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0


@asynccontextmanager
async def flow_runtime() -> AsyncIterator[Runtime]:
    """The runtime opened around a flow, where it is of this event loop; else one of its own, closed afterwards."""
    runtime = current_runtime.get()
    if runtime is not None and runtime.loop is asyncio.get_running_loop():
        yield runtime
        return
    async with Runtime.open(Settings.load()) as opened:
        yield opened


@asynccontextmanager
async def noted_end(runtime: Runtime, run_id: int) -> AsyncIterator[None]:
    """Heartbeats for the block's duration; an exception out of it is noted as the run's end: failed, or interrupted."""
    try:
        with _heartbeats(runtime, run_id):
            yield
    except Exception as error:
        await _end(runtime, run_id, "failed", str(error) or type(error).__name__)
        raise
    except BaseException:  # a cancellation, Ctrl-C, or what Prefect's engine makes of SIGTERM in a worker
        await _end(runtime, run_id, "interrupted", "stopped from outside")
        raise


async def _end(runtime: Runtime, run_id: int, state: EndState, message: str) -> None:
    """Note how the run ended, whoever cancels meanwhile. What ended it is told by the caller, not what fails here."""
    ending = asyncio.ensure_future(runtime.runs.finish(run_id, state, message))
    while not ending.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([ending])
    error = ending.exception()
    if error is not None and not isinstance(error, RunTaken):  # it had ended just before, or works on elsewhere
        logger.warning("run %d could not be noted as %s: %s", run_id, state, error)


@contextmanager
def _heartbeats(runtime: Runtime, run_id: int) -> Iterator[None]:
    """Say again and again, for the time of the block, that this process works on the run."""
    beating = asyncio.create_task(_beat(runtime, run_id))
    try:
        yield
    finally:
        beating.cancel()


async def _beat(runtime: Runtime, run_id: int) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        with suppress(RegistryError):  # a beat that is missed is no reason to stop; the next one is soon
            await runtime.runs.heartbeat(run_id)
