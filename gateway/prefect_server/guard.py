"""Prefect's application behind a guard: it answers to this machine's own names, and to no page of another origin.

Prefect's password keeps strangers out. The guard keeps out what a browser could be talked into: another site's page, or
a name that leads to this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def guarded_app() -> App:
    """Prefect's application, guarded."""
    from prefect.server.api.server import create_app

    return guarded(create_app())


def guarded(app: App) -> App:
    """The application for requests and websockets that come from this machine's own names and pages."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or _is_ours(dict(scope["headers"])):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"not from there\n"})

    return guard


def _is_ours(headers: dict[bytes, bytes]) -> bool:
    host = headers.get(b"host", b"").decode("latin-1").lower()
    if host.rpartition(":")[0] not in OWN_NAMES and host not in OWN_NAMES:
        return False
    origin = headers.get(b"origin")
    return origin is None or urlsplit(origin.decode("latin-1").lower()).netloc == host
