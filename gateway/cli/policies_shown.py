"""Policies and their rules as people and machines read them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from gateway.cli.tables import Column, say_facts, say_table
from gateway.cli.terminal import say
from registry.condition_facts import WEEKDAYS
from registry.condition_names import texts_compared
from registry.errors import NotFound
from registry.words import Capability, format_usd
from registry.words.policy import Priority
from routing.wording import aim_in_words, rule_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registry.words import Offering, Policy
    from routing.rules import Tried

_CLOSED = {
    "request.capability": frozenset(capability.value for capability in Capability),
    "request.priority": frozenset(get_args(Priority)),
    "time.weekday": frozenset(WEEKDAYS),
}
"""Facts that can be one of a few texts only."""

_STREAMS = {
    "first_token": "from the first token on",
    "guarded": "once checks have looked at the beginning",
    "buffered": "in one piece, when all checks have passed",
}


def say_policies(policies: Sequence[Policy]) -> None:
    """Print the list."""
    say_table(
        (
            Column(title="policy"),
            Column(title="version", right=True),
            Column(title="what matters", wraps=True),
            Column(title="strategy", dispensable=1),
            Column(title="deadline", right=True),
            Column(title="rules", right=True),
        ),
        [
            (one.name, one.version, aim_in_words(one), one.strategy, f"{one.deadline_seconds:g} s", len(one.rules))
            for one in policies
        ],
    )


def say_policy(policy: Policy) -> None:
    """Print one policy with its rules."""
    needs = policy.requirements
    budget = "none" if policy.budget_nanousd is None else format_usd(policy.budget_nanousd)
    facts = [
        ("policy", f"{policy.name}, version {policy.version}" if policy.policy_id else policy.name),
        ("what matters", aim_in_words(policy)),
        ("strategy", policy.strategy + (f" {dict(policy.options)}" if policy.options else "")),
        ("features required", ", ".join(sorted(needs.features)) or "none"),
        ("regions allowed", ", ".join(sorted(needs.regions)) or "all"),
        ("prefers", ", ".join(policy.prefer) or "nobody"),
        ("deadline", f"{policy.deadline_seconds:g} s"),
        ("budget a request", budget),
        ("hedging", f"{policy.hedge.calls_share:.0%} of calls, {policy.hedge.cost_share:.0%} of cost"),
        ("priority", policy.priority),
        ("streams", _STREAMS[policy.streaming]),
        ("stays with its service", "yes" if policy.affinity else "no"),
        ("results kept", f"{policy.cache_seconds:g} s" if policy.cache_seconds else "no"),
        ("on a refusal", "the next is asked" if policy.on_refusal == "next" else "the work ends"),
    ]
    say_facts(facts)
    if policy.rules:
        say()
        say_facts([("rules", f"in this order, by the clock of {policy.zone}")])
        say_facts([(rule.name, rule_in_words(rule)) for rule in policy.rules], indent=2)


def strangers(policy: Policy, offerings: Sequence[Offering]) -> list[str]:
    """A sentence for each name in a policy that nobody in the registry answers to, once for each place."""
    everybody = {part for one in offerings for part in (one.name, *one.name.split("/", 1))}
    told = [
        _unknown(where, "service, model or offering", name, everybody)
        for where, name in _named_by(policy)
        if not any(offering.answers_to(name) for offering in offerings)
    ]
    compared = {
        "service.name": ("service", {one.service.name for one in offerings}),
        "offering.name": ("offering", {one.name for one in offerings}),
        "offering.model.name": ("model", {one.model.name for one in offerings}),
    }
    for rule in policy.rules:
        where = f"rule {rule.name}"
        for fact, (what, known) in compared.items():
            names = texts_compared(rule.condition, fact) - known
            told += [_unknown(where, what, name, known) for name in sorted(names)]
        for fact, possible in _CLOSED.items():
            names = texts_compared(rule.when, fact) - possible
            told += [f"Note on {where}: {NotFound(fact, name, possible)}" for name in sorted(names)]
    return told


def _named_by(policy: Policy) -> list[tuple[str, str]]:
    """Where a policy names somebody whom it likes or sends requests to, and whom."""
    named = [("prefer", name) for name in policy.prefer]
    return named + [(f"rule {rule.name}", name) for rule in policy.rules if rule.split for name in rule.split.shares]


def _unknown(where: str, what: str, name: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(name, sorted(known), n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
    return f"Note on {where}: the registry has no {what} {name!r} (yet){hint}"


def policy_as_json(policy: Policy) -> dict[str, Any]:
    """A policy for machines: what its file says, and its version."""
    from registry.policy_json import policy_to_json

    return {"policy": policy.name, "version": policy.version, **policy_to_json(policy)}


def say_tried(tried: Sequence[Tried], recent: int) -> None:
    """Print what rules would have done to recent requests."""
    say_table(
        (
            Column(title="rule"),
            Column(title="touches", right=True),
            Column(title="sends elsewhere", right=True),
            Column(title="leaves nobody", right=True),
            Column(title="cannot be told", right=True),
        ),
        [
            (one.rule.name, one.touched, one.moved, one.emptied, one.untold)
            if one.rule.effect in {"require", "forbid"}
            else (one.rule.name, one.touched, "-", "-", one.untold)
            for one in tried
        ],
    )
    unkept = sorted({name for one in tried if one.untold for name in one.unkept})
    say()
    say(f"Of {recent:,} recent request{'' if recent == 1 else 's'}, each rule by itself.")
    if unkept:
        say(f"The ledger does not keep {', '.join(unkept)}: of those requests it cannot be told.")


def tried_as_json(tried: Sequence[Tried], recent: int) -> dict[str, Any]:
    """The same for machines."""
    return {
        "recent": recent,
        "rules": [
            {
                "rule": one.rule.name,
                "effect": one.rule.effect,
                "touched": one.touched,
                "moved": one.moved,
                "emptied": one.emptied,
                "untold": one.untold,
                "unkept": sorted(one.unkept),
            }
            for one in tried
        ],
    }
