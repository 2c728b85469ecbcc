"""The leanest transport: whole answers over HTTP/1.1 on protocols of asyncio, parsed by httptools.

An engine for everything builds a request, a response and a stream of chunks for each call, which takes longer than
sending and parsing. Here a call is one write and one future. What needs more (streams, proxies) goes through aiohttp.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httptools

from blocks.aiohttp_transport import CONNECT_SECONDS, KEPT_IDLE_SECONDS, AiohttpTransport, ssl_context
from blocks.errors import ServiceFailure
from blocks.transport import WireAnswer, told_of
from registry.words import FailureClass
from registry.words.quick import maker

if TYPE_CHECKING:
    import ssl
    from contextlib import AbstractAsyncContextManager

    from blocks.transport import WireReply, WireRequest

LARGEST_HEAD_BYTES = 64 * 1024
_wire_answer = maker(WireAnswer)
_HEADS_KEPT = 1_000
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_HTTP_OK = 200
_FIRST_FINAL_STATUS = 200
_SHORTEST_THAT_MATTERS = len("content-length")


class TooLarge(Exception):
    """An answer has more bytes than it may have."""


class BadAnswer(Exception):
    """What came is no HTTP."""


class _Connection(asyncio.Protocol):
    """One connection, one call at a time."""

    __slots__ = ("_body", "_done", "_head_bytes", "_headers", "_largest", "_packed", "_parser", "_size", "_to_the_end",
                 "free_at", "is_open", "transport")  # fmt: skip

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_open = False
        self.free_at = 0.0
        self._done: asyncio.Future[WireAnswer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._largest = self._size = self._head_bytes = 0
        self._packed: bytes | None = None
        self._to_the_end = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream's transport is one
        self.is_open = True

    def call(self, loop: asyncio.AbstractEventLoop, head_and_body: bytes, largest: int) -> asyncio.Future[WireAnswer]:
        """Send, and have the answer to come."""
        self._largest = largest
        self._done = loop.create_future()
        self.transport.write(head_and_body)  # type: ignore[union-attr]  # it is connected
        return self._done

    def data_received(self, data: bytes) -> None:
        if self._done is None or self._done.done():
            self.give_up()  # nobody asked: the next answer would not be ours
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(BadAnswer("it changes to another protocol"))
        except httptools.HttpParserError as error:
            cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
            self._fail(cause if isinstance(cause, TooLarge | BadAnswer) else BadAnswer(type(error).__name__))

    def on_message_begin(self) -> None:
        if self._done is None or self._done.done():
            raise BadAnswer("a second answer to one request")
        self._headers, self._body = [], []
        self._size = self._head_bytes = 0
        self._to_the_end = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > LARGEST_HEAD_BYTES:
            raise TooLarge
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        length = bounded = packed = None
        for name, value in self._headers:
            if len(name) < _SHORTEST_THAT_MATTERS:
                continue
            lower = name.lower()
            if lower == b"content-length":
                length = value
            elif lower == b"transfer-encoding":
                bounded = value
            elif lower == b"content-encoding":
                packed = value
        self._packed = packed
        if length is not None and length.isdigit() and int(length) > self._largest:
            raise TooLarge
        self._to_the_end = length is None and bounded is None

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._largest:
            raise TooLarge
        self._body.append(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < _FIRST_FINAL_STATUS:  # "100 Continue" and its like: the answer is still to come
            return
        keeps = self._parser.should_keep_alive()
        self._answer(status)
        if not keeps:
            self.give_up()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._done is None or self._done.done():
            return
        if exc is None and self._to_the_end:  # an answer that ends with its connection
            self._answer(self._parser.get_status_code())
        else:
            self._done.set_exception(exc or ConnectionResetError())

    def give_up(self) -> None:
        """Close the connection: nothing more is said on it."""
        self.is_open = False
        if self.transport is not None:
            self.transport.abort()

    def _answer(self, status: int) -> None:
        if self._done is None or self._done.done():
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        packed = self._packed
        headers: dict[str, str] = {}
        if status != _HTTP_OK or packed is not None:  # of an answer that went well nobody reads the headers
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self._headers}
        try:
            if packed is not None and packed.decode("latin-1").strip().lower() in _PACKED:
                body = _unpacked(body, self._largest)
        except (zlib.error, TooLarge) as error:
            self._fail(error if isinstance(error, TooLarge) else BadAnswer("it is packed, and broken"))
            return
        self._done.set_result(_wire_answer(status, headers, body))

    def _fail(self, error: Exception) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
        self.give_up()


class LeanTransport:
    """The transport for whole answers (see :class:`blocks.Transport`). Belongs to the loop that it is first used in."""

    def __init__(self, *, connections: int = 512) -> None:
        self._free: dict[tuple[str, int, bool], list[_Connection]] = {}
        self._most = connections
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._heads: dict[str, tuple[object, str, tuple[str, int, bool], bytes]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._others = AiohttpTransport(connections=connections)
        self._ssl: ssl.SSLContext | None = None

    def send(self, request: WireRequest) -> AbstractAsyncContextManager[WireReply]:
        """Send the request (see :class:`blocks.Transport`)."""
        return self._others.send(request)

    async def fetch(self, request: WireRequest) -> WireAnswer:
        """Send the request and read the whole answer (see :class:`blocks.Transport`)."""
        if self._others.proxy_of(request.url) is not None:
            return await self._others.fetch(request)
        where, head = self._head(request)
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        if self._taken < self._most:
            self._taken += 1
        else:
            await self._wait_for_a_place(loop)
        try:
            connection = self._take(where, loop.time()) or await self._connect(where, request)
            body = request.body
            waiting = connection.call(loop, b"%b%d\r\n\r\n%b" % (head, len(body), body), request.largest_reply_bytes)
            try:
                answer = await waiting
            except asyncio.CancelledError:
                connection.give_up()
                raise
            except (OSError, BadAnswer, TooLarge) as error:
                raise _failure_of(error, request) from error
            if connection.is_open:
                connection.free_at = loop.time()
                self._free.setdefault(where, []).append(connection)
            return answer
        finally:
            self._leave()

    async def _wait_for_a_place(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until a connection may be used; whoever leaves hands its place over."""
        waiting = loop.create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if not waiting.cancelled():  # the place was handed over at the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                return
        self._taken -= 1

    async def aclose(self) -> None:
        """Let go of the connections."""
        free, self._free, self._loop = self._free, {}, None
        for connections in free.values():
            for connection in connections:
                connection.give_up()
        await self._others.aclose()

    def _take(self, where: tuple[str, int, bool], now: float) -> _Connection | None:
        """A connection that is free and has not waited too long: servers drop idle ones without a word."""
        free = self._free.get(where)
        if not free:
            return None
        oldest = now - KEPT_IDLE_SECONDS
        while free:
            connection = free.pop()
            if connection.is_open and connection.free_at > oldest:
                return connection
            connection.give_up()
        return None

    async def _connect(self, where: tuple[str, int, bool], request: WireRequest) -> _Connection:
        host, port, is_secure = where
        if is_secure and self._ssl is None:
            self._ssl = ssl_context()
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, 0.9 * request.timeout_seconds)):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, host, port, ssl=self._ssl if is_secure else None
                )
        except (TimeoutError, OSError, UnicodeError) as error:
            raise _unconnected(error, request) from error
        return connection

    def _head(self, request: WireRequest) -> tuple[tuple[str, int, bool], bytes]:
        """Where the request goes, and its head up to the length of its body."""
        known = self._heads.get(request.url)
        if known is not None and known[0] is request.headers and known[1] == request.method:
            return known[2], known[3]
        try:
            where, head = _made_head(request)
        except (ValueError, UnicodeError) as error:
            message = f"{request.host!r} is no http or https address, or a header cannot be sent there"
            raise ServiceFailure(FailureClass.UNAVAILABLE_MODEL, message, was_sent=False) from error
        if len(self._heads) >= _HEADS_KEPT:
            self._heads.clear()
        self._heads[request.url] = request.headers, request.method, where, head
        return where, head


