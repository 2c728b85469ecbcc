"""One decision: constraints exclude, the policy's strategy ranks, and every candidate keeps its rank or its reason."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from registry.words import Decision
from registry.words.quick import maker
from routing.candidates import Ranking
from routing.constraints import exclude_now
from routing.estimating import estimate_needs
from routing.fitness import candidate_of, fit_of
from routing.ranking import priced, see
from routing.rules.ruling import NOTHING, Ruling
from routing.strategies import Towards, strategy_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from registry.words import Candidate, Offering, Policy, Snapshot, TaskRequest
    from routing.constraints import World
    from routing.estimating import Needs
    from routing.fitness import Fitness
    from routing.strategies import Seen, Strategy

_decision = maker(Decision)


def decide(
    task_id: int,
    request: TaskRequest,
    snapshot: Snapshot,
    policy: Policy,
    quality: Mapping[int, float],
    world: World,
    *,
    strategy: Strategy | None = None,
    fitness: Fitness | None = None,
    ruling: Ruling = NOTHING,
    chance: Callable[[], float] = random.random,
) -> Decision:
    """The route for a request. Touches memory only: no SQL, no network, no waiting.

    ``strategy`` is the policy's, where the caller has made it already, and ``fitness`` remembers from one decision to
    the next who may do what; ``ruling`` is what the policy's rules say; ``chance`` gives numbers in 0..1.
    """
    needs = estimate_needs(request)
    budget_nanousd = request.budget_nanousd if request.budget_nanousd is not None else policy.budget_nanousd
    fit = fit_of(request, snapshot, world) if fitness is None else fitness.of(request, snapshot, world)
    offerings: Sequence[Offering] = fit.offerings
    unfit = fit.unfit
    all_windows_do = fit.smallest_window is None or needs.context_tokens <= fit.smallest_window
    if budget_nanousd is not None or fit.any_retires or not all_windows_do or world.health.anything_out:
        offerings, unfit_now = _now(offerings, needs, budget_nanousd, world, all_windows_do=all_windows_do)
        unfit += unfit_now
    if ruling.excluded:
        offerings, shut_out = _allowed(offerings, ruling)
        unfit += shut_out
    if offerings is fit.offerings and fitness is not None:
        candidates = fitness.priced(fit, needs)
    else:
        candidates = priced(offerings, needs, request.capability)
    weights = ruling.objective or policy.objective
    seen = see(candidates, request.capability, weights, quality, world.health)
    if ruling.factors:
        seen = [_liked(one, ruling.factors.get(one.offering.offering_id, 1.0)) for one in seen]
    propensity = (strategy or strategy_of(policy)).order(seen, chance)
    if ruling.chosen:
        propensity = _drawn_first(seen, ruling, propensity)
    return _decision(
        task_id=task_id,
        capability=request.capability,
        policy=policy.name,
        policy_version=policy.version,
        policy_id=policy.policy_id,
        snapshot_id=snapshot.snapshot_id,
        snapshot_version=snapshot.version,
        candidates=Ranking(seen, unfit, needs, is_plain=not (ruling.factors or ruling.excluded)),
        propensity=propensity,
        rules=ruling.numbers,
    )


def _now(
    offerings: Sequence[Offering], needs: Needs, budget_nanousd: int | None, world: World, *, all_windows_do: bool
) -> tuple[list[Offering], tuple[Candidate, ...]]:
    fit, unfit = [], []
    for offering in offerings:
        refusal = exclude_now(offering, needs, budget_nanousd, world, all_windows_do=all_windows_do)
        if refusal is None:
            fit.append(offering)
        else:
            unfit.append(candidate_of(offering, refusal))
    return fit, tuple(unfit)


def _allowed(offerings: Sequence[Offering], ruling: Ruling) -> tuple[list[Offering], tuple[Candidate, ...]]:
    fit, shut_out = [], []
    for offering in offerings:
        refusal = ruling.excluded.get(offering.offering_id)
        if refusal is None:
            fit.append(offering)
        else:
            shut_out.append(candidate_of(offering, refusal, rule=ruling.excluded_by.get(offering.offering_id, 0)))
    return fit, tuple(shut_out)


def _liked(one: Seen, factor: float) -> Seen:
    return one if factor == 1.0 else one._replace(utility=one.utility * factor, factor=factor)


def _drawn_first(seen: list[Seen], ruling: Ruling, propensity: float) -> float:
    """Put those that a split drew first; the probability of the one that comes first."""
    seen.sort(key=lambda one: one.offering.offering_id not in ruling.chosen)
    return ruling.chosen.get(seen[0].offering.offering_id, propensity) if seen else propensity


def strategy_of(policy: Policy) -> Strategy:
    """How a policy ranks: by its target where it has one, else by the strategy that it names."""
    if policy.target is not None:
        return Towards(policy.target)
    return strategy_named(policy.strategy, policy.options)
