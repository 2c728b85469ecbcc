"""The usual shape of a whole chat answer, read in one go; anything unusual is left to the reader of all shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from blocks.contract import Reply
from blocks.fold import Folding
from blocks.wire.openai_replies import ChatReader
from registry.words import Usage
from registry.words.quick import maker

if TYPE_CHECKING:
    from blocks.wire.openai_replies import Asked

_reply, _usage = maker(Reply), maker(Usage)
_PLAIN_MESSAGE = frozenset({"role", "content", "refusal"})
_PLAIN_USAGE = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})


def read_whole(body: bytes, asked: Asked) -> Reply:
    """The reply in a whole answer of any shape: JSON, or a stream from a server that streams though nobody asked it to.

    Raises:
        ServiceFailure: as :class:`blocks.wire.openai_replies.ChatReader` does.
    """
    reader, folding = ChatReader(asked), Folding()
    for event in (*reader.feed(body), *reader.finish()):
        folding.add(event)
    return folding.reply()


def read_plain(body: bytes) -> Reply | None:
    """The reply, where there is nothing in it but one text that came to its end, and counts of tokens."""
    try:
        value: Any = orjson.loads(body)
        (choice,) = value["choices"]
        message, counts = choice["message"], value["usage"]
        text, reason = message["content"], choice["finish_reason"]
        taken_in, given_out = counts["prompt_tokens"], counts["completion_tokens"]
    except (ValueError, TypeError, KeyError):
        return None
    is_plain = (
        reason == "stop"
        and type(text) is str
        and type(taken_in) is int
        and type(given_out) is int
        and taken_in >= 0
        and given_out >= 0
        and not message.get("refusal")
        and message.keys() <= _PLAIN_MESSAGE
        and counts.keys() <= _PLAIN_USAGE
        and not value.get("error")
    )
    if not is_plain:
        return None
    return _reply(text=text, usage=_usage(input_tokens=taken_in, output_tokens=given_out))
