"""Hedging: a second call beside one that is late, within a budget; whoever answers first wins."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from routing.alarms import Alarm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from routing.alarms import Alarms

T = TypeVar("T")

SHORTEST_HEDGE_SECONDS = 0.05  # what is late by less than that is not worth a second call
MOST_BESIDE = 2  # calls beside a first one at the same time
FIRST_CALLS = 5.0  # before anything is earned
MOST_SAVED_CALLS = 20.0  # hedges that may be made at once after a quiet time


class HedgeBudget:
    """What may be spent on second calls: a share of the calls, and a share of the money, that first calls have used.

    >>> budget = HedgeBudget()
    >>> for _ in range(20):
    ...     budget.earn(calls_share=0.1, cost_share=0.1, cost_nanousd=1_000)
    >>> budget.afford(cost_nanousd=500), budget.afford(cost_nanousd=2_500)
    (True, False)
    """

    def __init__(self) -> None:
        self._calls = FIRST_CALLS
        self._nanousd = 0.0
        self._largest_nanousd = 0.0

    def earn(self, *, calls_share: float, cost_share: float, cost_nanousd: int) -> None:
        """A first call was made, and cost so much."""
        self._calls = min(self._calls + calls_share, MOST_SAVED_CALLS)
        if cost_nanousd:
            self._largest_nanousd = max(0.99 * self._largest_nanousd, cost_nanousd)
            most = MOST_SAVED_CALLS * self._largest_nanousd
            self._nanousd = min(self._nanousd + cost_share * cost_nanousd, most)

    def afford(self, cost_nanousd: int) -> bool:
        """Whether a second call of that expected cost may be made; then it is paid for."""
        if self._calls < 1 or (cost_nanousd and self._nanousd < cost_nanousd):
            return False
        self._calls -= 1
        self._nanousd -= cost_nanousd
        return True


class Race(Alarm, Generic[T]):
    """One call in the caller's own task, and others beside it if it is late. What the calls are, a subclass says.

    The first call runs where :meth:`run` is awaited, since a task of its own would cost each call for the sake of the
    few that are late. When the second one wins, the first is cancelled as :func:`asyncio.timeout` cancels what it
    bounds. It is late after ``late_seconds``, and again each time it has lasted twice as long.
    """

    __slots__ = ("_alarms", "_first", "_good", "_late_seconds", "_others")

    def __init__(self, alarms: Alarms, late_seconds: float) -> None:
        self._alarms = alarms
        self._late_seconds = late_seconds
        self._others: list[asyncio.Task[T]] = []
        self._first: asyncio.Task[object] | None = None  # the task that awaits the first call, while it does
        self._good: list[T] = []

    @abstractmethod
    def late(self, so_far_seconds: float) -> None:
        """The first call has lasted so long."""

    @abstractmethod
    def second(self, so_far_seconds: float) -> Coroutine[None, None, T] | None:
        """Another call to be made, or None where none may be."""

    @abstractmethod
    def is_good(self, outcome: T) -> bool:
        """Whether what a call gave is what was asked for."""

    @abstractmethod
    def settled(self, outcome: T) -> None:
        """A call failed, and is not what :meth:`run` gives. What is cancelled accounts for itself."""

    def won(self, outcome: T) -> None:
        """A call beside the first is what :meth:`run` gives, and it is good."""

    async def unused(self, outcome: T) -> None:
        """Put away what was good and came too late, where there is anything to put away."""

    async def run(self, first: Awaitable[T]) -> T:
        """The first outcome that is good; where none is, that of the call that ended last."""
        task = self._first = self._alarms.task()
        cancelling = task.cancelling()
        self._alarms.set(self, self._late_seconds, task.get_loop())
        own: T | None = None
        given: T | None = None
        try:
            try:
                own = given = await first
            except asyncio.CancelledError:
                if not self._good or task.uncancel() > cancelling:
                    raise
                given = self._good[0]
            finally:
                self._first = None  # nobody is to be interrupted any more
                self._alarms.clear(self)
            if self._others or self._good:
                given = await self._of_several(task, given)
                if given is not own and self.is_good(given):
                    self.won(given)
            return given
        finally:
            if self._others or self._good:
                await self._abandon(given)

    async def _of_several(self, task: asyncio.Task[object], outcome: T) -> T:
        if self._good:
            if outcome is not self._good[0]:  # it was cancelled, and has ended in its own way all the same
                task.uncancel()
                if self.is_good(outcome):
                    self._good.append(outcome)
            return self._good[0]
        while not self.is_good(outcome) and self._others:
            self.settled(outcome)
            done, _ = await asyncio.wait(self._others, return_when=asyncio.FIRST_COMPLETED)
            other = next(iter(done))
            self._others.remove(other)
            outcome = other.result()
        return outcome

    async def _abandon(self, given: T | None) -> None:
        """Cancel what is still under way and wait until it has let go, also where the caller goes away meanwhile."""
        is_interrupted = await self._cancel_others()
        for good in self._too_late():
            if good is not given:
                is_interrupted |= await _is_interrupted(self.unused(good))
        if is_interrupted:
            if given is not None and self.is_good(given):
                await self.unused(given)
            raise asyncio.CancelledError

    async def _cancel_others(self) -> bool:
        """Whether somebody interrupted that."""
        under_way = [other for other in self._others if not other.done()]
        if not under_way:
            return False
        # One that was made a moment ago has to begin, or it would never let go of its place.
        is_interrupted = await _is_interrupted(asyncio.sleep(0))
        for other in under_way:
            other.cancel()
        while under_way := [other for other in under_way if not other.done()]:
            is_interrupted |= await _is_interrupted(asyncio.wait(under_way))
        return is_interrupted

    def _too_late(self) -> list[T]:
        ended = [other.result() for other in self._others if not other.cancelled() and other.exception() is None]
        return self._good + [outcome for outcome in ended if self.is_good(outcome)]

    def ring(self) -> None:
        """The first call is late."""
        so_far_seconds = self._late_seconds
        self._late_seconds *= 2
        self._alarms.set(self, so_far_seconds)
        self.late(so_far_seconds)
        another = self.second(so_far_seconds) if len(self._others) < MOST_BESIDE else None
        if another is not None:
            task = asyncio.get_running_loop().create_task(another)
            self._others.append(task)
            task.add_done_callback(self._ended)

    def _ended(self, other: asyncio.Task[T]) -> None:
        """A call beside the first has ended: it may have won, or it makes room for another one."""
        if self._first is None or self._good or other.cancelled() or other.exception() is not None:
            return
        outcome = other.result()
        self._others.remove(other)
        if self.is_good(outcome):
            self._good.append(outcome)
            self._first.cancel()
        else:
            self.settled(outcome)


async def _is_interrupted(waiting: Awaitable[object]) -> bool:
    """Wait; whether the waiting was cancelled."""
    try:
        await waiting
    except asyncio.CancelledError:
        return True
    return False
