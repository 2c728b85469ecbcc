"""``turnout policies``: how routing chooses, as people list, look at, check and put policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.commands import flags_of, new_group
from gateway.cli.opening import with_store
from gateway.cli.terminal import say, say_json, tell
from gateway.errors import InputUnusable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.cli.opening import Opened
    from registry import Policies, Policy
    from registry.words import Offering

policies = new_group(help="List, show, check and put routing policies.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A policy in YAML.")]


@policies.command("list")
def list_policies(context: typer.Context, as_json: AsJson = False) -> None:
    """List all policies at their latest versions: what matters by them, and how many rules they have."""
    from gateway.cli.policies_shown import policy_as_json, say_policies

    found = with_store(flags_of(context), lambda opened: _policies(opened).list())
    if as_json:
        say_json({"policies": [policy_as_json(policy) for policy in found]})
    else:
        say_policies(found)


@policies.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A policy's name.")],
    as_json: AsJson = False,
) -> None:
    """Show a policy at its latest version, with its rules."""
    from gateway.cli.policies_shown import policy_as_json, say_policy

    found = with_store(flags_of(context), lambda opened: _policies(opened).get(name))
    if as_json:
        say_json(policy_as_json(found))
    else:
        say_policy(found)


@policies.command()
def put(context: typer.Context, file: File, as_json: AsJson = False) -> None:
    """Put a policy from a file. What changes it makes a new version; running processes see it within seconds."""
    from gateway.cli.policies_shown import policy_as_json, strangers
    from routing.rules import read_policy

    policy = read_policy(file_content(file), str(file))

    async def work(opened: Opened) -> tuple[Policy, bool, list[str]]:
        kept = _policies(opened)
        before = {one.name: one.version for one in await kept.list()}
        now = await kept.put(policy)
        return now, before.get(now.name) == now.version, strangers(policy, await offerings_in(opened))

    now, is_same, unknown = with_store(flags_of(context), work)
    for sentence in unknown:
        tell(sentence)
    if as_json:
        say_json(policy_as_json(now))
    else:
        say(f"Policy {now.name} is at version {now.version}{', as it was' if is_same else ''}.")


@policies.command()
def check(context: typer.Context, file: File) -> None:
    """Check a policy's file without putting it: every value, every rule, and whether the names in it are there."""
    from gateway.cli.policies_shown import say_policy, strangers
    from routing.rules import read_policy

    policy = read_policy(file_content(file), str(file))

    async def work(opened: Opened) -> list[str]:
        return strangers(policy, await offerings_in(opened))

    unknown = with_store(flags_of(context), work)
    say_policy(policy)
    for sentence in unknown:
        say(sentence)
    say(f"{file} is in order; `turnout policies put {file}` puts it.")


async def offerings_in(opened: Opened) -> Sequence[Offering]:
    """All offerings in the registry, those that are disabled too."""
    from registry import Catalogue

    catalogue = Catalogue(opened.store, opened.clock, workspace=opened.settings.workspace)
    return (await catalogue.read_snapshot()).offerings


def file_content(file: Path) -> bytes:
    """What a file holds.

    Raises:
        InputUnusable: it cannot be read, or is far too large for a policy.
    """
    from routing.rules.reading import LARGEST_BYTES

    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputUnusable(str(file), error.strerror or type(error).__name__) from error


def _policies(opened: Opened) -> Policies:
    from registry import Policies

    return Policies(opened.store, opened.clock)
