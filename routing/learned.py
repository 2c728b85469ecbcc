"""What checks have taught about offerings, up to the last call: the registry's estimate, moved on in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.evidence import SOURCE_WEIGHTS
from registry.scores import PRIOR_EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry.scores import Estimate
    from registry.words import Offering

_CHECK_WEIGHT = SOURCE_WEIGHTS["check"]


class LearnedQuality:
    """``means`` holds the quality of offerings, by id, in 0..1; the catalogue's guess stands for the others.

    The registry's estimates come every few seconds, from all processes; what is judged here counts at once.
    """

    def __init__(self) -> None:
        self.means: dict[int, float] = {}
        self._weights: dict[int, float] = {}

    def replace(self, estimates: Mapping[int, Estimate]) -> None:
        """Take new estimates from the registry, by offering id."""
        self.means = {offering_id: estimate.mean for offering_id, estimate in estimates.items()}
        self._weights = {offering_id: PRIOR_EVIDENCE + one.evidence for offering_id, one in estimates.items()}

    def judged(self, offering: Offering, *, good: bool) -> None:
        """A result was judged by checks."""
        key = offering.offering_id
        mean, weight = self.means.get(key, offering.quality), self._weights.get(key, PRIOR_EVIDENCE)
        self._weights[key] = weight + _CHECK_WEIGHT
        self.means[key] = mean + _CHECK_WEIGHT / (weight + _CHECK_WEIGHT) * (good - mean)
