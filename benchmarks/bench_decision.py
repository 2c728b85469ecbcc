"""How long one decision takes over 8 and over 200 candidates, beside a plain sort of as many numbers."""

from __future__ import annotations

import random
import statistics
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from registry import pack_decision
from registry.words import Capability, Message, Model, Offering, Policy, Price, Service, Snapshot, TaskRequest
from routing.constraints import World
from routing.deciding import decide
from routing.fitness import Fitness
from routing.health import Health
from routing.strategies import BestObjective

if TYPE_CHECKING:
    from collections.abc import Callable


def snapshot_of(count: int, excluded_every: int = 4) -> Snapshot:
    """A catalogue of ``count`` text offerings; every fourth one is disabled."""
    chance = random.Random(1)
    offerings = tuple(
        Offering(
            offering_id=number,
            service=Service(
                service_id=number, name=f"service-{number}", kind="fake", enabled=number % excluded_every != 0
            ),
            model=Model(model_id=number, name=f"model-{number}"),
            remote_name=f"model-{number}",
            capabilities=frozenset({Capability.TEXT}),
            features=frozenset({"json_schema", "stream"}),
            context_window=32_000,
            price=Price(
                input_nanousd_per_mtok=chance.randrange(10**9), output_nanousd_per_mtok=chance.randrange(10**10)
            ),
            quality=chance.random(),
            latency_ms=chance.uniform(100, 5_000),
        )
        for number in range(1, count + 1)
    )
    return Snapshot(snapshot_id=1, version=1, digest="0" * 64, offerings=offerings)


def microseconds(work: Callable[[], object], times: int) -> float:
    """The median time of ``work`` in microseconds, over batches of ``times``."""
    batches = []
    for _ in range(15):
        started = time.perf_counter()
        for _ in range(times):
            work()
        batches.append((time.perf_counter() - started) / times * 1e6)
    return statistics.median(batches)


def measure() -> dict[str, float]:
    """Microseconds a decision, and how many plain sorts of as many numbers that is."""
    world = World(now=datetime.now(UTC), health=Health(time.monotonic))
    request = TaskRequest(
        capability=Capability.TEXT, messages=(Message("user", "Summarise the tale of the lamp. " * 20),)
    )
    policy = Policy(name="default")
    figures = {}
    for count in (8, 200):
        snapshot = snapshot_of(count)
        numbers = [random.Random(2).random() for _ in range(count)]
        # As the runtime does it: who may do such work is known from the decisions before.
        route = partial(decide, 1, request, snapshot, policy, {}, world, strategy=BestObjective(), fitness=Fitness())
        decision = microseconds(route, 20_000 // count)
        figures[f"decision_{count}_packed_us"] = decision + microseconds(
            partial(pack_decision, route()), 20_000 // count
        )
        figures[f"decision_{count}_us"] = decision
        figures[f"decision_{count}_in_sorts"] = decision / microseconds(partial(sorted, numbers), 20_000 // count)
    return figures


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:28} {value:10.1f}")
