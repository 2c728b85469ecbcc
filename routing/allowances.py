"""What a call may spend: holds on budgets and limits, taken from memory, that no number of processes can exceed.

A budget that cannot be checked refuses; a limit that cannot be checked leaves each process its own share.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from registry import StoreError
from registry.leases import Leases
from registry.words import Exclusion
from registry.words.quick import maker
from routing.leasing import DOWN_SECONDS, Leasing
from routing.pocketing import Pocketing
from routing.purses import BUDGET, REQUESTS, ROOMY, TOKENS, Hold, Pocket, Room
from routing.refusals import refusal_of, unknown_price, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registry import Clock, Store
    from registry.words import Offering, TaskRequest
    from routing.constraints import Refusal
    from routing.purses import Purse

logger = logging.getLogger(__name__)

_hold = maker(Hold)
DEFINITIONS_SECONDS = 1.0
"""How old the knowledge of budgets and limits may be."""
STORE_SECONDS = 5.0
"""How long the store is waited for, whatever time there is."""
_TICK_SECONDS = 0.25
_SHORTEST_TICK_SECONDS = 0.02


class Allowances:
    """Budgets and limits, as one event loop keeps them. ``clock`` gives monotonic seconds, ``wall`` those since 1970.

    Every hold is settled or released once: settled as soon as it is known what a call cost, be it cancelled or timed
    out, released where nothing was sent.

    Example::

        held = allowances.try_hold(request, offering, worst_nanousd, tokens)
        if held is None:
            held = await allowances.hold(request, offering, worst_nanousd, tokens, seconds=2.0)
        if isinstance(held, Hold):
            ...  # call, and then
            allowances.settle(held, cost_nanousd, tokens)
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float],
        wall: Clock,
        leases: Leases | None = None,
    ) -> None:
        self._clock = clock
        self._leasing = Leasing(leases or Leases(store), clock)
        self._pocketing = Pocketing(store, wall, self._leasing)
        self._known = self._pocketing.known
        self._read_at = 0.0
        self._closing = False
        self._wake = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read budgets and limits, and begin to keep in step with the store.

        Raises:
            StoreError: the database cannot be used.
        """
        await self._read()
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="turnout-allowances")

    async def aclose(self) -> None:
        """Settle up, give back what is held, and stop. What calls under way hold stays held until its lease ends."""
        keeper, self._keeper = self._keeper, None
        self._closing = True
        self._wake.set()
        try:
            async with asyncio.timeout(STORE_SECONDS):
                if keeper is not None:
                    await asyncio.wait({keeper})  # not cancelled: it may be in the middle of a transaction
                await self._leasing.close()
        except (StoreError, TimeoutError) as error:
            logger.warning("what budgets and limits hold here could not be given back, it ends by itself: %s", error)
        finally:
            if keeper is not None:
                keeper.cancel()  # where it has not ended by then

    async def refresh(self) -> None:
        """Look for changed budgets and limits, and report what is due, now.

        Raises:
            StoreError: the database cannot be used.
        """
        await self._read()
        await self._leasing.report()

    # ---- on the way of a call --------------------------------------------------------------------------------------

    def applies(self, request: TaskRequest) -> bool:
        """Whether any budget or limit may touch the request."""
        if self._pocketing.is_empty:
            return False
        if self._pocketing.touch_all:
            return True
        return self._pocketing.touches(request)

    def try_hold(
        self, request: TaskRequest, offering: Offering, worst_nanousd: int | None, tokens: int
    ) -> Hold | Refusal | None:
        """Hold what the call may come to, from memory; None where only the store can say, which :meth:`hold` asks.

        Args:
            request: what is to be done.
            offering: where.
            worst_nanousd: the most that it may cost; None where the price is unknown, which no budget lets pass.
            tokens: the most that may go in and come out.
        """
        pockets = self._known.get((request.run_id, request.workspace, request.principal, offering.offering_id))
        if pockets is None:
            pockets = self._pocketing.of(request, offering)
            if pockets is None:
                return None
        now = self._clock()
        needs = (worst_nanousd, 1, tokens, 1)
        takes: list[tuple[Purse, int]] = []
        for pocket in pockets:  # runs once a call: nothing is called that can be spared
            need = needs[pocket.index]
            if not need:
                if need is None:
                    _undo(takes)
                    return unknown_price(pocket)
                continue
            purse = pocket.purse
            free = purse.free - need
            if free < 0 or now >= purse.ends:
                _undo(takes)
                return self._refused(pocket, need, now)
            purse.free = free
            under_way = purse.under_way = purse.under_way + need
            purse.taken += need
            purse.touched = now
            if need > purse.largest:  # noqa: PLR1730 - a call less
                purse.largest = need
            if under_way > purse.peak:  # noqa: PLR1730 - a call less
                purse.peak = under_way
            if free < purse.low:
                self._wake.set()
            takes.append((purse, need))
        return _hold(takes)

    async def hold(
        self, request: TaskRequest, offering: Offering, worst_nanousd: int | None, tokens: int, seconds: float
    ) -> Hold | Refusal:
        """As :meth:`try_hold`, asking the store where need be, for so many seconds at most. Does not wait for room."""
        undisturbed, began = self._leasing.undisturbed, self._clock()
        try:
            async with asyncio.timeout(min(seconds, STORE_SECONDS)):
                while True:
                    held = self.try_hold(request, offering, worst_nanousd, tokens)
                    if held is not None:
                        return held
                    if (request.run_id, request.workspace, request.principal, offering.offering_id) in self._known:
                        await self._fetch(request, offering, worst_nanousd, tokens)
                    else:
                        await undisturbed(self._pocketing.learn_pipeline(request.run_id))
                    if self._leasing.changed:
                        await undisturbed(self._read())
        except TimeoutError:
            waited = self._clock() - began
        except StoreError:
            waited = DOWN_SECONDS
        return self._without_store(request, offering, worst_nanousd, tokens, waited)

    def settle(self, hold: Hold, cost_nanousd: int, tokens: int) -> None:
        """Count what was really spent, and free the rest. A hold is settled once; a second time does nothing."""
        if not hold.is_open:
            return
        hold.is_open = False
        spent = (cost_nanousd, 1, tokens, 0)
        for purse, need in hold.takes:
            purse.settle(need, spent[purse.index])
            if purse.cap is not None:
                self._wake.set()

    def release(self, hold: Hold) -> None:
        """Give everything back: nothing was sent."""
        if hold.is_open:
            hold.is_open = False
            for purse, need in hold.takes:
                purse.give_back(need)

    def room(self, offering: Offering) -> Room:
        """Whether an offering's limits leave room for a call now, as far as this process knows; and if not, when."""
        if self._pocketing.is_empty:
            return ROOMY
        pockets = self._pocketing.limits.get(offering.offering_id)
        if pockets is None:
            pockets = self._pocketing.limits_of(offering)
        if not pockets:
            return ROOMY
        now, seconds = self._clock(), 0.0
        for pocket in pockets:
            purse = pocket.purse
            if purse.dry_until > now and purse.free < max(1, purse.dry_needs):
                ends = purse.window_ends if pocket.index == REQUESTS else purse.dry_until
                seconds = max(seconds, ends - now)
        return ROOMY if not seconds else Room(now=False, seconds=seconds)

    # ---- behind it -------------------------------------------------------------------------------------------------

    def _refused(self, pocket: Pocket, need: int, now: float) -> Refusal | None:
        purse = pocket.purse
        if purse.dry_until > now and need >= purse.dry_needs:
            return refusal_of(pocket, need, now)
        if pocket.index == TOKENS and need > pocket.amount:
            return refusal_of(pocket, need, now)
        if pocket.index == BUDGET and self._leasing.down_until > now:
            return unreachable(pocket)
        return None

    async def _fetch(self, request: TaskRequest, offering: Offering, worst: int | None, tokens: int) -> None:
        def short() -> list[tuple[Pocket, int]]:
            return self._short(self._pocketing.of(request, offering) or (), (worst, 1, tokens, 1))

        def enough() -> bool:
            now, lacking = self._clock(), short()
            return not lacking or any(self._refused(pocket, need, now) is not None for pocket, need in lacking)

        await self._leasing.fetch(enough, short)

    def _without_store(
        self, request: TaskRequest, offering: Offering, worst: int | None, tokens: int, waited: float
    ) -> Hold | Refusal:
        """The store does not answer: budgets refuse, limits leave this process its share."""
        pockets = self._known.get((request.run_id, request.workspace, request.principal, offering.offering_id))
        if pockets is None:
            return Exclusion.BUDGET, f"run {request.run_id} may have a budget, and the database does not say"
        short = self._short(pockets, (worst, 1, tokens, 1))
        self._leasing.go_alone([pocket for pocket, _ in short], waited=waited)
        held = self.try_hold(request, offering, worst, tokens)
        if held is not None:
            return held
        pocket, need = short[0]
        return unreachable(pocket) if pocket.index == BUDGET else refusal_of(pocket, need, self._clock())

    def _short(self, pockets: Iterable[Pocket], needs: tuple[int | None, ...]) -> list[tuple[Pocket, int]]:
        """Which pockets have too little in memory, and how much is needed of each."""
        now = self._clock()
        wanted = [(pocket, needs[pocket.index] or 0) for pocket in pockets]
        return [(p, need) for p, need in wanted if need and (p.purse.free < need or now >= p.purse.ends)]

    async def _read(self) -> None:
        self._read_at = self._clock()
        if await self._pocketing.read():
            self._wake.set()

    async def _keep(self) -> None:
        while not self._closing:
            await asyncio.sleep(_SHORTEST_TICK_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                if self._clock() - self._read_at >= DEFINITIONS_SECONDS or self._leasing.changed:
                    await self._read()
                await self._leasing.report()
                self._pocketing.forget_idle(self._clock())
            except StoreError as error:
                self._leasing.failed(error)
                await asyncio.sleep(_TICK_SECONDS)


def _undo(takes: Iterable[tuple[Purse, int]]) -> None:
    """Put back what was taken for a call that cannot be made after all."""
    for purse, need in takes:
        purse.free += need
        purse.under_way -= need
        purse.taken -= need
