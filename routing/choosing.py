"""Choosing for the runtime: everything that decisions look at, kept fresh, and each decision made of it."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from blocks import CredentialMissing
from registry.words import Exclusion
from routing.affinity import Affinity
from routing.constraints import World
from routing.deciding import decide, strategy_of
from routing.estimating import estimate_needs
from routing.fitness import Fitness
from routing.learned import LearnedQuality
from routing.rules.ruling import NOTHING
from routing.wishes import with_requirements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from blocks import CredentialSource
    from registry import Estimate, Policies, Scores
    from registry.words import Capability, Decision, Policy, Snapshot, TaskRequest
    from routing.constraints import Refusal
    from routing.health import Health
    from routing.rules import RuleBook, Ruling
    from routing.strategies import Strategy
    from routing.tries import Outcome

SAME_TIME_SECONDS = 0.25  # decisions made within that take it to be the same time of day
STRATEGIES_KEPT = 10_000
POLICIES_KEPT = 1_000  # all are read again every few seconds


class Choice(NamedTuple):
    """A decision, the policy that it was made by, and who is to be asked beside whoever is chosen."""

    policy: Policy
    decision: Decision
    shadows: tuple[int, ...] = ()


class Chooser:
    """Makes decisions. What it looks at is in memory, and as fresh as :meth:`refresh` keeps it.

    Args:
        policies: where policies are read from.
        scores: what quality is learnt from.
        credentials: what tells which services can be called from here.
        health: how services are doing.
        task_ids: gives each decision its number.
        given: the names of services whose blocks were handed in: they need no credential.
    """

    def __init__(
        self,
        *,
        policies: Policies,
        scores: Scores,
        credentials: CredentialSource,
        health: Health,
        task_ids: Iterator[int],
        given: Collection[str],
    ) -> None:
        self.affinity = Affinity(time.monotonic)
        self._policies_of = policies
        self._scores = scores
        self._credentials = credentials
        self._health = health
        self._task_ids = task_ids
        self._given = given
        self._policies: dict[tuple[str, Capability], Policy] = {}
        self._strategies: dict[int, Strategy] = {}
        self._rules: RuleBook | None = None
        self._learned = LearnedQuality()
        self._fitness = Fitness()
        self._kinds: Collection[str] = ()
        self._unusable: dict[int, Refusal] = {}
        self._unusable_for: Snapshot | None = None
        self._seen_world: World | None = None
        self._world_until = 0.0

    async def choose(self, request: TaskRequest, snapshot: Snapshot) -> Choice:
        """Who is to do a request.

        Raises:
            NotFound: there is no such policy.
        """
        policy = self._policies.get((request.policy, request.capability))
        if policy is None:
            policy = await self._read_policy(request.policy, request.capability)
        if self._unusable_for is not snapshot:
            await self._look_for_credentials(snapshot)
        if request.objective is not None or request.target is not None:
            policy = await self._policies_of.wished(policy, request.objective, request.target)
        world = self._world()
        wanted = with_requirements(request, policy)
        ruling = NOTHING if not (policy.rules or policy.prefer) else self._ruling(wanted, policy, snapshot, world)
        if policy.affinity:
            ruling = self.affinity.liked(request, ruling)
        decision = decide(
            next(self._task_ids), wanted, snapshot, policy, self._learned.means, world,
            strategy=self._strategy(policy), fitness=self._fitness, ruling=ruling,
        )  # fmt: skip
        if not ruling.shadows:
            return Choice(policy, decision)
        chosen = {candidate.offering_id for candidate in decision.ranked[:1]}
        return Choice(policy, decision, tuple(one for one in ruling.shadows if one not in chosen))

    def decide_by(self, policy: Policy, request: TaskRequest, snapshot: Snapshot) -> Decision:
        """Who is to do a request by a policy as it stands, its rules and wishes aside."""
        return decide(next(self._task_ids), request, snapshot, policy, self._learned.means, self._world())

    def learn(self, decision: Decision, outcome: Outcome) -> None:
        """Take in what checks said of an attempt."""
        if not outcome.verdicts:
            return
        attempt = outcome.attempt
        good = attempt.failure is None
        self._learned.judged(outcome.offering, good=good)
        learn = getattr(self._strategies.get(decision.policy_id), "learn", None)
        if learn is not None:
            learn(attempt.offering_id, good=good, cost_nanousd=attempt.cost_nanousd, latency_ms=attempt.latency_ms)

    async def refresh(self, snapshot: Snapshot, kinds: Collection[str]) -> None:
        """Read policies, credentials and learned quality anew; ``kinds`` are those that blocks speak for.

        Raises:
            RegistryError: the database cannot be used; what was known stays in use.
        """
        self._kinds = kinds
        for name, capability in list(self._policies):
            await self._read_policy(name, capability)
        await self._look_for_credentials(snapshot)
        self._learned.replace(await self._learned_quality(snapshot))

    def _world(self) -> World:
        """The world as it is now; its time may be as old as :data:`SAME_TIME_SECONDS`."""
        now, world = self._health.now(), self._seen_world
        if world is None or now >= self._world_until or world.unusable is not self._unusable:
            world = World(now=datetime.now(UTC), health=self._health, unusable=self._unusable)
            self._seen_world, self._world_until = world, now + SAME_TIME_SECONDS
        return world

    def _ruling(self, request: TaskRequest, policy: Policy, snapshot: Snapshot, world: World) -> Ruling:
        if self._rules is None:
            from routing.rules import RuleBook  # conditions take a while to import, and few policies have any

            self._rules = RuleBook()
        return self._rules.of(policy).ruling(request, estimate_needs(request), snapshot, world, random.random)

    def _strategy(self, policy: Policy) -> Strategy:
        """The strategy of a policy; one object a version, since some remember."""
        strategy = self._strategies.get(policy.policy_id)
        if strategy is None:
            if len(self._strategies) >= STRATEGIES_KEPT:
                self._strategies.clear()
            strategy = self._strategies[policy.policy_id] = strategy_of(policy)
        return strategy

    async def _read_policy(self, name: str, capability: Capability) -> Policy:
        policy = await self._policies_of.for_task(name, capability)
        if len(self._policies) >= POLICIES_KEPT and (name, capability) not in self._policies:
            self._policies.pop(next(iter(self._policies)))
        self._policies[name, capability] = policy
        return policy

    async def _look_for_credentials(self, snapshot: Snapshot) -> None:
        """Find out which enabled services cannot be called from here."""
        unusable: dict[int, Refusal] = {}
        for service in {offering.service.service_id: offering.service for offering in snapshot.offerings}.values():
            if not service.enabled or service.name in self._given:
                continue
            if service.kind not in self._kinds:
                unusable[service.service_id] = (Exclusion.NO_BLOCK, f"no block speaks for kind {service.kind!r}")
                continue
            try:
                await self._credentials.resolve(service.credential_ref)
            except CredentialMissing as missing:
                unusable[service.service_id] = (Exclusion.NO_CREDENTIAL, f"no credential: {missing.hint}")
        self._unusable, self._unusable_for = unusable, snapshot

    async def _learned_quality(self, snapshot: Snapshot) -> dict[int, Estimate]:
        priors = {offering.model.model_id: offering.quality for offering in snapshot.offerings}
        learned = await self._scores.quality(priors)
        return {
            offering.offering_id: estimate
            for offering in snapshot.offerings
            for capability in offering.capabilities
            if (estimate := learned.get((offering.model.model_id, capability))) is not None
        }
