"""What the ledger and the scores keep of a task: one narrow row an attempt, written behind the caller's back."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from registry import CallRow, RegistryError, TaskScores, pack_decision
from registry.words import Score

if TYPE_CHECKING:
    from collections.abc import Callable

    from quality import Checks
    from registry import Ledger, Scores
    from registry.words import Decision, Snapshot, TaskRequest, Verdict
    from routing.attempting import Outcome

logger = logging.getLogger(__name__)


_TASKS_PER_WRITE = 500


class Recorder:
    """Turns outcomes into ledger rows at once, and verdicts into scores a little later, many at a time.

    ``now_us`` gives microseconds since 1970.
    """

    def __init__(
        self, ledger: Ledger, scores: Scores, checks: Checks, now_us: Callable[[], int], flush_seconds: float
    ) -> None:
        self._ledger = ledger
        self._scores = scores
        self._checks = checks
        self._now_us = now_us
        self._flush_seconds = flush_seconds
        self._judged: list[TaskScores] = []
        self._flusher: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write scores."""
        self._flusher = asyncio.create_task(self._keep_flushing(), name="turnout-scores")

    def attempted(self, request: TaskRequest, decision: Decision, snapshot: Snapshot, outcome: Outcome) -> None:
        """Keep one attempt."""
        attempt = outcome.attempt
        offering = snapshot.offering(attempt.offering_id)
        latency_us = int(attempt.latency_ms * 1_000)
        first_output_us = None if attempt.first_output_ms is None else int(attempt.first_output_ms * 1_000)
        self._ledger.record(
            self._row(request, decision)._replace(
                attempt=attempt.number,
                offering_id=attempt.offering_id,
                outcome=0 if attempt.failure is None else attempt.failure.code,
                started_us=self._now_us() - latency_us,
                latency_us=latency_us,
                first_output_us=first_output_us,
                input_tokens=attempt.usage.input_tokens,
                output_tokens=attempt.usage.output_tokens,
                cost_nanousd=attempt.cost_nanousd,
                cost_known=offering.price is not None and attempt.usage.reported,
                checks=self._checks.pack_bits(outcome.verdicts) if outcome.verdicts else None,
                candidates=pack_decision(decision) if attempt.number == 1 else None,
                message=attempt.message,
            )
        )
        if outcome.verdicts:
            self._judged.append(_scored(request, decision.task_id, offering.model.model_id, outcome.verdicts))

    def undone(self, request: TaskRequest, decision: Decision, message: str) -> None:
        """Keep a decision that led to no call at all."""
        self._ledger.record(
            self._row(request, decision)._replace(
                started_us=self._now_us(), candidates=pack_decision(decision), message=message
            )
        )

    @staticmethod
    def _row(request: TaskRequest, decision: Decision) -> CallRow:
        return CallRow(
            task_id=decision.task_id,
            attempt=0,
            run_id=request.run_id,
            stage=request.stage,
            item=request.item,
            owner=f"{request.workspace}/{request.principal}",
            prompt_version=request.prompt_version,
            snapshot_id=decision.snapshot_id,
            policy_id=decision.policy_id,
            offering_id=0,
            outcome=0,
            started_us=0,
            latency_us=0,
            first_output_us=None,
            input_tokens=0,
            output_tokens=0,
            cost_nanousd=0,
            cost_known=True,
        )

    async def drain(self, timeout_seconds: float) -> int:
        """Write the verdicts that wait; how many tasks' are left after at most that long."""
        with suppress(TimeoutError, RegistryError):
            async with asyncio.timeout(timeout_seconds):
                await self._flush()
        return len(self._judged)

    async def close(self, timeout_seconds: float) -> None:
        """Drain and stop. What is left then is lost, and said so: scores teach, they account for nothing."""
        if self._flusher is not None:
            self._flusher.cancel()
            with suppress(asyncio.CancelledError):
                await self._flusher
        if left := await self.drain(timeout_seconds):
            logger.error("the verdicts on %d tasks could not be written before the end", left)

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(self._flush_seconds)
            try:
                await self._flush()
            except RegistryError as error:  # the verdicts are kept; the next round tries again
                logger.warning("scores cannot be written, %d tasks wait: %s", len(self._judged), error)
                await asyncio.sleep(1)

    async def _flush(self) -> None:
        """Move the scores by what was judged since."""
        while self._judged:
            batch = self._judged[:_TASKS_PER_WRITE]
            await self._scores.record(batch)
            del self._judged[: len(batch)]


def _scored(request: TaskRequest, task_id: int, model_id: int, verdicts: tuple[Verdict, ...]) -> TaskScores:
    """All verdicts as scores, those that passed too: they move the model's estimate."""
    return TaskScores(
        task_id=task_id,
        model_id=model_id,
        capability=request.capability,
        scores=tuple(
            Score(
                task_id=task_id,
                source="check",
                name=verdict.check,
                value=float(verdict.passed),
                critical=verdict.critical,
                rater="quality",
                reason=verdict.reason,
                sampled=True,
            )
            for verdict in verdicts
        ),
        workspace=request.workspace,
        principal=request.principal,
    )
