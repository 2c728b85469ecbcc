"""What the ledger and the scores keep of a task: one narrow row an attempt, written behind the caller's back."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from registry import CallRow, Passed, RegistryError, TaskScores, pack_decision
from registry.words import Score

if TYPE_CHECKING:
    from collections.abc import Callable

    from quality import Checks
    from registry import Ledger, Scores
    from registry.words import Decision, TaskRequest, TaskResult, Verdict
    from routing.tries import Outcome

logger = logging.getLogger(__name__)


_tuple = tuple.__new__  # a named tuple's own way goes through a function in Python
MOST_WAITING = 100_000  # tasks whose verdicts wait for the database; what comes on top is not learnt from
_TASKS_PER_WRITE = 500
_PASSED_PER_WRITE = 5_000  # a transaction of a busy process waits for its turns far longer than it takes to write


class Recorder:
    """Turns outcomes into ledger rows at once, and verdicts into scores a little later, many at a time.

    ``now_us`` gives microseconds since 1970. Verdicts on at most ``most_waiting`` tasks wait; the next ones are let go
    of, since scores teach, and account for nothing.
    """

    def __init__(
        self,
        ledger: Ledger,
        scores: Scores,
        checks: Checks,
        now_us: Callable[[], int],
        flush_seconds: float,
        *,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._ledger = ledger
        self._scores = scores
        self._checks = checks
        self._now_us = now_us
        self._flush_seconds = flush_seconds
        self._most_waiting = most_waiting
        self._let_go = 0
        self._judged: list[tuple[TaskRequest, int, int, tuple[Verdict, ...]]] = []
        self._passed: list[Passed] = []
        self._whose = ("", "")
        self._owned_by = "/"
        self._turn = asyncio.Lock()
        self._flusher: asyncio.Task[None] | None = None
        self._drains: set[asyncio.Task[bool]] = set()

    def start(self) -> None:
        """Begin to write scores."""
        self._flusher = asyncio.create_task(self._keep_flushing(), name="turnout-scores")

    def attempted(
        self, request: TaskRequest, decision: Decision, outcome: Outcome, trace_id: bytes | None = None
    ) -> None:
        """Keep one attempt; ``trace_id`` has 16 bytes."""
        attempt, usage = outcome.attempt, outcome.attempt.usage
        offering, first_output_ms = outcome.offering, attempt.first_output_ms
        latency_us = int(attempt.latency_ms * 1_000)
        verdicts = outcome.verdicts
        self._ledger.record(
            _tuple(
                CallRow,
                (  # by place: this runs once a call
                    decision.task_id,
                    attempt.number,
                    request.run_id,
                    request.stage,
                    request.item,
                    self._owner(request),
                    request.prompt_version,
                    decision.snapshot_id,
                    decision.policy_id,
                    offering.offering_id,
                    0 if attempt.failure is None else attempt.failure.code,
                    self._now_us() - latency_us,
                    latency_us,
                    None if first_output_ms is None else int(first_output_ms * 1_000),
                    usage.input_tokens,
                    usage.output_tokens,
                    attempt.cost_nanousd,
                    offering.price is not None and usage.reported,
                    self._checks.pack_bits(verdicts) if verdicts else None,
                    pack_decision(decision) if attempt.number == 1 else None,
                    trace_id,
                    attempt.message,
                ),
            )
        )
        if not verdicts or not self._has_room():
            return
        if attempt.failure is None and False not in [verdict.passed for verdict in verdicts]:
            self._passed.append(
                _tuple(Passed, (decision.task_id, offering.model.model_id, request.capability, len(verdicts)))
            )
        else:
            self._judged.append((request, decision.task_id, offering.model.model_id, verdicts))

    def _has_room(self) -> bool:
        """Whether the verdicts on one more task may wait."""
        if len(self._passed) + len(self._judged) < self._most_waiting:
            return True
        if not self._let_go:
            logger.warning("the verdicts on %d tasks wait already, further ones are let go of", self._most_waiting)
        self._let_go += 1
        return False

    def _owner(self, request: TaskRequest) -> str:
        """Whose work it is; most of it is of the same as before."""
        whose = request.workspace, request.principal
        if whose != self._whose:
            self._whose, self._owned_by = whose, f"{whose[0]}/{whose[1]}"
        return self._owned_by

    def given_again(
        self, request: TaskRequest, decision: Decision, result: TaskResult, trace_id: bytes | None = None
    ) -> None:
        """Keep that a kept result was given again: a row of attempt 0 that names who had answered, at no cost."""
        attempt = result.attempts[-1]
        latency_us = int(attempt.latency_ms * 1_000)
        self._ledger.record(
            self._row(request, decision)._replace(
                offering_id=attempt.offering_id,
                started_us=self._now_us() - latency_us,
                latency_us=latency_us,
                candidates=pack_decision(decision),
                trace_id=trace_id,
            )
        )

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
        flush = asyncio.create_task(self._flush())
        self._drains.add(flush)
        flush.add_done_callback(self._drains.discard)
        # Not cancelled when time is up: what commits nevertheless must not be written, and counted, once more.
        await asyncio.wait({flush}, timeout=timeout_seconds)
        if flush.done():
            flush.result()  # what is no fault of the database's comes out
        return len(self._judged) + len(self._passed)

    async def close(self, timeout_seconds: float) -> None:
        """Drain and stop. What is left then is lost, and said so: scores teach, they account for nothing."""
        left = await self.drain(timeout_seconds)
        tasks = [*self._drains, *([self._flusher] if self._flusher else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._flusher = None
        if left:
            logger.error("the verdicts on %d tasks could not be written before the end", left)

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(self._flush_seconds)
            if not await self._flush():
                await asyncio.sleep(1)

    async def _flush(self) -> bool:
        """Move the scores by what was judged since; whether that went well. The verdicts are kept where it did not."""
        async with self._turn:
            try:
                await self._write()
            except RegistryError as error:
                left = len(self._judged) + len(self._passed)
                logger.warning("scores cannot be written, %d tasks wait: %s", left, error)
                return False
        return True

    async def _write(self) -> None:
        """Write what waits at this moment: with what comes meanwhile, a busy process would never be done."""
        passed, judged = len(self._passed), len(self._judged)
        while passed > 0:
            some = self._passed[: min(passed, _PASSED_PER_WRITE)]
            await self._scores.record_passed(some)
            del self._passed[: len(some)]
            passed -= len(some)
        while judged > 0:
            batch = self._judged[: min(judged, _TASKS_PER_WRITE)]
            await self._scores.record([_scored(*one) for one in batch])
            del self._judged[: len(batch)]
            judged -= len(batch)
        if self._let_go:
            logger.warning("scores are written again; the verdicts on %d tasks were let go of", self._let_go)
            self._let_go = 0


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
