"""``turnout explain``: why each service of a run, or of one decision, was chosen, what happened, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import with_store
from gateway.cli.terminal import say, say_json
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.cli.opening import Opened
    from registry import Decisions, Explanation, Policies, Run
    from registry.words import Policy

LATEST = "last"
_LONGEST_NUMBER = 19
_PAST_LARGEST = 2**63


def explain(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run's number, `last`, or a decision's: the gateway's x-turnout-decision header has it.",
        ),
    ],
    item: Annotated[
        str | None, typer.Argument(metavar="ITEM", help="Only this item or stage; left out: all.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Say why each service of a run or a decision was chosen, what the others lost on, what each call took and cost.

    Quality, cost and speed are in 0..1, and 1 is best; the utility is their sum by the weights of the policy,
    times what its rules and likings give: 1.2 for a service that it prefers.
    """
    from gateway.cli.explained import explanation_as_json, say_explanation

    async def work(opened: Opened) -> None:
        if (decision := _decision_named(run)) is not None:
            found, tasks, policies = await _read_decision(opened, decision)
        else:
            found = await _find_run(opened, run)
            tasks, policies = await _read(opened, found)
        chosen = tuple(task for task in tasks if item is None or item in names_of(task))
        if item is not None and not chosen:
            from registry import NotFound

            whose = f"decision {run}" if found is None else f"run {found.run_id}"
            raise NotFound(f"item of {whose}", item, {task.item or task.stage for task in tasks} - {""})
        if as_json:
            say_json(explanation_as_json(found, chosen, policies))
        elif tasks:
            say_explanation(found, chosen, policies)
        elif found is not None:
            say(f"Run {found.run_id} has called no service (yet).")

    with_store(flags_of(context), work)


def names_of(task: Explanation) -> tuple[str, ...]:
    """How a task may be named on the command line: its item, its stage, both, or its number."""
    return task.item, task.stage, f"{task.stage}/{task.item}", str(task.task_id)


def _decision_named(name: str) -> int | None:
    """The number of a decision, where ``name`` is one: they are times, and far larger than the numbers of runs."""
    from registry.task_ids import SMALLEST

    is_number = name.isascii() and name.isdecimal() and len(name) <= _LONGEST_NUMBER
    return int(name) if is_number and SMALLEST <= int(name) < _PAST_LARGEST else None


async def _find_run(opened: Opened, name: str) -> Run:
    from registry import Runs

    runs = Runs(opened.store, opened.clock)
    if name == LATEST:
        latest = await runs.list(1)
        if not latest:
            raise GatewayError("there are no runs yet; `turnout run storyboard --input FILE` makes one")
        return latest[0]
    if not (name.isascii() and name.isdecimal()) or len(name) > 18:
        raise typer.BadParameter(
            f"{name!r} is neither a run nor a decision; `turnout runs` lists the numbers of runs, `last` is the latest"
        )
    return await runs.get(int(name))


async def _read(opened: Opened, run: Run) -> tuple[Sequence[Explanation], dict[int, Policy]]:
    decisions, policies = _ledger(opened)
    tasks = await decisions.explain_run(run.run_id)
    return tasks, await _policies_of(tasks, policies)


async def _read_decision(opened: Opened, decision: int) -> tuple[Run | None, Sequence[Explanation], dict[int, Policy]]:
    """One decision, and the run that it belongs to, where it does."""
    from registry import NotFound, Runs

    decisions, policies = _ledger(opened)
    try:
        task = await decisions.explain_task(decision)
    except NotFound:
        raise GatewayError(
            f"the ledger has no decision {decision}; a call stands in it within a second of its end, and for "
            "retain_calls_days"
        ) from None
    run = await Runs(opened.store, opened.clock).get(task.run_id) if task.run_id else None
    return run, (task,), await _policies_of([task], policies)


def _ledger(opened: Opened) -> tuple[Decisions, Policies]:
    from registry import Decisions, Names, Policies, Snapshots

    policies = Policies(opened.store, opened.clock)
    return Decisions(opened.store, Names(opened.store), Snapshots(opened.store, opened.clock), policies), policies


async def _policies_of(tasks: Sequence[Explanation], policies: Policies) -> dict[int, Policy]:
    policy_ids = {task.decision.policy_id for task in tasks if task.decision is not None}
    return {policy_id: await policies.load(policy_id) for policy_id in sorted(policy_ids)}
