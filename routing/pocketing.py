"""Which pockets a call takes from: looked up once for each owner, run and offering, remembered until a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from registry import NotFound, Runs
from registry.budgets import allowances_version, read_budgets
from registry.limits import read_limits
from routing.accounts import Definitions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry import Clock, Store
    from registry.words import Offering, TaskRequest
    from routing.accounts import Entry
    from routing.leasing import Leasing
    from routing.purses import Pocket

MOST_REMEMBERED = 10_000
MOST_POCKETS = 1_000  # all are looked at in every tick

K = TypeVar("K")
V = TypeVar("V")
Key = tuple[int, str, str, int]
"""Run, workspace, principal, offering."""


class Pocketing:
    """Budgets and limits as the store has them, and the pockets for them. ``known`` holds those that were looked up."""

    def __init__(self, store: Store, wall: Clock, leasing: Leasing) -> None:
        self._store = store
        self._runs = Runs(store, wall)
        self._leasing = leasing
        self._definitions = Definitions()
        self._pipelines: dict[int, str] = {}
        self._touched: dict[tuple[int, str, str], bool] = {}
        self.known: dict[Key, tuple[Pocket, ...]] = {}
        self.limits: dict[int, tuple[Pocket, ...]] = {}
        self.is_empty = True
        self.touch_all = False

    async def read(self) -> bool:
        """Read budgets and limits, where any has changed; whether one has.

        Raises:
            StoreError: the store does not answer.
        """
        async with self._store.read() as connection:
            version = await allowances_version(connection)
            self._leasing.changed = False
            if version == self._definitions.version:
                return False
            self._definitions = Definitions(await read_budgets(connection), await read_limits(connection), version)
        self.is_empty, self.touch_all = self._definitions.is_empty, self._definitions.touch_all
        for remembered in (self.known, self.limits, self._touched):
            remembered.clear()
        # What was given out under the old amounts goes back, what calls under way hold stays held.
        for pocket in list(self._leasing.pockets.values()):
            self._leasing.drop(pocket)
        return True

    def touches(self, request: TaskRequest) -> bool:
        """Whether a budget touches the request, wherever it goes."""
        key = (request.run_id, request.workspace, request.principal)
        touched = self._touched.get(key)
        if touched is None:
            pipeline = self._pipelines.get(request.run_id)
            touched = self._definitions.touch(request, pipeline)
            if pipeline is not None or not (self._definitions.need_pipeline and request.run_id):
                _remember(self._touched, key, touched)
        return touched

    def of(self, request: TaskRequest, offering: Offering) -> tuple[Pocket, ...] | None:
        """The pockets of a request at an offering; None where the run's pipeline has to be learnt first."""
        pipeline = self._pipelines.get(request.run_id) if request.run_id else ""
        if pipeline is None:
            if self._definitions.need_pipeline:
                return None
            pipeline = ""
        budgets = self._pockets(self._definitions.of_request(request, offering, pipeline))
        pockets = (*budgets, *self.limits_of(offering))
        key = (request.run_id, request.workspace, request.principal, offering.offering_id)
        _remember(self.known, key, pockets)
        return pockets

    def limits_of(self, offering: Offering) -> tuple[Pocket, ...]:
        """The pockets of the limits that an offering has."""
        found = self._pockets(self._definitions.of_offering(offering))
        _remember(self.limits, offering.offering_id, found)
        return found

    async def learn_pipeline(self, run_id: int) -> None:
        """Read which pipeline a run is of.

        Raises:
            StoreError: the store does not answer.
        """
        try:
            pipeline = (await self._runs.get(run_id)).pipeline
        except NotFound:
            pipeline = ""
        _remember(self._pipelines, run_id, pipeline)

    def forget_idle(self, now: float) -> None:
        """Let go of what has been given back, once there is much of it: each run and key may have a budget."""
        if len(self._leasing.pockets) <= MOST_POCKETS:
            return
        for pocket in list(self._leasing.pockets.values()):
            if pocket.purse.is_idle(now) and pocket.purse.is_done:
                self._leasing.drop(pocket)
        self.known.clear()
        self.limits.clear()

    def _pockets(self, entries: Iterable[Entry]) -> tuple[Pocket, ...]:
        return tuple([self._leasing.pocket(e.account, label=e.label, amount=e.amount, per=e.per) for e in entries])


def _remember(memory: dict[K, V], key: K, value: V) -> None:
    if len(memory) >= MOST_REMEMBERED:
        memory.clear()
    memory[key] = value
