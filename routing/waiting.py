"""Who waits for a place: by priority, with a share for each that cannot be starved away."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

# Of the places that become free while all three wait; whoever does not wait leaves its share to the others.
SHARES = {"high": 75, "normal": 19, "low": 6}
RESERVE_SHARE = 10  # one place in so many is kept for high priority, while there is any
RESERVED_SECONDS = 10.0  # for so long after the last request of high priority
_STRIDES = {priority: 10_000 // share for priority, share in SHARES.items()}


@dataclass(eq=False, slots=True)
class Waiter:
    """One who waits: for a place at one of these offerings. ``granted`` holds the offering's id once there is one."""

    priority: str
    offerings: Collection[int]
    granted: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class WaitingRoom:
    """Those who wait for places, first come first served within a priority.

    Between priorities it is stride scheduling (Waldspurger and Weihl, 1995): each has a pass that moves on by its
    stride with every place it is given, and the lowest pass is next.

    A place that is granted counts as taken until whoever it was granted to has come for it (:meth:`come`).
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._queues: dict[str, deque[Waiter]] = {priority: deque() for priority in SHARES}
        self.count = 0  # who wait; asked for several times a call, and nearly always 0
        self._passes = dict.fromkeys(SHARES, 0)
        self._reached = 0  # the pass of who was served last, before it moved on
        self._granted: dict[int, int] = {}
        self._high_at = float("-inf")

    def __len__(self) -> int:
        return self.count

    def counts(self) -> dict[str, int]:
        """How many wait, by priority."""
        return {priority: len(queue) for priority, queue in self._queues.items()}

    def arrived(self, priority: str) -> None:
        """A request has come."""
        if priority == "high":
            self._high_at = self._clock()

    def kept_free(self, offering_id: int, priority: str, cap: float) -> int:
        """How many places at an offering are not for a newcomer of this priority: granted, or kept for the high."""
        kept = self._granted.get(offering_id, 0) if self._granted else 0
        if priority != "high" and cap >= 2 and self._clock() - self._high_at < RESERVED_SECONDS:
            kept += max(1, int(min(cap, 1_000) // RESERVE_SHARE))
        return kept

    def join(self, priority: str, offerings: Collection[int]) -> Waiter:
        """Begin to wait."""
        waiter = Waiter(priority, offerings)
        queue = self._queues[priority]
        if not queue:  # whoever did not wait has saved nothing up, and whoever comes back at once has lost nothing
            self._passes[priority] = max(self._passes[priority], self._reached)
        queue.append(waiter)
        self.count += 1
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Stop waiting. A place that was granted meanwhile is to be come for, or given on."""
        if waiter in self._queues[waiter.priority]:
            self._queues[waiter.priority].remove(waiter)
            self.count -= 1

    def come(self, offering_id: int) -> None:
        """Whoever was granted a place has come for it."""
        left = self._granted.get(offering_id, 0) - 1
        if left > 0:
            self._granted[offering_id] = left
        else:
            self._granted.pop(offering_id, None)

    def grant(self, offering_id: int, *, may: Callable[[str, int], bool]) -> None:
        """Give free places of an offering to those who wait for them.

        ``may`` says whether somebody of a priority may have a place there, with so many granted already.
        """
        while (waiter := self._next(offering_id, may)) is not None:
            self._queues[waiter.priority].remove(waiter)
            self.count -= 1
            self._reached = self._passes[waiter.priority]
            self._passes[waiter.priority] += _STRIDES[waiter.priority]
            self._granted[offering_id] = self._granted.get(offering_id, 0) + 1
            waiter.granted.set_result(offering_id)

    def _next(self, offering_id: int, may: Callable[[str, int], bool]) -> Waiter | None:
        for priority in sorted(SHARES, key=self._passes.__getitem__):
            for waiter in self._queues[priority]:
                if offering_id in waiter.offerings and not waiter.granted.done():
                    if may(priority, self._granted.get(offering_id, 0)):
                        return waiter
                    break
        return None
