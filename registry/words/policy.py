"""How routing chooses: a named, versioned policy, with what matters, its defaults and its rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from registry.words.task import Requirements

if TYPE_CHECKING:
    from collections.abc import Mapping

Goal = Literal["quality", "cost", "speed"]
Priority = Literal["high", "normal", "low"]
Streaming = Literal["first_token", "guarded", "buffered"]
Effect = Literal["require", "forbid", "prefer", "weight", "split", "shadow"]

MOST_RULES = 64  # the ledger keeps which of them applied as bits of one number
_LARGEST_NANOUSD = 10**18
SMALLEST_FACTOR, LARGEST_FACTOR = 0.01, 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What matters, as weights that are at least 0 and not all 0.

    Raises:
        ValueError: a weight is negative, or all are zero.
    """

    quality: float = 0.7
    cost: float = 0.1
    speed: float = 0.2

    def __post_init__(self) -> None:
        weights = {"quality": self.quality, "cost": self.cost, "speed": self.speed}
        for name, weight in weights.items():
            if not 0 <= weight < float("inf"):
                raise ValueError(f"the weight of {name} is {weight}; it must be a number of at least 0")
        if not any(weights.values()):
            raise ValueError("all weights of the objective are 0: nothing would matter; give at least one of them more")

    def shares(self) -> tuple[float, float, float]:
        """The weights of quality, cost and speed, scaled to a sum of 1."""
        total = self.quality + self.cost + self.speed
        return self.quality / total, self.cost / total, self.speed / total


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What matters, as one goal within bounds: the best under $0.01 and 2 s, the cheapest above a quality of 0.9.

    Raises:
        ValueError: a bound makes no sense.
    """

    goal: Goal
    min_quality: float | None = None
    max_cost_nanousd: int | None = None
    max_latency_ms: float | None = None

    def __post_init__(self) -> None:
        if self.min_quality is not None and not 0 <= self.min_quality <= 1:
            raise ValueError(f"the quality {self.min_quality:g} of the target is not between 0 and 1")
        if self.max_cost_nanousd is not None and not 0 <= self.max_cost_nanousd <= _LARGEST_NANOUSD:
            raise ValueError("the cost of the target is negative, or more than a billion dollars")
        if self.max_latency_ms is not None and not 0 < self.max_latency_ms < float("inf"):
            raise ValueError(f"the time of the target is {self.max_latency_ms:g} ms; it must be more than 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """How much may be spent on second calls beside a late first one, as shares of all calls and of all cost.

    Either share at 0 turns hedging off.

    Raises:
        ValueError: a share is not in 0..1.
    """

    calls_share: float = 0.1
    cost_share: float = 0.1

    def __post_init__(self) -> None:
        for name, share in (("calls_share", self.calls_share), ("cost_share", self.cost_share)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name} of the hedge is {share:g}; it must be between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Who comes first, by share: the same for the same value of ``by``, by chance where that is empty.

    ``by`` is a condition's expression for a text, ``shares`` give what they add up to 1 to services, models or
    offerings. Another ``seed`` deals the same keys out anew.

    Raises:
        ValueError: the shares are no shares.
    """

    shares: Mapping[str, float]
    by: str = ""
    seed: str = ""

    def __post_init__(self) -> None:
        if not self.shares:
            raise ValueError("a split needs shares, such as {openai/gpt-5: 0.95, mistral/large: 0.05}")
        for name, share in self.shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"the share of {name} is {share:g}; it must be between 0 and 1")
        total = sum(self.shares.values())
        if abs(total - 1) > 0.001:
            raise ValueError(f"the shares of the split add up to {total:g}; they must add up to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a policy: where ``when`` holds (always, if it is empty), its one effect.

    ``require``, ``forbid``, ``prefer`` and ``shadow`` are conditions over services; ``weight`` and ``split`` are
    values. ``factor`` multiplies the utility of what ``prefer`` meets; ``share`` is the share of requests that
    ``shadow`` copies.

    Raises:
        ValueError: it has no effect or several, or a number is out of its bounds.
    """

    name: str
    when: str = ""
    require: str = ""
    forbid: str = ""
    prefer: str = ""
    factor: float = 1.2
    weight: Objective | None = None
    split: Split | None = None
    shadow: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        if len(self._effects()) != 1:
            found = ", ".join(self._effects()) or "none"
            raise ValueError(
                f"rule {self.name} must have one of require, forbid, prefer, weight, split, shadow; it has {found}"
            )
        if not SMALLEST_FACTOR <= self.factor <= LARGEST_FACTOR:
            raise ValueError(
                f"the factor of rule {self.name} is {self.factor:g}; it must be between {SMALLEST_FACTOR:g} and "
                f"{LARGEST_FACTOR:g}"
            )
        if not 0 <= self.share <= 1:
            raise ValueError(f"the share of rule {self.name} is {self.share:g}; it must be between 0 and 1")

    def _effects(self) -> list[Effect]:
        given: dict[Effect, object] = {
            "require": self.require, "forbid": self.forbid, "prefer": self.prefer, "weight": self.weight,
            "split": self.split, "shadow": self.shadow,
        }  # fmt: skip
        return [name for name, value in given.items() if value]

    @property
    def effect(self) -> Effect:
        """What it does."""
        return self._effects()[0]

    @property
    def condition(self) -> str:
        """The condition over services that its effect has; empty for ``weight`` and ``split``."""
        return self.require or self.forbid or self.prefer or self.shadow

    def told(self, *, failed: bool = False) -> str:
        """What it has against an offering that it excludes; ``failed`` where it could not be evaluated."""
        does = "requires" if self.require else "forbids"
        if failed:
            return f"rule {self.name} {does} {self.condition}, which could not be evaluated, so it shuts out"
        return f"rule {self.name} {does} {self.condition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy at one version. ``policy_id`` is the database's number for exactly this content.

    ``target`` stands before ``objective`` where both are given. ``strategy`` and its ``options`` say how the ranking
    becomes a route. ``requirements`` are added to those of each request; ``prefer`` names services, models or
    offerings that are liked. ``deadline_seconds`` and ``budget_nanousd`` bound the whole walk over services, not one
    attempt. ``affinity`` keeps a conversation where its prefix is cached; ``cache_seconds`` of 0 keeps no results.
    ``streaming`` says when the output of a stream is passed on: from its first token on, as soon as checks have looked
    at how it begins, or when it is whole. ``zone`` is the time zone of the rules' clock.

    Raises:
        ValueError: too many rules, or two of one name.
    """

    name: str
    version: int = 1
    policy_id: int = 0
    objective: Objective = Objective()
    target: Target | None = None
    strategy: str = "objective"
    options: Mapping[str, Any] = field(default_factory=dict)
    requirements: Requirements = Requirements()
    prefer: tuple[str, ...] = ()
    hedge: Hedge = Hedge()
    priority: Priority = "normal"
    streaming: Streaming = "first_token"
    affinity: bool = False
    cache_seconds: float = 0.0
    deadline_seconds: float = 120.0
    budget_nanousd: int | None = None
    on_refusal: Literal["next", "end"] = "next"
    zone: str = "UTC"
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if len(self.rules) > MOST_RULES:
            raise ValueError(f"there are {len(self.rules)} rules; a policy has at most {MOST_RULES}")
        names: set[str] = set()
        for rule in self.rules:
            if rule.name in names:
                raise ValueError(f"two rules are named {rule.name}")
            names.add(rule.name)

    def weighing(self, rules: tuple[int, ...]) -> Objective:
        """The objective that holds where these rules apply, by their numbers from 1: the last one's that weighs."""
        for number in reversed(rules):
            weight = self.rules[number - 1].weight if number <= len(self.rules) else None
            if weight is not None:
                return weight
        return self.objective
