"""``turnout limits``: how many requests and tokens a minute, and calls at once, a service or a model of it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.commands import flags_of, new_group
from gateway.cli.opening import with_store
from gateway.cli.terminal import confirm, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.cli.opening import Opened
    from registry import Limit, Limits, Standing

limits = new_group(help="Set, list and remove limits: how much a service takes, in a minute and at once.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Where = Annotated[str, typer.Argument(metavar="SERVICE[/MODEL]", help="A service, or one of its models.")]

_TOLD = {"requests": "requests a minute", "tokens": "tokens a minute", "places": "at once"}


@limits.command("set")
def set_limits(
    context: typer.Context,
    where: Where,
    requests: Annotated[int | None, typer.Option(min=1, help="How many calls.")] = None,
    tokens: Annotated[int | None, typer.Option(min=1, help="How many tokens, in and out.")] = None,
    per: Annotated[str, typer.Option(help="In which time requests and tokens are counted: minute.")] = "minute",
    concurrency: Annotated[int | None, typer.Option(min=1, help="How many calls at once.")] = None,
) -> None:
    """Set the limits of a service or of one of its models, in place of those that it had.

    All processes keep them together. Running ones notice within seconds.
    """
    if per != "minute":
        raise typer.BadParameter(f"--per: limits are counted per minute, and not per {per!r}")
    service, _, model = where.partition("/")
    made = with_store(
        flags_of(context),
        lambda opened: _limits(opened).put(service, model, requests=requests, tokens=tokens, places=concurrency),
    )
    amounts = ((getattr(made, kind), told) for kind, told in _TOLD.items())
    say(f"{made.label} takes {', '.join(f'{amount:,} {told}' for amount, told in amounts if amount is not None)}.")


@limits.command("list")
def list_limits(context: typer.Context, as_json: AsJson = False) -> None:
    """List all limits, and how much of them is used now."""
    from registry import limit_standings

    found = with_store(flags_of(context), lambda opened: limit_standings(opened.store))
    if as_json:
        say_json({"limits": [_as_json(limit, standings) for limit, standings in found]})
        return
    if not found:
        say("No limits yet. `turnout limits set openai --requests 500 --per minute` makes one.")
        return
    from gateway.cli.tables import Column, say_table

    say_table(
        (
            Column(title="limit", wraps=True),
            Column(title="of"),
            Column(title="amount", right=True),
            Column(title="used", right=True),
            Column(title="held", right=True),
            Column(title="left", right=True),
            Column(title="now", dispensable=1),
            Column(title="from", dispensable=2),
        ),
        [row for limit, standings in found for row in _rows(limit, standings)],
    )


@limits.command()
def remove(
    context: typer.Context,
    where: Where,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove the limits of a service or of one of its models."""
    service, _, model = where.partition("/")
    confirm(f"Remove the limits of {where}?", yes=yes)
    gone = with_store(flags_of(context), lambda opened: _limits(opened).remove(service, model))
    say(f"Removed the limits of {gone.label}.")


def _rows(limit: Limit, standings: Mapping[str, Standing]) -> Iterator[Sequence[str]]:
    from gateway.cli.budgets import bar

    for kind, one in standings.items():
        numbers = (f"{number:,}" for number in (one.amount, one.spent, one.held, one.left))
        yield limit.label, _TOLD[kind], *numbers, bar(one.spent, one.held, one.amount), limit.provenance


def _as_json(limit: Limit, standings: Mapping[str, Standing]) -> dict[str, Any]:
    return {
        "service": limit.service,
        "model": limit.model or None,
        "provenance": limit.provenance,
        "version": limit.version,
        **{
            kind: {"amount": one.amount, "used": one.spent, "held": one.held, "left": one.left}
            for kind, one in standings.items()
        },
    }


def _limits(opened: Opened) -> Limits:
    from registry import Limits

    return Limits(opened.store, opened.clock)
