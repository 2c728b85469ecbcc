"""What ten rules add to a decision over 8 and over 200 offerings: once masks are warm, and when they are made."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.bench_decision import microseconds, snapshot_of
from registry.words import Capability, Message, Objective, Policy, Rule, Split, TaskRequest
from routing.constraints import World
from routing.estimating import estimate_needs
from routing.health import Health
from routing.rules import CompiledRules

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.words import Snapshot
    from routing.estimating import Needs
    from routing.rules import Ruling

TEN = (
    Rule(name="1", when='request.metadata.data == "personal"', require='service.name.endsWith("8")'),
    Rule(name="2", when="time.hour < 6", forbid='offering.model.name.endsWith("-preview")'),
    Rule(name="3", when='request.stage == "draft"', weight=Objective(quality=0.2, cost=0.7, speed=0.1)),
    Rule(name="4", when="request.input_tokens > 100000", require="offering.context_window > 100000"),
    Rule(name="5", when='request.capability == "text" && request.has_schema', prefer='"stream" in offering.features'),
    Rule(name="6", when='request.principal == "ada"', prefer='service.name == "service-3"'),
    Rule(name="7", when='request.priority == "low"', forbid="offering.output_usd_per_mtok > 5.0"),
    Rule(name="8", when='request.metadata.team != ""', forbid='service.name == "service-2"'),
    Rule(name="9", when='request.item.startsWith("shot-")', forbid="health.latency_ms > 4000.0"),
    Rule(name="10", when='request.workspace == "default"',
         split=Split(by="request.principal", shares={"service-1": 0.95, "service-5": 0.05})),
)  # fmt: skip


def _anew(
    policy: Policy, request: TaskRequest, needs: Needs, snapshot: Snapshot, world: World, chance: Callable[[], float]
) -> Ruling:
    """The first request under a snapshot: every mask is made."""
    return CompiledRules(policy).ruling(request, needs, snapshot, world, chance)


def _combined(rules: CompiledRules, ask: Callable[[], Ruling]) -> None:
    """A request to which a set of rules applies that did not occur before."""
    rules._rulings.clear()  # noqa: SLF001 - what is measured is the making
    ask()


def measure() -> dict[str, float]:
    """Microseconds a request, for rules alone."""
    chance = random.Random(1)
    request = TaskRequest(
        capability=Capability.TEXT,
        messages=(Message("user", "Summarise the tale of the lamp. " * 20),),
        metadata={"team": "maps"},
        stage="draft",
        item="shot-3",
    )
    needs = estimate_needs(request)
    figures = {}
    for count in (8, 200):
        snapshot = snapshot_of(count)
        world = World(now=datetime.now(UTC), health=Health(time.monotonic))
        policy = Policy(name="p", rules=TEN)
        rules = CompiledRules(policy)
        ask = partial(rules.ruling, request, needs, snapshot, world, chance.random)
        figures[f"ten_rules_{count}_us"] = microseconds(ask, 2_000)
        unsplit = CompiledRules(replace(policy, rules=TEN[:9]))
        ask = partial(unsplit.ruling, request, needs, snapshot, world, chance.random)
        figures[f"nine_rules_without_split_{count}_us"] = microseconds(ask, 2_000)

        figures[f"another_set_of_rules_{count}_us"] = microseconds(partial(_combined, unsplit, ask), 200)
        figures[f"masks_made_{count}_us"] = microseconds(
            partial(_anew, policy, request, needs, snapshot, world, chance.random), 3
        )
    return figures


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:32} {value:10.1f}")
