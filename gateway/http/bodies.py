"""Request bodies as they come over the wire, and the work they ask for. Everything in them is hostile until parsed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gateway.http.problems import Problem
from registry.validation import first_fault
from registry.words import (
    Capability,
    Message,
    Objective,
    Priority,
    Requirements,
    Streaming,
    Target,
    TaskRequest,
    ToolCall,
    usd_to_nanousd,
)
from routing.wishes import labels_of, objective_of, priority_of, streaming_of, target_of

if TYPE_CHECKING:
    from registry import AccessKey

T = TypeVar("T", bound=BaseModel)

AUTO = "auto"
"""The model of those who leave it to the router."""
DEEPEST = 64
MOST_ANSWERS = 8
# What the body says of itself rather than of the model; all else in it is a parameter that a service may accept.
_OWN_FIELDS = {
    "model", "messages", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "response_format",
    "metadata", "user", "store",
}  # fmt: skip

# Hints whose names no service uses for a parameter of its own. Some do have a priority, for one.
_ONLY_IN_METADATA = frozenset({"policy", "objective", "target", "streaming", "deadline_seconds", "budget_usd"})


def _content(value: Any) -> Any:
    """The text of a turn; its parts of type ``text`` put together."""
    if not isinstance(value, list):
        return value
    texts = []
    for part in value:
        if not isinstance(part, dict) or part.get("type") not in {"text", "input_text"}:
            kind = part.get("type") if isinstance(part, dict) else type(part).__name__
            raise ValueError(f"parts of type {kind!r} are not understood; there is 'text'")
        texts.append(str(part.get("text", "")))
    return "".join(texts)


def _dollars(value: Any) -> Any:
    """US dollars as text."""
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII)):
        raise ValueError('write US dollars as text without a unit, such as "0.01"')
    return value


class Function(BaseModel):
    """The function of a tool call."""

    name: str = Field(min_length=1, max_length=200)
    arguments: str = "{}"


class CalledTool(BaseModel):
    """A tool that an assistant's turn wanted called."""

    id: str = Field(max_length=200)
    type: Literal["function"] = "function"
    function: Function


class Turn(BaseModel):
    """One turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[str | None, BeforeValidator(_content)] = None
    tool_calls: list[CalledTool] = Field(default_factory=list, max_length=128)
    tool_call_id: str = Field(default="", max_length=200)

    def message(self) -> Message:
        """The turn in our words."""
        tools = tuple(
            ToolCall(call_id=tool.id, name=tool.function.name, arguments=tool.function.arguments)
            for tool in self.tool_calls
        )
        role = "system" if self.role == "developer" else self.role
        return Message(role, self.content or "", tools=tools, call_id=self.tool_call_id)


class StreamOptions(BaseModel):
    """How a stream is to be."""

    include_usage: bool = False


class JsonSchemaFormat(BaseModel):
    """The schema of an answer."""

    model_config = ConfigDict(populate_by_name=True)

    name: str = "answer"
    schema_: dict[str, Any] = Field(default_factory=dict, alias="schema")


class ResponseFormat(BaseModel):
    """The shape of an answer."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchemaFormat | None = None

    def schema_asked(self) -> dict[str, Any] | None:
        """The JSON schema that the answer has to match; None for plain text."""
        if self.type == "text":
            return None
        if self.type == "json_schema" and self.json_schema is not None:
            return self.json_schema.schema_
        return {"type": "object"}


class Hints(BaseModel):
    """What ``metadata`` may say to the router. Other entries are the caller's own labels, which rules may look at."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)

    policy: str = Field(default="default", min_length=1, max_length=200)
    stage: str = Field(default="", max_length=100)
    item: str = Field(default="", max_length=200)
    region: str | None = Field(default=None, max_length=50)
    deadline_seconds: float | None = Field(default=None, gt=0, le=86_400)
    budget_usd: Annotated[str | None, BeforeValidator(_dollars)] = None
    objective: Annotated[Objective | None, BeforeValidator(objective_of)] = None
    target: Annotated[Target | None, BeforeValidator(target_of)] = None
    priority: Annotated[Priority | None, BeforeValidator(priority_of)] = None
    streaming: Annotated[Streaming | None, BeforeValidator(streaming_of)] = None

    @model_validator(mode="after")
    def _bounded(self) -> Hints:
        self.labels()
        return self

    def labels(self) -> dict[str, str]:
        """The caller's own entries."""
        return labels_of({name: value for name, value in (self.model_extra or {}).items() if value is not None})


