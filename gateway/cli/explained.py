"""An explained run as people and machines read it. Tasks that were decided alike are explained together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.cli.runs import run_as_json, run_in_words
from gateway.cli.tables import Column, say_facts, say_table, say_text
from gateway.cli.terminal import say
from registry import from_us
from registry.words import Exclusion, FailureClass, format_usd
from routing.wording import (
    exclusion_in_words,
    latency_in_words,
    local_time,
    missed,
    missed_in_words,
    price_in_words,
    rule_in_words,
    sought_in_words,
    utc_iso,
    why_it_lost,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registry import Explanation, Run
    from registry.words import Attempt, Candidate, Decision, Objective, Policy

_MOST_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What some tasks add up to. ``cost_known`` is False where a price or a usage was not known."""

    tasks: int
    calls: int
    failed_calls: int
    cancelled_calls: int
    cost_nanousd: int
    cost_known: bool

    @classmethod
    def of(cls, tasks: Sequence[Explanation]) -> Totals:
        """The totals of these tasks."""
        attempts = [attempt for task in tasks for attempt in task.attempts]
        return cls(
            tasks=len(tasks),
            calls=len(attempts),
            failed_calls=sum(attempt.failure not in {None, FailureClass.CANCELLED} for attempt in attempts),
            cancelled_calls=sum(attempt.failure is FailureClass.CANCELLED for attempt in attempts),
            cost_nanousd=sum(task.cost_nanousd for task in tasks),
            cost_known=all(task.cost_known for task in tasks),
        )

    def in_words(self) -> str:
        """The totals on one line."""
        counts = ((self.failed_calls, "failed"), (self.cancelled_calls, "cancelled"))
        ended = " and ".join(f"{count:,} {how}" for count, how in counts if count)
        calls = f"{_counted(self.calls, 'call')}{f', of them {ended}' if ended else ''}"
        guess = "" if self.cost_known else " as far as it is known"
        return f"{_counted(self.tasks, 'task')}, {calls}; cost in all: {format_usd(self.cost_nanousd)}{guess}."


def say_explanation(run: Run | None, tasks: Sequence[Explanation], policies: Mapping[int, Policy]) -> None:
    """Print every call of these tasks, what they add up to, and the decisions behind them."""
    say_text(_single_in_words(tasks[0]) if run is None else run_in_words(run))
    if run is not None and run.trace_id is not None:
        say_text(f"Its trace in OpenTelemetry: {run.trace_id}.")
    say()
    say_calls(tasks)
    say()
    say_text(Totals.of(tasks).in_words())
    for alike in decided_alike(tasks):
        decision = alike[0].decision
        if decision is not None:
            say()
            _say_decision(decision, alike, policies[decision.policy_id])


def _single_in_words(task: Explanation) -> str:
    """A task that is of no run, on one line."""
    return f"Decision {task.task_id}: begun {local_time(from_us(task.started_us))}, for {task.owner}, in no run."


def say_calls(tasks: Sequence[Explanation]) -> None:
    """Print the calls in order: for which task, to whom, how each ended, how long it took, what it cost."""
    say_table(
        (
            Column(title="task", wraps=True, narrowest=14),
            Column(title="try", right=True, dispensable=1),
            Column(title="service/model"),
            Column(title="outcome", colours={"done": "green", "given again": "green"}),
            Column(title="took", right=True),
            Column(title="cost", right=True),
        ),
        [_call_row(task, attempt, tasks) for task in tasks for attempt in task.attempts or (None,)],
    )
    failures = [
        (f"{_name(task)}, try {attempt.number}", attempt.message)
        for task in tasks
        for attempt in task.attempts
        if attempt.failure not in {None, FailureClass.CANCELLED} and attempt.message
    ]
    failures += [(_name(task), task.message) for task in tasks if not task.attempts and task.message]
    if failures:
        say()
        say_text("What went wrong:")
        say_facts(failures, indent=2)


def decided_alike(tasks: Sequence[Explanation]) -> list[list[Explanation]]:
    """The tasks, put together where policy, ranking, exclusions and prices were the same; in order of their first."""
    groups: dict[tuple[object, ...], list[Explanation]] = {}
    for task in tasks:
        decision = task.decision
        if decision is not None:
            ranking = tuple(candidate.offering for candidate in decision.ranked)
            left_out = frozenset((candidate.offering, candidate.excluded) for candidate in decision.excluded)
            prices = tuple(_price_of_the_day(task, candidate) for candidate in decision.ranked)
            key = (decision.policy_id, decision.capability, decision.rules, ranking, left_out, prices)
            groups.setdefault(key, []).append(task)
    return list(groups.values())


def _call_row(task: Explanation, attempt: Attempt | None, tasks: Sequence[Explanation]) -> tuple[object, ...]:
    if attempt is None and task.given_again_of:
        return _name(task), "-", task.given_again_of, "given again", "-", format_usd(0)
    if attempt is None:
        return _name(task), "-", "-", "no candidate", "-", "-"
    outcome = _outcome(attempt, is_asked_again=_is_asked_again(task, tasks))
    took = latency_in_words(attempt.latency_ms)
    return _name(task), attempt.number, attempt.offering, outcome, took, format_usd(attempt.cost_nanousd)


def _outcome(attempt: Attempt, *, is_asked_again: bool) -> str:
    if attempt.failure is not None:
        return attempt.failure.value
    return "asked again" if is_asked_again else "done"


def _is_asked_again(task: Explanation, tasks: Sequence[Explanation]) -> bool:
    """Whether the pipeline asked for the same item once more: it did not use this answer, though the call went well."""
    if not task.item:
        return False
    same = [other.task_id for other in tasks if (other.stage, other.item) == (task.stage, task.item)]
    return task.task_id < max(same)


