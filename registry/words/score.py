"""How good a result is: verdicts of checks, and scores from checks, judges and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Source = Literal["check", "judge", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check said of one result. A failed critical check makes the result no success."""

    check: str
    passed: bool
    critical: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One opinion of one result, at most one per (task, source, name); ``value`` in 0..1.

    ``sampled`` says that the result was picked at random for judging, not because something was odd about it.
    """

    task_id: int
    source: Source
    name: str
    value: float
    critical: bool = False
    rater: str = ""
    rule_version: str = ""
    reason: str = ""
    sampled: bool = False
