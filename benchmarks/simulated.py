"""Simulated services with a router before them, for scenarios in virtual time: seeded, so the same on any machine.

Services have a lognormal latency, faults, outages, a drift, a limit of places, a price and a quality. What they bill is
counted by them, and not by the router.
"""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from blocks import End, ServiceFailure, TextDelta, UsageReport
from registry.words import (
    Capability,
    FailureClass,
    Message,
    Model,
    Offering,
    Policy,
    Price,
    Service,
    Snapshot,
    TaskRequest,
    Usage,
    usd_to_nanousd,
)
from routing.attempting import Attempting
from routing.constraints import World
from routing.deciding import decide
from routing.dispatcher import Dispatcher
from routing.errors import RoutingError
from routing.health import Health
from routing.learned import LearnedQuality
from routing.strategies import strategy_named

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from blocks import Call, Event
    from routing.tries import Outcome

INPUT_TOKENS, OUTPUT_TOKENS = 65, 50
MIX = {"429": 0.03, "500": 0.015, "503": 0.015, "hang": 0.02, "reset": 0.01, "malformed": 0.005, "empty": 0.005}
_FAILURES = {
    "429": (FailureClass.RATE_LIMITED, 0.1),
    "500": (FailureClass.TRANSIENT, 1.0),
    "503": (FailureClass.TRANSIENT, 0.1),
    "reset": (FailureClass.TRANSIENT, 0.1),
    "malformed": (FailureClass.INVALID_OUTPUT, 1.0),
}  # class, and which part of the latency passes before it is told


@dataclass(kw_only=True)
class Profile:
    """How a simulated service behaves. Prices are dollars per 1,000 tokens."""

    name: str
    median_ms: float = 0.0
    sigma: float = 0.0
    faults: dict[str, float] = field(default_factory=dict)
    outages: Sequence[tuple[float, float, str]] = ()
    drift: Sequence[tuple[float, float]] = ()
    limit: int = 0
    price_in: str = "0"
    price_out: str = "0"
    quality: float = 1.0


class Simulated:
    """A service that behaves as its profile says, seeded; ``counts`` and ``billed_nanousd`` are what it saw itself."""

    def __init__(self, profile: Profile, seed: int, price: Price) -> None:
        self.profile = profile
        self.counts: dict[str, int] = {}
        self.arrivals: list[float] = []
        self.billed_nanousd = 0
        self.most_at_once = 0
        self._price = price
        self._dice = random.Random(f"{seed}/{profile.name}")
        self._at_once = 0

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """Answer as the dice say."""
        profile, loop = self.profile, asyncio.get_running_loop()
        self.arrivals.append(loop.time())
        if profile.limit and self._at_once >= profile.limit:
            self._count("limited")
            raise ServiceFailure(FailureClass.RATE_LIMITED, "too many at once", status=429, retry_after_seconds=1.0)
        latency, fault, right = self._draw(loop.time())
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self._wait(latency, fault, call.timeout_seconds)
        except asyncio.CancelledError:
            self._count("cancelled")
            raise
        finally:
            self._at_once -= 1
        self._count(fault or "ok")
        usage = Usage(input_tokens=INPUT_TOKENS, output_tokens=0 if fault == "empty" else OUTPUT_TOKENS)
        if fault in (None, "empty", "malformed"):
            self.billed_nanousd += self._price.cost_nanousd(usage)
        if fault not in (None, "empty"):
            failure, _ = _FAILURES[fault]
            wait = 1.0 if failure is FailureClass.RATE_LIMITED else None
            status = int(fault) if fault.isdigit() else None
            raise ServiceFailure(failure, f"{profile.name}: {fault}", status=status, retry_after_seconds=wait)
        if fault is None:
            yield TextDelta("right" if right else "wrong")
        yield UsageReport(usage)
        yield End()

    async def aclose(self) -> None:
        """Nothing to let go of."""

    async def _wait(self, latency: float, fault: str | None, timeout_seconds: float) -> None:
        if fault == "hang":
            await asyncio.sleep(timeout_seconds + 1)
            return
        await asyncio.sleep(latency * (_FAILURES[fault][1] if fault in _FAILURES else 1.0))

    def _draw(self, now: float) -> tuple[float, str | None, bool]:
        """Seconds, fault, and whether the answer is right; three draws each time, so that the sequence is stable."""
        profile, dice = self.profile, self._dice
        latency = profile.median_ms / 1_000 * math.exp(profile.sigma * dice.gauss(0, 1))
        chance, quality = dice.random(), dice.random()
        fault, added = None, 0.0
        for name, share in profile.faults.items():
            added += share
            if chance < added:
                fault = name
                break
        for at, factor in profile.drift:
            latency *= factor if now >= at else 1.0
        for begin, end, name in profile.outages:
            if begin <= now < end:
                fault = name
        return latency, fault, quality < profile.quality

    def arrivals_between(self, begin: float, end: float) -> list[float]:
        """When calls came in between two moments."""
        return [at for at in self.arrivals if begin <= at < end]

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


