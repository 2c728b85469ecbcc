"""What the calls of one walk may spend: asked before each is made, and settled when it has ended, however it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.words import Exclusion
from routing.estimating import expected_cost_nanousd
from routing.purses import Hold
from routing.reserving import worst_case

if TYPE_CHECKING:
    from registry.words import Attempt, Offering
    from routing.allowances import Allowances
    from routing.constraints import Refusal
    from routing.walking import Placed, Walk


class Spending:
    """Holds what calls may come to against budgets and limits; without ``allowances`` there are none."""

    def __init__(self, allowances: Allowances | None) -> None:
        self._allowances = allowances

    @staticmethod
    def affordable(walk: Walk, offering: Offering) -> int | None:
        """What to hold of the walk's own budget for a call there; None where there is not so much left."""
        if walk.budget_nanousd is None:
            return 0
        cost = expected_cost_nanousd(offering, walk.needs)
        return cost if cost is not None and walk.spent_nanousd() + cost <= walk.budget_nanousd else None

    def try_hold(self, walk: Walk, placed: Placed) -> bool:
        """Hold for a call, where that needs no waiting; whether it may be made, as far as can be told at once."""
        if self._allowances is None or not self._allowances.applies(walk.request):
            return True
        held = self._allowances.try_hold(walk.request, placed.offering, *self._worst(walk, placed))
        if isinstance(held, Hold):
            placed.hold = held
            return True
        return False

    async def hold(self, walk: Walk, placed: Placed, seconds: float) -> Refusal | None:
        """Hold for a call, asking the store where need be; why the call may not be made, None where it may."""
        if self._allowances is None:
            return None
        worst_nanousd, tokens = self._worst(walk, placed)
        request, offering = walk.request, placed.offering
        held = self._allowances.try_hold(request, offering, worst_nanousd, tokens)
        if held is None:
            held = await self._allowances.hold(request, offering, worst_nanousd, tokens, seconds)
        if isinstance(held, Hold):
            placed.hold = held
            return None
        return held

    def seconds_until_room(self, placed: Placed, refusal: Refusal) -> float | None:
        """When the offering may be asked again after a refusal; None for never in this walk."""
        if self._allowances is None or refusal[0] is not Exclusion.LIMIT:
            return None
        room = self._allowances.room(placed.offering)
        return room.seconds if room.seconds > 0 else None

    def settle(self, placed: Placed, attempt: Attempt | None) -> None:
        """Count what a call has cost; without an ``attempt`` nobody knows, and it is given up as spent."""
        if placed.hold is None or self._allowances is None:
            return
        if attempt is None:
            cost, tokens = placed.worst_nanousd or 0, placed.worst_tokens
        else:
            cost, tokens = attempt.cost_nanousd, attempt.usage.input_tokens + attempt.usage.output_tokens
        self._allowances.settle(placed.hold, cost, tokens)

    def release(self, placed: Placed) -> None:
        """Nothing was sent."""
        if placed.hold is not None and self._allowances is not None:
            self._allowances.release(placed.hold)

    @staticmethod
    def _worst(walk: Walk, placed: Placed) -> tuple[int | None, int]:
        worst = placed.worst_nanousd, placed.worst_tokens = worst_case(walk.request, placed.offering, walk.needs)
        return worst
