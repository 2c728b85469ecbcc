"""What rules would have done to recent requests, as far as the ledger keeps what they look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry import ConditionFailed, from_us
from registry.conditions import compile_condition, context_of
from routing.constraints import World
from routing.health import Health
from routing.rules.facts import LocalTime, offering_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registry import Explanation
    from registry.conditions import Condition
    from registry.words import Offering, Policy, Rule

# Of a request the ledger keeps these; what else a condition names was not kept.
KEPT = frozenset({
    "request.capability", "request.pipeline", "request.stage", "request.item", "request.policy", "request.principal",
    "request.workspace", "request.input_tokens",
})  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Tried:
    """What one rule would have done to recent requests.

    * ``touched``: those that its ``when`` holds for (and, where it is about services, that have such a candidate).
    * ``moved``: those of them whose first choice it would have shut out; ``emptied``: with nobody left.
    * ``untold``: those of which it cannot be told, since ``unkept`` facts are not in the ledger.
    """

    rule: Rule
    touched: int = 0
    moved: int = 0
    emptied: int = 0
    untold: int = 0
    unkept: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Recent:
    """A recent request: what the ledger explains of it, and its run's pipeline."""

    task: Explanation
    pipeline: str = ""


def try_rules(policy: Policy, recent: Iterable[Recent]) -> tuple[Tried, ...]:
    """Each rule of the policy, tried alone on each of these requests. Its conditions must be in order."""
    trials = [_Trial(rule, policy.zone) for rule in policy.rules]
    for one in recent:
        for trial in trials:
            trial.take(one)
    return tuple(trial.tried for trial in trials)


class _Trial:
    """One rule, on one request after the other."""

    def __init__(self, rule: Rule, zone: str) -> None:
        self._clock = LocalTime(zone)
        self._when = compile_condition(rule.when, "request") if rule.when else None
        self._over = compile_condition(rule.condition, "service") if rule.condition else None
        named = [name for condition in (self._when, self._over) if condition for name in condition.names]
        unkept = {name for name in named if name.startswith(("request.", "budget.", "health.")) and name not in KEPT}
        self.tried = Tried(rule=rule, unkept=frozenset(unkept))

    def take(self, recent: Recent) -> None:
        """Try it on one request."""
        decision = recent.task.decision
        if decision is None:
            return
        world = World(now=from_us(recent.task.started_us), health=Health(lambda: 0.0))
        try:
            if self._when is not None and not self._when.holds(context_of(self._facts(recent, world))):
                return
            offerings = {one.offering_id: one for one in recent.task.snapshot.offerings}
            ranked = [offerings[one.offering_id] for one in decision.ranked if one.offering_id in offerings]
            met = [self._met(offering, world) for offering in ranked]
        except ConditionFailed:
            self.tried.untold += 1
            return
        self._count(met)

    def _count(self, met: list[bool]) -> None:
        rule, tried = self.tried.rule, self.tried
        if rule.effect not in {"require", "forbid"}:
            tried.touched += not rule.condition or any(met)
            return
        out = [one == bool(rule.forbid) for one in met]
        tried.touched += any(out)
        tried.moved += bool(out) and out[0] and not all(out)
        tried.emptied += bool(out) and all(out)

    def _met(self, offering: Offering, world: World) -> bool:
        if self._over is None:
            return True
        names = [name for name in self._over.names if not name.startswith("health.")]
        return self._holds(self._over, offering_facts(names, offering, world, self._clock))

    @staticmethod
    def _holds(condition: Condition, facts: Mapping[str, Any]) -> bool:
        return condition.holds(context_of(facts))

    def _facts(self, recent: Recent, world: World) -> dict[str, Any]:
        """What is kept of the request; the policy by the name that was asked for, as far as that can be told."""
        task = recent.task
        assert task.decision is not None  # noqa: S101 - the caller looks
        workspace, _, principal = task.owner.partition("/")
        policy = task.decision.policy.removesuffix("+request").removesuffix(f"-{task.decision.capability.value}")
        kept = {
            "request.capability": task.decision.capability.value,
            "request.pipeline": recent.pipeline,
            "request.stage": task.stage,
            "request.item": task.item,
            "request.policy": policy,
            "request.principal": principal,
            "request.workspace": workspace,
            "request.input_tokens": task.attempts[0].usage.input_tokens if task.attempts else None,
            **self._clock.facts(world.now),
        }
        wanted = self._when.names if self._when is not None else frozenset()
        return {name: kept.get(name) for name in wanted}