class NoSecrets:
    """Credentials for services that need none."""

    async def resolve(self, reference: str | None) -> str | None:
        """There is none."""
        del reference
        return None

    def forget(self, reference: str) -> None:
        """There is nothing to forget."""


@dataclass(kw_only=True)
class Ended:
    """One request: when it began, how long it took, whether it was answered and right, and its priority."""

    began: float
    seconds: float
    answered: bool
    right: bool
    priority: str
    problem: str = ""


class Simulation:
    """Simulated services with a router before them, in the running (virtual) loop."""

    def __init__(self, profiles: Sequence[Profile], policy: Policy, seed: int, *, with_check: bool) -> None:
        loop = asyncio.get_running_loop()
        self.policy, self._with_check = policy, with_check
        self.services: dict[str, Simulated] = {}
        offerings = []
        for number, profile in enumerate(profiles, 1):
            price = Price(
                input_nanousd_per_mtok=1_000 * usd_to_nanousd(profile.price_in),
                output_nanousd_per_mtok=1_000 * usd_to_nanousd(profile.price_out),
                source="simulated",
            )
            self.services[profile.name] = Simulated(profile, seed, price)
            offerings.append(
                Offering(
                    offering_id=number,
                    service=Service(service_id=number, name=profile.name, kind="simulated", enabled=True),
                    model=Model(model_id=number, name="m"),
                    remote_name="m",
                    capabilities=frozenset({Capability.TEXT}),
                    price=price,
                    quality=0.7,
                    latency_ms=1.0,
                )
            )
        self.snapshot = Snapshot(snapshot_id=1, version=1, digest="0" * 64, offerings=tuple(offerings))
        self.health = Health(loop.time)
        self.learned = LearnedQuality()
        self.outcomes: list[Outcome] = []
        self.ended: list[Ended] = []
        secrets = NoSecrets()
        attempting = Attempting(
            connect=lambda service: self.services[service.name], credentials=secrets, judge=_not_empty, clock=loop.time
        )
        self.dispatcher = Dispatcher(
            attempting=attempting, credentials=secrets, health=self.health, clock=loop.time, sleep=asyncio.sleep,
            chance=random.Random(seed),
        )  # fmt: skip
        self._strategy = strategy_named(policy.strategy, policy.options)
        self._numbers = iter(range(1, 10_000_000))

    async def ask(self, policy: Policy | None = None) -> None:
        """One request, from decision to answer; what came of it is kept."""
        began, policy = asyncio.get_running_loop().time(), policy or self.policy
        request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x" * 190),))
        world = World(now=datetime(2026, 11, 25, tzinfo=UTC), health=self.health)
        decision = decide(
            next(self._numbers), request, self.snapshot, policy, self.learned.means, world, strategy=self._strategy
        )
        accept = (lambda reply: bool(reply.text == "right")) if self._with_check else None
        right, problem = False, ""
        try:
            result = await self.dispatcher.dispatch(request, decision, self.snapshot, policy, self._took_in, accept)
            right = result.text == "right"
        except RoutingError as error:
            problem = str(error)
        seconds = asyncio.get_running_loop().time() - began
        self.ended.append(
            Ended(
                began=began, seconds=seconds, answered=not problem, right=right, priority=policy.priority,
                problem=problem,
            )
        )  # fmt: skip

    def _took_in(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if outcome.verdicts:
            good = all(verdict.passed or not verdict.critical for verdict in outcome.verdicts)
            self.learned.judged(outcome.offering, good=good)

    @property
    def billed_nanousd(self) -> int:
        """What all services have billed."""
        return sum(service.billed_nanousd for service in self.services.values())

    def accounted_nanousd(self) -> tuple[int, int]:
        """What our own account has, and what it may be more by: calls whose bill nobody told us of."""
        known = [one.attempt for one in self.outcomes if one.attempt.usage.reported]
        unknown = [one.attempt for one in self.outcomes if not one.attempt.usage.reported]
        return sum(one.cost_nanousd for one in known), sum(one.cost_nanousd for one in unknown)

    @property
    def calls(self) -> int:
        """How many calls the services have seen."""
        return sum(len(service.arrivals) for service in self.services.values())


def _not_empty(request: TaskRequest, reply: Any, data: Any) -> tuple[Any, ...]:  # noqa: ARG001 - a judge's names
    from registry.words import Verdict

    return (Verdict(check="not_empty", passed=bool(reply.text), critical=True, reason="there is nothing in it"),)
