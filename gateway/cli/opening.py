"""What a command stands on: settings, data directory and store, opened together and closed together."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from gateway.errors import Interrupted, Stopped, Terminated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from types import FrameType

    from gateway.cli.commands import Flags
    from registry import Clock, Home, Settings, Store

T = TypeVar("T")

LOOK_SECONDS = 0.1  # how long a signal goes unnoticed at most
CLEAN_UP_SECONDS = 4.0  # who tells a process to end usually kills it after ten; a person waits less
_STOPPED: dict[int, type[Stopped]] = {signal.SIGTERM: Terminated, signal.SIGINT: Interrupted}

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
        Terminated, Interrupted: SIGTERM or Ctrl-C came; the work was cancelled, and what it holds was closed in order.
    """
    settings = load_settings(flags)

    async def open_and_work() -> T:
        async with opened(settings) as parts:
            return await work(parts)

    return in_loop(open_and_work)


def in_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a new event loop. SIGTERM and Ctrl-C cancel it, once, so that it can clean up.

    The loop has a thread of its own, and the main thread does nothing but wait for signals. Libraries that take
    signals for themselves can do so in the main thread only (Prefect's engine raises an exception wherever the process
    happens to be), and code that holds up the loop does not hold up our answer to a signal.

    What has not cleaned up after :data:`CLEAN_UP_SECONDS` is cut off, and the process ends.

    Raises:
        Terminated: SIGTERM came, and the work has ended.
        Interrupted: Ctrl-C came, and the work has ended.
    """
    under_way = _Work(work)
    thread = threading.Thread(target=copy_context().run, args=(under_way.do,), name="turnout-work", daemon=True)
    with _signals_given_to(under_way.end, lambda: under_way.told_by):
        thread.start()
        # A signal that comes while a thread is about to wait does not end its waiting, so nobody would be told of it.
        while not under_way.has_ended.wait(LOOK_SECONDS):
            pass
    thread.join()
    return under_way.result()


class _Work(Generic[T]):
    """A coroutine in an event loop of its own, which another thread can tell to end."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self.has_ended = threading.Event()
        self._work = work
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[T] | None = None
        self._cut_off: threading.Timer | None = None
        self.told_by: int | None = None
        self._is_cancelled = False
        self._result: T | None = None
        self._error: BaseException | None = None

    def do(self) -> None:
        """Do the work, and keep its result or its error."""
        try:
            self._result = asyncio.run(self._watched())
        except BaseException as error:  # noqa: BLE001 - it is raised again by result()
            self._error = error
        finally:
            self.has_ended.set()

    def end(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal: the first ends the work, later ones find its end under way."""
        if self.told_by is not None:
            return
        self.told_by = number
        self._cut_off = threading.Timer(CLEAN_UP_SECONDS, _cut_off, [number])
        self._cut_off.daemon = True
        self._cut_off.start()
        if self._loop is not None:
            with suppress(RuntimeError):  # closed: the work has ended just now
                self._loop.call_soon_threadsafe(self._cancel)

    def result(self) -> T:
        """What came of it, in the thread that waited."""
        if self._cut_off is not None:
            self._cut_off.cancel()
        ended_as_told = self._error is None or isinstance(self._error, asyncio.CancelledError)
        if self.told_by is not None and ended_as_told:
            raise _STOPPED[self.told_by] from None
        if self._error is not None:
            raise self._error
        return cast("T", self._result)

    async def _watched(self) -> T:
        self._task = cast("asyncio.Task[T]", asyncio.current_task())
        self._loop = asyncio.get_running_loop()
        if self.told_by is not None:  # before there was a loop to be told
            self._cancel()
        return await self._work()

    def _cancel(self) -> None:
        """Cancel, once: a second time would hit what cleans up."""
        if self._task is not None and not self._is_cancelled:
            self._is_cancelled = True
            self._task.cancel()


@contextmanager
def _signals_given_to(taker: Callable[[int, FrameType | None], None], come: Callable[[], int | None]) -> Iterator[None]:
    """Hand SIGTERM and SIGINT to ``taker``; one that the parent has set to be ignored (nohup, ``&``) stays ignored.

    One that has come stays with it, for the process ends now, and who presses Ctrl-C twice is to be told how.
    """
    before = {number: signal.getsignal(number) for number in _STOPPED}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in taken:
            signal.signal(number, taker)
        yield
    finally:
        for number in taken:
            if number != come():
                signal.signal(number, before[number])


def _cut_off(number: int) -> None:
    """End the process without waiting any longer for what hangs. Children see that we are gone, and end too."""
    with suppress(OSError):
        sentence = f"turnout: told to end; what had not ended after {CLEAN_UP_SECONDS:.0f} s was cut off.\n"
        os.write(sys.stderr.fileno(), sentence.encode())
    os._exit(_STOPPED[number].exit_code)


def _log_to_stderr(level: str) -> None:
    """Log our rooms at the level asked for and everybody else's warnings: SQLAlchemy's DEBUG is a flood."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    for room in ROOMS:
        logging.getLogger(room).setLevel(level)
