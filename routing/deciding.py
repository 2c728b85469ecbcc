"""One decision: constraints exclude, the policy's strategy ranks, and every candidate keeps its rank or its reason."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from registry.words import Candidate, Decision
from routing.constraints import exclude
from routing.estimating import estimate_needs
from routing.ranking import WeightedObjective
from routing.strategies import strategy_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registry.words import Policy, Snapshot, TaskRequest
    from routing.constraints import World
    from routing.strategies import Strategy


def decide(
    task_id: int,
    request: TaskRequest,
    snapshot: Snapshot,
    policy: Policy,
    quality: Mapping[int, float],
    world: World,
    *,
    strategy: Strategy | None = None,
    chance: Callable[[], float] = random.random,
) -> Decision:
    """The route for a request. Touches memory only: no SQL, no network, no waiting.

    ``strategy`` is the policy's, where the caller has made it already; ``chance`` gives numbers in 0..1.
    """
    needs = estimate_needs(request)
    budget_nanousd = request.budget_nanousd if request.budget_nanousd is not None else policy.budget_nanousd
    objective = WeightedObjective(request.capability, policy.objective, quality, world.health)
    seen = []
    excluded = []
    for offering in snapshot.offerings:
        refusal = exclude(offering, request, needs, budget_nanousd, world)
        if refusal is None:
            seen.append(objective.see(offering, needs))
        else:
            excluded.append(
                Candidate(
                    offering_id=offering.offering_id, offering=offering.name, excluded=refusal[0], reason=refusal[1]
                )
            )
    propensity = (strategy or strategy_named(policy.strategy, policy.options)).order(seen, chance)
    candidates = [
        Candidate(
            offering_id=one.offering.offering_id, offering=one.offering.name, rank=rank, utility=one.utility,
            quality=one.quality, cost=one.cost, speed=one.speed,
        )
        for rank, one in enumerate(seen, 1)
    ]  # fmt: skip
    return Decision(
        task_id=task_id,
        capability=request.capability,
        policy=policy.name,
        policy_version=policy.version,
        policy_id=policy.policy_id,
        snapshot_id=snapshot.snapshot_id,
        snapshot_version=snapshot.version,
        candidates=(*candidates, *excluded),
        propensity=propensity,
    )
