"""A scripted service, for tests: it says what its script says, and remembers how it was called."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from blocks.contract import End, MediaPart, ReasoningDelta, TextDelta, ToolDelta, UsageReport, VectorPart
from blocks.errors import ScriptEnded, ServiceFailure
from registry.words import FailureClass, Media, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from blocks.contract import Call, Event


@dataclass(frozen=True, slots=True)
class Says:
    """Answers with a text. ``usage`` of None reports none."""

    text: str
    usage: Usage | None = None
    reasoning: str = ""
    finish_reason: str = "stop"


@dataclass(frozen=True, slots=True)
class Streams:
    """Answers piece by piece, with a pause of ``delay_ms`` before each."""

    pieces: Sequence[str]
    delay_ms: float = 0.0
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Fails:
    """Fails, after having said ``after`` if there is any. ``may_be_billed``: nobody knows what it has cost."""

    failure: FailureClass
    message: str = "as the script says"
    retry_after_seconds: float | None = None
    usage: Usage | None = None
    after: str = ""
    may_be_billed: bool = False


@dataclass(frozen=True, slots=True)
class Cuts:
    """Says something, then stops without an end: a stream that was cut."""

    text: str


@dataclass(frozen=True, slots=True)
class Hangs:
    """Says nothing until the call's time is up, then fails as ``transient``, as every service must."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Answers with a picture (or any other file)."""

    content: bytes = field(repr=False)
    media_type: str = "image/png"
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Embeds:
    """Answers with vectors, one for each input."""

    vectors: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class WantsTool:
    """Wants a tool called; ``arguments`` is JSON text and comes in two pieces."""

    name: str
    arguments: str = "{}"
    call_id: str = "call-1"


Step = Says | Streams | Fails | Cuts | Hangs | Draws | Embeds | WantsTool


class Scripted:
    """An AI service that follows a script, step by step, or a function from the call to a step.

    ``calls`` holds every call in order. ``closed`` tells whether ``aclose`` was called. When the script is through,
    ``then`` decides: ``last`` goes on with the last step, ``repeat`` starts over, ``error`` raises
    :class:`blocks.errors.ScriptEnded`.

    >>> import asyncio
    >>> from blocks import Call, Scripted, Says, Fails, collect
    >>> from registry.words import Capability, FailureClass, Model, Offering, Service, TaskRequest
    >>> row = Service(service_id=1, name="fake", kind="fake")
    >>> offering = Offering(offering_id=1, service=row, model=Model(model_id=1, name="m"), remote_name="m",
    ...                     capabilities=frozenset({Capability.TEXT}))
    >>> call = Call(request=TaskRequest(capability=Capability.TEXT), offering=offering)
    >>> service = Scripted([Says("hello"), Fails(FailureClass.RATE_LIMITED, retry_after_seconds=2)])
    >>> asyncio.run(collect(service.stream(call))).text
    'hello'
    >>> asyncio.run(collect(service.stream(call)))
    Traceback (most recent call last):
    blocks.errors.ServiceFailure: as the script says (rate_limited)
    >>> len(service.calls)
    2

    Raises:
        ValueError: the script has no step.
    """

    def __init__(
        self,
        script: Sequence[Step] | Callable[[Call], Step],
        *,
        then: Literal["last", "repeat", "error"] = "last",
    ) -> None:
        if not callable(script) and not script:
            raise ValueError("a script needs at least one step")
        self._script = script
        self._then = then
        self.calls: list[Call] = []
        self.closed = False

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """Do what the script says next.

        Raises:
            ServiceFailure: the script says so.
            ScriptEnded: the script is through, and ``then`` is ``error``.
        """
        self.calls.append(call)
        async for event in _events_of(self._next_step(call), call):
            yield event

    async def probe(self, secret: str | None, timeout_seconds: float) -> str:  # noqa: ARG002 - as every service is asked
        """It is always there; no step of the script is taken for it."""
        return "it follows a script"

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _next_step(self, call: Call) -> Step:
        if callable(self._script):
            return self._script(call)
        number, steps = len(self.calls) - 1, len(self._script)
        if number < steps:
            return self._script[number]
        if self._then == "error":
            raise ScriptEnded(steps)
        return self._script[number % steps if self._then == "repeat" else -1]


async def _events_of(step: Step, call: Call) -> AsyncGenerator[Event, None]:  # noqa: C901, PLR0912 - one arm per step
    match step:
        case Says():
            if step.reasoning:
                yield ReasoningDelta(step.reasoning)
            yield TextDelta(step.text)
            if step.usage is not None:
                yield UsageReport(step.usage)
            yield End(step.finish_reason)
        case Streams():
            for piece in step.pieces:
                await asyncio.sleep(step.delay_ms / 1_000)
                yield TextDelta(piece)
            if step.usage is not None:
                yield UsageReport(step.usage)
            yield End()
        case Fails():
            if step.after:
                yield TextDelta(step.after)
            raise ServiceFailure(
                step.failure, step.message, retry_after_seconds=step.retry_after_seconds, usage=step.usage,
                was_sent=step.may_be_billed,
            )  # fmt: skip
        case Cuts():
            yield TextDelta(step.text)
        case WantsTool():
            middle = len(step.arguments) // 2
            yield ToolDelta(0, step.call_id, step.name, step.arguments[:middle])
            yield ToolDelta(0, arguments=step.arguments[middle:])
            yield End("tool_calls")
        case Hangs():
            await asyncio.sleep(call.timeout_seconds)
            raise ServiceFailure(FailureClass.TRANSIENT, f"no answer within {call.timeout_seconds:g} s")
        case Draws():
            media = Media(content=step.content, media_type=step.media_type, width=step.width, height=step.height)
            yield MediaPart(media)
            yield UsageReport(Usage(pictures=1))
            yield End()
        case Embeds():
            for index, vector in enumerate(step.vectors):
                yield VectorPart(index, tuple(vector))
            yield End()
