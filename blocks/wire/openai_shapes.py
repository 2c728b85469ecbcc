"""The shapes in which OpenAI-compatible services answer, as lax as the services are different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError, field_validator

from blocks.contract import ReasoningDelta, TextDelta, ToolDelta
from registry.words import Usage

if TYPE_CHECKING:
    from pydantic import ValidatorFunctionWrapHandler

    from blocks.contract import Event


class Details(BaseModel):
    """What the tokens were, in part."""

    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class UsageShape(BaseModel):
    """Token counts."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None

    def usage(self) -> Usage:
        """Our figures, with what cannot be put right: no count below 0, no more cached tokens than tokens."""
        taken_in, given_out = max(0, self.prompt_tokens or 0), max(0, self.completion_tokens or 0)
        before, after = self.prompt_tokens_details or Details(), self.completion_tokens_details or Details()
        reasoning = max(0, after.reasoning_tokens or 0)
        if reasoning and self.total_tokens == taken_in + given_out + reasoning:
            given_out += reasoning  # some services leave reasoning out of the completion's count, and bill it
        return Usage(
            input_tokens=taken_in,
            output_tokens=given_out,
            cached_input_tokens=min(taken_in, max(0, before.cached_tokens or self.prompt_cache_hit_tokens or 0)),
            reasoning_tokens=min(given_out, reasoning),
        )


class Answer(BaseModel):
    """Anything that may bear usage. Usage in an unknown shape is no reason to lose the answer."""

    usage: UsageShape | None = None

    @field_validator("usage", mode="wrap")
    @classmethod
    def _or_none(cls, value: Any, check: ValidatorFunctionWrapHandler) -> UsageShape | None:
        try:
            usage: UsageShape | None = check(value)
        except ValidationError:
            return None
        return usage


class Part(BaseModel):
    """A piece of content; only those of type ``text`` belong to the answer."""

    type: str = "text"
    text: str | None = None


class Function(BaseModel):
    """The function of a tool call."""

    name: str | None = None
    arguments: str | None = None


class ToolCallShape(BaseModel):
    """A tool call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function = Function()


class Delta(BaseModel):
    """A message, or a piece of one."""

    content: str | list[Part] | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    refusal: str | None = None
    tool_calls: list[ToolCallShape] | None = None

    def events(self) -> list[Event]:
        """The events that this piece stands for."""
        reasoning = self.reasoning_content or (self.reasoning if isinstance(self.reasoning, str) else "")
        parts = self.content if isinstance(self.content, list) else [Part(text=self.content)]
        text = "".join(part.text or "" for part in parts if part.type == "text")
        events: list[Event] = [ReasoningDelta(reasoning)] if reasoning else []
        if text:
            events.append(TextDelta(text))
        for position, call in enumerate(self.tool_calls or ()):
            index = position if call.index is None else call.index
            events.append(ToolDelta(index, call.id or "", call.function.name or "", call.function.arguments or ""))
        return events


class Choice(BaseModel):
    """One of the answers; we ask for one."""

    index: int = 0
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None


class Completion(Answer):
    """A chat completion, or a chunk of one."""

    choices: list[Choice] = []


class Embedding(BaseModel):
    """One vector, as numbers or as base64 of little-endian 32-bit floats."""

    index: int | None = None
    embedding: list[float] | str


class Embeddings(Answer):
    """The answer to an embedding request."""

    data: list[Embedding]
