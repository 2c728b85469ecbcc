"""The flow that removes what is older than the settings keep."""

from __future__ import annotations

import time

from prefect import flow

from flows.running import flow_runtime
from registry import Retention


@flow(name="retention", persist_result=False, retries=0)
async def retention() -> dict[str, int]:
    """Remove calls, runs and rollups that are older than ``retain_calls_days`` and its like say.

    Returns:
        How many rows went, by kind.

    Raises:
        RegistryError: the database cannot be used.
    """
    async with flow_runtime() as runtime:
        return (await Retention.of(runtime.settings, runtime.store, time.time).remove()).by_kind()
