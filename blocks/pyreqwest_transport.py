"""The transport on pyreqwest, an engine in Rust: the leanest, some two thirds more calls a second than aiohttp."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from blocks.errors import ServiceFailure
from blocks.transport import WireAnswer, WireReply, check_size, is_loopback
from registry.words import FailureClass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from pyreqwest.client import Client
    from pyreqwest.request import StreamRequest
    from pyreqwest.response import Response

    from blocks.transport import WireRequest

CONNECT_SECONDS = 10.0
HTTP_OK = 200
_KEPT_IDLE_SECONDS = 3.0  # local servers drop idle connections after five; going first avoids calls into a closing one
_CAUSES = (
    ("certificate", "the certificate of {host} is not to be trusted"),
    ("dns error", "the name {host} leads to no address"),
    ("connection refused", "{host} refuses connections: nothing listens there"),
    ("connection reset", "{host} broke the connection off"),
    ("connection closed", "{host} broke the connection off"),
)


class PyreqwestTransport:
    """The transport on pyreqwest (see :class:`blocks.Transport`). Belongs to the event loop that it is first used in.

    Proxies of the environment are asked for the world outside, never for this machine.
    """

    def __init__(self, *, connections: int = 512) -> None:
        self._connections = connections
        self._clients: dict[bool, Client] = {}
        self._is_near: dict[str, bool] = {}

    @asynccontextmanager
    async def send(self, request: WireRequest) -> AsyncIterator[WireReply]:
        """Send the request (see :class:`blocks.Transport`)."""
        deadline = asyncio.get_running_loop().time() + request.timeout_seconds
        opened = self._outgoing(request)
        try:
            async with asyncio.timeout_at(deadline):
                response = await opened.__aenter__()
        except Exception as error:  # noqa: BLE001 - what is none of the engine's is raised again as it is
            raise failure_of(error, request) from _shown_cause(error)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            yield WireReply(status=response.status, headers=headers, chunks=_bounded(response, request, deadline))
        finally:
            await opened.__aexit__(None, None, None)

    async def fetch(self, request: WireRequest) -> WireAnswer:
        """Send the request and read the whole answer (see :class:`blocks.Transport`)."""
        try:
            async with self._outgoing(request) as response:
                length = response.get_header("content-length")
                if length is not None and length.isdecimal():
                    check_size(int(length), request)
                    body = bytes(await response.bytes())
                else:
                    body = await _read_bounded(response, request)
                status = response.status
                # Of an answer that went well nobody reads the headers.
                headers = {} if status == HTTP_OK else {name.lower(): one for name, one in response.headers.items()}
                return WireAnswer(status, headers, body)
        except ServiceFailure:
            raise
        except Exception as error:  # noqa: BLE001 - what is none of the engine's is raised again as it is
            raise failure_of(error, request) from _shown_cause(error)

    async def aclose(self) -> None:
        """Let go of the connections."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    def _outgoing(self, request: WireRequest) -> StreamRequest:
        try:
            near = self._is_near.get(request.url)
            if near is None:
                near = self._is_near[request.url] = is_loopback(request.url)
            client = self._clients.get(near) or self._new_client(near=near)
            asked = {"accept-encoding": "identity", **request.headers}
            # No buffer: what has come is handed on at once, however little it is.
            building = client.request(request.method, request.url).headers(asked).streamed_read_buffer_limit(0)
            if request.body:
                building = building.body_bytes(request.body)
            return building.build_streamed()
        except Exception as error:  # noqa: BLE001 - what is none of the engine's is raised again as it is
            raise failure_of(error, request) from _shown_cause(error)

    def _new_client(self, *, near: bool) -> Client:
        from pyreqwest.client import ClientBuilder

        building = (
            ClientBuilder()
            .max_connections(self._connections)
            .follow_redirects(enable=False)
            .connect_timeout(timedelta(seconds=CONNECT_SECONDS))
            .pool_idle_timeout(timedelta(seconds=_KEPT_IDLE_SECONDS))
            .http1_only()
        )  # fmt: skip
        self._clients[near] = (building.no_proxy() if near else building).build()
        return self._clients[near]


async def _bounded(response: Response, request: WireRequest, deadline: float) -> AsyncGenerator[bytes, None]:
    """The body, cut off at the deadline and at the size bound."""
    received_bytes = 0
    length = response.get_header("content-length")
    if length is not None and length.isdecimal():
        check_size(int(length), request)
    reader = response.body_reader
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await reader.read_chunk()
        except Exception as error:  # noqa: BLE001 - what is none of the engine's is raised again as it is
            raise failure_of(error, request) from _shown_cause(error)
        if chunk is None:
            return
        received_bytes += len(chunk)
        check_size(received_bytes, request)
        yield bytes(chunk)


async def _read_bounded(response: Response, request: WireRequest) -> bytes:
    """A body whose size nobody has named."""
    received = bytearray()
    reader = response.body_reader
    while (chunk := await reader.read_chunk()) is not None:
        received += chunk
        check_size(len(received), request)
    return bytes(received)


def failure_of(error: Exception, request: WireRequest) -> ServiceFailure:
    """What an exception of the engine's means. The one place where this is decided; the message names the host only."""
    from pyreqwest.exceptions import BuilderError, ConnectError, ConnectTimeoutError, PyreqwestError

    if not isinstance(error, PyreqwestError | TimeoutError | OSError | ValueError):
        raise error
    host = request.host
    if isinstance(error, BuilderError | UnicodeError) or _has_no_address(request.url):
        return ServiceFailure(FailureClass.UNAVAILABLE_MODEL, f"{host!r} is no http or https address", was_sent=False)
    if isinstance(error, ConnectTimeoutError):
        seconds = round(min(CONNECT_SECONDS, request.timeout_seconds), 2)
        message = f"{host} took no connection within {seconds:g} s"
        return ServiceFailure(FailureClass.TRANSIENT, message, was_sent=False)
    if isinstance(error, TimeoutError):
        seconds = round(request.timeout_seconds, 2)
        return ServiceFailure(FailureClass.TRANSIENT, f"{host} did not finish its answer within {seconds:g} s")
    said = f"{error} {getattr(error, 'details', '')}".lower()
    told = next((sentence.format(host=host) for word, sentence in _CAUSES if word in said), None)
    if told is None and isinstance(error, ConnectError):
        is_secure = request.url.startswith("https:")
        told = f"no secure connection to {host} came about" if is_secure else f"{host} cannot be reached"
    told = told or f"the connection to {host} broke ({type(error).__name__})"
    return ServiceFailure(FailureClass.TRANSIENT, told, was_sent=not isinstance(error, ConnectError))


def _has_no_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return True
    return parts.scheme not in {"http", "https"} or not parts.hostname or port == 0


def _shown_cause(error: Exception) -> Exception | None:
    """The cause to keep for tracebacks: none where the engine quotes what it stumbled on, a secret maybe."""
    return None if isinstance(error, ValueError) else error
