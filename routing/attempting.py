"""One attempt: call one offering, fold its stream, judge the answer. What comes of it is a value, not an exception."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from blocks import (
    Call,
    CredentialMissing,
    End,
    Folding,
    ReasoningDelta,
    Reply,
    ServiceFailure,
    TextDelta,
    ToolDelta,
    UnknownServiceKind,
    UsageReport,
    collect,
)
from quality import parse_json
from registry.words import Attempt, FailureClass, Usage, Verdict
from routing.deadlines import Within
from routing.estimating import estimate_needs, estimate_tokens
from routing.reserving import most_output_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from blocks import AIService, Event
    from registry.words import Offering, Service, TaskRequest
    from routing.walking import Placed


class Credentials(Protocol):
    """Where secrets come from; :class:`blocks.CredentialSource` is one."""

    async def resolve(self, reference: str | None) -> str | None:
        """The secret that ``reference`` leads to, None for no reference; CredentialMissing where it leads to none."""
        ...

    def forget(self, reference: str) -> None:
        """Read it anew next time."""
        ...


class Judge(Protocol):
    """Applies the request's checks to a reply; see :func:`quality.judge`."""

    def __call__(self, request: TaskRequest, reply: Reply, data: Any) -> tuple[Verdict, ...]:
        """One verdict a check; ``data`` is the reply's text parsed as JSON, where a schema was asked for."""
        ...


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


Accept = Callable[["Reply"], bool]
"""A caller's own check of a reply: whether it is good. One that raises ends the task with its exception."""

ACCEPTED = "accepted"

CALL_FAULTS = (TimeoutError, ServiceFailure, CredentialMissing, UnknownServiceKind)
"""What comes out of a call that fails; :func:`failure_of` says what each means."""


def failure_of(error: Exception, seconds: float) -> ServiceFailure:
    """What one of :data:`CALL_FAULTS` means, after at most so many seconds of waiting."""
    if isinstance(error, ServiceFailure):
        return error
    if isinstance(error, TimeoutError):
        return ServiceFailure(FailureClass.TRANSIENT, f"no answer within {seconds:.1f} s")
    return ServiceFailure(FailureClass.CREDENTIALS, str(error), was_sent=False)


