"""Strategies: small policies that put candidates in order. One file each; a new one is a line in ``NAMED``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from routing.strategies.expected_cost import LeastExpectedCost
from routing.strategies.objective import BestObjective
from routing.strategies.seen import Seen, Strategy
from routing.strategies.target import Towards

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["NAMED", "BestObjective", "LeastExpectedCost", "Seen", "Strategy", "Towards", "strategy_named"]

NAMED: Mapping[str, Callable[..., Strategy]] = {
    "objective": BestObjective,
    "least_expected_cost": LeastExpectedCost,
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
        raise ValueError(f"there is no strategy {name!r}; there are {', '.join(sorted(NAMED))}")
    try:
        return make(**options)
    except TypeError as error:
        raise ValueError(f"the strategy {name} does not take {', '.join(sorted(options))}") from error
