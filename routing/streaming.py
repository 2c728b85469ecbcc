"""A stream through the router: another service steps in silently before the first output, and none after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from blocks import ReasoningDelta, ServiceFailure, TextDelta, ToolDelta
from routing.attempting import CALL_FAULTS, failure_of
from routing.dispatcher import TEXT_LIKE
from routing.errors import StreamBroken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from blocks import Event
    from registry.words import Decision, Offering, TaskRequest, TaskResult
    from routing.attempting import Begun, Outcome
    from routing.dispatcher import Dispatcher
    from routing.walking import Walk

Delta = TextDelta | ReasoningDelta | ToolDelta


def can_stream(request: TaskRequest) -> bool:
    """Whether output may be passed on as it comes: an answer that a schema judges as a whole may not."""
    return request.capability in TEXT_LIKE and request.schema is None


class RoutedStream:
    """An answer as it comes: iterate over its deltas, once; then ``result`` is there.

    ``decision`` says why ``offering`` answers. Made by :meth:`routing.Runtime.stream`.
    """

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        walk: Walk,
        begun: Begun,
        recorded: Callable[[Outcome], None],
        clock: Callable[[], float],
    ) -> None:
        self.decision: Decision = walk.decision
        self.offering: Offering = begun.under_way.offering
        self._dispatcher = dispatcher
        self._walk = walk
        self._begun = begun
        self._recorded = recorded
        self._clock = clock
        self._result: TaskResult | None = None
        self._is_over = False

    @property
    def result(self) -> TaskResult:
        """What came of it.

        Raises:
            RuntimeError: the stream has not been read to its end.
        """
        if self._result is None:
            raise RuntimeError("the stream has not been read to its end")
        return self._result

    async def __aiter__(self) -> AsyncIterator[Delta]:
        """The deltas as they come.

        Raises:
            StreamBroken: the call failed in the middle, or its deadline passed.
        """
        while (event := await self._next()) is not None:
            if isinstance(event, TextDelta | ReasoningDelta | ToolDelta):
                yield event

    async def aclose(self) -> None:
        """Break the call off where it is not over, and account for it."""
        if self._is_over:
            return
        self._is_over = True
        await self._begun.close()
        self._end(self._begun.under_way.cancelled(self._begun.folding.so_far()))

    async def _next(self) -> Event | None:
        if self._is_over:
            return None
        try:
            async with asyncio.timeout(max(0.0, self._walk.deadline - self._clock())):
                event = await self._begun.next()
            if event is not None:
                return event
            outcome = self._dispatcher.judged(self._begun)
        except CALL_FAULTS as error:
            self._is_over = True
            await self._begun.close()
            failure = failure_of(error, self._walk.seconds)
            if not isinstance(error, ServiceFailure):
                failure = ServiceFailure(failure.failure, self._walk.too_late())
            self._end(self._begun.under_way.failed(failure, self._begun.folding.so_far()))
            walk = self._walk
            raise StreamBroken(walk.request, walk.decision, tuple(walk.attempts)) from error
        self._is_over = True
        self._end(outcome)
        self._result = self._dispatcher.result(self._walk, outcome)
        return None

    def _end(self, outcome: Outcome) -> None:
        self._recorded(outcome)
        self._dispatcher.ended(self._walk, self._begun, outcome)


class WholeAnswer:
    """The stream of an answer that had to be judged as a whole first: it comes in one piece."""

    def __init__(self, result: TaskResult, offering: Offering) -> None:
        self.decision: Decision = result.decision
        self.offering = offering
        self.result = result

    async def __aiter__(self) -> AsyncIterator[Delta]:
        """The text, and the tools."""
        if self.result.text:
            yield TextDelta(self.result.text)
        for index, tool in enumerate(self.result.tools):
            yield ToolDelta(index, tool.call_id, tool.name, tool.arguments)

    async def aclose(self) -> None:
        """It is over already."""
