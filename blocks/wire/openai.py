"""The OpenAI-compatible wire format, outgoing: paths and bodies of chat and embedding requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from blocks.errors import ServiceFailure
from registry.words import FailureClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blocks.contract import Call
    from registry.words import JsonSchema, Message, Offering, TaskRequest

CHAT_PATH = "/chat/completions"
EMBEDDINGS_PATH = "/embeddings"

TOOL_PARAMS = frozenset({"tools", "tool_choice", "parallel_tool_calls"})

# Which of these an offering accepts decides the name under which the length goes out; newer models refuse the older.
_LENGTH_NAMES = (
    ("max_completion_tokens", "max_completion_tokens"),
    ("max_tokens", "max_tokens"),
    ("max_output_tokens", "max_tokens"),
)

# Keywords of JSON schema whose values are data, not schemas.
_PLAIN_VALUES = frozenset({"const", "default", "enum", "examples"})


def chat_body(call: Call, *, stream: bool = True) -> dict[str, Any]:
    """The body of a chat request. It holds the parameters that the offering accepts, and no other.

    ``service.options["stream_usage"] = False`` leaves out ``stream_options``, which some servers refuse.

    Raises:
        ServiceFailure: ``caller_fault`` where there is nothing to ask.
    """
    request, offering = call.request, call.offering
    messages = chat_messages(request)
    if not messages:
        raise ServiceFailure(FailureClass.CALLER_FAULT, "the request holds neither messages nor a prompt")
    body: dict[str, Any] = {"model": offering.remote_name, "messages": messages, "stream": stream}
    if stream and offering.service.options.get("stream_usage", True):
        body["stream_options"] = {"include_usage": True}
    if request.params:
        body |= _accepted(call)
    if request.schema is not None:
        _ask_for_json(body, request.schema, offering.features | offering.accepted_params)
    return body


def chat_messages(request: TaskRequest) -> list[dict[str, Any]]:
    """The conversation as it goes out: the messages, or the prompt where there are none."""
    if not request.messages and request.prompt:
        return [{"role": "user", "content": request.prompt}]
    return [
        _tool_turn(message) if message.tools or message.call_id else {"role": message.role, "content": message.content}
        for message in request.messages
    ]


def _tool_turn(message: Message) -> dict[str, Any]:
    """A turn in which tools are wanted, or what came of one."""
    turn: dict[str, Any] = {"role": message.role, "content": message.content or None}
    if message.call_id:
        return turn | {"content": message.content, "tool_call_id": message.call_id}
    calls = [
        {"id": tool.call_id, "type": "function", "function": {"name": tool.name, "arguments": tool.arguments}}
        for tool in message.tools
    ]
    return turn | {"tool_calls": calls}


def embeddings_body(call: Call) -> dict[str, Any]:
    """The body of an embedding request.

    Raises:
        ServiceFailure: ``caller_fault`` where there is nothing to embed.
    """
    if not call.request.inputs:
        raise ServiceFailure(FailureClass.CALLER_FAULT, "the request holds no inputs to embed")
    body: dict[str, Any] = {"model": call.offering.remote_name, "input": list(call.request.inputs)}
    params = _accepted(call)
    return body | {name: params[name] for name in ("dimensions", "encoding_format", "user") if name in params}


def output_limit(params: Mapping[str, Any], largest: int | None) -> int | None:
    """How many tokens may come out: what was asked for, within what the offering can; None where nobody said."""
    asked = params.get("max_output_tokens")
    if isinstance(asked, bool) or not isinstance(asked, int):
        return None
    return asked if largest is None else min(asked, largest)


def _accepted(call: Call) -> dict[str, Any]:
    """The request's parameters under the names that the offering accepts."""
    offering, params = call.offering, call.request.params
    accepted = {name: value for name, value in params.items() if is_accepted(name, offering)}
    accepted.pop("max_output_tokens", None)
    limit = output_limit(params, offering.max_output_tokens)
    if limit is not None:
        for word, name in _LENGTH_NAMES:
            if word in offering.accepted_params:
                accepted[name] = limit
                break
    return accepted


def is_accepted(name: str, offering: Offering) -> bool:
    """Whether the offering takes the parameter of that name; whoever can use tools takes those about them too."""
    return name in offering.accepted_params or (name in TOOL_PARAMS and "tools" in offering.features)


def _ask_for_json(body: dict[str, Any], schema: JsonSchema, abilities: frozenset[str]) -> None:
    """Ask for JSON in the strictest way that the offering knows."""
    if "json_schema" in abilities:
        answer = {"name": "answer", "schema": dict(schema), "strict": _is_closed(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": answer}
        return
    if abilities & {"json_object", "response_format"}:
        body["response_format"] = {"type": "json_object"}
    body["messages"] = _with_instruction(body["messages"], schema)


def _with_instruction(messages: list[dict[str, Any]], schema: JsonSchema) -> list[dict[str, Any]]:
    instruction = (
        "Answer with one JSON value and nothing else: no words around it, no code fence. "
        f"It has to be valid against this JSON schema: {json.dumps(dict(schema), ensure_ascii=False)}"
    )
    if messages[0]["role"] == "system":
        first = {"role": "system", "content": f"{messages[0]['content']}\n\n{instruction}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": instruction}, *messages]


def _is_closed(schema: Any) -> bool:
    """Whether each object in the schema lists all its properties as required and admits no others.

    Only such a schema may be sent as ``strict``; a service that is strict answers 400 to any other.
    """
    if isinstance(schema, list):
        return all(map(_is_closed, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
    return all(_is_closed(part) for name, part in schema.items() if name not in _PLAIN_VALUES)
