"""The contract of an AI service: one call in, a stream of events out, every failure of one class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from registry.words.quick import quickly_made

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from registry.words import Media, Offering, TaskRequest, ToolCall, Usage


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt: the work, the offering that is to do it, and what it needs for that.

    ``secret`` is the credential's value, None where the service needs none. ``timeout_seconds`` bounds the whole
    call; the service gives up by then with a ``transient`` failure.
    """

    request: TaskRequest
    offering: Offering
    secret: str | None = field(default=None, repr=False)
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """Some more of the model's reasoning, which is no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """Some more of a tool call: ``index`` tells parallel calls apart, ``arguments`` is JSON text in pieces."""

    index: int
    call_id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class MediaPart:
    """A whole picture, sound or film."""

    media: Media


@dataclass(frozen=True, slots=True)
class VectorPart:
    """The embedding of the input at ``index``."""

    index: int
    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What the call has consumed in all; the last report counts."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class End:
    """The answer is complete. A stream that stops without it was cut."""

    finish_reason: str = "stop"


Event = TextDelta | ReasoningDelta | ToolDelta | MediaPart | VectorPart | UsageReport | End


@runtime_checkable
class AIService(Protocol):
    """A service that does AI work.

    ``stream`` yields events and ends with one :class:`End`; it raises :class:`blocks.errors.ServiceFailure`, whose
    class says what the dispatcher does next, and nothing else (cancellation apart). It retries nothing. Closing
    the iterator abandons the call. One instance serves many calls at once.
    """

    def stream(self, call: Call) -> AsyncIterator[Event]:
        """Do the work of ``call``."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and processes."""
        ...


@runtime_checkable
class Probed(Protocol):
    """A service that can be asked whether it is up, for nothing: by its list of models, its health, its file."""

    async def probe(self, secret: str | None, timeout_seconds: float) -> str:
        """What the service says of itself, in a few words.

        Raises:
            ServiceFailure: it is not up, or does not let us in.
        """
        ...


@runtime_checkable
class WholeService(Protocol):
    """A service that can also answer in one piece, which is cheaper where nobody waits for the first words."""

    async def call(self, call: Call) -> Reply:
        """Do the work of ``call``; raises as :meth:`AIService.stream` does. Its time is bounded by whoever calls."""
        ...


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A stream, folded: everything the service said. ``usage`` is None where it reported none."""

    text: str = ""
    reasoning: str = ""
    tools: tuple[ToolCall, ...] = ()
    media: tuple[Media, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    usage: Usage | None = None
    finish_reason: str = "stop"
