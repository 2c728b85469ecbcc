"""``turnout explain``: why each service of a run was chosen, what the others lost on, what happened, what it cost."""

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
    from registry import Explanation, Run
    from registry.words import Policy

LATEST = "last"


def explain(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's number, or `last`.")],
    item: Annotated[
        str | None, typer.Argument(metavar="ITEM", help="Only this item or stage; left out: all.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Say why each service of a run was chosen, what the others lost on, what each call took, and what it cost.

    Quality, cost and speed are in 0..1, and 1 is best; the utility is their sum by the weights of the policy.
    """
    from gateway.cli.explained import explanation_as_json, say_explanation

    async def work(opened: Opened) -> None:
        found = await _find_run(opened, run)
        tasks, policies = await _read(opened, found)
        chosen = tuple(task for task in tasks if item is None or item in names_of(task))
        if item is not None and not chosen:
            from registry import NotFound

            raise NotFound(f"item of run {found.run_id}", item, {name for task in tasks for name in names_of(task)})
        if as_json:
            say_json(explanation_as_json(found, chosen, policies))
        elif tasks:
            say_explanation(found, chosen, policies)
        else:
            say(f"Run {found.run_id} has called no service (yet).")

    with_store(flags_of(context), work)


def names_of(task: Explanation) -> tuple[str, ...]:
    """How a task may be named on the command line: its item, its stage, both, or its number."""
    return task.item, task.stage, f"{task.stage}/{task.item}", str(task.task_id)


async def _find_run(opened: Opened, name: str) -> Run:
    from registry import Runs

    runs = Runs(opened.store, opened.clock)
    if name == LATEST:
        latest = await runs.list(1)
        if not latest:
            raise GatewayError("there are no runs yet; `turnout run storyboard --input FILE` makes one")
        return latest[0]
    if not (name.isascii() and name.isdecimal()) or len(name) > 18:
        raise typer.BadParameter(f"{name!r} is no run; `turnout runs` lists their numbers, and `last` is the latest")
    return await runs.get(int(name))


async def _read(opened: Opened, run: Run) -> tuple[Sequence[Explanation], dict[int, Policy]]:
    from registry import Decisions, Names, Policies, Snapshots

    policies = Policies(opened.store, opened.clock)
    decisions = Decisions(opened.store, Names(opened.store), Snapshots(opened.store, opened.clock), policies)
    tasks = await decisions.explain_run(run.run_id)
    policy_ids = {task.decision.policy_id for task in tasks if task.decision is not None}
    return tasks, {policy_id: await policies.load(policy_id) for policy_id in sorted(policy_ids)}
