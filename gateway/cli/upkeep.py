"""The commands that look after Turnout itself: ``config``, ``backup``, ``restore``, ``doctor``, ``version``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import in_loop, load_settings
from gateway.cli.terminal import confirm, say, say_json
from gateway.errors import InputUnusable, OutputUnusable

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def config(context: typer.Context, as_json: AsJson = False) -> None:
    """Show every setting, its value, and where that value came from.

    The stronger source wins: a flag, the environment (TURNOUT_...), turnout.toml in the working directory, your own
    settings file, the default.
    """
    from dataclasses import asdict

    from gateway.cli.tables import Column, say_table
    from registry.settings import explain

    settings = explain(flags_of(context).as_settings())
    if as_json:
        say_json({"settings": [asdict(setting) for setting in settings]})
        return
    say_table(
        (
            Column(title="setting"),
            Column(title="value", wraps=True),
            Column(title="from", wraps=True),
            Column(title="meaning", wraps=True, dispensable=1),
        ),
        [(setting.name, setting.value or "-", setting.source, setting.description) for setting in settings],
    )


def backup(
    context: typer.Context,
    target: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="FILE.tar.gz, or a directory; left out: backups/ in the data directory."),
    ] = None,
) -> None:
    """Write database and files into one archive, while others may be working.

    The archive holds your work and no keys: those stay where they are, in the environment or in Prefect.
    """
    from registry import Home, back_up

    settings = load_settings(flags_of(context))
    home = Home(settings.home)
    if target is not None:
        _check_folder(target)
    archive = in_loop(lambda: back_up(settings.store_url, target or home.backups, assets=home.assets))
    say(f"Backed up into {archive} ({_size(archive.stat().st_size)}).")


def restore(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="What `turnout backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the place of the present database. The present one is backed up first.

    Restart whatever else has the database open: what it remembers is of the former one.
    """
    from registry import Home
    from registry import restore as put_back
    from registry.settings import mask_password

    settings = load_settings(flags_of(context))
    if not archive.exists():
        raise InputUnusable(str(archive), "there is no such file")
    confirm(f"Replace {mask_password(settings.store_url)} by {archive}?", yes=yes)
    home = Home(settings.home).make()
    restored = in_loop(lambda: put_back(archive, settings.store_url, backup_directory=home.backups, assets=home.assets))
    say(f"Restored the backup of {restored.made_at} (schema {restored.schema_version}, {restored.assets} files).")
    if restored.kept_aside is not None:
        say(f"What was there before is kept in {restored.kept_aside}.")


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Look at everything Turnout stands on, and say what is wrong and what helps. Nothing is changed.

    Ends with 0 where all is well or there are only warnings, and with 1 where there is a problem.
    """
    from gateway.cli.examining import EXAMINERS
    from registry import examine

    settings = load_settings(flags_of(context))
    findings = in_loop(lambda: examine(settings, EXAMINERS))
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        from dataclasses import asdict

        say_json({"healthy": not problems, "findings": [asdict(finding) for finding in findings]})
    else:
        from gateway.cli.tables import Column, say_table

        colours = {"ok": "green", "warning": "yellow", "problem": "red"}
        say_table(
            (Column(title="what"), Column(title="state", colours=colours), Column(title="finding", wraps=True)),
            [(found.name, found.state, f"{found.sentence} {found.remedy}".strip()) for found in findings],
        )
        warnings = sum(finding.state == "warning" for finding in findings)
        say()
        say(_verdict(problems, warnings))
    if problems:
        raise typer.Exit(1)


def version() -> None:
    """Say which Turnout this is."""
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    try:
        number = version_of("turnout")
    except PackageNotFoundError:
        number = "(not installed as a package)"
    say(f"Turnout {number}, Python {platform.python_version()}")


def _check_folder(target: Path) -> None:
    """Refuse a target whose folder is not there: one that is mistyped is not to be made, and forgotten with a backup.

    Raises:
        OutputUnusable: it is not there.
    """
    folder = target.parent if target.suffix and not target.is_dir() else target
    if not folder.is_dir():
        problem = "it is no folder" if folder.exists() else "there is no such folder; make it, or name another"
        raise OutputUnusable(str(folder), problem)
    if folder != target and not target.name.endswith(".tar.gz"):
        raise OutputUnusable(str(target), "a backup is called FILE.tar.gz")


def _verdict(problems: int, warnings: int) -> str:
    if not problems and not warnings:
        return "All is well."
    parts = []
    if problems:
        parts.append(f"{problems} problem{'s' if problems > 1 else ''}")
    if warnings:
        parts.append(f"{warnings} warning{'s' if warnings > 1 else ''}")
    return f"{' and '.join(parts)}. What helps stands beside each."


def _size(size_bytes: int) -> str:
    """A file's size as people read it.

    >>> _size(900), _size(12_300), _size(94_000_000)
    ('900 bytes', '12.3 kB', '94.0 MB')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:,.1f} {unit}"
    return f"{size_bytes} bytes"
