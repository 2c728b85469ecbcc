"""A deadline for what is awaited within a block: as :func:`asyncio.timeout`, at half its price."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class Within:
    """``with Within(seconds): await …`` raises ``TimeoutError`` where that takes longer.

    The running task is cancelled, and the cancellation turned into the error when it leaves the block; one that came
    from elsewhere stays what it is. Unlike ``asyncio.timeout`` it cannot be moved, and is entered without awaiting.
    """

    __slots__ = ("_cancelling", "_fired", "_handle", "_seconds", "_task")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._fired = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - what awaits has a task
        self._task = task
        self._cancelling = task.cancelling()
        self._handle = loop.call_later(max(0.0, self._seconds), self._fire)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.cancel()
        if self._fired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _fire(self) -> None:
        self._fired = True
        self._task.cancel()
