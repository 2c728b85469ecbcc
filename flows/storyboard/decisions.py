"""Decisions as the page tells them, read back from the ledger: who did the work, and why not the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.storyboard.words import DecisionRow
from registry.words import Exclusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quality import Checks
    from registry import Explanation
    from registry.words import Candidate


def decision_row(told: Explanation, checks: Checks) -> DecisionRow | None:
    """The row for one piece of work; None where no service did it, or the ledger keeps no candidates.

    Those that were tried and those ranked lower come first, each with why it was not chosen; then those left out, a
    sentence a reason. What cannot do such work at all is left unsaid.
    """
    done = next((attempt for attempt in told.attempts if attempt.failure is None), None)
    if done is None or told.decision is None:
        return None
    failed = {attempt.offering: attempt.failure for attempt in told.attempts if attempt.failure is not None}
    others = [candidate for candidate in told.decision.ranked if candidate.offering != done.offering]
    chosen = next((c for c in told.decision.ranked if c.offering == done.offering), None)
    tried = [f"{other.offering}: {failed[other.offering]}" for other in others if other.offering in failed]
    lower = [_lower(other, chosen) for other in others if other.offering not in failed]
    passed = [] if told.checks is None else list(checks.unpack_bits(told.checks).values())
    return DecisionRow(
        stage=told.stage,
        item=told.item,
        offering=done.offering,
        runners_up=(*tried, *lower, *_left_out(told.decision.excluded)),
        latency_ms=sum(attempt.latency_ms for attempt in told.attempts),
        cost_nanousd=told.cost_nanousd,
        score=sum(passed) / len(passed) if passed else None,
    )


def _left_out(excluded: Sequence[Candidate]) -> list[str]:
    """A sentence a reason, with the services it holds for: ``disabled: openai, mistral``."""
    services: dict[str, dict[str, None]] = {}
    for candidate in excluded:
        if candidate.excluded is not None and candidate.excluded is not Exclusion.CAPABILITY:
            services.setdefault(candidate.excluded.told, {})[candidate.offering.partition("/")[0]] = None
    return [f"{reason}: {', '.join(names)}" for reason, names in services.items()]


def _lower(candidate: Candidate, chosen: Candidate | None) -> str:
    if chosen is None:
        return f"{candidate.offering}: ranked {candidate.rank}"
    gaps = {
        "lower quality": chosen.quality - candidate.quality,
        "dearer": chosen.cost - candidate.cost,
        "slower": chosen.speed - candidate.speed,
    }
    return f"{candidate.offering}: ranked {candidate.rank}, {max(gaps, key=lambda name: gaps[name])}"
