"""Folding a stream of events into one reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blocks.contract import (
    End,
    MediaPart,
    ReasoningDelta,
    Reply,
    TextDelta,
    ToolDelta,
    UsageReport,
    VectorPart,
)
from blocks.errors import ServiceFailure
from registry.words import FailureClass, ToolCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from blocks.contract import Event
    from registry.words import Media, Usage


async def collect(events: AsyncIterator[Event]) -> Reply:
    """Everything that a stream says, as one reply. The stream is closed afterwards, whatever happens.

    Raises:
        ServiceFailure: the stream's own failure; ``invalid_output`` where it stopped without an End, with the usage
            reported so far.
    """
    folding = Folding()
    try:
        # Read on after the End: a stream that has run out by itself leaves its connection fit for the next call.
        async for event in events:
            folding.add(event)
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()
    return folding.reply()


@dataclass(slots=True)
class Folding:
    """What has come of a stream so far."""

    texts: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tools: dict[int, list[ToolDelta]] = field(default_factory=dict)
    media: list[Media] = field(default_factory=list)
    vectors: dict[int, tuple[float, ...]] = field(default_factory=dict)
    usage: Usage | None = None
    end: End | None = None

    def add(self, event: Event) -> None:
        """Take one more event."""
        match event:
            case TextDelta(text):
                self.texts.append(text)
            case ReasoningDelta(text):
                self.reasoning.append(text)
            case ToolDelta():
                self.tools.setdefault(event.index, []).append(event)
            case MediaPart(media):
                self.media.append(media)
            case VectorPart(index, vector):
                self.vectors[index] = vector
            case UsageReport(usage):
                self.usage = usage
            case End():
                self.end = event

    def so_far(self) -> Reply:
        """What has come, whether or not it is all."""
        return self._reply("" if self.end is None else self.end.finish_reason)

    def reply(self) -> Reply:
        """The whole reply.

        Raises:
            ServiceFailure: ``invalid_output``, with the usage reported so far, where no End has come.
        """
        if self.end is None:
            characters = sum(map(len, self.texts))
            message = f"the answer was cut after {characters} characters"
            raise ServiceFailure(FailureClass.INVALID_OUTPUT, message, usage=self.usage)
        return self._reply(self.end.finish_reason)

    def _reply(self, finish_reason: str) -> Reply:
        return Reply(
            text="".join(self.texts),
            reasoning="".join(self.reasoning),
            tools=tuple(_tool_call(deltas) for _, deltas in sorted(self.tools.items())),
            media=tuple(self.media),
            vectors=tuple(vector for _, vector in sorted(self.vectors.items())),
            usage=self.usage,
            finish_reason=finish_reason,
        )


def _tool_call(deltas: list[ToolDelta]) -> ToolCall:
    # Providers send id and name once, some of them again with every piece: the first that says something counts.
    return ToolCall(
        call_id=next((delta.call_id for delta in deltas if delta.call_id), ""),
        name=next((delta.name for delta in deltas if delta.name), ""),
        arguments="".join(delta.arguments for delta in deltas),
    )
