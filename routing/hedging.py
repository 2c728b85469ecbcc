"""Hedging: a second call beside one that is late, within a budget; whoever answers first wins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

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


class Race(Generic[T]):
    """One call in the caller's own task, and others beside it if it is late.

    The first call runs where :meth:`run` is awaited, since a task of its own would cost each call for the sake of the
    few that are late. When the second one wins, the first is cancelled as :func:`asyncio.timeout` cancels what it
    bounds.

    Args:
        late_seconds: when the first call is late; it is late again each time it has lasted twice as long.
        late: hears how long it has lasted.
        second: hears the same, and gives another call to be made, or None where none may be.
        is_good: whether what a call gave is what was asked for.
        settled: hears of what failed and is not what :meth:`run` gives. What is cancelled accounts for itself.
        unused: puts away what was good and came too late, where there is anything to put away.
    """

    def __init__(
        self,
        late_seconds: float,
        *,
        late: Callable[[float], None],
        second: Callable[[float], Coroutine[None, None, T] | None],
        is_good: Callable[[T], bool],
        settled: Callable[[T], None],
        unused: Callable[[T], Awaitable[None]] | None = None,
    ) -> None:
        self._late_seconds = late_seconds
        self._late = late
        self._make_second = second
        self._is_good = is_good
        self._settled = settled
        self._unused = unused
        self._others: list[asyncio.Task[T]] = []
        self._first: asyncio.Task[object] | None = None  # the task that awaits the first call, while it does
        self._good: list[T] = []
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, first: Awaitable[T]) -> T:
        """The first outcome that is good; where none is, that of the call that ended last."""
        given: T | None = None
        try:
            given = await self._run(first)
            return given
        finally:
            await self._abandon(given)

    async def _run(self, first: Awaitable[T]) -> T:
        task = self._first = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine that runs has a task
        cancelling = task.cancelling()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._late_seconds, self._look, self._late_seconds)
        try:
            outcome = await first
        except asyncio.CancelledError:
            if not self._good or task.uncancel() > cancelling:
                raise
            return self._good[0]
        finally:
            self._first = None  # nobody is to be interrupted any more
            self._timer.cancel()
        if self._good:  # it was cancelled, and has ended in its own way all the same
            task.uncancel()
            if self._is_good(outcome):
                self._good.append(outcome)
            return self._good[0]
        while not self._is_good(outcome) and self._others:
            self._settled(outcome)
            done, _ = await asyncio.wait(self._others, return_when=asyncio.FIRST_COMPLETED)
            other = next(iter(done))
            self._others.remove(other)
            outcome = other.result()
        return outcome

    async def _abandon(self, given: T | None) -> None:
        """Cancel what is still under way and wait until it has let go, also where the caller goes away meanwhile."""
        if not self._others and self._unused is None:
            return
        is_interrupted = await self._cancel_others()
        if self._unused is not None:
            for good in self._too_late():
                if good is not given:
                    is_interrupted |= await _is_interrupted(self._unused(good))
            if is_interrupted and given is not None and self._is_good(given):
                await self._unused(given)
        if is_interrupted:
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
        return self._good + [outcome for outcome in ended if self._is_good(outcome)]

    def _look(self, so_far_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(so_far_seconds, self._look, 2 * so_far_seconds)
        self._late(so_far_seconds)
        another = self._make_second(so_far_seconds) if len(self._others) < MOST_BESIDE else None
        if another is not None:
            task = loop.create_task(another)
            self._others.append(task)
            task.add_done_callback(self._ended)

    def _ended(self, other: asyncio.Task[T]) -> None:
        """A call beside the first has ended: it may have won, or it makes room for another one."""
        if self._first is None or self._good or other.cancelled() or other.exception() is not None:
            return
        outcome = other.result()
        self._others.remove(other)
        if self._is_good(outcome):
            self._good.append(outcome)
            self._first.cancel()
        else:
            self._settled(outcome)


async def _is_interrupted(waiting: Awaitable[object]) -> bool:
    """Wait; whether the waiting was cancelled."""
    try:
        await waiting
    except asyncio.CancelledError:
        return True
    return False
