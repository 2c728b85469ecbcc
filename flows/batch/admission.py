"""A place among the batches that may run at once, as Prefect's server counts them."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError, concurrency

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

logger = logging.getLogger(__name__)

LIMIT = "turnout-batches"
"""The global concurrency limit, which ``turnout up`` makes."""

LEASE_SECONDS = 60.0
"""How long a place stays taken by a batch that was killed. Prefect grants no shorter lease."""
WAIT_TOLD_AFTER_SECONDS = 3.0
RELEASE_SECONDS = 3.0


@asynccontextmanager
async def place_among_batches() -> AsyncIterator[None]:
    """Hold a place of the limit for the block's duration; wait for one where all are taken.

    Without such a limit, or with a server that cannot be reached, the batch just runs: a limit is there to spare
    services, and results are worth more.
    """
    loop = asyncio.get_running_loop()
    told = loop.call_later(
        WAIT_TOLD_AFTER_SECONDS, logger.warning, "no place is free under Prefect's limit %s: this batch waits", LIMIT
    )
    place = concurrency(LIMIT, lease_duration=LEASE_SECONDS, strict=False)
    is_held = True
    try:
        await place.__aenter__()
    except ConcurrencySlotAcquisitionError as error:
        is_held = False
        logger.warning("Prefect's limit %s is left out: %s", LIMIT, error)
    finally:
        told.cancel()
    try:
        yield
    finally:
        if is_held:
            try:
                async with asyncio.timeout(RELEASE_SECONDS):
                    await place.__aexit__(None, None, None)
            except Exception as error:  # noqa: BLE001 - the server has gone: the lease ends by itself
                logger.info("the place under %s was not given back: %s", LIMIT, error)
