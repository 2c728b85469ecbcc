"""Parameters that all pipelines share: what matters, as a person writes it into a form or on the command line."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from routing.wishes import Wishes, objective_of, priority_of, target_of

WISHES = frozenset({"objective", "target", "priority"})


def _objective(text: str) -> str:
    objective_of(text)
    return text


def _target(text: str) -> str:
    target_of(text)
    return text


ObjectiveText = Annotated[
    str,
    AfterValidator(_objective),
    Field(title="Objective", description="Weights in place of the policy's: quality=1,cost=2,speed=1."),
]
TargetText = Annotated[
    str,
    AfterValidator(_target),
    Field(title="Target", description="Such as: the best under $0.01 and 2 s; the cheapest above 0.9."),
]
PriorityText = Annotated[
    Literal["", "high", "normal", "low"], Field(title="Priority", description="Left empty, that of the policy.")
]


def wishes_of(policy: str, objective: str, target: str, priority: str, *, pipeline: str) -> Wishes:
    """The wishes behind the texts of a form."""
    return Wishes(
        policy=policy,
        objective=objective_of(objective),
        target=target_of(target),
        priority=priority_of(priority),
        pipeline=pipeline,
    )


def as_asked(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters without wishes that nobody made: a run from before there were any stays the same run."""
    return {name: value for name, value in parameters.items() if value or name not in WISHES}
