"""Shadows: calls beside the chosen one whose results are only recorded, to see how a service would do."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from registry.words import Hedge
from routing.errors import RoutingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from registry.words import Offering, Policy, TaskRequest

    Run = Callable[[TaskRequest, Policy], Awaitable[object]]

logger = logging.getLogger(__name__)

MOST_SHADOWS = 32  # at once in this process; more are left out
STAGE = "shadow"


class Shadows:
    """Runs shadows behind the caller's back. ``run`` does a request by a policy and records what comes of it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._under_way: set[asyncio.Task[None]] = set()

    def begin(self, request: TaskRequest, policy: Policy, offerings: Iterable[Offering]) -> None:
        """Ask these offerings too. Each is a task of its own, in the stage ``shadow``, with low priority."""
        quiet = replace(policy, rules=(), prefer=(), hedge=Hedge(calls_share=0, cost_share=0), target=None)
        for offering in offerings:
            if len(self._under_way) >= MOST_SHADOWS:
                return
            only = replace(request.requirements, pinned=offering.name)
            stage = f"{STAGE}/{request.stage}" if request.stage else STAGE
            asked = replace(request, requirements=only, stage=stage, priority="low", objective=None, target=None)
            task = asyncio.create_task(self._follow(asked, quiet), name="turnout-shadow")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Break off what is under way; what it has cost so far is recorded."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, request: TaskRequest, policy: Policy) -> None:
        try:
            await self._run(request, policy)
        except RoutingError as error:  # that is a result too, and the ledger has it
            logger.debug("a shadow came to nothing: %s", error)