def _say_decision(decision: Decision, alike: Sequence[Explanation], policy: Policy) -> None:
    ranked = decision.ranked
    first = ranked[0].offering if ranked else "nobody"
    say_text(f"Why {first} for {_named(alike)}:")
    objective = policy.weighing(decision.rules)
    aim = sought_in_words(policy, decision)
    note = f"; figures are those of {_name(alike[0])}" if len(alike) > 1 else ""
    say_text(f"Policy {decision.policy} version {decision.policy_version} {aim}{note}.", indent=2)
    if missed := missed_in_words(policy, decision, alike):
        say_text(missed, indent=2)
    if decision.rules:
        say_text("Rules that applied:", indent=2)
        applied = [policy.rules[number - 1] for number in decision.rules if number <= len(policy.rules)]
        say_facts([(rule.name, rule_in_words(rule)) for rule in applied], indent=4)
    if ranked:
        say_table(
            (
                Column(title="rank", right=True),
                Column(title="service/model"),
                Column(title="utility", right=True),
                Column(title="price", dispensable=1),
                Column(title="lost on", wraps=True),
            ),
            [
                (
                    one.rank,
                    one.offering,
                    f"{one.utility:.2f}",
                    _price_of_the_day(alike[0], one),
                    _lost_on(ranked[0], one, objective),
                )
                for one in ranked
            ],
            indent=2,
        )
    left_out: dict[str, list[str]] = {}
    # What could be chosen if something were different comes first: it is what a person can do something about.
    for candidate in sorted(decision.excluded, key=lambda one: one.excluded is Exclusion.CAPABILITY):
        left_out.setdefault(exclusion_in_words(candidate, decision.capability), []).append(candidate.offering)
    if left_out:
        say_text("Left out:", indent=2)
        say_facts([(reason, _few(names)) for reason, names in left_out.items()], indent=4)


def _price_of_the_day(task: Explanation, candidate: Candidate) -> str:
    """What the candidate cost when the task was decided, whatever it costs now."""
    return price_in_words(task.snapshot.offering(candidate.offering_id).price)


def _lost_on(winner: Candidate, candidate: Candidate, objective: Objective) -> str:
    return "chosen first" if candidate is winner else why_it_lost(winner, candidate, objective)


def _few(names: Sequence[str]) -> str:
    if len(names) <= _MOST_NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"


def _named(alike: Sequence[Explanation]) -> str:
    return _few(list(dict.fromkeys(_name(task) for task in alike)))


def _name(task: Explanation) -> str:
    return "/".join(part for part in (task.stage, task.item) if part) or f"task {task.task_id}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def explanation_as_json(
    run: Run | None, tasks: Sequence[Explanation], policies: Mapping[int, Policy]
) -> dict[str, Any]:
    """An explained run for machines; ``run`` is None for a task that is of none."""
    totals = Totals.of(tasks)
    return {
        "run": None if run is None else run_as_json(run),
        "tasks": [_task_as_json(task, policies, tasks) for task in tasks],
        "totals": {
            "tasks": totals.tasks,
            "calls": totals.calls,
            "failed_calls": totals.failed_calls,
            "cancelled_calls": totals.cancelled_calls,
            "cost_nanousd": totals.cost_nanousd,
            "cost_known": totals.cost_known,
        },
    }


def _task_as_json(task: Explanation, policies: Mapping[int, Policy], tasks: Sequence[Explanation]) -> dict[str, Any]:
    decision = task.decision
    return {
        "task_id": str(task.task_id),  # more digits than a JSON number keeps in JavaScript
        "stage": task.stage,
        "item": task.item,
        "started_at": utc_iso(from_us(task.started_us)),
        "cost_nanousd": task.cost_nanousd,
        "cost_known": task.cost_known,
        "message": task.message,
        "given_again_of": task.given_again_of or None,
        "asked_again": _is_asked_again(task, tasks),
        "attempts": [_attempt_as_json(attempt) for attempt in task.attempts],
        "decision": None if decision is None else _decision_as_json(task, decision, policies[decision.policy_id]),
    }


def _attempt_as_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "offering": attempt.offering,
        "outcome": "done" if attempt.failure is None else attempt.failure.value,
        "message": attempt.message,
        "latency_ms": attempt.latency_ms,
        "first_output_ms": attempt.first_output_ms,
        "input_tokens": attempt.usage.input_tokens,
        "output_tokens": attempt.usage.output_tokens,
        "cost_nanousd": attempt.cost_nanousd,
    }


def _decision_as_json(task: Explanation, decision: Decision, policy: Policy) -> dict[str, Any]:
    ranked = decision.ranked
    objective = policy.weighing(decision.rules)
    return {
        "capability": decision.capability.value,
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "snapshot_version": decision.snapshot_version,
        "propensity": decision.propensity,
        "sought": sought_in_words(policy, decision),
        "missed": missed(policy, decision, [task]),
        "rules": [policy.rules[number - 1].name for number in decision.rules if number <= len(policy.rules)],
        "ranked": [
            {
                "rank": candidate.rank,
                "offering": candidate.offering,
                "utility": round(candidate.utility, 4),
                "price": _price_of_the_day(task, candidate),
                "quality": round(candidate.quality, 4),
                "cost": round(candidate.cost, 4),
                "speed": round(candidate.speed, 4),
                "factor": round(candidate.factor, 4),
                "lost_on": None if candidate is ranked[0] else why_it_lost(ranked[0], candidate, objective),
            }
            for candidate in ranked
        ],
        "excluded": [
            {
                "offering": candidate.offering,
                "exclusion": None if candidate.excluded is None else candidate.excluded.value,
                "reason": exclusion_in_words(candidate, decision.capability),
            }
            for candidate in decision.excluded
        ],
    }
