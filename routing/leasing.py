"""Talking to the store about purses: fetching what a call waits for, and reporting, topping up, renewing behind it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from registry import StoreError
from routing.purses import BUDGET, PLACES, Pocket, Purse

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from registry.accounts import Account
    from registry.leases import Ask, Leases

    Short = Callable[[], list[tuple[Pocket, int]]]

T = TypeVar("T")

logger = logging.getLogger(__name__)

ASKS_PER_TRANSACTION = 50
ALONE_SECONDS = 5.0
"""How long this process goes on with its own share of a limit before it asks a store again that did not answer."""
DOWN_SECONDS = 1.0
"""How long a store that did not answer is not asked again about budgets, at most."""
_MINUTE_US = 60_000_000


class _Round:
    """A talk with the store that is under way."""

    __slots__ = ("done", "error")

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.error: Exception | None = None

    async def ended(self) -> None:
        """Wait until it has ended.

        Raises:
            StoreError: the store did not answer, and would not answer the next one either.
        """
        await self.done.wait()
        if self.error is not None:
            raise self.error


class Leasing:
    """The purses of one process, and their leases. ``clock`` gives monotonic seconds.

    Talks to the store about one thing at a time.
    """

    def __init__(self, leases: Leases, clock: Callable[[], float]) -> None:
        self._leases = leases
        self._clock = clock
        self._round: _Round | None = None
        self._short: list[Short] = []  # what each call lacks that waits for the store
        self._failing = False
        self._ahead_us = 0.0  # the database's time less ours
        self.pockets: dict[Account, Pocket] = {}
        self.passed: list[Purse] = []  # of windows that have ended, until all is settled
        self.down_until = 0.0
        self._under_way: set[asyncio.Task[Any]] = set()
        self.changed = False  # the store no longer has what a purse is for: definitions want to be read again

    def pocket(self, account: Account, *, label: str, amount: int, per: str = "") -> Pocket:
        """The pocket of an account; a new one, where this is the first time."""
        found = self.pockets.get(account)
        if found is None:
            found = self.pockets[account] = Pocket(
                account, self._new_purse(account, amount), label=label, amount=amount, per=per
            )
        return found

    def drop(self, pocket: Pocket) -> None:
        """Let go of a pocket; what its purse has to report still is."""
        if self.pockets.pop(pocket.account, None) is not None:
            self.passed.append(pocket.purse)
            pocket.purse.surrender = True

    async def undisturbed(self, work: Coroutine[Any, Any, T]) -> T:
        """What talking to the store comes to. Whoever waits may go away: it goes on, and what it brings is taken in."""
        return await asyncio.shield(self._on_its_own(work))

    def _on_its_own(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # who waited has been told; who went away did not want to know

    async def fetch(self, enough: Callable[[], bool], short: Short) -> None:
        """Get what a call needs from the store, unless somebody else's question brings it first.

        Whoever asks does so for all that wait; when the answer is there all of them look at once, since a busy event
        loop takes long for one after the other.

        Raises:
            StoreError: the store does not answer.
        """
        self._short.append(short)
        try:
            while not enough() and not self.changed:
                this, mine = self._round, self._round is None
                if this is None:
                    this = self._round = _Round()
                    self._on_its_own(self._fetch(this))
                await this.ended()
                if mine:
                    return
        finally:
            self._short.remove(short)

    async def _fetch(self, this: _Round) -> None:
        """Get what all who wait need; they are told of a failure by the round."""
        with suppress(StoreError), self._until_done(this):
            first: dict[Pocket, int] = {}
            together: dict[Pocket, int] = {}
            for short in self._short:
                for pocket, needs in short():
                    first.setdefault(pocket, needs)
                    together[pocket] = together.get(pocket, 0) + needs
            pockets = list(first)
            for start in range(0, len(pockets), ASKS_PER_TRANSACTION):
                now = self._clock()
                asks = []
                for pocket in pockets[start : start + ASKS_PER_TRANSACTION]:
                    self._rotate(pocket, now)
                    asks.append((pocket.purse, pocket.purse.demand(first[pocket], now, together[pocket])))
                await self._exchange(asks)

    async def report(self) -> None:
        """Tell the store what is due; fetch ahead; give back.

        Raises:
            StoreError: the store does not answer.
        """
        while self._round is not None:
            await self._round.ended()
        this = self._round = _Round()
        with self._until_done(this):
            now = self._clock()
            self._look_at_ends(now)
            due = [purse for purse in self._all() if purse.is_due(now)]
            for start in range(0, len(due), ASKS_PER_TRANSACTION):
                await self._exchange(
                    [(purse, purse.report(now)) for purse in due[start : start + ASKS_PER_TRANSACTION]]
                )
            self.passed = [purse for purse in self.passed if not purse.is_done]

    @contextmanager
    def _until_done(self, this: _Round) -> Iterator[None]:
        """Tell those who wait when a talk with the store ends, and how."""
        try:
            yield
        except Exception as error:  # who is cancelled says nothing about the store
            this.error = error
            raise
        finally:
            self._round = None
            this.done.set()

    async def close(self) -> None:
        """Settle up, and give everything back but what is under way.

        Raises:
            StoreError: the store does not answer.
        """
        if self._under_way:
            await asyncio.wait(self._under_way)
        for purse in self._all():
            purse.surrender = True
        await self.report()

    def go_alone(self, pockets: Sequence[Pocket], *, waited: float) -> None:
        """The store did not answer: this process's own share of each limit has to do, and nothing of a budget."""
        now = self._clock()
        self.down_until = now + min(waited, DOWN_SECONDS)
        for pocket in pockets:
            if pocket.index == BUDGET:
                continue
            self._rotate(pocket, now)
            purse = pocket.purse
            if purse.window_id is None and pocket.index != PLACES:
                purse.window_ends = now + (_MINUTE_US - (now * 1e6 + self._ahead_us) % _MINUTE_US) / 1e6
            purse.open_alone(max(1, pocket.amount // purse.sharers), now, now + ALONE_SECONDS)

    def failed(self, error: StoreError) -> None:
        """Say once that the store does not answer."""
        if not self._failing:
            logger.warning("budgets and limits cannot be kept in step with the database: %s", error)
        self._failing = True

    def _all(self) -> list[Purse]:
        return [*(pocket.purse for pocket in self.pockets.values()), *self.passed]

    def _new_purse(self, account: Account, amount: int) -> Purse:
        return Purse(account, self._leases.new_holder(), self._clock(), amount)

    def _rotate(self, pocket: Pocket, now: float) -> None:
        """Begin a new purse where the window of the present one has ended."""
        old = pocket.purse
        if old.is_over(now) or old.gone:
            pocket.purse = self._new_purse(pocket.account, pocket.amount)
            pocket.purse.follow(old)
            if old.window_id is not None or (old.index == BUDGET and not old.is_done):
                self.passed.append(old)

    def _look_at_ends(self, now: float) -> None:
        """Begin new purses where windows have ended, so that nobody waits for the old ones to be settled."""
        for pocket in self.pockets.values():
            self._rotate(pocket, now)

    async def _exchange(self, asks: Sequence[tuple[Purse, Ask]]) -> None:
        if not asks:
            return
        laid_out = [purse.free for purse, _ in asks]
        asked_at = self._clock()
        try:
            at_us, grants = await self._leases.exchange([ask for _, ask in asks])
        except StoreError as error:
            self.failed(error)
            raise
        self._ahead_us = at_us - asked_at * 1e6
        self._failing, self.down_until = False, 0.0
        for (purse, ask), out, grant in zip(asks, laid_out, grants, strict=True):
            if grant is None:  # the budget, the limit or the window is no more: nothing is left to be counted
                purse.gone = self.changed = True
            else:
                purse.take_in(ask, grant, laid_out=out, asked_at=asked_at, at_us=at_us)
