"""How routing chooses: a named, versioned policy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


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
                raise ValueError(f"the weight of {name} is {weight}; it must be at least 0")
        if not any(weights.values()):
            raise ValueError("all weights of the objective are 0: nothing would matter")

    def shares(self) -> tuple[float, float, float]:
        """The weights of quality, cost and speed, scaled to a sum of 1."""
        total = self.quality + self.cost + self.speed
        return self.quality / total, self.cost / total, self.speed / total


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """How much may be spent on second calls beside late ones: shares of first calls, and of what those cost.

    ``calls_share`` 0 turns it off.
    """

    calls_share: float = 0.1
    cost_share: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy at one version. ``policy_id`` is the database's number for exactly this content.

    ``deadline_seconds`` and ``budget_nanousd`` bound the whole walk over services, not one attempt.
    """

    name: str
    version: int = 1
    policy_id: int = 0
    objective: Objective = Objective()
    deadline_seconds: float = 120.0
    budget_nanousd: int | None = None
    on_refusal: Literal["next", "end"] = "next"
    strategy: str = "objective"
    options: Mapping[str, Any] = field(default_factory=dict)
    hedge: Hedge = Hedge()
    priority: Literal["high", "normal", "low"] = "normal"