class Attempting:
    """Makes attempts. ``connect`` gives the block that speaks to a service; ``clock`` gives monotonic seconds."""

    def __init__(
        self,
        *,
        connect: Callable[[Service], AIService],
        credentials: Credentials,
        judge: Judge,
        clock: Callable[[], float],
    ) -> None:
        self._connect = connect
        self._credentials = credentials
        self._judge = judge
        self._clock = clock

    async def attempt(
        self,
        number: int,
        request: TaskRequest,
        offering: Offering,
        seconds_left: float,
        cancelled: Callable[[Outcome], None],
        accept: Accept | None = None,
    ) -> Outcome:
        """Call ``offering`` for ``request`` within ``seconds_left``; ``accept`` judges beside the request's checks.

        ``cancelled`` is told of the attempt when the caller goes away in its middle: it is accounted for all the same.
        """
        under_way = Try(number, request, offering, self._clock)
        try:
            with Within(seconds_left):
                reply = await self._reply(under_way, seconds_left)
        except CALL_FAULTS as error:
            return under_way.failed(failure_of(error, seconds_left))
        except asyncio.CancelledError:
            cancelled(under_way.cancelled())
            raise
        return self.judged(under_way, reply, accept)

    async def begin(
        self,
        number: int,
        request: TaskRequest,
        offering: Offering,
        seconds: tuple[float, float],
        cancelled: Callable[[Outcome], None],
    ) -> Begun | Outcome:
        """Call ``offering`` and wait for its first output; a failure before that is an outcome like any other.

        ``seconds`` are those until the first output, and those for the whole.
        """
        first_seconds, whole_seconds = seconds
        under_way = Try(number, request, offering, self._clock)
        begun: Begun | None = None
        try:
            async with asyncio.timeout(first_seconds):
                begun = Begun(under_way, await self._events(under_way, whole_seconds))
                await begun.read_first()
        except CALL_FAULTS as error:
            if begun is not None:
                await begun.close()
            return under_way.failed(failure_of(error, first_seconds))
        except asyncio.CancelledError:
            if begun is not None:
                await begun.close()
            cancelled(under_way.cancelled())
            raise
        return begun

    async def _reply(self, under_way: Try, seconds_left: float) -> Reply:
        """The whole answer, in one piece where the service can."""
        request, offering = under_way.request, under_way.offering
        reference = offering.service.credential_ref
        service = self._connect(offering.service)
        if not hasattr(service, "call"):
            return await collect(await self._events(under_way, seconds_left))
        secret = None if reference is None else await self._credentials.resolve(reference)
        reply: Reply = await service.call(
            Call(request=request, offering=offering, secret=secret, timeout_seconds=seconds_left)
        )
        return reply

    async def _events(self, under_way: Try, seconds_left: float) -> AsyncGenerator[Event, None]:
        service = under_way.offering.service
        secret = await self._credentials.resolve(service.credential_ref)
        call = Call(request=under_way.request, offering=under_way.offering, secret=secret, timeout_seconds=seconds_left)
        return under_way.watched(self._connect(service).stream(call))

    def judged(self, under_way: Try, reply: Reply, accept: Accept | None = None) -> Outcome:
        """The outcome of a call that was answered: good, or not good enough."""
        data = None
        if under_way.request.schema is not None:
            try:
                data = parse_json(reply.text)
            except ValueError:
                failure = ServiceFailure(FailureClass.INVALID_OUTPUT, "the answer is not JSON", usage=reply.usage)
                return under_way.failed(failure, reply)
        verdicts = self._judge(under_way.request, reply, data)
        if accept is not None:
            verdicts += (_asked(accept, reply),)
        broken = next((verdict for verdict in verdicts if verdict.critical and not verdict.passed), None)
        if broken is None:
            return under_way.succeeded(reply, data, verdicts)
        refused = broken.check == "not_refusal"
        reason = broken.reason or f"failed the check {broken.check}"
        failure = ServiceFailure(
            FailureClass.REFUSED if refused else FailureClass.INVALID_OUTPUT, reason, usage=reply.usage
        )
        return under_way.failed(failure, reply, verdicts)


def _asked(accept: Accept, reply: Reply) -> Verdict:
    """What the caller's own function says of a reply. Where it fails itself, that is no verdict on the reply."""
    passed = bool(accept(reply))
    return Verdict(
        check=ACCEPTED, passed=passed, critical=True, reason="" if passed else "the caller does not accept it"
    )


class Begun:
    """A call whose first output has come: what came so far, and the rest as it comes."""

    def __init__(self, under_way: Try, events: AsyncGenerator[Event, None]) -> None:
        self.under_way = under_way
        self.placed: Placed | None = None
        self.folding = Folding()
        self._events = events
        self._waiting: list[Event] = []

    async def read_first(self) -> None:
        """Read on until there is some output.

        Raises:
            ServiceFailure: ``invalid_output`` where the answer ends without any.
        """
        async for event in self._events:
            self.folding.add(event)
            self._waiting.append(event)
            if isinstance(event, TextDelta | ReasoningDelta | ToolDelta) and event != TextDelta(""):
                return
        self.folding.reply()  # raises where it was cut
        raise ServiceFailure(FailureClass.INVALID_OUTPUT, "the answer is empty", usage=self.folding.usage)

    async def next(self) -> Event | None:
        """One more event; None at the end.

        Raises:
            ServiceFailure: the stream broke.
        """
        if self._waiting:
            return self._waiting.pop(0)
        event = await anext(self._events, None)
        if event is not None:
            self.folding.add(event)
        return event

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
        return Outcome(attempt=attempt, offering=self.offering, reply=reply, data=data, verdicts=verdicts)

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
        return Attempt(
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
