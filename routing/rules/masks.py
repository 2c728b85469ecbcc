"""Masks: which offerings of a snapshot a condition holds for, worked out once and not at every decision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from registry.condition_facts import MOVING_ROOTS
from registry.conditions import context_of
from registry.errors import ConditionFailed
from routing.rules.facts import offering_facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.conditions import Condition
    from registry.words import Offering, Snapshot
    from routing.constraints import World
    from routing.rules.facts import LocalTime


@dataclass(frozen=True, slots=True)
class Mask:
    """The offerings that a condition holds for, and those of which it cannot be told. Both by id."""

    met: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()


def moves(condition: Condition) -> bool:
    """Whether what it looks at changes while the snapshot stays the same."""
    return any(name.partition(".")[0] in MOVING_ROOTS for name in condition.names)


def mask_of(condition: Condition | None, snapshot: Snapshot, world: World, clock: LocalTime) -> Mask:
    """The mask of a condition; of one that could not be understood (None) nothing can be told.

    Offerings with the same facts are asked about once: a condition over services runs once a service.
    """
    if condition is None:
        return Mask(failed=frozenset(offering.offering_id for offering in snapshot.offerings))
    names = sorted(condition.names)
    known: dict[str, bool | None] = {}
    met, failed = [], []
    for offering in snapshot.offerings:
        facts = offering_facts(names, offering, world, clock)
        key = repr(facts)
        if key not in known:
            known[key] = _told(condition, facts)
        if known[key] is None:
            failed.append(offering.offering_id)
        elif known[key]:
            met.append(offering.offering_id)
    return Mask(frozenset(met), frozenset(failed))


def _told(condition: Condition, facts: dict[str, Any]) -> bool | None:
    try:
        return condition.holds(context_of(facts))
    except ConditionFailed:
        return None


@dataclass(slots=True)
class Arms:
    """The offerings behind the names of a split, by id."""

    offerings: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str], offerings: tuple[Offering, ...]) -> Arms:
        """Those of a snapshot."""
        return cls({name: tuple(one.offering_id for one in offerings if one.answers_to(name)) for name in names})
