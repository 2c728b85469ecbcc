"""How long each strategy takes to order 150 candidates, which is what it adds to a decision over 200 offerings."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.bench_decision import microseconds, snapshot_of
from registry.words import Capability, Message, Objective, TaskRequest
from routing.estimating import estimate_needs
from routing.health import Health
from routing.ranking import priced, see
from routing.strategies import NAMED, strategy_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from routing.strategies import Seen, Strategy

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "fixed_order": {"names": ["service-7", "model-9", "service-5/model-5"]},
    "weighted": {"shares": {"service-7": 5, "model-9": 3, "service-5/model-5": 1}},
    "best_within": {"max_usd": "0.001", "max_latency_ms": 2_000},
    "explore": {"share": 0.02, "of": {"strategy": "two_choices"}},
}


def candidates() -> list[Seen]:
    """Those of 200 offerings that are enabled, as strategies see them."""
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Summarise the tale. " * 20),))
    needs = estimate_needs(request)
    enabled = [one for one in snapshot_of(200).offerings if one.service.enabled]
    candidates = priced(enabled, needs, request.capability)
    return see(candidates, request.capability, Objective(), {}, Health(lambda: 0.0))


def _ordered(strategy: Strategy, seen: list[Seen], dice: random.Random) -> float:
    return strategy.order(list(seen), dice.random)


def measure() -> dict[str, float]:
    """Microseconds for one order, by strategy."""
    seen, dice = candidates(), random.Random(1)
    return {
        f"order_150_{name}_us": microseconds(
            partial(_ordered, strategy_named(name, OPTIONS.get(name, {})), seen, dice), 200
        )
        for name in NAMED
    }


if __name__ == "__main__":
    for figure, value in measure().items():
        print(f"{figure:34} {value:8.1f}")
