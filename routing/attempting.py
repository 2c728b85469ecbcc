"""One attempt: call one offering, fold its stream, judge the answer. What comes of it is a value, not an exception."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from blocks import Call, CredentialMissing, Reply, ServiceFailure, UnknownServiceKind, collect
from quality import parse_json
from registry.words import FailureClass, Verdict
from registry.words.quick import maker
from routing.alarms import Alarms
from routing.deadlines import Within
from routing.guarding import OPENING_CHARACTERS
from routing.tries import Begun, Outcome, Try

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from blocks import AIService, Event
    from registry.words import Offering, Service, Streaming, TaskRequest


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


Look = Callable[["TaskRequest", "Reply"], "Verdict | None"]
"""Looks at the beginning of an answer: what is already wrong with it; see :func:`quality.look_early`."""


Accept = Callable[["Reply"], bool]
"""A caller's own check of a reply: whether it is good. One that raises ends the task with its exception."""

ACCEPTED = "accepted"
_call = maker(Call)
_ACCEPTED = Verdict(check=ACCEPTED, passed=True, critical=True)
_NOT_ACCEPTED = Verdict(check=ACCEPTED, passed=False, critical=True, reason="the caller does not accept it")

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
    """Makes attempts. ``connect`` gives the block that speaks to a service; ``clock`` gives monotonic seconds.

    ``look`` says what is wrong with beginnings of guarded answers; without it nobody looks before the end.
    """

    def __init__(
        self,
        *,
        connect: Callable[[Service], AIService],
        credentials: Credentials,
        judge: Judge,
        clock: Callable[[], float],
        look: Look | None = None,
    ) -> None:
        self._connect = connect
        self._credentials = credentials
        self._judge = judge
        self._clock = clock
        self._look = look
        self.alarms = Alarms()

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
            with Within(self.alarms, seconds_left):
                connected = self._connect(offering.service)
                call = getattr(connected, "call", None)
                if call is None:
                    reply = await collect(await self._events(under_way, seconds_left))
                else:  # the whole answer, in one piece
                    reference = offering.service.credential_ref
                    secret = None if reference is None else await self._credentials.resolve(reference)
                    reply = await call(
                        _call(request=request, offering=offering, secret=secret, timeout_seconds=seconds_left)
                    )
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
        streaming: Streaming = "first_token",
    ) -> Begun | Outcome:
        """Call ``offering`` and wait for its first output; a failure before that is an outcome like any other.

        Where it is ``guarded``, for so much of it that checks can tell how it begins; one that is over by then has
        passed all of them. ``seconds`` are those until then, and those for the whole.
        """
        first_seconds, whole_seconds = seconds
        under_way = Try(number, request, offering, self._clock)
        begun: Begun | None = None
        failed: Outcome | None = None
        try:
            with Within(self.alarms, first_seconds):
                begun = Begun(under_way, await self._events(under_way, whole_seconds))
                await begun.read_first()
                if streaming == "guarded":
                    failed = await self._guard(begun)
        except CALL_FAULTS as error:
            so_far = None if begun is None or not begun.characters else begun.folding.so_far()
            failed = under_way.failed(failure_of(error, first_seconds), so_far)
            failed.reply = None  # what had come is billed, and is no answer
        except asyncio.CancelledError:
            so_far = None if begun is None or not begun.characters else begun.folding.so_far()
            if begun is not None:
                await begun.close()
            cancelled(under_way.cancelled(so_far))
            raise
        if failed is None and begun is not None:
            return begun
        if begun is not None:
            await begun.close()
        assert failed is not None  # noqa: S101 - what has not begun has failed
        return failed

    async def _guard(self, begun: Begun) -> Outcome | None:
        """Read on until the beginning can be judged; the failure that it shows, None where it shows none.

        Raises:
            ServiceFailure: the stream broke.
        """
        while begun.characters < OPENING_CHARACTERS:
            if not await begun.read_on():
                outcome = self.judged(begun.under_way, begun.folding.reply())
                return None if outcome.attempt.failure is None else outcome
        return self.looked(begun)

    def looked(self, begun: Begun) -> Outcome | None:
        """The failure that an answer shows before it is over; None where it shows none."""
        if self._look is None:
            return None
        reply = begun.folding.so_far()
        broken = self._look(begun.under_way.request, reply)
        return None if broken is None else _not_good(begun.under_way, broken, reply, (broken,))

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
        for verdict in verdicts:
            if verdict.critical and not verdict.passed:
                return _not_good(under_way, verdict, reply, verdicts)
        return under_way.succeeded(reply, data, verdicts)


def _not_good(under_way: Try, broken: Verdict, reply: Reply, verdicts: tuple[Verdict, ...]) -> Outcome:
    """The outcome of an answer that fails a critical check."""
    failure = FailureClass.REFUSED if broken.check == "not_refusal" else FailureClass.INVALID_OUTPUT
    reason = broken.reason or f"failed the check {broken.check}"
    return under_way.failed(ServiceFailure(failure, reason, usage=reply.usage), reply, verdicts)


def _asked(accept: Accept, reply: Reply) -> Verdict:
    """What the caller's own function says of a reply. Where it fails itself, that is no verdict on the reply."""
    return _ACCEPTED if accept(reply) else _NOT_ACCEPTED
