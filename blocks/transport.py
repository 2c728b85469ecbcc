"""The shared transport: one HTTP request out, a bounded stream of bytes in, every fault of the network one failure.

The contract is lean, so that another engine can take httpx's place; ``tests/blocks/test_transport.py`` is the suite
that every engine passes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import urlsplit

from blocks.errors import ServiceFailure
from registry.words import FailureClass
from registry.words.quick import quickly_made

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    import httpx

LARGEST_REPLY_BYTES = 64 * 1024 * 1024


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """A request as it goes over the wire, and its bounds.

    ``timeout_seconds`` bounds the whole exchange, from connecting to the last byte of the answer.
    ``largest_reply_bytes`` counts the answer's body after decompression.
    """

    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout_seconds: float = 60.0
    connect_timeout_seconds: float = 10.0
    largest_reply_bytes: int = LARGEST_REPLY_BYTES

    @property
    def host(self) -> str:
        """Host and port for people: no path, no user, no query."""
        try:
            parts = urlsplit(self.url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:  # a port that is no number, an IPv6 address without its bracket
            return "?"
        return f"{parts.hostname or '?'}{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReply:
    """The head of an answer, and its body as it comes. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    chunks: AsyncIterator[bytes] = field(repr=False)

    async def read(self) -> bytes:
        """The whole body.

        Raises:
            ServiceFailure: as ``chunks`` does.
        """
        return b"".join([chunk async for chunk in self.chunks])


@dataclass(slots=True)
class WireAnswer:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@runtime_checkable
class Transport(Protocol):
    """Something that carries requests. It follows no redirect, retries nothing, and keeps no cookie."""

    async def fetch(self, request: WireRequest) -> WireAnswer:
        """Send the request and read the whole answer. Its time is bounded by whoever calls, not here.

        Raises:
            ServiceFailure: as :meth:`send`, but for the deadline.
        """
        ...

    def send(self, request: WireRequest) -> AbstractAsyncContextManager[WireReply]:
        """Send the request; inside the context the answer's body can be read once.

        Raises:
            ServiceFailure: ``transient`` for every fault of the network and for a deadline that passed,
                ``invalid_output`` for a body above the bound, ``unavailable_model`` for an address that is none.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the connections."""
        ...


