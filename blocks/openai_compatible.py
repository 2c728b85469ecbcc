"""Services that speak OpenAI's wire format: chat and embeddings."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from blocks.errors import ServiceFailure
from blocks.fold import collect
from blocks.trace_headers import with_trace
from blocks.transport import WireRequest
from blocks.wire.openai import CHAT_PATH, EMBEDDINGS_PATH, chat_body, embeddings_body
from blocks.wire.openai_models import LARGEST_LIST_BYTES, MODELS_PATH, read_models
from blocks.wire.openai_replies import Asked, ChatReader, failure_of_answer, read_embeddings
from blocks.wire.whole import read_plain, read_whole
from registry.words import Capability, FailureClass
from registry.words.quick import maker

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from typing import Any

    from blocks.contract import Call, Event, Reply
    from blocks.transport import Transport, WireReply
    from registry.words import Service

_wire_request = maker(WireRequest)
_LARGEST_ERROR_BYTES = 64 * 1024
_LAST_BYTES_SECONDS = 0.05
_SIMPLE = frozenset({str, int, bool})
_NO_SUCH_LIST = frozenset({404, 405, 501})
_CHAT = frozenset({Capability.TEXT, Capability.UNDERSTANDING, Capability.SEARCH})


class OpenAICompatible:
    """A service behind an OpenAI-compatible endpoint: OpenAI itself, Mistral, Together, Ollama, vLLM, llama.cpp.

    The registry row is the truth for the endpoint (``https://api.openai.com/v1``). ``service.options`` may hold
    ``auth_header`` (a header that bears the bare secret, instead of ``Authorization: Bearer``), ``stream_usage`` (False
    leaves out a parameter that some servers refuse) and ``reuse_connection`` (False opens one for each call, for
    servers that close connections without a word).

    ::

        transport = HttpxTransport()
        service = OpenAICompatible(row, transport)
        reply = await collect(service.stream(Call(request=request, offering=offering, secret=secret)))
    """

    def __init__(
        self,
        service: Service,
        transport: Transport,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._service = service
        self._transport = transport
        self._clock = clock
        self._addresses: dict[str, str] = {}
        self._kept_headers: tuple[str | None, dict[str, str]] | None = None

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """Do the work of ``call``.

        Raises:
            ServiceFailure: by the failure classes of :mod:`blocks.wire.openai_failures`, and ``unavailable_model`` for
                a capability that this wire format does not carry.
        """
        capability = call.request.capability
        if capability in _CHAT:
            events = self._chat(call)
        elif capability == Capability.EMBEDDING:
            events = self._embed(call)
        else:
            raise ServiceFailure(
                FailureClass.UNAVAILABLE_MODEL, f"{self._service.name}: this kind of service does no {capability}"
            )
        async with aclosing(events):
            async for event in events:
                yield event

    async def probe(self, secret: str | None, timeout_seconds: float) -> str:
        """How many models the service lists: asking that costs nothing anywhere.

        A service that has no such list and says so is up: it answers.

        Raises:
            ServiceFailure: by the classes of :mod:`blocks.wire.openai_failures`.
        """
        asked = Asked(service=self._service.name, now=self._clock(), secret=secret, wants_json=False, inputs=0)
        request = WireRequest(
            url=self._address(MODELS_PATH),
            method="GET",
            headers={"accept": "application/json"} | self._headers(secret),
            timeout_seconds=timeout_seconds,
            largest_reply_bytes=LARGEST_LIST_BYTES,
        )
        async with self._transport.send(request) as reply:
            if reply.status in _NO_SUCH_LIST:
                return "it answers, and lists no models"
            await _check_status(reply, asked)
            models = read_models(await reply.read())
        if models is None:
            raise ServiceFailure(FailureClass.INVALID_OUTPUT, f"{self._service.name}: its list of models is none")
        return f"{len(models):,} model{'' if len(models) == 1 else 's'}"

    async def call(self, call: Call) -> Reply:
        """Do the work of ``call``, with the answer in one piece; chats only, anything else is folded from its stream.

        Raises:
            ServiceFailure: as :meth:`stream`.
        """
        if call.request.capability not in _CHAT:
            return await collect(self.stream(call))
        answer = await self._transport.fetch(self._request(call, CHAT_PATH, chat_body(call, stream=False)))
        is_well = 200 <= answer.status < 300
        reply = read_plain(answer.body) if is_well else None
        if reply is not None:
            return reply
        asked = self._asked(call)
        if not is_well:
            raise failure_of_answer(answer.status, answer.headers, answer.body[:_LARGEST_ERROR_BYTES], asked)
        return read_whole(answer.body, asked)

    async def aclose(self) -> None:
        """Nothing to let go of: the transport belongs to whoever made it."""

    async def _chat(self, call: Call) -> AsyncGenerator[Event, None]:
        asked = self._asked(call)
        reader = ChatReader(asked)
        async with self._transport.send(self._request(call, CHAT_PATH, chat_body(call))) as reply:
            await _check_status(reply, asked)
            async for chunk in reply.chunks:
                for event in reader.feed(chunk):
                    yield event
                if reader.done:
                    await _read_out(reply)
                    break
        for event in reader.finish():
            yield event

    async def _embed(self, call: Call) -> AsyncGenerator[Event, None]:
        asked = self._asked(call)
        async with self._transport.send(self._request(call, EMBEDDINGS_PATH, embeddings_body(call))) as reply:
            await _check_status(reply, asked)
            body = await reply.read()
        for event in read_embeddings(body, asked):
            yield event

    def _asked(self, call: Call) -> Asked:
        return Asked(
            service=self._service.name,
            now=self._clock(),
            secret=call.secret,
            wants_json=call.request.schema is not None,
            inputs=len(call.request.inputs),
        )

    def _request(self, call: Call, path: str, body: dict[str, Any]) -> WireRequest:
        return _wire_request(
            url=self._address(path),
            headers=with_trace(self._call_headers(call.secret)),
            body=_encoded(body, is_plain=not call.request.params and call.request.schema is None),
            timeout_seconds=call.timeout_seconds,
        )

    def _address(self, path: str) -> str:
        if path not in self._addresses:
            if not self._service.endpoint:
                message = f"{self._service.name}: the service has no endpoint"
                raise ServiceFailure(FailureClass.UNAVAILABLE_MODEL, message)
            self._addresses[path] = self._service.endpoint.rstrip("/") + path
        return self._addresses[path]

    def _call_headers(self, secret: str | None) -> dict[str, str]:
        """The headers of a call, made once for each secret."""
        if self._kept_headers is None or self._kept_headers[0] != secret:
            headers = {"content-type": "application/json", "accept": "text/event-stream, application/json"}
            self._kept_headers = secret, headers | self._headers(secret)
        return self._kept_headers[1]

    def _headers(self, secret: str | None) -> dict[str, str]:
        """What the connection and the credential ask for."""
        headers = {}
        if not self._service.options.get("reuse_connection", True):
            headers["connection"] = "close"
        if secret:
            # Looked at here, since an HTTP engine would quote a header that it cannot send.
            if not (secret.isascii() and secret.isprintable()):
                message = (
                    f"{self._service.name}: the credential holds characters that no header can carry (a line break?)"
                )
                raise ServiceFailure(FailureClass.CREDENTIALS, message)
            header = self._service.options.get("auth_header")
            if header:
                headers[str(header).lower()] = secret
            else:
                headers["authorization"] = f"Bearer {secret}"
        return headers


def _encoded(body: dict[str, Any], *, is_plain: bool) -> bytes:
    """The body as JSON. What is no JSON (infinities, half a surrogate pair, keys that are no text) is refused.

    ``is_plain`` says that it holds nothing but what we put in ourselves.
    """
    try:
        if is_plain or _is_simple(body):
            return orjson.dumps(body)
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        message = f"the request's params or schema hold something that is no JSON ({type(error).__name__})"
        raise ServiceFailure(FailureClass.CALLER_FAULT, message) from error


def _is_simple(body: dict[str, Any]) -> bool:
    """Whether all values are such that the fast encoder says the same as the careful one; it makes null of infinity."""
    return all(
        name == "messages" or value is None or type(value) in _SIMPLE or (type(value) is float and math.isfinite(value))
        for name, value in body.items()
    )


async def _check_status(reply: WireReply, asked: Asked) -> None:
    if 200 <= reply.status < 300:
        return
    body = b""
    async for chunk in reply.chunks:
        body += chunk
        if len(body) >= _LARGEST_ERROR_BYTES:
            break
    raise failure_of_answer(reply.status, reply.headers, body[:_LARGEST_ERROR_BYTES], asked)


async def _read_out(reply: WireReply) -> None:
    """Read the few bytes after the end mark, so that the connection can be used again; give up on it else."""
    with suppress(TimeoutError, ServiceFailure):
        async with asyncio.timeout(_LAST_BYTES_SECONDS):
            async for _ in reply.chunks:
                pass
