"""The commands of ``turnout``, each imported only when it is used, and the options that stand before all of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Callable

# Name on the command line: where it is, and what `turnout --help` says of it. A module is imported on use.
COMMANDS = {
    "up": ("gateway.cli.up:up", "Start everything: Prefect's server, a worker, the gateway, the pages."),
    "run": ("gateway.cli.run:run", "Run a pipeline over an input."),
    "batch": ("gateway.cli.batch:batch", "Do the same work for every row of a table."),
    "runs": ("gateway.cli.runs:runs", "List the runs, the newest first."),
    "explain": ("gateway.cli.explain:explain", "Say why each service of a run was chosen, and what it cost."),
    "services": (
        "gateway.cli.services:services",
        "List, add, enable, disable, remove, probe and discover AI services.",
    ),
    "policies": ("gateway.cli.policies:policies", "List, show, check and put routing policies."),
    "rules": ("gateway.cli.rules:rules", "Check rules, also against recent requests."),
    "gateway": ("gateway.cli.serving:gateway", "Serve the HTTP API alone, in the foreground."),
    "pages": ("gateway.cli.serving:pages", "Serve the pages alone, in the foreground."),
    "keys": ("gateway.cli.keys:keys", "Make, list and revoke access keys for callers."),
    "budgets": ("gateway.cli.budgets:budgets", "Set, list and remove budgets: what may be spent."),
    "limits": ("gateway.cli.limits:limits", "Set, list and remove limits: how much a service takes."),
    "config": ("gateway.cli.upkeep:config", "Show every setting and where its value came from."),
    "backup": ("gateway.cli.upkeep:backup", "Write database and files into one archive."),
    "restore": ("gateway.cli.upkeep:restore", "Put a backup in the place of the present database."),
    "prune": ("gateway.cli.pruning:prune", "Remove calls, runs and sums that are older than they are kept for."),
    "doctor": ("gateway.cli.upkeep:doctor", "Look at everything Turnout stands on, and say what is wrong."),
    "version": ("gateway.cli.upkeep:version", "Say which Turnout this is."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What stood before the command. None is a flag that was not given."""

    home: Path | None = None
    database_url: str | None = None
    log_level: str | None = None

    def as_settings(self) -> dict[str, object]:
        """The flags as :meth:`registry.settings.Settings.load` takes them."""
        return {"home": self.home, "database_url": self.database_url, "log_level": self.log_level}


class LazyCommands(TyperGroup):
    """A group that imports a command when that command is used.

    A place is ``module:attribute``; the attribute is a function, which becomes a command, or a ``typer.Typer``, which
    becomes a group of commands.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's signature
        """The names, in the order in which they are shown."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's signature
        """The command of that name, imported now; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            place = COMMANDS[cmd_name][0]
            module, _, attribute = place.partition(":")
            self.commands[cmd_name] = _as_command(cmd_name, getattr(import_module(module), attribute))
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """As Typer does it, with every name known for its "did you mean"."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(_unknown_command(args[0]))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """As Typer does it, with values that cannot be taken told in our words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from gateway.cli.values import in_our_words

            error.message = in_our_words(error)
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Write the list of commands for ``--help``, without importing one of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])


def new_group(**options: Any) -> typer.Typer:
    """A group of commands as all of ours are: plain help that fits any terminal, no tracebacks drawn in boxes."""
    return typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **options,
    )


def command_line() -> Any:
    """The whole command line, as Typer runs it."""
    app = new_group(cls=LazyCommands)
    app.callback()(_options)
    return typer.main.get_command(app)


def flags_of(context: typer.Context) -> Flags:
    """The options that stood before the command."""
    flags = context.find_object(Flags)
    return Flags() if flags is None else flags


def _as_command(name: str, what: typer.Typer | Callable[..., Any]) -> Any:
    if isinstance(what, typer.Typer):
        group = typer.main.get_command(what)
        group.name = name
        return group
    app = new_group()
    app.command(name)(what)
    return typer.main.get_command(app)


def _unknown_command(name: str) -> str:
    import difflib

    nearest = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return f"There is no command {name!r}.{hint}"


def _show_version(wanted: bool) -> None:
    if wanted:
        from gateway.cli.upkeep import version

        version()
        raise typer.Exit


def _options(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="The data directory.", metavar="DIRECTORY", show_default=False)
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="sqlite:///path or postgresql://user@host/name.", metavar="URL")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(help="DEBUG, INFO, WARNING, ERROR or CRITICAL.", metavar="LEVEL")
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", help="Say which Turnout this is.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Turnout runs AI work across many AI services.

    What stands here goes before the command: turnout --home DIRECTORY runs. A flag is stronger than the environment
    (TURNOUT_HOME, TURNOUT_DATABASE_URL, TURNOUT_LOG_LEVEL), which is stronger than turnout.toml.
    """
    context.obj = Flags(home=home, database_url=database_url, log_level=log_level)
