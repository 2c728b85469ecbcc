"""Who and what is let in: Host and Origin, sizes, times, how many at once; and a request id on every answer.

A plain ASGI wrapper around the application, so that a request costs microseconds here.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gateway.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from gateway.http.metrics import Metrics

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Scope = MutableMapping[str, Any]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

BODY_SECONDS = 30.0
"""How long a request's body may take to arrive."""
STALL_SECONDS = 60.0
"""How long a client may take nothing of what waits for it."""
MOST_AT_ONCE = 1_000
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Admission:
    """Wraps an ASGI application.

    Args:
        app: what answers those that are let in.
        hosts: the names, without ports, that a request may be addressed to.
        max_body_bytes: the largest body.
        request_seconds: the longest time for one request.
        metrics: counts.
        body_seconds: the longest time for a body to arrive.
        stall_seconds: how long a client may take nothing.
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: frozenset[str],
        max_body_bytes: int,
        request_seconds: float,
        metrics: Metrics,
        body_seconds: float = BODY_SECONDS,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._max_body_bytes = max_body_bytes
        self._request_seconds = request_seconds
        self._metrics = metrics
        self._body_seconds = body_seconds
        self._stall_seconds = stall_seconds
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":  # there is none here
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id, self._stall_seconds)
        began = time.perf_counter()
        self._under_way += 1
        try:
            self._check_head(headers)
            body = _Body(receive, headers, self._max_body_bytes, self._body_seconds)
            async with asyncio.timeout(self._request_seconds):
                await self._app(scope, body.receive, answer.send)
        except Problem as problem:
            await answer.fail(problem, scope["path"])
        except TimeoutError:
            message = f"not done within {self._request_seconds:g} s"
            await answer.fail(Problem(504, "deadline_passed", message, retryable=True), scope["path"])
        except ClientGone:
            answer.status = answer.status or 499
        except Exception:
            logger.exception("request %s failed", request_id)
            message = f"this should not have happened; the server's log tells of request {request_id}"
            await answer.fail(Problem(500, "internal_error", message), scope["path"])
        finally:
            self._under_way -= 1
            self._metrics.answered(scope.get("route_path", "other"), answer.status, time.perf_counter() - began)

    def _check_head(self, headers: dict[bytes, bytes]) -> None:
        if self._under_way > MOST_AT_ONCE:
            raise Problem(503, "overloaded", "too much is under way", retryable=True, retry_after_seconds=1)
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if _name_of(host) not in self._hosts:
            raise Problem(421, "host_not_allowed", "this server does not answer to that host name (public_hosts)")
        origin = headers.get(b"origin")
        if origin is not None and not _is_same(origin.decode("latin-1").lower(), host):
            raise Problem(403, "origin_not_allowed", "pages of another origin may not call this server")
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self._max_body_bytes:
            raise too_large(self._max_body_bytes)


class ClientGone(Exception):
    """Whoever asked has gone away, or takes nothing more: nobody is there to be answered."""


class _Body:
    """Hands on a request's body, bounded in size and time."""

    def __init__(self, receive: Receive, headers: dict[bytes, bytes], max_bytes: int, seconds: float) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._until: float | None = None
        self._bytes = 0
        self._is_whole = not (headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers)

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        loop = asyncio.get_running_loop()
        self._until = self._until or loop.time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise Problem(408, "body_too_slow", f"the body did not arrive within {self._seconds:g} s") from None
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            if self._bytes > self._max_bytes:
                raise too_large(self._max_bytes)
            self._is_whole = not message.get("more_body", False)
        return message


class _Answer:
    """Hands on an answer; knows whether it has begun."""

    def __init__(self, send: Send, request_id: str, stall_seconds: float) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self._stall_seconds = stall_seconds
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            head = [(b"x-request-id", self._request_id), (b"cache-control", b"no-store")]
            message = {**message, "headers": [*message.get("headers", ()), *head]}
        try:
            async with asyncio.timeout(self._stall_seconds):
                await self._send(message)
        except (TimeoutError, OSError) as error:
            raise ClientGone from error

    async def fail(self, problem: Problem, path: str) -> None:
        if self.status:  # it has begun: all that is left is to break it off
            raise problem
        body, kind = problem.body(path, self._request_id.decode())
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *problem.headers()]
        if problem.status in {408, 413, 431}:  # what is left of the request is not read
            headers.append((b"connection", b"close"))
        try:
            await self.send({"type": "http.response.start", "status": problem.status, "headers": headers})
            await self.send({"type": "http.response.body", "body": body})
        except ClientGone:
            logger.debug("nobody is left to hear of %s", problem.code)


def too_large(max_bytes: int) -> Problem:
    """The body is over the limit."""
    return Problem(413, "body_too_large", f"a request may have {max_bytes:,} bytes (max_body_bytes)")


def _request_id(headers: dict[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    return given if _SAFE_ID.fullmatch(given) else f"req-{secrets.token_hex(8)}"


def _name_of(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_same(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False
