"""Results gathered into micro-batches for the suites: so many at a time, or as many as come within a moment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from quality.judging import check_specs
from quality.suite import Row, Suite

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quality.checks import Checks
    from quality.process import SuiteProcess
    from quality.subject import Subject
    from registry.words import Verdict

    Verdicts = tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: Row
    verdicts: asyncio.Future[Verdicts]


class MicroBatcher:
    """Gathers results and has each batch validated as soon as it is full, or ``max_wait_seconds`` after its first.

    Results whose requests name the same checks share a batch. One batcher serves one event loop.
    """

    def __init__(
        self,
        process: SuiteProcess,
        checks: Checks,
        *,
        max_rows: int = 200,
        max_wait_seconds: float = 2.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._process = process
        self._checks = checks
        self._max_rows = max_rows
        self._max_wait_seconds = max_wait_seconds
        self._sleep = sleep
        self._waiting: dict[tuple[str, ...], list[_Waiting]] = {}
        self._timers: dict[tuple[str, ...], asyncio.Task[None]] = {}
        self._batches: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def verdicts(self, result_id: str, subject: Subject) -> Verdicts:
        """The suite's verdicts on a result, once its batch has been validated.

        Raises:
            UnknownCheck: its request names a check that there is not.
            MalformedCheck: it names one with parameters that make no sense.
            SuiteProcessFailed: the batch could not be validated.
        """
        specs = check_specs(subject.request)
        for spec in specs:
            self._checks.named(spec)
        entry = _Waiting(Row(result_id=result_id, subject=subject), asyncio.get_running_loop().create_future())
        group = self._waiting.setdefault(specs, [])
        # An id may stand in a batch once: a second opinion on the same result goes into the next.
        if any(other.row.result_id == result_id for other in group):
            self._flush(specs)
            group = self._waiting.setdefault(specs, [])
        group.append(entry)
        if len(group) >= self._max_rows:
            self._flush(specs)
        elif specs not in self._timers:
            self._timers[specs] = asyncio.create_task(self._flush_later(specs))
        return await entry.verdicts

    async def aclose(self) -> None:
        """Validate what is waiting, then return. The process is the caller's to close."""
        for specs in list(self._waiting):
            self._flush(specs)
        while self._batches:
            await asyncio.gather(*self._batches)

    async def _flush_later(self, specs: tuple[str, ...]) -> None:
        await self._sleep(self._max_wait_seconds)
        self._timers.pop(specs, None)
        self._flush(specs)

    def _flush(self, specs: tuple[str, ...]) -> None:
        timer = self._timers.pop(specs, None)
        if timer is not None:
            timer.cancel()
        batch = self._waiting.pop(specs, [])
        if batch:
            task = asyncio.create_task(self._validate(specs, batch))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)

    async def _validate(self, specs: tuple[str, ...], batch: list[_Waiting]) -> None:
        try:
            suite = Suite.of("+".join(specs), specs, self._checks)
            found = await self._process.validate(suite, [entry.row for entry in batch])
        except BaseException as error:
            for entry in batch:
                if not entry.verdicts.done():
                    if isinstance(error, Exception):
                        entry.verdicts.set_exception(error)
                    else:
                        entry.verdicts.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for entry in batch:
            if not entry.verdicts.done():  # whoever waited may have gone away
                entry.verdicts.set_result(found[entry.row.result_id])
