"""The transport on aiohttp: about fifteen times as many calls a second on one core as the one on httpx."""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from blocks.errors import ServiceFailure
from blocks.transport import WireAnswer, WireReply, check_size, is_loopback, told_of
from registry.words import FailureClass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import aiohttp
    from yarl import URL

    from blocks.transport import WireRequest

KEPT_IDLE_SECONDS = 3.0  # local servers drop idle connections after five; going first avoids calls into a closing one
_NAMES_KEPT_SECONDS = 10
_ADDRESSES_KEPT = 1_000
CONNECT_SECONDS = 10.0
HTTP_OK = 200


class AiohttpTransport:
    """The transport on aiohttp (see :class:`blocks.Transport`). Belongs to the event loop that it is first used in.

    Proxies of the environment are asked for the world outside, never for this machine. Certificates are checked against
    the ones that come with Python's packages, or those that ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names.

    ::

        transport = AiohttpTransport()
        async with transport.send(WireRequest(url="http://127.0.0.1:8080/health", method="GET")) as reply:
            print(reply.status, await reply.read())
        await transport.aclose()
    """

    def __init__(self, *, connections: int = 512) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}
        self._urls: dict[str, URL] = {}

    @asynccontextmanager
    async def send(self, request: WireRequest) -> AsyncIterator[WireReply]:
        """Send the request (see :class:`blocks.Transport`)."""
        deadline = asyncio.get_running_loop().time() + request.timeout_seconds
        response = await self._open(request, deadline)
        chunks = _bounded(response, request, deadline)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            yield WireReply(status=response.status, headers=headers, chunks=chunks)
        finally:
            await chunks.aclose()
            response.close()  # where the body was read to its end, the connection has gone back already

    async def fetch(self, request: WireRequest) -> WireAnswer:
        """Send the request and read the whole answer (see :class:`blocks.Transport`)."""
        session = self._session or self._new_session()
        try:
            async with session.request(
                request.method,
                self._url(request.url),
                headers={"accept-encoding": "identity", **request.headers},
                data=request.body or None,
                allow_redirects=False,
                proxy=self.proxy_of(request.url),
            ) as response:
                length = response.content_length
                if length is not None:
                    check_size(length, request)
                    body = await response.read()
                else:
                    body = await _read_bounded(response, request)
                # Of an answer that went well nobody reads the headers.
                headers = {} if response.status == HTTP_OK else {k.lower(): v for k, v in response.headers.items()}
                return WireAnswer(response.status, headers, body)
        except _faults() as error:
            raise failure_of(error, request) from _shown_cause(error)

    def _url(self, url: str) -> URL:
        """The address as the engine wants it: reading one takes as long as sending to it."""
        made = self._urls.get(url)
        if made is None:
            from yarl import URL

            if len(self._urls) >= _ADDRESSES_KEPT:
                self._urls.clear()
            made = self._urls[url] = URL(url, encoded=True)
        return made

    async def aclose(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _open(self, request: WireRequest, deadline: float) -> aiohttp.ClientResponse:
        import aiohttp
        from yarl import URL

        session = self._session or self._new_session()
        connect_seconds = min(request.connect_timeout_seconds, 0.9 * request.timeout_seconds)
        try:
            async with asyncio.timeout_at(deadline):
                return await session.request(
                    request.method,
                    URL(request.url, encoded=True),
                    headers={"accept-encoding": "identity", **request.headers},
                    data=request.body or None,
                    allow_redirects=False,
                    proxy=self.proxy_of(request.url),
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
                )
        except _faults() as error:
            raise failure_of(error, request) from _shown_cause(error)

    def _new_session(self) -> aiohttp.ClientSession:
        import aiohttp

        connector = aiohttp.TCPConnector(
            limit=self._connections,
            keepalive_timeout=KEPT_IDLE_SECONDS,
            ttl_dns_cache=_NAMES_KEPT_SECONDS,
            ssl=ssl_context(),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # it would read passwords from ~/.netrc as well; proxies we look up ourselves
            skip_auto_headers=("content-type", "user-agent"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )
        return self._session

    def proxy_of(self, url: str) -> str | None:
        """The proxy that the environment names for an address; None for none."""
        if url not in self._proxies:
            parts = urlsplit(url)
            proxied = not is_loopback(url) and not proxy_bypass(parts.netloc)
            found = getproxies() if proxied else {}
            if len(self._proxies) >= _ADDRESSES_KEPT:
                self._proxies.clear()
            self._proxies[url] = found.get(parts.scheme) or found.get("all")
        return self._proxies[url]


def ssl_context() -> ssl.SSLContext:
    """Certificates as this house trusts them: those of Python's packages, or those that the environment names."""
    import certifi

    own = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    return ssl.create_default_context(cafile=None if own else certifi.where())


async def _bounded(
    response: aiohttp.ClientResponse, request: WireRequest, deadline: float
) -> AsyncGenerator[bytes, None]:
    """The body, cut off at the deadline and at the size bound."""
    received_bytes = 0
    if response.content_length is not None:
        check_size(response.content_length, request)
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await response.content.readany()
        except _faults() as error:
            raise failure_of(error, request) from _shown_cause(error)
        if not chunk:
            return
        received_bytes += len(chunk)
        check_size(received_bytes, request)
        yield chunk


async def _read_bounded(response: aiohttp.ClientResponse, request: WireRequest) -> bytes:
    """A body whose size nobody has named."""
    received = bytearray()
    while chunk := await response.content.readany():
        received += chunk
        check_size(len(received), request)
    return bytes(received)


@cache
def _faults() -> tuple[type[Exception], ...]:
    import aiohttp

    # ValueError: an address that is none, or a header that cannot be sent.
    return aiohttp.ClientError, aiohttp.http.HttpProcessingError, TimeoutError, OSError, ValueError


def failure_of(error: Exception, request: WireRequest) -> ServiceFailure:
    """What an aiohttp exception means. The one place where this is decided; the message names the host, no header."""
    import aiohttp

    host = request.host
    if isinstance(error, aiohttp.InvalidURL | UnicodeError) or _has_no_address(request.url):
        return ServiceFailure(FailureClass.UNAVAILABLE_MODEL, f"{host!r} is no http or https address", was_sent=False)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        seconds = min(request.connect_timeout_seconds, request.timeout_seconds)
        message = f"{host} took no connection within {round(seconds, 2):g} s"
        return ServiceFailure(FailureClass.TRANSIENT, message, was_sent=False)
    if isinstance(error, TimeoutError):
        seconds = round(request.timeout_seconds, 2)
        return ServiceFailure(FailureClass.TRANSIENT, f"{host} did not finish its answer within {seconds:g} s")
    told = told_of(error, host)
    if told is None and isinstance(error, aiohttp.ClientConnectorError):
        told = f"{host} cannot be reached"
    told = told or f"the connection to {host} broke ({type(error).__name__})"
    return ServiceFailure(FailureClass.TRANSIENT, told, was_sent=not isinstance(error, aiohttp.ClientConnectorError))


def _has_no_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return True
    return parts.scheme not in {"http", "https"} or not parts.hostname or port == 0


def _shown_cause(error: Exception) -> Exception | None:
    """The cause to keep for tracebacks: none where the engine quotes the header that it stumbled on, a secret maybe."""
    return None if isinstance(error, ValueError) else error
