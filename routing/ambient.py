"""The runtime that work uses when none is named: the one opened around it, else one in a thread of its own.

A shared runtime lives on its own event loop in a background thread, so that synchronous code, Prefect's worker threads
and any number of event loops use the same one. It is opened at first use and drained when the process ends.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

    from registry import Settings
    from registry.words import TaskRequest, TaskResult
    from routing.runtime import Runtime

T = TypeVar("T")

current_runtime: ContextVar[Runtime | None] = ContextVar("current_runtime", default=None)


class SharedRuntime:
    """A runtime on an event loop in a thread of its own.

    >>> shared = SharedRuntime()  # opens nothing yet
    >>> shared.close()  # and closing what was never opened is fine
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runtime: Runtime | None = None

    def submit(self, request: TaskRequest) -> Future[TaskResult]:
        """Start the work; the future holds its result or its error."""
        loop, runtime = self._opened()
        return asyncio.run_coroutine_threadsafe(runtime.run(runtime.owned(request)), loop)

    def _opened(self) -> tuple[asyncio.AbstractEventLoop, Runtime]:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="turnout-runtime", daemon=True)
                self._thread.start()
            if self._runtime is None:
                self._runtime = self._wait(self._open())
            return self._loop, self._runtime

    async def _open(self) -> Runtime:
        from registry import Settings
        from routing.runtime import Runtime

        return await Runtime.start(self._settings or Settings.load())

    def _wait(self, work: Coroutine[None, None, T]) -> T:
        assert self._loop is not None  # noqa: S101 - made by the caller, under the lock
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Drain and close the runtime and end its thread. Does nothing where there is none."""
        with self._lock:
            if self._runtime is not None:
                self._wait(self._runtime.aclose())
                self._runtime = None
            if self._loop is not None and self._thread is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()
                self._loop = None


_shared = SharedRuntime()
atexit.register(_shared.close)


def shared_runtime() -> SharedRuntime:
    """The process's shared runtime."""
    return _shared


async def run_request(request: TaskRequest) -> TaskResult:
    """Do the work on the runtime opened around the caller, else on the shared one."""
    runtime = current_runtime.get()
    if runtime is not None and runtime.loop is asyncio.get_running_loop():
        return await runtime.run(runtime.owned(request))
    return await asyncio.wrap_future(shared_runtime().submit(request))


def run_request_sync(request: TaskRequest) -> TaskResult:
    """Do the work and wait for it, from code that has no event loop.

    Raises:
        RuntimeError: called from inside a running event loop, which it would block.
    """
    if _in_event_loop():
        raise RuntimeError("ai_task.sync() would block the running event loop; write `await ai_task(...)` instead")
    return shared_runtime().submit(request).result()


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
