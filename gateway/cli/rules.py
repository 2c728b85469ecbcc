"""``turnout rules``: whether rules are in order, and what they would have done to recent requests."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.commands import flags_of, new_group
from gateway.cli.opening import with_store
from gateway.cli.policies import file_content, offerings_in
from gateway.cli.terminal import say, say_json, tell

if TYPE_CHECKING:
    from gateway.cli.opening import Opened
    from routing.rules import Recent

rules = new_group(help="Check rules, also against recent requests.")


@rules.callback()
def _group() -> None:
    """Check rules, also against recent requests."""


@rules.command()
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy, or rules alone, in YAML.")],
    recent: Annotated[
        int,
        typer.Option(min=0, max=100_000, help="How many recent requests to try them on; 0 for none, and no database."),
    ] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Check rules, and say which recent requests each of them would have touched.

    A rule that cannot be understood is told with its line. What the ledger does not keep of a request (metadata,
    hints, how services were doing then) cannot be tried again: such requests are counted apart.
    """
    from gateway.cli.policies_shown import say_tried, strangers, tried_as_json
    from gateway.cli.tables import say_facts
    from routing.rules import read_rules, try_rules
    from routing.wording import rule_in_words

    policy = read_rules(file_content(file), str(file))

    async def work(opened: Opened) -> tuple[list[Recent], list[str]]:
        return await _recent(opened, recent), strangers(policy, await offerings_in(opened))

    found, unknown = with_store(flags_of(context), work) if recent else ([], [])
    for sentence in unknown:
        tell(sentence)
    tried = try_rules(policy, found)
    if as_json:
        say_json(tried_as_json(tried, len(found)))
        return
    say_facts([(rule.name, rule_in_words(rule)) for rule in policy.rules])
    say()
    if found:
        say_tried(tried, len(found))
    else:
        say("The rules are in order. There are no recent requests to try them on.")


async def _recent(opened: Opened, limit: int) -> list[Recent]:
    from registry import Decisions, Names, NotFound, Policies, Runs, Snapshots
    from routing.rules import Recent

    policies, snapshots = Policies(opened.store, opened.clock), Snapshots(opened.store, opened.clock)
    tasks = await Decisions(opened.store, Names(opened.store), snapshots, policies).recent(limit)
    runs = Runs(opened.store, opened.clock)
    pipelines = {0: ""}
    for run_id in {task.run_id for task in tasks} - {0}:
        try:
            pipelines[run_id] = (await runs.get(run_id)).pipeline
        except NotFound:
            pipelines[run_id] = ""
    return [Recent(task, pipelines[task.run_id]) for task in tasks]
