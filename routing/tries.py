"""Calls under way: what has come of them so far, and the outcome that each has in the end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks import End, Folding, ReasoningDelta, ServiceFailure, TextDelta, ToolDelta, UsageReport
from registry.words import Attempt, FailureClass, Usage
from registry.words.quick import maker
from routing.estimating import estimate_needs, estimate_tokens
from routing.reserving import most_output_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from blocks import Event, Reply
    from registry.words import Offering, TaskRequest, Verdict
    from routing.walking import Placed


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of one attempt: a reply and its verdicts, or a failure. ``attempt`` is what the ledger keeps.

    ``is_crowding`` is found out by whoever takes it in: it was turned away for want of places, and not for its pace.
    """

    attempt: Attempt
    offering: Offering
    reply: Reply | None = None
    data: Any = None
    verdicts: tuple[Verdict, ...] = ()
    retry_after_seconds: float | None = None
    is_crowding: bool = False


_attempt, _outcome = maker(Attempt), maker(Outcome)


class Begun:
    """A call whose first output has come: what came so far, and the rest as it comes."""

    def __init__(self, under_way: Try, events: AsyncGenerator[Event, None]) -> None:
        self.under_way = under_way
        self.placed: Placed | None = None
        self.folding = Folding()
        self.characters = 0  # of text, so far
        self._events = events
        self._waiting: deque[Event] = deque()

    async def read_first(self) -> None:
        """Read on until there is some output.

        Raises:
            ServiceFailure: ``invalid_output`` where the answer ends without any.
        """
        while await self.read_on():
            event = self._waiting[-1]
            if isinstance(event, TextDelta | ReasoningDelta | ToolDelta) and event != TextDelta(""):
                return
        self.folding.reply()  # raises where it was cut
        raise ServiceFailure(FailureClass.INVALID_OUTPUT, "the answer is empty", usage=self.folding.usage)

    async def read_on(self) -> bool:
        """Read one more event, to be given later; False at the end.

        Raises:
            ServiceFailure: the stream broke.
        """
        event = await anext(self._events, None)
        if event is None:
            return False
        self._take_in(event)
        self._waiting.append(event)
        return True

    async def next(self) -> Event | None:
        """One more event; None at the end.

        Raises:
            ServiceFailure: the stream broke.
        """
        if self._waiting:
            return self._waiting.popleft()
        event = await anext(self._events, None)
        if event is not None:
            self._take_in(event)
        return event

    def _take_in(self, event: Event) -> None:
        self.folding.add(event)
        if isinstance(event, TextDelta):
            self.characters += len(event.text)

    async def close(self) -> None:
        """Break the call off, where it is not over."""
        await self._events.aclose()


class Try:
    """One attempt under way: times its stream, and keeps its last usage report also when the stream breaks."""

    def __init__(self, number: int, request: TaskRequest, offering: Offering, clock: Callable[[], float]) -> None:
        self.request = request
        self.offering = offering
        self._number = number
        self._clock = clock
        self._started = clock()
        self._first_output_ms: float | None = None
        self._usage: Usage | None = None

    def _elapsed_ms(self) -> float:
        return (self._clock() - self._started) * 1_000

    async def watched(self, events: AsyncIterator[Event]) -> AsyncGenerator[Event, None]:
        """The same events, looked at in passing. Closing this closes them."""
        try:
            async for event in events:
                if isinstance(event, UsageReport):
                    self._usage = event.usage
                elif self._first_output_ms is None and not isinstance(event, End):
                    self._first_output_ms = self._elapsed_ms()
                yield event
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    def cancelled(self, reply: Reply | None = None) -> Outcome:
        """Whoever asked has gone away; ``reply`` is what had come by then."""
        return self.failed(ServiceFailure(FailureClass.CANCELLED, "the caller went away"), reply)

    def succeeded(self, reply: Reply, data: Any, verdicts: tuple[Verdict, ...]) -> Outcome:
        """The reply is good."""
        attempt = self._attempt(reply.usage or _estimated_usage(self.request, reply), None, "")
        return _outcome(attempt=attempt, offering=self.offering, reply=reply, data=data, verdicts=verdicts)

    def failed(
        self, failure: ServiceFailure, reply: Reply | None = None, verdicts: tuple[Verdict, ...] = ()
    ) -> Outcome:
        """The call failed, or its reply is not good enough."""
        usage = failure.usage or self._usage
        if usage is None:
            # What was streamed before the failure is billed by most providers, though no report arrived.
            answered = reply is not None or self._first_output_ms is not None
            if answered:
                usage = _estimated_usage(self.request, reply)
            else:
                usage = self._most_usage() if _may_be_billed(failure) else Usage()
        attempt = self._attempt(usage, failure.failure, failure.message)
        return Outcome(
            attempt=attempt,
            offering=self.offering,
            reply=reply,
            verdicts=verdicts,
            retry_after_seconds=failure.retry_after_seconds,
        )

    def _most_usage(self) -> Usage:
        """What may have been consumed where nothing came back: all that could be."""
        needs = estimate_needs(self.request)
        return Usage(
            input_tokens=needs.input_tokens,
            output_tokens=most_output_tokens(self.request, self.offering, needs) if needs.output_tokens else 0,
            pictures=needs.expected.pictures,
            reported=False,
        )

    def _attempt(self, usage: Usage, failure: FailureClass | None, message: str) -> Attempt:
        price = self.offering.price
        # A call that produced nothing is not billed; the price of a call itself falls due with its first output.
        answered = failure is None or self._first_output_ms is not None or usage != Usage()
        return _attempt(
            number=self._number,
            offering_id=self.offering.offering_id,
            offering=self.offering.name,
            failure=failure,
            message=message,
            latency_ms=self._elapsed_ms(),
            first_output_ms=self._first_output_ms,
            usage=usage,
            cost_nanousd=price.cost_nanousd(usage) if price is not None and answered else 0,
        )


def _may_be_billed(failure: ServiceFailure) -> bool:
    """Whether a call that failed without a word of usage may have been billed: it was sent, and not turned away."""
    return failure.was_sent and failure.status is None


def _estimated_usage(request: TaskRequest, reply: Reply | None) -> Usage:
    """What a call that reported nothing has probably consumed."""
    texts = [request.prompt, *request.inputs, *(message.content for message in request.messages)]
    output = "" if reply is None else reply.text + reply.reasoning
    return Usage(
        input_tokens=sum(map(estimate_tokens, texts)),
        output_tokens=estimate_tokens(output),
        pictures=0 if reply is None else len(reply.media),
        reported=False,
    )
