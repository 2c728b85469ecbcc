"""Finding runs whose process died, and having each of them gone on with, or marked as what it is."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from flows.errors import FlowError, RunNotResumable
from flows.upkeep.stored import parameters_of
from registry import Outbox, RunTaken, StoreError, now_us
from registry.clock import MICROSECONDS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from registry import Clock, Run, Runs, Store

logger = logging.getLogger(__name__)

MOST_RESUMPTIONS = 3
WITHIN_SECONDS = 24 * 3600
"""A run that was resumed three times in a day and lost its process again is at fault itself: it costs each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of a run whose process died.

    ``outcome``: ``resumed``, ``interrupted`` or ``failed`` (marked so), ``taken`` (another process was quicker),
    ``left`` (it could be neither; it is tried again the next time). ``message`` is why.
    """

    run_id: int
    outcome: Literal["resumed", "interrupted", "failed", "taken", "left"]
    message: str = ""


async def recover_runs(
    store: Store, runs: Runs, clock: Clock, hand_on: Callable[[Run], Awaitable[None]]
) -> tuple[Recovered, ...]:
    """Look after every run whose process died, the oldest first; none keeps the others from it.

    ``hand_on`` has a run gone on with, and raises ``RunNotResumable`` where it cannot be.

    Raises:
        StoreError: the database cannot be read.
    """
    outbox = Outbox(store, clock)
    return tuple([await _recover(run, outbox, runs, clock, hand_on) for run in await runs.abandoned()])


async def _recover(
    run: Run, outbox: Outbox, runs: Runs, clock: Clock, hand_on: Callable[[Run], Awaitable[None]]
) -> Recovered:
    try:
        since_us = now_us(clock) - WITHIN_SECONDS * MICROSECONDS_PER_SECOND
        if await outbox.count("turnout.run.resumed", str(run.run_id), since_us) >= MOST_RESUMPTIONS:
            message = f"its process died again after {MOST_RESUMPTIONS} resumptions in a day"
            await runs.give_up(run.run_id, "failed", message)
            return Recovered(run_id=run.run_id, outcome="failed", message=message)
        return await _resume(run, runs, hand_on)
    except RunTaken as taken:
        return await _as_it_is(run, runs, "taken", str(taken))
    except Exception as error:  # whatever is wrong with this run, the others are looked after
        logger.warning(
            "run %d could not be recovered: %s", run.run_id, error, exc_info=not isinstance(error, FlowError)
        )
        return await _as_it_is(run, runs, "left", str(error) or type(error).__name__)


async def _as_it_is(run: Run, runs: Runs, otherwise: Literal["taken", "left"], message: str) -> Recovered:
    """A run that came to an end meanwhile, by that; ``otherwise`` it is under way, or abandoned still."""
    with suppress(StoreError):
        now = await runs.get(run.run_id)
        if now.state in {"interrupted", "failed"}:
            return Recovered(run_id=run.run_id, outcome=now.state, message=now.message)
    return Recovered(run_id=run.run_id, outcome=otherwise, message=message)


async def _resume(run: Run, runs: Runs, hand_on: Callable[[Run], Awaitable[None]]) -> Recovered:
    try:
        await _check_resumable(run, runs)
        await hand_on(run)
    except RunNotResumable as refused:
        message = f"its process died, and it cannot go on by itself: {refused.problem}"
        await runs.give_up(run.run_id, "interrupted", message)
        return Recovered(run_id=run.run_id, outcome="interrupted", message=message)
    return Recovered(run_id=run.run_id, outcome="resumed")


async def _check_resumable(run: Run, runs: Runs) -> None:
    later = await runs.latest(run.pipeline, run.fingerprint)
    if later is not None and later.run_id != run.run_id:
        raise RunNotResumable(run.run_id, f"run {later.run_id} of the same input has taken its place")
    parameters_of(run)
