"""What callers wish for beside the work itself: a policy, other weights, a target, a priority, labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from registry.words import Objective, Priority, Requirements, Streaming, Target, parse_objective, parse_target

if TYPE_CHECKING:
    from registry.words import Policy, TaskRequest

MOST_LABELS = 32
LONGEST_LABEL = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What all requests of a run are to be routed by. None leaves it to the policy."""

    policy: str = "default"
    objective: Objective | None = None
    target: Target | None = None
    priority: Priority | None = None
    pipeline: str = ""

    def on(self, request: TaskRequest) -> TaskRequest:
        """The request with these wishes."""
        return replace(
            request,
            policy=self.policy,
            objective=self.objective,
            target=self.target,
            priority=self.priority,
            pipeline=self.pipeline,
        )


def objective_of(given: Objective | str | Mapping[str, float] | None) -> Objective | None:
    """Weights, however they are given; None for nothing.

    Raises:
        ValueError: they make no sense.
    """
    if given is None or given == "":
        return None
    if isinstance(given, Objective):
        return given
    if not isinstance(given, (str, Mapping)):
        raise ValueError("the objective is neither text nor weights; write quality=1,cost=2,speed=1")  # noqa: TRY004
    return parse_objective(given)


def target_of(given: Target | str | None) -> Target | None:
    """A target, however it is given; None for nothing.

    Raises:
        ValueError: it makes no sense.
    """
    if given is None or given == "":
        return None
    if isinstance(given, Target):
        return given
    if not isinstance(given, str):
        raise ValueError("the target is no text; write for example `the cheapest above 0.9`")  # noqa: TRY004
    return parse_target(given)


def priority_of(given: str | None) -> Priority | None:
    """A priority by its name; None for nothing.

    Raises:
        ValueError: there is no such one.
    """
    found: Priority | None = _one_of(get_args(Priority), given, "priority")
    return found


def streaming_of(given: str | None) -> Streaming | None:
    """When output is passed on, by its name; None for nothing.

    Raises:
        ValueError: there is no such way.
    """
    found: Streaming | None = _one_of(get_args(Streaming), given, "streaming")
    return found


def _one_of(known: tuple[Any, ...], given: str | None, what: str) -> Any:
    if given is None or given == "":
        return None
    if given in known:
        return given
    raise ValueError(f"there is no {what} {given!r}; there are {', '.join(known)}")


def labels_of(given: Mapping[str, object]) -> dict[str, str]:
    """A caller's own labels, bounded: at most 32, each at most 512 characters. What is no text becomes JSON.

    Raises:
        ValueError: there are more, or one is longer.
    """
    if len(given) > MOST_LABELS:
        raise ValueError(f"metadata has {len(given)} entries; at most {MOST_LABELS} are taken")
    labels = {}
    for name, value in given.items():
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        if len(text) > LONGEST_LABEL or len(str(name)) > LONGEST_LABEL:
            raise ValueError(f"metadata {str(name)[:80]!r} is longer than {LONGEST_LABEL} characters")
        labels[str(name)] = text
    return labels


def with_requirements(request: TaskRequest, policy: Policy) -> TaskRequest:
    """The request with what its policy requires of all: features are added, regions are those that both allow.

    Where no region is left that both allow, nobody may do it.
    """
    ours, its = policy.requirements, request.requirements
    if not ours.features and not ours.regions:
        return request
    both = ours.regions & its.regions if ours.regions and its.regions else ours.regions | its.regions
    regions = both or (frozenset({NO_REGION}) if ours.regions else frozenset())
    joined = Requirements(features=ours.features | its.features, regions=regions, pinned=its.pinned)
    return replace(request, requirements=joined)


NO_REGION = "no region that both policy and request allow"
