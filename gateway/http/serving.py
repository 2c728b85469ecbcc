"""Serving the HTTP API: from settings to a socket, and to an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from contextlib import contextmanager, suppress
from math import ceil
from typing import TYPE_CHECKING

import uvicorn

from gateway.http.app import make_app
from gateway.http.heads import BoundedHeads
from gateway.http.metrics import Metrics
from gateway.http.state import State
from gateway.memory import bound_arenas
from registry import AccessKeys, KeyMissing
from registry.serving import ended_by_signals, is_loopback, listening_socket
from routing import Runtime

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from registry import Settings

logger = logging.getLogger(__name__)

LARGEST_HEAD_BYTES = 64 * 1024
KEPT_IDLE_SECONDS = 30
LAST_WORDS_SECONDS = 1
"""How long streams may take to say that their time is up. After that they are broken off."""


class _Server(uvicorn.Server):
    """uvicorn's server, which tells us when it is told to end, and does not end the process by the signal again."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None], on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_end = on_end
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets=sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT for the time of serving."""
        with ended_by_signals(self.end):
            yield

    def end(self) -> None:
        """Take in nothing new, finish what is under way, and end; told twice, end at once."""
        self._on_end()
        self.force_exit = self.should_exit
        self.should_exit = True


async def serve(settings: Settings, host: str, port: int, on_ready: Callable[[int], None]) -> None:
    """Serve until told to end (SIGTERM, SIGINT); then finish what is under way within ``drain_seconds``.

    ``on_ready`` is told the port once the server listens.

    Raises:
        PortTaken: the port is not to be had.
        KeyMissing: it would listen beyond this machine, and there is no access key.
        RegistryError: the data directory or the database cannot be used.
    """
    bound_arenas()
    listening = listening_socket(host, port, "--port or TURNOUT_GATEWAY_PORT")
    with listening:
        async with Runtime.open(settings) as runtime:
            keys = AccessKeys(runtime.store, time.time)
            if not is_loopback(host) and not await _has_open_key(keys):
                raise KeyMissing(host)
            state = State(runtime, keys, Metrics())
            server = _Server(
                _config(make_app(state, settings.model_copy(update={"gateway_host": host})), settings),
                on_end=lambda: state.drain(settings.drain_seconds),
                on_ready=lambda: on_ready(listening.getsockname()[1]),
            )
            gc.collect()
            gc.freeze()  # what was imported stays: no need to look through it again and again
            with suppress(asyncio.CancelledError):
                await server.serve(sockets=[listening])


def _config(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application; uvicorn's own type names are narrower
        http=BoundedHeads,  # on h11, which bounds a head's size; httptools does not
        h11_max_incomplete_event_size=LARGEST_HEAD_BYTES,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="critical",  # what goes wrong is told by us, without the request's content
        server_header=False,
        timeout_keep_alive=KEPT_IDLE_SECONDS,
        timeout_graceful_shutdown=ceil(settings.drain_seconds) + LAST_WORDS_SECONDS,
        backlog=1024,
    )


async def _has_open_key(keys: AccessKeys) -> bool:
    return any(key.revoked_us is None for key in await keys.list())