class HttpxTransport:
    """The transport on httpx. One instance belongs to the event loop that it is first used in.

    ::

        transport = HttpxTransport()
        async with transport.send(WireRequest(url="http://127.0.0.1:8080/health", method="GET")) as reply:
            print(reply.status, await reply.read())
        await transport.aclose()
    """

    def __init__(self, *, connections: int = 100) -> None:
        self._connections = connections
        self._clients: dict[bool, httpx.AsyncClient] = {}

    @asynccontextmanager
    async def send(self, request: WireRequest) -> AsyncIterator[WireReply]:
        """Send the request (see :class:`Transport`)."""
        deadline = asyncio.get_running_loop().time() + request.timeout_seconds
        response = await self._open(request, deadline)
        chunks = _bounded(response, request, deadline)
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            yield WireReply(status=response.status_code, headers=headers, chunks=chunks)
        finally:
            await chunks.aclose()
            await response.aclose()

    async def fetch(self, request: WireRequest) -> WireAnswer:
        """Send the request and read the whole answer (see :class:`Transport`)."""
        async with self.send(request) as reply:
            return WireAnswer(reply.status, reply.headers, await reply.read())

    async def aclose(self) -> None:
        """Let go of the connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def _open(self, request: WireRequest, deadline: float) -> httpx.Response:
        import httpx

        client = self._client(loopback=is_loopback(request.url))
        try:
            # Under the deadline, so that connecting is given up by the engine, which then closes its socket at once.
            connect_seconds = min(request.connect_timeout_seconds, 0.9 * request.timeout_seconds)
            outgoing = client.build_request(
                request.method,
                request.url,
                headers={"accept-encoding": "identity", **request.headers},
                content=request.body or None,
                timeout=httpx.Timeout(None, connect=connect_seconds),
            )
            async with asyncio.timeout_at(deadline):
                return await client.send(outgoing, stream=True, follow_redirects=False)
        except _faults() as error:
            raise failure_of(error, request) from _shown_cause(error)

    def _client(self, *, loopback: bool) -> httpx.AsyncClient:
        """The client for this machine, which heeds no proxy settings, or the one for the world outside, which does."""
        import httpx

        client = self._clients.get(loopback)
        if client is None:
            # Local servers drop idle connections after five seconds; going first avoids calls into a closing one.
            limits = httpx.Limits(max_connections=self._connections, keepalive_expiry=3.0)
            no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
            client = httpx.AsyncClient(limits=limits, trust_env=not loopback, cookies=no_cookies)
            self._clients[loopback] = client
        return client


async def _bounded(response: httpx.Response, request: WireRequest, deadline: float) -> AsyncGenerator[bytes, None]:
    """The body, cut off at the deadline and at the size bound."""
    received_bytes = 0
    if response.headers.get("content-length", "").isdecimal():
        check_size(int(response.headers["content-length"]), request)
    chunks = aiter(response.aiter_bytes())
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except _faults() as error:
            raise failure_of(error, request) from _shown_cause(error)
        received_bytes += len(chunk)
        check_size(received_bytes, request)
        yield chunk


def check_size(size_bytes: int, request: WireRequest) -> None:
    """Hold an answer to the bound of its request.

    Raises:
        ServiceFailure: ``invalid_output``, where it is larger.
    """
    if size_bytes > request.largest_reply_bytes:
        raise ServiceFailure(
            FailureClass.INVALID_OUTPUT,
            f"{request.host} answers with more than {request.largest_reply_bytes:,} bytes",
        )


def _faults() -> tuple[type[Exception], ...]:
    import httpx

    return httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError, OSError, UnicodeError


def failure_of(error: Exception, request: WireRequest) -> ServiceFailure:
    """What an engine's exception means. The one place where this is decided; the message names the host, no header."""
    import httpx

    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError)):
        return ServiceFailure(
            FailureClass.UNAVAILABLE_MODEL, f"{request.host!r} is no http or https address", was_sent=False
        )
    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return ServiceFailure(FailureClass.TRANSIENT, _told(error, request), was_sent=not unsent)


def _shown_cause(error: Exception) -> Exception | None:
    """The cause to keep for tracebacks: none where the engine quotes the header that it stumbled on, a secret maybe."""
    import httpx

    return None if isinstance(error, (httpx.LocalProtocolError, UnicodeError)) else error


def _told(error: Exception, request: WireRequest) -> str:
    import httpx

    host = request.host
    if isinstance(error, httpx.ConnectTimeout):
        seconds = min(request.connect_timeout_seconds, request.timeout_seconds)
        return f"{host} took no connection within {round(seconds, 2):g} s"
    if isinstance(error, httpx.PoolTimeout | httpx.TimeoutException | TimeoutError):
        return f"{host} did not finish its answer within {round(request.timeout_seconds, 2):g} s"
    told = told_of(error, host)
    if told is not None:
        return told
    if isinstance(error, httpx.ConnectError):
        return f"{host} cannot be reached"
    return f"the connection to {host} broke ({type(error).__name__})"


def told_of(error: BaseException, host: str) -> str | None:
    """The sentence for what an engine's exception was caused by; None where the cause is not one of the known."""
    causes = _chain(error)
    for kind, sentence in _SENTENCES:
        if any(isinstance(cause, kind) for cause in causes):
            return sentence.format(host=host)
    return None


# From the particular to the general: certificate errors are TLS errors, and all of them are OSErrors.
_SENTENCES: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "the name {host} leads to no address"),
    (ssl.SSLCertVerificationError, "the certificate of {host} is not to be trusted"),
    (ssl.SSLError, "no secure connection to {host} came about"),
    (ConnectionRefusedError, "{host} refuses connections: nothing listens there"),
    (ConnectionResetError, "{host} broke the connection off"),
)


def _chain(error: BaseException | None) -> list[BaseException]:
    """An exception with everything that caused it; an engine may hide the cause in a group."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or current in found:
            continue
        found.append(current)
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
    return found


def is_loopback(url: str) -> bool:
    """Whether the URL leads to this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, or no address at all
        return False
