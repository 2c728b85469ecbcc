"""``turnout budgets``: what runs, pipelines, keys, workspaces and services may spend, and what they have spent."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from gateway.cli.commands import flags_of, new_group
from gateway.cli.opening import with_store
from gateway.cli.terminal import confirm, say, say_json, tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.cli.opening import Opened
    from registry import Budget, Budgets, Standing

budgets = new_group(help="Set, list and remove budgets: what may be spent in a run, a day or a month.")

BAR_CELLS = 20

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Whose = Annotated[
    str,
    typer.Argument(
        metavar="SCOPE[:NAME]",
        help="run, pipeline, key, workspace or service, and which one: key:ann. Left out, or *: each of them.",
    ),
]

_BELOW_ZERO = re.compile(r"-\$?\.?\d", re.ASCII)
_PIPELINES = ("storyboard", "route_batch")
_Found = tuple["Budget", tuple["Standing", ...]]


class _WithAnAmount(TyperCommand):
    """A command whose last argument is an amount: one below zero is told so, and not taken for an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does it, with what begins like an amount below zero behind all options."""
        amounts = [] if "--" in args else [word for word in args if _BELOW_ZERO.match(word)]
        if amounts:
            args = [*(word for word in args if word not in amounts), "--", *amounts]
        return super().parse_args(ctx, args)


@budgets.command("set", cls=_WithAnAmount)
def set_budget(
    context: typer.Context,
    whose: Whose,
    amount: Annotated[str, typer.Argument(help="US dollars, such as 5.00.")],
    per: Annotated[str, typer.Option(help="In which time: run, day or month.")],
    zone: Annotated[str, typer.Option(help="Whose days and months they are, such as Europe/Berlin.")] = "UTC",
) -> None:
    """Set a budget, or change it. What was spent in its present day, month or run counts; calls beyond it are refused.

    Running processes notice within seconds.
    """
    from registry import format_usd, usd_from_text

    scope, name = _named(whose)
    amount_nanousd = usd_from_text(amount)

    async def put(opened: Opened) -> tuple[Budget, str]:
        made = await _budgets(opened).put(scope, name, amount_nanousd, per, zone=zone)
        return made, await _doubt(opened, made)

    made, doubt = with_store(flags_of(context), put)
    where = "" if made.period == "total" else f" ({made.zone})"
    say(f"{made.label} may spend {format_usd(made.amount_nanousd)} a {made.per}{where}.")
    if doubt:
        tell(doubt)


@budgets.command("list")
def list_budgets(context: typer.Context, as_json: AsJson = False) -> None:
    """List all budgets: what is spent, held by calls under way, and left."""
    from registry import budget_standings

    found = with_store(flags_of(context), lambda opened: budget_standings(opened.store))
    if as_json:
        say_json({"budgets": [_as_json(budget, standings) for budget, standings in found]})
    elif not found:
        say("No budgets yet. `turnout budgets set workspace:default 5.00 --per day` makes one.")
    else:
        _say_budgets(found)


@budgets.command()
def remove(
    context: typer.Context,
    whose: Whose,
    per: Annotated[str | None, typer.Option(help="Only the one per run, day or month; left out: all of them.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a budget: from then on nothing bounds what it bounded."""
    scope, name = _named(whose)
    if not yes:  # nobody is asked about what is not there
        with_store(flags_of(context), lambda opened: _budgets(opened).named(scope, name, per))
    confirm(f"Remove the budget of {scope}:{name}? Nothing bounds that spending then.", yes=yes)
    for gone in with_store(flags_of(context), lambda opened: _budgets(opened).remove(scope, name, per)):
        say(f"Removed the budget of {gone.label} a {gone.per}.")


def bar(used: int, held: int, amount: int, cells: int = BAR_CELLS) -> str:
    """How much of an amount is used and held, as a bar.

    >>> bar(500, 250, 1_000, cells=8)
    '####==..'
    """
    filled = _cells(used, amount, cells)
    reached = max(filled, _cells(used + held, amount, cells))
    return "#" * filled + "=" * (reached - filled) + "." * (cells - reached)


def _cells(part: int, amount: int, cells: int) -> int:
    """So many of the cells: the first for anything at all, the last only for everything."""
    if amount <= 0:
        return cells
    return max(int(part > 0), min(cells, part * cells // amount))


def _say_budgets(found: Sequence[_Found]) -> None:
    from gateway.cli.tables import Column, say_table

    say_table(
        (
            Column(title="budget", wraps=True),
            Column(title="per"),
            Column(title="amount", right=True),
            Column(title="spent", right=True),
            Column(title="held", right=True, dispensable=2),
            Column(title="left", right=True),
            Column(title="used", dispensable=1),
            Column(title="until", dispensable=3),
        ),
        [row for budget, standings in found for row in _rows(budget, standings)],
    )


def _rows(budget: Budget, standings: Sequence[Standing]) -> Iterator[tuple[str, ...]]:
    from registry import format_usd, from_us

    amount = format_usd(budget.amount_nanousd)
    if not standings:
        yield budget.label, budget.per, amount, "$0", "$0", amount, bar(0, 0, budget.amount_nanousd), ""
    elif budget.name == "*":
        yield budget.label, budget.per, amount, "", "", "", "each of:", ""
    for one in standings:
        until = "" if one.end_us is None else f"{from_us(one.end_us).astimezone():%Y-%m-%d %H:%M}"
        money = (format_usd(part) for part in (one.amount, one.spent, one.held, one.left))
        name = f"{budget.scope}:{one.name}"
        yield name, budget.per, *money, bar(one.spent, one.held, one.amount), until


def _as_json(budget: Budget, standings: Sequence[Standing]) -> dict[str, Any]:
    return {
        "scope": budget.scope,
        "name": budget.name,
        "per": budget.per,
        "zone": budget.zone,
        "amount_nanousd": budget.amount_nanousd,
        "version": budget.version,
        "windows": [
            {
                "name": one.name,
                "spent_nanousd": one.spent,
                "held_nanousd": one.held,
                "left_nanousd": one.left,
                "ends": None if one.end_us is None else _iso(one.end_us),
            }
            for one in standings
        ],
    }


def _iso(time_us: int) -> str:
    from registry import from_us

    return from_us(time_us).isoformat()


async def _doubt(opened: Opened, made: Budget) -> str:
    """A word of caution where nothing bears the budget's name yet: a mistyped budget guards nothing."""
    from registry import AccessKeys
    from registry.run_reads import RunReads

    if made.name == "*":
        return ""
    if made.scope == "pipeline":
        known = {*_PIPELINES, *await RunReads(opened.store).pipelines()}
    elif made.scope == "workspace":
        keys = await AccessKeys(opened.store, opened.clock).list()
        known = {opened.settings.workspace, *(key.workspace for key in keys)}
    elif made.scope == "key":
        keys = await AccessKeys(opened.store, opened.clock).list()
        known = {f"{key.workspace}/{key.principal}" for key in keys}
    else:
        return ""
    if made.name in known:
        return ""
    nearest = get_close_matches(made.name, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are {', '.join(sorted(known)) or 'none'}."
    return f"No {made.scope} is called {made.name!r} so far, so nothing is bounded yet; {hint}"


def _named(whose: str) -> tuple[str, str]:
    scope, _, name = whose.partition(":")
    return scope, name or "*"


def _budgets(opened: Opened) -> Budgets:
    from registry import Budgets

    return Budgets(opened.store, opened.clock, workspace=opened.settings.workspace)
