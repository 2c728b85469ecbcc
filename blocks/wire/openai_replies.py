"""The OpenAI-compatible wire format, incoming: streams, plain answers, embeddings and errors, turned into events."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from blocks.contract import End, TextDelta, UsageReport, VectorPart
from blocks.errors import ServiceFailure
from blocks.wire.openai_failures import ProviderError, failure_from, read_error
from blocks.wire.openai_shapes import Completion, Embeddings
from blocks.wire.redaction import for_people
from blocks.wire.sse import EventParser
from registry.words import FailureClass
from registry.words.quick import quickly_made

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from blocks.contract import Event
    from blocks.wire.openai_shapes import Choice, Embedding
    from blocks.wire.sse import ServerEvent
    from registry.words import Usage

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CUT_BY_LENGTH = {"length", "max_tokens", "model_length"}
_STOPPED_FOR_SAFETY = {"content_filter", "safety", "refusal", "image_safety"}
_FINISH_WORDS = {None: "stop", "eos": "stop", "end_turn": "stop", "function_call": "tool_calls"}


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an answer's reader has to know of the call: whom to name in messages, what to hide, what was wanted."""

    service: str
    now: datetime
    secret: str | None = field(default=None, repr=False)
    wants_json: bool = False
    inputs: int = 0

    def invalid(self, what: str, usage: Usage | None = None) -> ServiceFailure:
        """The failure for an answer that is none."""
        return ServiceFailure(FailureClass.INVALID_OUTPUT, f"{self.service}: {what}", usage=usage)

    def failure(
        self,
        error: ProviderError,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        usage: Usage | None = None,
    ) -> ServiceFailure:
        """The failure that a provider's error stands for."""
        return failure_from(
            error,
            service=self.service,
            now=self.now,
            status=status,
            headers=headers,
            secret=self.secret,
            usage=usage,
        )


class ChatReader:
    """Reads one chat answer as its bytes come: a stream of events, or plain JSON where a server did not stream.

    ``feed`` and ``finish`` yield events and raise :class:`blocks.errors.ServiceFailure`; ``done`` says that nothing
    more will come.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._head = b""
        self._body: list[bytes] | None = None  # of a plain answer; None while it is a stream or not known yet
        self._events: EventParser | None = None
        self._characters = 0
        self._saw_choice = False
        self._finish_reason: str | None = None
        self._refusal = ""
        self._usage: Usage | None = None
        self.done = False

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that this chunk completes."""
        if self._events is None and self._body is None:
            chunk = self._settle_format(chunk)
        if self._body is not None:
            self._body.append(chunk)
        elif self._events is not None:
            for event in self._events.feed(chunk):
                yield from self._take_event(event)

    def finish(self) -> Iterator[Event]:
        """What is left at the end of the answer, and its End."""
        if self._body is not None:
            yield from self._take(parsed(b"".join(self._body), self._asked))
            self.done = True  # a plain answer that parses is whole
        elif self._events is not None:
            for event in self._events.finish():
                yield from self._take_event(event)
        elif not self._head.strip():
            raise self._asked.invalid("the answer is empty")
        yield from self._conclude()

    def _settle_format(self, chunk: bytes) -> bytes:
        """Tell a stream from plain JSON by the first sign, since content types lie; returns what can be read on."""
        self._head += chunk
        visible = self._head.removeprefix(_BYTE_ORDER_MARK).lstrip()
        if not visible or _BYTE_ORDER_MARK.startswith(visible):
            return b""
        if visible[:1] in b"{[<":
            self._body = []
            return visible
        self._events = EventParser()
        return self._head

    def _take_event(self, event: ServerEvent) -> Iterator[Event]:
        data = event.data.strip()
        if self.done or not data:
            return
        if data == "[DONE]":
            self.done = True
            return
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            if event.event == "error":
                raise self._asked.failure(ProviderError(message=data), usage=self._usage) from error
            what = f"the stream broke within an event, after {self._characters} characters"
            raise self._asked.invalid(what, self._usage) from error
        yield from self._take(value)

    def _take(self, value: Any) -> Iterator[Event]:
        error = read_error(value)
        if error is not None:
            raise self._asked.failure(error, usage=self._usage)
        try:
            completion = Completion.model_validate(value)
        except ValidationError as invalid:
            # Not chained: pydantic quotes the answer, and tracebacks are logged.
            what = f"the answer is no chat completion ({invalid.error_count()} faults in its shape)"
            raise self._asked.invalid(what, self._usage) from None
        for choice in completion.choices:
            if choice.index == 0:
                yield from self._take_choice(choice)
        if completion.usage is not None:
            usage = completion.usage.usage()
            if usage != self._usage:
                self._usage = usage
                yield UsageReport(usage)

    def _take_choice(self, choice: Choice) -> Iterator[Event]:
        self._saw_choice = True
        self._finish_reason = choice.finish_reason or self._finish_reason
        piece = choice.delta or choice.message
        if piece is None:
            return
        self._refusal += piece.refusal or ""
        for event in piece.events():
            if isinstance(event, TextDelta):
                self._characters += len(event.text)
            yield event

    def _conclude(self) -> Iterator[Event]:
        reason, asked, usage = self._finish_reason, self._asked, self._usage
        if not self._saw_choice:
            raise asked.invalid("the answer holds no chat completion", usage)
        if self._refusal or reason in _STOPPED_FOR_SAFETY:
            why = for_people(self._refusal, asked.secret) or "stopped by the service's content filter"
            raise ServiceFailure(
                FailureClass.REFUSED, f"{asked.service}: {why}", provider_code=reason or "refusal", usage=usage
            )
        if reason == "error":
            raise asked.failure(ProviderError(message="the service broke the answer off"), usage=usage)
        if reason is None and not self.done:
            raise asked.invalid(f"the answer was cut after {self._characters} characters", usage)
        if reason in _CUT_BY_LENGTH:
            if asked.wants_json:
                raise asked.invalid("max_output_tokens ran out before the JSON was complete", usage)
            reason = "length"
        yield End(_FINISH_WORDS.get(reason, reason or "stop"))


