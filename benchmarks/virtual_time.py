"""An event loop whose time passes only when nobody has anything to do: minutes of waiting take milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _Leaping(selectors.DefaultSelector):
    """Waits for nothing: it leaps to the time when the next timer is due."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found: list[Any] = super().select(0)
        if not found and timeout is not None and timeout > 0:
            self.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code that waits by timers alone; what waits for threads or sockets would spin.

    >>> async def an_hour() -> float:
    ...     await asyncio.sleep(3_600)
    ...     return asyncio.get_running_loop().time()
    >>> round(run_virtual(an_hour()))
    3600
    """

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._leaping.now


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Run something to its end in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
