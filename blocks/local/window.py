"""The local model's context window: how much room a request leaves for its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from blocks.errors import ServiceFailure
from blocks.transport import WireRequest
from blocks.wire.openai import chat_messages, output_limit
from registry.words import FailureClass

if TYPE_CHECKING:
    from blocks.contract import Call
    from blocks.local.record import Record
    from blocks.transport import Transport

# The marks of a chat template, and the system message that some templates add where there is none.
_TOKENS_AROUND_MESSAGE = 16
_TOKENS_AROUND_ALL = 64
_DEFAULT_SHARE = 4


async def room_for_output(record: Record, call: Call, transport: Transport, timeout_seconds: float) -> int:
    """How many tokens the answer may have: what was asked for, else a quarter of the window, if that much is left.

    Raises:
        ServiceFailure: ``too_long`` where the input and the length asked for exceed the window.
    """
    window = record.context_tokens
    asked = output_limit(call.request.params, call.offering.max_output_tokens)
    wanted = window // _DEFAULT_SHARE if asked is None else asked
    messages = chat_messages(call.request)
    # No tokenizer makes more tokens of a text than it has bytes. Most requests need no counting therefore.
    most = sum(len(message["content"].encode()) + _TOKENS_AROUND_MESSAGE for message in messages) + _TOKENS_AROUND_ALL
    if most + wanted <= window:
        return wanted
    tokens = await _count(record, messages, transport, timeout_seconds)
    if tokens + (1 if asked is None else asked) > window:
        length = "its answer" if asked is None else f"{asked} tokens of output"
        raise ServiceFailure(
            FailureClass.TOO_LONG,
            f"the request has {tokens} tokens; with {length} that is more than the local model's window of {window}",
        )
    return min(wanted, window - tokens)


async def _count(record: Record, messages: list[dict[str, str]], transport: Transport, timeout_seconds: float) -> int:
    """The tokens of a conversation, exactly: through the model's own template and tokenizer."""
    templated = await _ask(record, "/apply-template", {"messages": messages}, transport, timeout_seconds)
    content = {"content": templated["prompt"], "add_special": True, "parse_special": True}
    answer = await _ask(record, "/tokenize", content, transport, timeout_seconds)
    return len(answer["tokens"])


async def _ask(
    record: Record, path: str, body: dict[str, Any], transport: Transport, timeout_seconds: float
) -> dict[str, Any]:
    request = WireRequest(
        url=record.url + path,
        headers={
            "authorization": f"Bearer {record.token.get_secret_value()}",
            "content-type": "application/json",
            "connection": "close",
        },
        body=json.dumps(body).encode(),
        timeout_seconds=timeout_seconds,
    )
    async with transport.send(request) as reply:
        content = await reply.read()
        if reply.status != 200:
            message = f"the local server does not count tokens (status {reply.status})"
            raise ServiceFailure(FailureClass.TRANSIENT, message, status=reply.status)
    answer: dict[str, Any] = json.loads(content)
    return answer