def _made_head(request: WireRequest) -> tuple[tuple[str, int, bool], bytes]:
    parts = urlsplit(request.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError(request.host)
    is_secure = parts.scheme == "https"
    where = parts.hostname, parts.port or (443 if is_secure else 80), is_secure
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = parts.netloc.rpartition("@")[2]
    headers = {"host": named, "accept-encoding": "identity", **{k.lower(): v for k, v in request.headers.items()}}
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any(not line.isprintable() for line in lines) or " " in target:
        raise ValueError("a header or a path holds what cannot be sent")
    return where, ("\r\n".join(lines) + "\r\ncontent-length: ").encode("latin-1")


def _unpacked(body: bytes, largest: int) -> bytes:
    """A body that was packed though it was asked not to be; never more than it may have."""
    for bits in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        unpacking = zlib.decompressobj(bits)
        try:
            whole = unpacking.decompress(body, largest + 1)
        except zlib.error:
            if bits < 0:
                raise
            continue
        if len(whole) > largest:
            raise TooLarge
        return whole
    return body


def _unconnected(error: Exception, request: WireRequest) -> ServiceFailure:
    host = request.host
    if isinstance(error, TimeoutError) and not isinstance(error, ConnectionError):
        seconds = round(min(CONNECT_SECONDS, request.timeout_seconds), 2)
        told = f"{host} took no connection within {seconds:g} s"
    else:
        told = told_of(error, host) or f"{host} cannot be reached"
    return ServiceFailure(FailureClass.TRANSIENT, told, was_sent=False)


def _failure_of(error: Exception, request: WireRequest) -> ServiceFailure:
    """What went wrong after the request was sent; the message names the host only."""
    host = request.host
    if isinstance(error, TooLarge):
        told = f"{host} answers with more than {request.largest_reply_bytes:,} bytes"
        return ServiceFailure(FailureClass.INVALID_OUTPUT, told)
    if isinstance(error, BadAnswer):
        return ServiceFailure(FailureClass.TRANSIENT, f"what {host} answers is no HTTP ({error})")
    told = told_of(error, host) or f"the connection to {host} broke ({type(error).__name__})"
    return ServiceFailure(FailureClass.TRANSIENT, told)
