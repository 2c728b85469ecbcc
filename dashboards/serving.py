"""Serving the pages: from settings to a socket, and to an orderly end."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

from blocks.credentials import CredentialSource
from dashboards.questions import Sources
from dashboards.refresher import Refresher
from dashboards.visitors import Visitors, kept_secret
from registry import AccessKeys, Home, HomeUnusable, KeyMissing, Store
from registry.serving import ended_by_signals, is_loopback, listening_socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from registry import Settings

logger = logging.getLogger(__name__)

END_SECONDS = 1


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it listens, and takes SIGTERM and SIGINT for itself alone."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets=sockets)
        self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals for the time of serving."""
        with ended_by_signals(self.end):
            yield

    def end(self) -> None:
        """End; told twice, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


async def serve(settings: Settings, host: str, port: int, on_ready: Callable[[int], None]) -> None:
    """Serve until told to end (SIGTERM, SIGINT). ``on_ready`` is told the port once pages are answered.

    Raises:
        PortTaken: the port is not to be had.
        KeyMissing: it would listen beyond this machine, and nobody could log in.
        RegistryError: the data directory or the database cannot be used.
    """
    home = Home(settings.home).make()
    with listening_socket(host, port, "--port or TURNOUT_PAGES_PORT") as listening:
        store = await Store.open(settings.store_url, backup_directory=home.backups)
        try:
            keys = AccessKeys(store, time.time)
            if not is_loopback(host) and not any(
                key.revoked_us is None and key.may("read") for key in await keys.list()
            ):
                raise KeyMissing(host)
            await _serve(settings.model_copy(update={"gateway_host": host}), store, keys, listening, on_ready)
        finally:
            await store.close()


async def _serve(
    settings: Settings,
    store: Store,
    keys: AccessKeys,
    listening: socket.socket,
    on_ready: Callable[[int], None],
) -> None:
    # Panel takes seconds to import: only now, when nothing else is in the way.
    from dashboards.app import make_app
    from dashboards.pages.session import House

    try:
        secret = kept_secret(settings.home / "pages-secret")
    except OSError as error:
        problem = f"cannot keep the secret of the pages ({error.strerror or error})"
        raise HomeUnusable(str(settings.home), problem) from error
    sources = Sources(store, time.time, CredentialSource())
    refresher = Refresher(sources)
    visitors = Visitors(keys, time.time, secret)
    house = House(settings=settings, sources=sources, refresher=refresher, visitors=visitors)
    app = make_app(house, keys, hashlib.sha256(b"sessions:" + secret).hexdigest().encode())
    server = _Server(_config(app), lambda: on_ready(listening.getsockname()[1]))
    gc.collect()
    gc.freeze()  # what was imported stays: no need to look through it again and again
    try:
        with suppress(asyncio.CancelledError):
            await server.serve(sockets=[listening])
    finally:
        await refresher.close()


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI application; uvicorn's own type names are narrower
        http="h11",  # it bounds a request's head
        ws="websockets-sansio",
        ws_max_size=1_000_000,
        ws_per_message_deflate=True,
        lifespan="on",
        access_log=False,
        log_level="critical",
        server_header=False,
        timeout_graceful_shutdown=END_SECONDS,
    )
