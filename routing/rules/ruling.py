"""What the rules of a policy say about one request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry.words import Exclusion, Objective


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the rules say about one request. Offerings are named by their ids.

    * ``excluded``: who may not do it, with the exclusion and the sentence; ``excluded_by`` the number (from 1) of the
      rule to blame, negative where that rule could not be evaluated: what :class:`registry.words.Candidate` keeps.
    * ``factors``: what the utility of some is multiplied with.
    * ``objective``: the weights that stand in for the policy's; None for the policy's own.
    * ``shadows``: who is called beside the chosen one, its result only recorded. None of them is excluded here.
    * ``chosen``: whom a split drew, with the share of that draw: they come first, ranked among themselves; all others
      stay behind them, as they would be ranked without the split.
    * ``applied`` and ``numbers``: the rules that applied, in order, by name and by number.
    * ``failed``: the rules that could not be evaluated, by name.
    """

    excluded: Mapping[int, tuple[Exclusion, str]] = field(default_factory=dict)
    excluded_by: Mapping[int, int] = field(default_factory=dict)
    factors: Mapping[int, float] = field(default_factory=dict)
    objective: Objective | None = None
    shadows: tuple[int, ...] = ()
    chosen: Mapping[int, float] = field(default_factory=dict)
    applied: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    failed: tuple[str, ...] = ()


NOTHING = Ruling()
"""What a policy without rules says."""
