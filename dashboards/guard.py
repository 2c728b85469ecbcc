"""Who and what is let in to the pages: Host, Origin and login on HTTP, static files and websockets alike.

A plain ASGI wrapper, since the server of the pages checks no origin of its own and wraps nothing around websockets.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.websockets import WebSocketDisconnect

from dashboards.visitors import COOKIE
from registry import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from dashboards.visitors import Visitor, Visitors

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Scope = MutableMapping[str, Any]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

VISITOR_HEADER = "x-turnout-visitor"
RECHECK_SECONDS = 20.0
LARGEST_MESSAGE_BYTES = 1_000_000
LARGEST_BODY_BYTES = 4_096
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
CLOSED_REFUSED = 4403
CLOSED_LOGIN = 4401

# What Bokeh and Panel need: scripts within the page, code made from text (React components are compiled by Panel in
# the browser and loaded from a blob), styles within the page, and pictures and fonts as data. No other host at all.
CONTENT_POLICY = (
    "default-src 'none'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; "
    "font-src 'self' data:; "
    "connect-src 'self' blob:; "
    "manifest-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    # Nothing is told to others. Not "no-referrer": with it browsers send our own forms with the Origin "null".
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_SESSION_CHOSEN = re.compile(rb"bokeh(-|_|%2d|%5f)session", re.IGNORECASE)
_OPEN_PATHS = frozenset({"/login", "/healthz", "/favicon.svg"})
_CLOSED_PATHS = ("/admin", "/session_info", "/rest/", "/liveness", "/docs", "/redoc", "/openapi.json")


class Guard:
    """Wraps an ASGI application.

    Args:
        app: what answers those that are let in; it finds the visitor's key id in the header ``x-turnout-visitor``.
        hosts: the names, without ports, that a request may be addressed to.
        visitors: knows who shows which cookie.
        recheck_seconds: how often an open websocket is held against the keys again.
    """

    def __init__(
        self, app: App, *, hosts: frozenset[str], visitors: Visitors, recheck_seconds: float = RECHECK_SECONDS
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._visitors = visitors
        self._recheck_seconds = recheck_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request or websocket in, or not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope["type"] == "websocket":
            await self._websocket(scope, headers, receive, send)
        else:
            await self._http(scope, headers, receive, _with_headers(send, scope))

    async def _http(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        turned_away = self._turned_away(scope, headers)
        visitor = None
        if turned_away is None and scope["path"] not in _OPEN_PATHS:
            try:
                visitor = await self._visitors.visitor(cookie_of(headers))
                turned_away = _ask_to_log_in(scope) if visitor is None else None
            except StoreError as error:
                again = {"retry-after": "5", "refresh": "5"}  # the browser tries again by itself
                told = f"Nobody can be let in just now: {error}."
                turned_away = PlainTextResponse(told, status_code=503, headers=again)
        if turned_away is not None:
            await turned_away(scope, receive, send)
            return
        await self._app(_as(scope, visitor), _bounded(receive), send)

    def _turned_away(self, scope: Scope, headers: dict[bytes, bytes]) -> Response | None:
        """The answer to a request that nobody may make, whoever they are; None where somebody may."""
        refused = self._refused(headers, is_strict=scope["method"] not in {"GET", "HEAD"})
        if refused:
            return PlainTextResponse(refused, status_code=403)
        if scope["path"].startswith(_CLOSED_PATHS):
            return PlainTextResponse("There is nothing here.", status_code=404)
        if _SESSION_CHOSEN.search(scope.get("query_string", b"")):
            return PlainTextResponse("Nobody chooses the session that a page joins.", status_code=403)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > LARGEST_BODY_BYTES:
            closing = {"connection": "close"}  # what is left of the request is not read
            return PlainTextResponse("That is too large.", status_code=413, headers=closing)
        return None

    async def _websocket(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        refused = self._refused(headers, is_strict=True)
        visitor = None
        if not refused:
            with suppress(StoreError):
                visitor = await self._visitors.visitor(cookie_of(headers))
        if refused or visitor is None:
            await receive()
            await send({"type": "websocket.close", "code": CLOSED_REFUSED if refused else CLOSED_LOGIN})
            return
        socket = _Socket(receive, send)
        looking = asyncio.create_task(self._look_again(cookie_of(headers), socket))
        try:
            await self._app(_as(scope, visitor), socket.receive, socket.send)
        finally:
            looking.cancel()

    async def _look_again(self, cookie: str, socket: _Socket) -> None:
        while True:
            await asyncio.sleep(self._recheck_seconds)
            try:
                visitor = await self._visitors.visitor(cookie)
            except StoreError as error:
                logger.warning("an open page could not be held against the access keys: %s", error)
                continue
            if visitor is None:
                await socket.close(CLOSED_LOGIN)
                return

    def _refused(self, headers: dict[bytes, bytes], *, is_strict: bool) -> str:
        """Why a request is refused by where it comes from and where it goes to; empty where it is not.

        ``is_strict`` wants an Origin: browsers send one with everything that changes something, and with websockets.
        """
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if name_of(host) not in self._hosts:
            return "These pages do not answer to that host name (public_hosts names those they do)."
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if origin and origin != "null" and _netloc(origin) == host:
            return ""
        if not origin and not is_strict:
            return ""
        return "Pages of another origin may not do that."


class Gone(Exception):
    """The websocket has ended, and that was told already."""


class _Socket:
    """A websocket that we can close from outside, and whose end is told in the way that its server understands.

    bokeh-fastapi lets go of a session only when ``receive`` raises ``WebSocketDisconnect``, and then asks once more,
    for ever if nothing else is raised. Told by a message alone, as ASGI has it, it keeps each session to the end.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._closed = asyncio.Event()
        self._is_told = False
        self._lock = asyncio.Lock()

    async def receive(self) -> Message:
        if self._is_told:
            raise Gone
        message = await self._next()
        if message["type"] == "websocket.disconnect":
            self._closed.set()
            self._is_told = True
            raise WebSocketDisconnect(message.get("code", 1006))
        return message

    async def _next(self) -> Message:
        getting = asyncio.ensure_future(self._receive())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({getting, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done() or self._closed.is_set():
                return {"type": "websocket.disconnect", "code": CLOSED_LOGIN}
            message = getting.result()
        finally:
            getting.cancel()
            closing.cancel()
        size = len(message.get("bytes") or b"") + len(message.get("text") or "")
        if size > LARGEST_MESSAGE_BYTES:
            await self.close(1009)
            return {"type": "websocket.disconnect", "code": 1009}
        return message

    async def send(self, message: Message) -> None:
        if self._closed.is_set():
            return
        try:
            await self._send(message)
        except OSError:  # the browser has gone: what it still said is not for us any more
            self._closed.set()

    async def close(self, code: int) -> None:
        async with self._lock:
            if not self._closed.is_set():
                self._closed.set()
                await self._send({"type": "websocket.close", "code": code})


def cookie_of(headers: dict[bytes, bytes]) -> str:
    """The login's cookie in a request's headers; empty where there is none."""
    try:
        found = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def name_of(host: str) -> str:
    """The name in a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _as(scope: Scope, visitor: Visitor | None) -> Scope:
    """The scope with the visitor's key id in our header, whatever the client sent in it."""
    own = VISITOR_HEADER.encode()
    headers = [(name, value) for name, value in scope["headers"] if name != own]
    if visitor is not None:
        headers.append((own, str(visitor.key_id).encode()))
    return {**scope, "headers": headers, "visitor": visitor}


def _ask_to_log_in(scope: Scope) -> PlainTextResponse | RedirectResponse:
    wants_page = b"text/html" in dict(scope["headers"]).get(b"accept", b"")
    if scope["method"] != "GET" or not wants_page:
        return PlainTextResponse("Log in first.", status_code=401)
    query = scope.get("query_string", b"").decode("latin-1")
    back = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"/login?next={quote(back, safe='')}", status_code=303)


def _bounded(receive: Receive) -> Receive:
    """Nothing here takes large bodies: more than some kilobytes are cut off as if the client had gone."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        return {"type": "http.disconnect"} if size > LARGEST_BODY_BYTES else message

    return bounded


def _with_headers(send: Send, scope: Scope) -> Send:
    """Adds what every answer bears, and how long it may be kept: static files by their version, pages not at all."""
    path: str = scope["path"]
    kept = b"no-store"
    if path.startswith("/static/"):
        has_version = b"v=" in scope.get("query_string", b"")
        kept = b"private, max-age=31536000, immutable" if has_version else b"private, max-age=3600"

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name for name, _ in _HEADERS} | {b"cache-control"}
            headers = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in own]
            is_kept = message["status"] in {200, 304}
            headers += [*_HEADERS, (b"cache-control", kept if is_kept else b"no-store")]
            message = {**message, "headers": headers}
        await send(message)

    return sending
