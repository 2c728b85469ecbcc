"""What a call may spend: holds on budgets and limits, taken from memory, that no number of processes can exceed.

A budget that cannot be checked refuses; a limit that cannot be checked leaves each process its own share.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from registry import NotFound, Runs, StoreError
from registry.budgets import allowances_version, read_budgets
from registry.leases import Leases
from registry.limits import read_limits
from registry.words import Exclusion
from routing.accounts import Definitions
from routing.leasing import DOWN_SECONDS, Leasing
from routing.purses import BUDGET, REQUESTS, ROOMY, TOKENS, Hold, Pocket, Room
from routing.refusals import refusal_of, unknown_price, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry import Clock, Store
    from registry.words import Offering, TaskRequest
    from routing.constraints import Refusal

logger = logging.getLogger(__name__)

DEFINITIONS_SECONDS = 1.0
"""How old the knowledge of budgets and limits may be."""
STORE_SECONDS = 5.0
"""How long the store is waited for, whatever time there is."""
_TICK_SECONDS = 0.25
_SHORTEST_TICK_SECONDS = 0.02
_MOST_REMEMBERED = 10_000
_MOST_POCKETS = 1_000  # all are looked at in every tick

_Key = tuple[int, str, str, int]


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
        self._store = store
        self._clock = clock
        self._runs = Runs(store, wall)
        self._leasing = Leasing(leases or Leases(store), clock)
        self._definitions = Definitions()
        self._definitions_at = 0.0
        self._pipelines: dict[int, str] = {}
        self._pockets: dict[_Key, tuple[Pocket, ...]] = {}
        self._limits: dict[int, tuple[Pocket, ...]] = {}
        self._touched: dict[tuple[int, str, str], bool] = {}
        self._empty = True
        self._touch_all = False
        self._closing = False
        self._wake = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read budgets and limits, and begin to keep in step with the store.

        Raises:
            StoreError: the database cannot be used.
        """
        await self._read_definitions()
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
        await self._read_definitions()
        await self._leasing.report()

    # ---- on the way of a call --------------------------------------------------------------------------------------

    def applies(self, request: TaskRequest) -> bool:
        """Whether any budget or limit may touch the request."""
        if self._empty:
            return False
        if self._touch_all:
            return True
        key = (request.run_id, request.workspace, request.principal)
        touched = self._touched.get(key)
        if touched is None:
            pipeline = self._pipelines.get(request.run_id)
            touched = self._definitions.touch(request, pipeline)
            if pipeline is not None or not (self._definitions.need_pipeline and request.run_id):
                _remember(self._touched, key, touched)
        return touched

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
        pockets = self._pockets.get((request.run_id, request.workspace, request.principal, offering.offering_id))
        if pockets is None:
            pockets = self._resolve(request, offering)
            if pockets is None:
                return None
        now = self._clock()
        needs = (worst_nanousd, 1, tokens, 1)
        takes = []
        for pocket in pockets:
            purse, need = pocket.purse, needs[pocket.index]
            if need is None:
                return unknown_price(pocket)
            if need and (purse.free < need or now >= purse.ends):
                return self._refused(pocket, need, now)
            takes.append((purse, need))
        for purse, need in takes:
            purse.free -= need
            purse.under_way += need
            purse.taken += need
            purse.touched = now
            purse.largest = max(purse.largest, need)
            if purse.free < purse.low:
                self._wake.set()
        return Hold(takes)

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
                    if (request.run_id, request.workspace, request.principal, offering.offering_id) in self._pockets:
                        await undisturbed(self._fetch(request, offering, worst_nanousd, tokens))
                    else:
                        await undisturbed(self._learn_pipeline(request.run_id))
                    if self._leasing.changed:
                        await undisturbed(self._read_definitions())
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
            if purse.is_capped:
                self._wake.set()

    def release(self, hold: Hold) -> None:
        """Give everything back: nothing was sent."""
        if hold.is_open:
            hold.is_open = False
            for purse, need in hold.takes:
                purse.give_back(need)

    def room(self, offering: Offering) -> Room:
        """Whether an offering's limits leave room for a call now, as far as this process knows; and if not, when."""
        if self._empty:
            return ROOMY
        pockets = self._limits.get(offering.offering_id)
        if pockets is None:
            pockets = self._limits_of(offering)
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

    def _resolve(self, request: TaskRequest, offering: Offering) -> tuple[Pocket, ...] | None:
        """The pockets of a request at an offering; None where the run's pipeline has to be read first."""
        pipeline = "" if not request.run_id else self._pipelines.get(request.run_id)
        if pipeline is None:
            if self._definitions.need_pipeline:
                return None
            pipeline = ""
        entries = self._definitions.of_request(request, offering, pipeline)
        found = tuple([self._leasing.pocket(e.account, label=e.label, amount=e.amount, per=e.per) for e in entries])
        key = (request.run_id, request.workspace, request.principal, offering.offering_id)
        pockets = (*found, *self._limits_of(offering))
        _remember(self._pockets, key, pockets)
        return pockets

    def _limits_of(self, offering: Offering) -> tuple[Pocket, ...]:
        entries = self._definitions.of_offering(offering)
        found = tuple([self._leasing.pocket(e.account, label=e.label, amount=e.amount, per=e.per) for e in entries])
        _remember(self._limits, offering.offering_id, found)
        return found

    async def _learn_pipeline(self, run_id: int) -> None:
        try:
            pipeline = (await self._runs.get(run_id)).pipeline
        except NotFound:
            pipeline = ""
        _remember(self._pipelines, run_id, pipeline)

    async def _fetch(self, request: TaskRequest, offering: Offering, worst: int | None, tokens: int) -> None:
        def short() -> list[tuple[Pocket, int]]:
            now, needs = self._clock(), (worst, 1, tokens, 1)
            pockets = self._resolve(request, offering) or ()
            with_needs = [(pocket, needs[pocket.index] or 0) for pocket in pockets]
            return [
                (pocket, need)
                for pocket, need in with_needs
                if need and (pocket.purse.free < need or now >= pocket.purse.ends)
            ]

        def enough() -> bool:
            return not short() or any(
                self._refused(pocket, need, self._clock()) is not None for pocket, need in short()
            )

        await self._leasing.fetch(enough, short)

    def _without_store(
        self, request: TaskRequest, offering: Offering, worst: int | None, tokens: int, waited: float
    ) -> Hold | Refusal:
        """The store does not answer: budgets refuse, limits leave this process its share."""
        pockets = self._pockets.get((request.run_id, request.workspace, request.principal, offering.offering_id))
        if pockets is None:
            return Exclusion.BUDGET, f"run {request.run_id} may have a budget, and the database does not say"
        now, needs = self._clock(), (worst, 1, tokens, 1)
        short = [p for p in pockets if needs[p.index] and (p.purse.free < (needs[p.index] or 0) or now >= p.purse.ends)]
        self._leasing.go_alone(short, waited=waited)
        held = self.try_hold(request, offering, worst, tokens)
        if held is None:  # a limit of our own share is used up
            blocking = next(p for p in short if p.purse.free < (needs[p.index] or 0))
            held = refusal_of(blocking, needs[blocking.index] or 0, now)
        return held

    async def _read_definitions(self) -> None:
        async with self._store.read() as connection:
            version = await allowances_version(connection)
            self._definitions_at = self._clock()
            self._leasing.changed = False
            if version == self._definitions.version:
                return
            self._definitions = Definitions(await read_budgets(connection), await read_limits(connection), version)
        self._empty, self._touch_all = self._definitions.is_empty, self._definitions.touch_all
        for remembered in (self._pockets, self._limits, self._touched):
            remembered.clear()
        # What was given out under the old amounts goes back, what calls under way hold stays held.
        for pocket in list(self._leasing.pockets.values()):
            self._leasing.drop(pocket)
        self._wake.set()

    async def _keep(self) -> None:
        while not self._closing:
            await asyncio.sleep(_SHORTEST_TICK_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                if self._clock() - self._definitions_at >= DEFINITIONS_SECONDS or self._leasing.changed:
                    await self._read_definitions()
                await self._leasing.report()
                self._forget_idle()
            except StoreError as error:
                self._leasing.failed(error)
                await asyncio.sleep(_TICK_SECONDS)

    def _forget_idle(self) -> None:
        """Let go of what has been given back, once there is much of it: each run and key may have a budget."""
        if len(self._leasing.pockets) <= _MOST_POCKETS:
            return
        now = self._clock()
        for pocket in list(self._leasing.pockets.values()):
            if pocket.purse.is_idle(now) and pocket.purse.is_done:
                self._leasing.drop(pocket)
        self._pockets.clear()
        self._limits.clear()


def _remember(memory: dict, key: object, value: object) -> None:  # type: ignore[type-arg]  # any of ours
    if len(memory) >= _MOST_REMEMBERED:
        memory.clear()
    memory[key] = value
