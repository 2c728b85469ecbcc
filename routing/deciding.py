"""One decision: constraints exclude, the objective ranks, and every candidate keeps its rank or its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.words import Candidate, Decision
from routing.constraints import exclude
from routing.estimating import estimate_needs
from routing.ranking import WeightedObjective

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry.words import Policy, Snapshot, TaskRequest
    from routing.constraints import World


def decide(
    task_id: int,
    request: TaskRequest,
    snapshot: Snapshot,
    policy: Policy,
    quality: Mapping[int, float],
    world: World,
) -> Decision:
    """The route for a request. Touches memory only: no SQL, no network, no waiting.

    Ties go to the service with the lower priority number, then to the lower offering id, so that the same request
    under the same circumstances gets the same route.
    """
    needs = estimate_needs(request)
    budget_nanousd = request.budget_nanousd if request.budget_nanousd is not None else policy.budget_nanousd
    objective = WeightedObjective(request.capability, policy.objective, quality, world.health)
    ranked = []
    excluded = []
    for offering in snapshot.offerings:
        refusal = exclude(offering, request, needs, budget_nanousd, world)
        if refusal is not None:
            excluded.append(
                Candidate(
                    offering_id=offering.offering_id, offering=offering.name, excluded=refusal[0], reason=refusal[1]
                )
            )
            continue
        utility, *parts = objective.score(offering, needs)
        ranked.append((-utility, offering.service.priority, offering.offering_id, offering.name, parts))
    ranked.sort(key=lambda entry: entry[:3])
    candidates = [
        Candidate(
            offering_id=offering_id, offering=name, rank=rank, utility=-negative_utility,
            quality=parts[0], cost=parts[1], speed=parts[2],
        )
        for rank, (negative_utility, _priority, offering_id, name, parts) in enumerate(ranked, 1)
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
    )
