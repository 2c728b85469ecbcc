"""``turnout keys``: the access keys that callers show to the gateway and the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.commands import flags_of, new_group
from gateway.cli.opening import with_store
from gateway.cli.terminal import confirm, say, say_json, tell

if TYPE_CHECKING:
    from gateway.cli.opening import Opened
    from registry import AccessKey, AccessKeys

keys = new_group(help="Make, list and revoke access keys for callers.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@keys.command("list")
def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """List all access keys: what they open, when they were last used. The keys themselves are not kept."""
    found = with_store(flags_of(context), lambda opened: _keys(opened).list())
    if as_json:
        say_json({"keys": [_as_json(key) for key in found]})
        return
    if not found:
        say("No access keys yet. `turnout keys create NAME` makes one.")
        return
    from gateway.cli.tables import Column, say_table

    say_table(
        (
            Column(title="key"),
            Column(title="name", wraps=True),
            Column(title="opens"),
            Column(title="budget", right=True),
            Column(title="last used"),
            Column(title="state", colours={"open": "green", "revoked": "red"}),
        ),
        [
            (f"tk_{key.prefix}_…", key.name, ", ".join(sorted(key.scopes)), _budget(key), _used(key), _state(key))
            for key in found
        ],
    )


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose key it is, or what for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="call, read or admin; may stand several times. Left out: call and read.")
    ] = None,
    principal: Annotated[str, typer.Option(help="In whose name its calls are made and accounted.")] = "",
    budget: Annotated[
        str | None, typer.Option(metavar="USD", help="What its principal may spend in a day or a month, such as 5.00.")
    ] = None,
    window: Annotated[str, typer.Option(help="The budget's window: day or month, in UTC.")] = "month",
    days: Annotated[int | None, typer.Option(min=1, help="After how many days it expires; left out: never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an access key and print it. It is shown this once: only its digest is kept."""
    made, key = with_store(
        flags_of(context), lambda opened: _create(opened, name, scope, principal or name, budget, window, days)
    )
    if as_json:
        say_json({"key": key, **_as_json(made)})
        return
    say(key)
    tell(f"This is the only time it is shown. It opens: {', '.join(sorted(made.scopes))}.")


@keys.command()
def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="The key's open part, as `turnout keys list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Shut a key for good. Running servers notice within seconds."""
    found = with_store(flags_of(context), lambda opened: _keys(opened).get(key))
    if found.revoked_us is not None:
        say(f"{found.name} (tk_{found.prefix}_…) was revoked before.")
        return
    confirm(f"Revoke {found.name} (tk_{found.prefix}_…)? Whoever uses it is turned away.", yes=yes)
    revoked = with_store(flags_of(context), lambda opened: _keys(opened).revoke(found.prefix))
    say(f"Revoked {revoked.name} (tk_{revoked.prefix}_…).")


def _keys(opened: Opened) -> AccessKeys:
    from registry import AccessKeys

    return AccessKeys(opened.store, opened.clock)


async def _create(
    opened: Opened,
    name: str,
    scopes: list[str] | None,
    principal: str,
    budget: str | None,
    window: str,
    days: int | None,
) -> tuple[AccessKey, str]:
    from registry import now_us, usd_from_text

    if window not in {"day", "month"}:
        raise typer.BadParameter(f"--window: {window!r} is neither day nor month")
    budget_nanousd = None if budget is None else usd_from_text(budget)
    return await _keys(opened).create(
        name,
        scopes=scopes or ("call", "read"),
        workspace=opened.settings.workspace,
        principal=principal,
        budget_nanousd=budget_nanousd,
        budget_window="day" if window == "day" else "month",
        expires_us=None if days is None else now_us(opened.clock) + days * 86_400_000_000,
    )


def _budget(key: AccessKey) -> str:
    from registry import format_usd

    return "none" if key.budget_nanousd is None else f"{format_usd(key.budget_nanousd)} a {key.budget_window}"


def _used(key: AccessKey) -> str:
    from registry import from_us

    return "never" if key.last_used_us is None else f"{from_us(key.last_used_us).astimezone():%Y-%m-%d %H:%M}"


def _state(key: AccessKey) -> str:
    import time

    if key.revoked_us is not None:
        return "revoked"
    return "expired" if key.expires_us is not None and key.expires_us <= time.time() * 1_000_000 else "open"


def _as_json(key: AccessKey) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(key), "scopes": sorted(key.scopes), "state": _state(key)}
