"""Strategies: small policies that put candidates in order. One file each; a new one is a line in ``NAMED``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from routing.strategies.best_within import BestWithin
from routing.strategies.cheapest_above import CheapestAbove
from routing.strategies.expected_cost import LeastExpectedCost
from routing.strategies.explore import Explore
from routing.strategies.fixed_order import FixedOrder
from routing.strategies.least_busy import LeastBusy
from routing.strategies.objective import BestObjective
from routing.strategies.round_robin import RoundRobin
from routing.strategies.seen import Drawing, Learning, Seen, Strategy
from routing.strategies.target import Towards
from routing.strategies.two_choices import TwoChoices
from routing.strategies.weighted import Weighted

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "NAMED",
    "BestObjective",
    "BestWithin",
    "CheapestAbove",
    "Drawing",
    "Explore",
    "FixedOrder",
    "Learning",
    "LeastBusy",
    "LeastExpectedCost",
    "RoundRobin",
    "Seen",
    "Strategy",
    "Towards",
    "TwoChoices",
    "Weighted",
    "strategy_named",
]


def _exploring(share: float = 0.02, of: Mapping[str, Any] | None = None) -> Explore:
    """Explore around the strategy that ``of`` names, as a policy does: ``{"strategy": …, "options": …}``."""
    inner: Mapping[str, Any] = {"strategy": "objective"} if of is None else of
    if not isinstance(inner, Mapping) or not inner.keys() <= {"strategy", "options"}:
        raise ValueError('explore wants of, such as {"strategy": "objective", "options": {}}')
    name, options = inner.get("strategy", "objective"), inner.get("options", {})
    if not isinstance(name, str) or not isinstance(options, Mapping):  # it comes from JSON
        raise ValueError("in what explore is of, the strategy is a name and its options are a mapping")  # noqa: TRY004 - as the others
    if name == "explore":
        raise ValueError("explore cannot explore around itself: add up the shares")
    return Explore(share, strategy_named(name, options))


NAMED: Mapping[str, Callable[..., Strategy]] = {
    "objective": BestObjective,
    "least_expected_cost": LeastExpectedCost,
    "fixed_order": FixedOrder,
    "weighted": Weighted,
    "round_robin": RoundRobin,
    "least_busy": LeastBusy,
    "two_choices": TwoChoices,
    "cheapest_above": CheapestAbove,
    "best_within": BestWithin,
    "explore": _exploring,
}


def strategy_named(name: str, options: Mapping[str, Any]) -> Strategy:
    """The strategy of that name with these options.

    >>> strategy_named("least_expected_cost", {"usd_per_second": 0.01})
    LeastExpectedCost(usd_per_second=0.01)

    Raises:
        ValueError: there is none of that name, or it takes no such options.
    """
    make = NAMED.get(name)
    if make is None:
        nearest = get_close_matches(name, NAMED, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are {', '.join(sorted(NAMED))}"
        raise ValueError(f"there is no strategy {name!r}; {hint}")
    try:
        return make(**options)
    except (TypeError, AttributeError) as error:
        given = ", ".join(f"{option}={value!r}" for option, value in sorted(options.items()))
        raise ValueError(f"the strategy {name} does not take {given}") from error
