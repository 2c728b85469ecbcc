"""Why this service: the decision with every candidate, and the attempts that followed it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from registry.words.quick import quickly_made
from registry.words.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry.words.capability import Capability
    from registry.words.failure import FailureClass


class Exclusion(StrEnum):
    """Why an offering was no candidate. ``code`` is what the ledger stores (1 and up)."""

    CAPABILITY = "capability"
    DISABLED = "disabled"
    NO_CREDENTIAL = "no_credential"
    CONTEXT_WINDOW = "context_window"
    FEATURE = "feature"
    REGION = "region"
    NOT_PINNED = "not_pinned"
    RETIRED = "retired"
    COOLING = "cooling"
    BUDGET = "budget"
    NO_BLOCK = "no_block"
    BREAKER = "breaker"
    RULE = "rule"
    LIMIT = "limit"

    @property
    def code(self) -> int:
        """The reason as the small number that the ledger stores."""
        return _EXCLUSION_CODES[self]

    @property
    def told(self) -> str:
        """The reason in words, where no more is known of it."""
        return _EXCLUSIONS_TOLD[self]

    @classmethod
    def from_code(cls, code: int) -> Exclusion:
        """The reason that a ledger number stands for.

        Raises:
            KeyError: the number stands for nothing.
        """
        return _EXCLUSIONS[code]


# Written out: these numbers are in people's databases.
_EXCLUSION_CODES = {
    Exclusion.CAPABILITY: 1,
    Exclusion.DISABLED: 2,
    Exclusion.NO_CREDENTIAL: 3,
    Exclusion.CONTEXT_WINDOW: 4,
    Exclusion.FEATURE: 5,
    Exclusion.REGION: 6,
    Exclusion.NOT_PINNED: 7,
    Exclusion.RETIRED: 8,
    Exclusion.COOLING: 9,
    Exclusion.BUDGET: 10,
    Exclusion.NO_BLOCK: 11,
    Exclusion.BREAKER: 12,
    Exclusion.RULE: 14,
    Exclusion.LIMIT: 13,
}
_EXCLUSIONS = {code: exclusion for exclusion, code in _EXCLUSION_CODES.items()}
_EXCLUSIONS_TOLD = {
    Exclusion.CAPABILITY: "cannot do such work",
    Exclusion.DISABLED: "disabled",
    Exclusion.NO_CREDENTIAL: "no key",
    Exclusion.CONTEXT_WINDOW: "context window too small",
    Exclusion.FEATURE: "lacks a feature",
    Exclusion.REGION: "in another region",
    Exclusion.NOT_PINNED: "not the one asked for",
    Exclusion.RETIRED: "retired",
    Exclusion.COOLING: "cooling down",
    Exclusion.BUDGET: "over the budget",
    Exclusion.NO_BLOCK: "no block speaks to it",
    Exclusion.BREAKER: "out of order",
    Exclusion.RULE: "shut out by a rule of the policy",
    Exclusion.LIMIT: "at its limit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An offering as one decision saw it: its rank (1 is best), or why it was excluded.

    ``quality``, ``cost`` and ``speed`` are what the ranking compared, each in 0..1 and 1 best; ``utility`` is their
    sum weighted by the policy's objective, times ``factor``, which the policy's rules and likings give it. ``rule`` is
    the number (from 1) of the policy's rule that excluded it, negative where that rule could not be evaluated.
    """

    offering_id: int
    offering: str
    rank: int | None = None
    utility: float = 0.0
    quality: float = 0.0
    cost: float = 0.0
    speed: float = 0.0
    factor: float = 1.0
    excluded: Exclusion | None = None
    reason: str = ""
    rule: int = 0


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One choice of a route. ``propensity`` is the probability with which the policy put its first choice first.

    ``rules`` are the numbers (from 1) of the policy's rules that applied, in order.
    """

    task_id: int
    capability: Capability
    policy: str
    policy_version: int
    policy_id: int
    snapshot_id: int
    snapshot_version: int
    candidates: Sequence[Candidate]
    propensity: float = 1.0
    rules: tuple[int, ...] = ()

    @property
    def ranked(self) -> tuple[Candidate, ...]:
        """The candidates that may be tried, best first."""
        return tuple(candidate for candidate in self.candidates if candidate.rank is not None)

    @property
    def excluded(self) -> tuple[Candidate, ...]:
        """The offerings that were no candidates, with their reasons."""
        return tuple(candidate for candidate in self.candidates if candidate.rank is None)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call that was made. ``failure`` of None is success; ``number`` counts from 1 within the task."""

    number: int
    offering_id: int
    offering: str
    failure: FailureClass | None = None
    message: str = ""
    latency_ms: float = 0.0
    first_output_ms: float | None = None
    usage: Usage = Usage()
    cost_nanousd: int = 0
