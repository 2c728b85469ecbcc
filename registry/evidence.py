"""What opinions of a result weigh: by source, and less with each week that passes.

Each source that has an opinion of a task adds its weight, split by its mean value into good and bad: a check 0.3, a
judge 0.6, a person 1.0. The weight depends on the source alone: weighing passes less than failures would bend the mean.

* A critical check that failed makes the checks' value 0.
* A judge counts only where the result was picked at random (``sampled``): one that is asked about odd results sees
  the odd ones.

Old evidence fades by half in seven days. Instead of shrinking what is there, each contribution is multiplied by
``2 ** ((t - landmark) / half-life)`` with the time ``t`` of its task, and what is read is divided by the same factor
of the present (forward decay: Cormode et al., ICDE 2009). Updates are thus plain additions: their order does not
matter, and a correction takes back exactly what it corrects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry.task_ids import task_time_seconds
from registry.words import Capability

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.words import Score

EvidenceKey = tuple[int, Capability]
"""Model id and capability."""

SOURCE_WEIGHTS = {"check": 0.3, "judge": 0.6, "person": 1.0}
HALF_LIFE_SECONDS = 7 * 86_400.0
# 2026-01-01T00:00:00Z. A 64-bit float has room for some 19 years of half-lives after it.
LANDMARK_SECONDS = 1_767_225_600.0


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much evidence moves."""

    good: float = 0.0
    bad: float = 0.0
    results: int = 0

    def __add__(self, other: Shift) -> Shift:
        return Shift(self.good + other.good, self.bad + other.bad, self.results + other.results)


@dataclass(slots=True)
class Opinions:
    """All that is known of one task: how many checks judged it, and the scores that rows are kept for."""

    checks: int = 0
    scores: dict[tuple[str, str], Score] = field(default_factory=dict)

    def add(self, score: Score) -> None:
        """Take a score, in place of one from the same source under the same name."""
        self.scores[score.source, score.name] = score

    def replace(self, new: Iterable[Score]) -> None:
        """Take new scores. Checks come all together, and stand in place of all checks there were."""
        checks: dict[str, Score] = {}
        for score in new:
            if score.source == "check":
                checks[score.name] = score
            else:
                self.add(score)
        if checks:
            self.scores = {key: score for key, score in self.scores.items() if key[0] != "check"}
            self.checks = len(checks)
            for score in checks.values():
                if score.value < 1.0:
                    self.add(score)

    def kept(self) -> list[Score]:
        """The scores that rows are kept for."""
        return list(self.scores.values())


def contribution_of(opinions: Opinions) -> Shift:
    """What the opinions of one task add up to, before decay; ``results`` is 1 if anybody had one."""
    together = Shift()
    for source, weight in SOURCE_WEIGHTS.items():
        values = [score for score in opinions.scores.values() if score.source == source]
        if source == "judge":
            values = [score for score in values if score.sampled]
        passed = max(opinions.checks - len(values), 0) if source == "check" else 0
        count = len(values) + passed
        if not count:
            continue
        mean = (sum(score.value for score in values) + passed) / count
        if source == "check" and any(score.critical for score in values):
            mean = 0.0
        together += Shift(weight * mean, weight * (1 - mean))
    return Shift(together.good, together.bad, int(together.good + together.bad > 0))


def shift_between(before: Shift, after: Shift, task_id: int) -> Shift:
    """By how much the evidence moves when one task's contribution goes from ``before`` to ``after``."""
    factor = decay_at(task_time_seconds(task_id))
    return Shift(factor * (after.good - before.good), factor * (after.bad - before.bad), after.results - before.results)


def decay_at(time_seconds: float) -> float:
    """The factor of forward decay at a time in seconds since 1970."""
    return float(2.0 ** ((time_seconds - LANDMARK_SECONDS) / HALF_LIFE_SECONDS))
