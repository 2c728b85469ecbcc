"""What a command stands on: settings, data directory and store, opened together and closed together."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.errors import Terminated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from gateway.cli.commands import Flags
    from registry import Clock, Home, Settings, Store

T = TypeVar("T")

ROOMS = ("registry", "blocks", "quality", "routing", "flows", "dashboards", "gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The parts that a command works with, for as long as :func:`opened` holds them open."""

    settings: Settings
    home: Home
    store: Store
    clock: Clock


def load_settings(flags: Flags) -> Settings:
    """The settings that hold, with logging set up as they say.

    Raises:
        SettingsError: a name or a value is wrong.
    """
    from registry import Settings

    settings = Settings.load(flags.as_settings())
    _log_to_stderr(settings.log_level)
    return settings


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Opened]:
    """Data directory made, store open and up to date, the catalogue that ships put in; closed at the end.

    Raises:
        HomeUnusable: the data directory cannot be made or written.
        StoreError: the database cannot be used.
    """
    from registry import Home, Store, seed

    home = Home(settings.home).make()
    store = await Store.open(settings.store_url, backup_directory=home.backups)
    try:
        await seed(store, time.time)
        yield Opened(settings=settings, home=home, store=store, clock=time.time)
    finally:
        await store.close()


def with_store(flags: Flags, work: Callable[[Opened], Coroutine[Any, Any, T]]) -> T:
    """Do a command's asynchronous work with everything open, in an event loop of its own.

    Raises:
        RegistryError: settings, data directory or database cannot be used.
        Terminated: SIGTERM came meanwhile; the work was cancelled, and what it holds was closed in order.
    """
    settings = load_settings(flags)

    async def open_and_work() -> T:
        async with opened(settings) as parts:
            return await work(parts)

    return in_loop(open_and_work)


def in_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a new event loop. SIGTERM cancels it, as Ctrl-C does, so that it can clean up.

    Raises:
        Terminated: SIGTERM came, and the work has ended.
        KeyboardInterrupt: Ctrl-C came, and the work has ended.
    """
    told_to_end = False

    async def watched() -> T:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def end() -> None:
            nonlocal told_to_end
            told_to_end = True
            if task is not None:
                task.cancel()

        loop.add_signal_handler(signal.SIGTERM, end)
        try:
            return await work()
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    try:
        result = asyncio.run(watched())
    except asyncio.CancelledError:
        if told_to_end:
            raise Terminated from None
        raise
    if told_to_end:
        # The work has taken the cancellation as the wish to come to an end, and did.
        raise Terminated
    return result


def _log_to_stderr(level: str) -> None:
    """Log our rooms at the level asked for and everybody else's warnings: SQLAlchemy's DEBUG is a flood."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    for room in ROOMS:
        logging.getLogger(room).setLevel(level)
