"""``turnout prune``: removes what is older than it is kept for, after showing what that is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import with_store
from gateway.cli.terminal import confirm, say, say_json

if TYPE_CHECKING:
    from gateway.cli.opening import Opened
    from registry import Removed, Retention

_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "y": 365}


def _days(text: str) -> float:
    """A span of time in days.

    >>> _days("30d"), _days("2w"), _days("12h")
    (30.0, 14.0, 0.5)
    """
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([hdwy])", text.strip().lower())
    days = float(found[1]) * _DAYS[found[2]] if found else 0.0
    if not 0 < days <= 36_500:
        raise typer.BadParameter(f"{text!r} is no span of time such as 12h, 30d, 8w or 2y")
    return days


def prune(
    context: typer.Context,
    older_than: Annotated[
        float | None,
        typer.Option(metavar="TIME", parser=_days, help="Calls and runs older than this (30d), whatever the settings."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Remove calls, runs and sums that are older than retain_calls_days and its like say.

    Nothing of a run that is under way goes. Others may be working meanwhile. Without a terminal to ask at, --yes has
    to stand there.
    """

    async def count(opened: Opened) -> Removed:
        return await _retention(opened, older_than).count()

    async def remove(opened: Opened) -> Removed:
        return await _retention(opened, older_than).remove()

    would_go = with_store(flags_of(context), count)
    if dry_run or not any(would_go.by_kind().values()):
        _say(would_go, as_json=as_json, dry_run=dry_run)
        return
    confirm(f"Remove {_in_words(would_go)}?", yes=yes)
    _say(with_store(flags_of(context), remove), as_json=as_json, dry_run=False)


def _retention(opened: Opened, days: float | None) -> Retention:
    from registry import Retention

    if days is None:
        return Retention.of(opened.settings, opened.store, opened.clock)
    return Retention(
        opened.store,
        opened.clock,
        calls_days=days,
        runs_days=days,
        rollups_days=opened.settings.retain_rollups_days,
    )


def _say(removed: Removed, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        say_json({"dry_run": dry_run, **removed.by_kind()})
    elif not any(removed.by_kind().values()):
        say("Nothing is older than it is kept for.")
    else:
        say(f"{'Would remove' if dry_run else 'Removed'} {_in_words(removed)}.")


def _in_words(removed: Removed) -> str:
    """What goes.

    >>> from registry import Removed
    >>> _in_words(Removed(calls=1_200, details=3, runs=1))
    '1,200 calls with 3 messages and scores, 1 run with 0 items, 0 sums by minute'
    """
    runs = f"{removed.runs:,} run{'' if removed.runs == 1 else 's'}"
    calls = f"{removed.calls:,} call{'' if removed.calls == 1 else 's'}"
    return (
        f"{calls} with {removed.details:,} messages and scores, {runs} with {removed.items:,} items, "
        f"{removed.rollups:,} sums by minute"
    )
