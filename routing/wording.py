"""Figures and choices in words: prices, times, durations, and why one candidate lost to another."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registry.words import Exclusion, format_usd, target_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry import Cooldown, Explanation
    from registry.words import Candidate, Capability, Decision, Objective, Offering, Policy, Price, Rule, Target

_US_PER_SECOND = 1_000_000
# Differences below this share of the utility move nothing that a person would call a reason.
_SMALLEST_REASON = 0.005
_ROUNDING = 1.03  # what the ledger's rounding of factors can make of a utility


def price_in_words(price: Price | None) -> str:
    """What an offering costs.

    >>> from registry.words import Price
    >>> price_in_words(Price(input_nanousd_per_mtok=150_000_000, output_nanousd_per_mtok=600_000_000))
    '$0.15 in, $0.60 out per million tokens'
    >>> price_in_words(Price()), price_in_words(None)
    ('free', 'unknown')
    """
    if price is None:
        return "unknown"
    if price.is_free:
        return "free"
    parts = []
    if price.input_nanousd_per_mtok or price.output_nanousd_per_mtok:
        rates = f"{format_usd(price.input_nanousd_per_mtok)} in, {format_usd(price.output_nanousd_per_mtok)} out"
        parts.append(f"{rates} per million tokens")
    if price.picture_nanousd:
        parts.append(f"{format_usd(price.picture_nanousd)} a picture")
    if price.call_nanousd:
        parts.append(f"{format_usd(price.call_nanousd)} a call")
    return ", ".join(parts)


def can_cost(offering: Offering) -> bool:
    """Whether a call may cost money: a price that is unknown may."""
    return offering.price is None or not offering.price.is_free


def latency_in_words(latency_ms: float | None) -> str:
    """How long a call took.

    >>> latency_in_words(7.4), latency_in_words(812.0), latency_in_words(12_340.0), latency_in_words(None)
    ('7.4 ms', '812 ms', '12.3 s', '-')
    """
    if latency_ms is None:
        return "-"
    if latency_ms < 10:
        return f"{latency_ms:.1f} ms"
    if latency_ms < 1_000:
        return f"{latency_ms:.0f} ms"
    return duration_in_words(latency_ms / 1_000)


def duration_in_words(seconds: float) -> str:
    """A span of time.

    >>> duration_in_words(4.21), duration_in_words(187), duration_in_words(7_300)
    ('4.2 s', '3 min 07 s', '2 h 01 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest_seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_seconds:02d} s"
    hours, rest_minutes = divmod(minutes, 60)
    return f"{hours} h {rest_minutes:02d} min"


def local_time(moment: datetime | None) -> str:
    """A time in the zone of whoever looks, to the minute."""
    return "-" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def until_in_words(cooldown: Cooldown) -> str:
    """Until when something is out, in the zone of whoever looks; told on the clock of the wall.

    It is never more than an hour: the day says itself.
    """
    return f"out until {datetime.fromtimestamp(cooldown.until, UTC).astimezone():%H:%M:%S}"


def out_in_words(cooldown: Cooldown) -> str:
    """Until when something is out, and why.

    >>> from registry import Cooldown, FailureClass, Out
    >>> told = Cooldown(out=Out(1), failure=FailureClass.RATE_LIMITED, since=0.0, until=60.0, message="too fast")
    >>> out_in_words(told).partition(": ")[2]
    'rate limited (too fast)'
    """
    why = cooldown.failure.value.replace("_", " ")
    return f"{until_in_words(cooldown)}: {why}{f' ({cooldown.message})' if cooldown.message else ''}"


def utc_iso(moment: datetime | None) -> str | None:
    """A time for machines: ISO 8601 in UTC."""
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def why_it_lost(winner: Candidate, loser: Candidate, objective: Objective) -> str:
    """What a runner-up lost on, the weightiest first; quality, cost and speed are in 0..1, 1 best.

    >>> from registry.words import Candidate, Objective
    >>> near = Candidate(offering_id=1, offering="near/a", rank=1, quality=0.5, cost=1.0, speed=0.9)
    >>> far = Candidate(offering_id=2, offering="far/b", rank=2, quality=0.6, cost=0.4, speed=0.5)
    >>> why_it_lost(near, far, Objective())
    'slower: speed 0.50 against 0.90; dearer: cost 0.40 against 1.00'
    """
    if loser.utility > winner.utility * _ROUNDING + _SMALLEST_REASON:
        return "put behind by a split or by the policy's strategy"
    quality_share, cost_share, speed_share = objective.shares()
    lacks = (
        (quality_share * (winner.quality - loser.quality), "lower quality", "", loser.quality, winner.quality),
        (cost_share * (winner.cost - loser.cost), "dearer", "cost ", loser.cost, winner.cost),
        (speed_share * (winner.speed - loser.speed), "slower", "speed ", loser.speed, winner.speed),
    )
    told = []
    if loser.factor < winner.factor * (1 - _SMALLEST_REASON):
        told.append(f"less preferred: factor {loser.factor:.2g} against {winner.factor:.2g}")
    told += [
        f"{word}: {measure}{its:.2f} against {best:.2f}"
        for lack, word, measure, its, best in sorted(lacks, key=lambda entry: -entry[0])
        if lack > _SMALLEST_REASON
    ]
    return "; ".join(told) or "a tie, settled by the services' priority"


def exclusion_in_words(candidate: Candidate, capability: Capability) -> str:
    """Why an offering was no candidate: in the decision's own words where they are known, else by the reason's kind."""
    if candidate.reason:
        return candidate.reason
    if candidate.excluded is Exclusion.CAPABILITY:
        return f"cannot do {capability.value}"
    return "no reason is kept" if candidate.excluded is None else candidate.excluded.told


def aim_in_words(policy: Policy) -> str:
    """What matters by a policy: its target, else its weights."""
    return weights_in_words(policy.objective) if policy.target is None else target_in_words(policy.target)


def sought_in_words(policy: Policy, decision: Decision) -> str:
    """What a decision went by: the policy's target, or weights, which a rule may have put in the target's place."""
    target = _target_of(policy, decision)
    if target is not None:
        return f"seeks {target_in_words(target)}"
    return f"weighs {weights_in_words(policy.weighing(decision.rules))}"


def missed(policy: Policy, decision: Decision, alike: Sequence[Explanation]) -> list[str]:
    """By what tasks decided alike missed a target; empty where all its bounds held, or there was none.

    By what was known of the quality, and by what calls took and cost: the most of any of these tasks.
    """
    target, ranked = _target_of(policy, decision), decision.ranked
    if target is None or not ranked:
        return []
    told = []
    if target.min_quality is not None and ranked[0].quality < target.min_quality:
        told.append(f"its quality is {ranked[0].quality:.2f}")
    latest_ms = max((attempt.latency_ms for task in alike for attempt in task.attempts), default=0.0)
    if target.max_latency_ms is not None and latest_ms > target.max_latency_ms:
        some = "a call took" if len(alike) == 1 else "calls took up to"
        told.append(f"{some} {latency_in_words(latest_ms)}")
    dearest_nanousd = max((task.cost_nanousd for task in alike), default=0)
    if target.max_cost_nanousd is not None and dearest_nanousd > target.max_cost_nanousd:
        told.append(f"it cost {'' if len(alike) == 1 else 'up to '}{format_usd(dearest_nanousd)}")
    return told


def missed_in_words(policy: Policy, decision: Decision, alike: Sequence[Explanation]) -> str:
    """The same as a sentence; empty where nothing was missed."""
    told = missed(policy, decision, alike)
    if not told:
        return ""
    return f"Missed: {', '.join(told)}. Where nobody is within, who misses it least comes first."


def _target_of(policy: Policy, decision: Decision) -> Target | None:
    return policy.target if policy.weighing(decision.rules) is policy.objective else None


def weights_in_words(objective: Objective) -> str:
    """Weights as shares."""
    quality, cost, speed = objective.shares()
    return f"quality {quality:.0%}, cost {cost:.0%}, speed {speed:.0%}"


def rule_in_words(rule: Rule) -> str:
    """What a rule does, and when."""
    does = f"{rule.effect} {rule.condition}"
    if rule.weight is not None:
        does = f"weigh {weights_in_words(rule.weight)}"
    elif rule.split is not None:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in rule.split.shares.items())
        does = f"split {shares} by {rule.split.by or 'chance'}"
    elif rule.prefer:
        does = f"{does} (utility times {rule.factor:g})"
    elif rule.shadow and rule.share < 1:
        does = f"{does} for {rule.share:.0%} of requests"
    return f"{does}, when {rule.when}" if rule.when else f"{does}, always"