class ChatBody(BaseModel):
    """What ``POST /v1/chat/completions`` takes: OpenAI's shape. ``model`` is ``auto`` or who is to answer."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(default=AUTO, min_length=1, max_length=300)
    messages: list[Turn] = Field(min_length=1, max_length=10_000)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=None, ge=1, le=MOST_ANSWERS)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[dict[str, Any]] | None = Field(default=None, max_length=128)
    response_format: ResponseFormat | None = None
    metadata: dict[str, Any] | None = None

    def request(self, key: AccessKey) -> TaskRequest:
        """The work that is asked for, in the name of the key's owner.

        Raises:
            Problem: it asks for what there is not.
        """
        if self.stream and self.n not in {None, 1}:
            raise Problem(400, "unsupported_value", "a stream has one answer: n may be 1, or stream false", param="n")
        schema = None if self.response_format is None else self.response_format.schema_asked()
        given = self.model_dump(exclude=_OWN_FIELDS, exclude_none=True)
        limit = self.max_completion_tokens or self.max_tokens
        if limit is not None:
            given["max_output_tokens"] = limit
        features = frozenset({"tools"}) if self.tools else frozenset()
        return _task(
            self.model,
            _hints(self.metadata),
            key,
            capability=Capability.TEXT,
            messages=tuple(turn.message() for turn in self.messages),
            schema=schema,
            params=given,
            features=features,
            checks=("not_empty", "not_refusal") if schema is None else ("not_empty", "matches_schema"),
        )


class EmbeddingsBody(BaseModel):
    """What ``POST /v1/embeddings`` takes: OpenAI's shape."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(default=AUTO, min_length=1, max_length=300)
    input: str | list[str]
    dimensions: int | None = Field(default=None, ge=1, le=100_000)
    encoding_format: Literal["float", "base64"] = "float"
    metadata: dict[str, Any] | None = None

    def request(self, key: AccessKey) -> TaskRequest:
        """The work that is asked for.

        Raises:
            Problem: there is nothing to embed.
        """
        inputs = (self.input,) if isinstance(self.input, str) else tuple(self.input)
        if not inputs or not all(inputs):
            raise Problem(400, "invalid_request", "input holds an empty text", param="input")
        params = {} if self.dimensions is None else {"dimensions": self.dimensions}
        return _task(
            self.model, _hints(self.metadata), key,
            capability=Capability.EMBEDDING, inputs=inputs, params=params, checks=(),
        )  # fmt: skip


def _task(
    model: str, hints: Hints, key: AccessKey, *, features: frozenset[str] = frozenset(), **work: Any
) -> TaskRequest:
    return TaskRequest(
        requirements=Requirements(
            features=features,
            regions=frozenset({hints.region}) if hints.region else frozenset(),
            pinned=None if model == AUTO else model,
        ),
        policy=hints.policy,
        objective=hints.objective,
        target=hints.target,
        priority=hints.priority,
        streaming=hints.streaming,
        metadata=hints.labels(),
        deadline_seconds=hints.deadline_seconds,
        budget_nanousd=None if hints.budget_usd is None else usd_to_nanousd(hints.budget_usd),
        stage=hints.stage or "gateway",
        item=hints.item,
        workspace=key.workspace,
        principal=key.principal,
        **work,
    )


def _hints(metadata: dict[str, Any] | None) -> Hints:
    try:
        return Hints.model_validate(metadata or {})
    except ValidationError as error:
        raise _invalid(error, Hints, "metadata.") from None


def parsed(kind: type[T], content: bytes) -> T:
    """The body as ``kind``.

    Raises:
        Problem: it is no JSON, nested too deeply, or not of that shape.
    """
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "invalid_json", f"the body is no JSON in UTF-8: {error}") from None
    if _is_too_deep(value):
        raise Problem(400, "invalid_json", f"the body is nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        _check_places(value)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise _invalid(error, kind) from None


def _check_places(body: dict[str, Any]) -> None:
    """That no hint to the router stands beside ``metadata``, where it would be taken for a parameter and dropped.

    Raises:
        Problem: one does.
    """
    for name in _ONLY_IN_METADATA & body.keys():
        where = f'it is a hint to the router and belongs in metadata: {{"metadata": {{"{name}": …}}}}'
        raise Problem(400, "invalid_request", f"{name}: {where}", param=name)


def _invalid(error: ValidationError, kind: type[BaseModel], prefix: str = "") -> Problem:
    where, message = first_fault(error, kind)
    place = f"{prefix}{where}".rstrip(".")
    return Problem(400, "invalid_request", f"{place or 'the body'}: {message}", param=place or None)


def _is_too_deep(value: Any) -> bool:
    """Whether lists and objects stand in each other more than :data:`DEEPEST` deep. Looked at level by level."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (list, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (list, dict))
        ]
        if not level:
            return False
    return True