def read_embeddings(body: bytes, asked: Asked) -> Iterator[Event]:
    """The events of an embedding answer, in the order of the inputs.

    Raises:
        ServiceFailure: the answer's own error, or ``invalid_output`` where it is not one finite vector of the same
            length for each input.
    """
    value = parsed(body, asked)
    error = read_error(value)
    if error is not None:
        raise asked.failure(error)
    try:
        answer = Embeddings.model_validate(value)
    except ValidationError:
        raise asked.invalid("the answer holds no embeddings") from None
    places = [place if item.index is None else item.index for place, item in enumerate(answer.data)]
    usage = answer.usage.usage() if answer.usage else None
    if sorted(places) != list(range(asked.inputs)):
        raise asked.invalid(f"{asked.inputs} inputs went in, {len(places)} vectors came out", usage)
    vectors = {place: _vector(item, asked) for place, item in zip(places, answer.data, strict=True)}
    if len({len(vector) for vector in vectors.values()}) != 1 or not vectors[0]:
        raise asked.invalid("the vectors differ in length or are empty", usage)
    for place, vector in sorted(vectors.items()):
        yield VectorPart(place, vector)
    if usage is not None:
        yield UsageReport(usage)
    yield End()


def failure_of_answer(status: int, headers: Mapping[str, str], body: bytes, asked: Asked) -> ServiceFailure:
    """The failure that an answer with a status outside 200-299 stands for, whatever its body is."""
    try:
        error = read_error(json.loads(body))
    except ValueError:
        error = None
    if error is None:
        error = ProviderError(message=_words(status, headers, body))
    return asked.failure(error, status, headers)


def parsed(body: bytes, asked: Asked) -> Any:
    """The JSON value of a plain answer.

    Raises:
        ServiceFailure: ``invalid_output``, saying what it is instead.
    """
    text = body.removeprefix(_BYTE_ORDER_MARK).strip()
    if not text:
        raise asked.invalid("the answer is empty")
    if text.startswith(b"<"):
        raise asked.invalid(f"the answer is HTML{_title(text)}, not JSON: is the endpoint right?")
    try:
        return json.loads(text)
    except ValueError as error:
        raise asked.invalid(f"the answer is no JSON, or only half of it ({len(text)} bytes)") from error
    except RecursionError as error:
        raise asked.invalid("the answer is JSON nested too deeply") from error


def _words(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """What to say of an error answer that holds no error object."""
    text = body.removeprefix(_BYTE_ORDER_MARK).strip()
    if 300 <= status < 400:
        host = urlsplit(headers.get("location", "")).hostname
        return f"the endpoint redirects{f' to {host}' if host else ''} (status {status}); it has to be set right"
    if not text:
        return f"status {status} with nothing more"
    if text.startswith(b"<"):
        return f"status {status} with an HTML page{_title(text)}"
    return f"status {status}: {text[:400].decode(errors='replace')}"


def _title(page: bytes) -> str:
    found = re.search(rb"<title[^>]*>([^<]{1,100})", page[:4096], re.IGNORECASE)
    return f" ({found[1].decode(errors='replace').strip()})" if found else ""


def _vector(item: Embedding, asked: Asked) -> tuple[float, ...]:
    try:
        values = _floats(item.embedding) if isinstance(item.embedding, str) else item.embedding
    except (binascii.Error, struct.error, ValueError) as error:
        raise asked.invalid("a vector is no base64 of 32-bit floats") from error
    if not all(map(math.isfinite, values)):
        raise asked.invalid("a vector holds values that are no finite numbers")
    return tuple(values)


def _floats(encoded: str) -> list[float]:
    return [value for (value,) in struct.iter_unpack("<f", base64.b64decode(encoded, validate=True))]
