"""The flow that asks every enabled service whether it is up."""

from __future__ import annotations

from prefect import flow

from flows.running import flow_runtime
from routing.probing import probe as ask


@flow(name="probe", persist_result=False, retries=0)
async def probe() -> dict[str, bool]:
    """Ask every enabled service whether it is up, and keep what it says. Nothing is asked that costs money.

    Returns:
        Whether each is up, by name.

    Raises:
        RegistryError: the database cannot be used.
    """
    async with flow_runtime() as runtime:
        return {one.service: one.probe.ok for one in await ask(runtime) if one.probe is not None}
