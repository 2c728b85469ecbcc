"""A stream through the router: another service steps in silently before anything was passed on, and none after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from blocks import ReasoningDelta, ServiceFailure, TextDelta, ToolDelta
from routing.attempting import CALL_FAULTS, failure_of
from routing.dispatcher import TEXT_LIKE
from routing.errors import StreamBroken
from routing.guarding import Tail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from blocks import Event
    from registry.words import Decision, Offering, Policy, Streaming, TaskRequest, TaskResult
    from routing.dispatcher import Dispatcher
    from routing.tries import Begun, Outcome
    from routing.walking import Walk

Delta = TextDelta | ReasoningDelta | ToolDelta


def passed_on(request: TaskRequest, policy: Policy) -> Streaming:
    """How output is passed on: as the request says, or else its policy.

    What a schema judges, or is no text, is passed on when it is whole, whatever they say.
    """
    if request.capability not in TEXT_LIKE or request.schema is not None:
        return "buffered"
    return request.streaming or policy.streaming


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
        streaming: Streaming = "first_token",
    ) -> None:
        self.decision: Decision = walk.decision
        self.offering: Offering = begun.under_way.offering
        self._dispatcher = dispatcher
        self._walk = walk
        self._begun = begun
        self._recorded = recorded
        self._clock = clock
        self._tail = Tail() if streaming == "guarded" else None
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
        """The deltas as they come; of a guarded answer, the last of them when all of it has passed its checks.

        Raises:
            StreamBroken: the call failed in the middle, or its deadline passed; or it is guarded and failed a check.
        """
        tail = self._tail
        while (event := await self._next()) is not None:
            if not isinstance(event, TextDelta | ReasoningDelta | ToolDelta):
                continue
            if tail is None:
                yield event
                continue
            ready = list(tail.pushed(event))
            if tail.is_due:  # before anything is passed on that nobody has looked at
                await self._look(tail)
            for delta in ready:
                yield delta
        if tail is not None:
            for delta in tail.rest():
                yield delta

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
            failure = failure_of(error, self._walk.seconds)
            if not isinstance(error, ServiceFailure):
                failure = ServiceFailure(failure.failure, self._walk.too_late())
            raise await self._broken(self._begun.under_way.failed(failure, self._begun.folding.so_far())) from error
        if self._tail is not None and outcome.attempt.failure is not None:
            raise await self._broken(outcome)
        self._is_over = True
        self._end(outcome)
        self._result = self._dispatcher.result(self._walk, outcome)
        return None

    async def _look(self, tail: Tail) -> None:
        """Have checks look at what has come so far.

        Raises:
            StreamBroken: one of them has found enough.
        """
        tail.looked()
        outcome = self._dispatcher.looked(self._begun)
        if outcome is not None:
            raise await self._broken(outcome)

    async def _broken(self, outcome: Outcome) -> StreamBroken:
        """The end of a stream that failed, accounted for."""
        self._is_over = True
        await self._begun.close()
        self._end(outcome)
        walk = self._walk
        return StreamBroken(walk.request, walk.decision, tuple(walk.attempts))

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
