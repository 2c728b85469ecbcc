"""A deadline for what is awaited within a block: as :func:`asyncio.timeout`, at a small part of its price."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from routing.alarms import Alarm

if TYPE_CHECKING:
    from types import TracebackType

    from routing.alarms import Alarms


class Within(Alarm):
    """``with Within(alarms, seconds): await …`` raises ``TimeoutError`` where that takes longer.

    The running task is cancelled, and the cancellation turned into the error when it leaves the block; one that came
    from elsewhere stays what it is. Unlike ``asyncio.timeout`` it cannot be moved, and is entered without awaiting.
    """

    __slots__ = ("_alarms", "_cancelling", "_rang", "_seconds", "_task")

    def __init__(self, alarms: Alarms, seconds: float) -> None:
        self._alarms = alarms
        self._seconds = seconds
        self._rang = False

    def __enter__(self) -> None:
        task = self._task = self._alarms.task()
        self._cancelling = task.cancelling()
        self._alarms.set(self, self._seconds, task.get_loop())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarms.clear(self)
        if self._rang and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def ring(self) -> None:
        """Break off what is awaited in the block."""
        self._rang = True
        self._task.cancel()
