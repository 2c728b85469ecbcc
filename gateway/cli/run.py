"""``turnout run``: a pipeline over an input, with its progress, its decisions, and where the results lie."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import in_loop, load_settings, opened
from gateway.cli.terminal import colourful, say, say_json, tell
from gateway.errors import InputUnusable, OutputUnusable, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.storyboard import StoryboardParameters
    from registry import Settings


def run(
    context: typer.Context,
    pipeline: Annotated[Literal["storyboard"], typer.Argument(help="Which pipeline.")],
    source: Annotated[
        str, typer.Option("--input", "-i", metavar="FILE", help="A text file to work on; - reads standard input.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIRECTORY", help="Where results go.")] = Path("out"),
    shots: Annotated[int, typer.Option(min=4, max=24, help="How many pictures at most.")] = 6,
    width: Annotated[int, typer.Option(min=256, max=2048, help="Width of a picture in pixels.")] = 768,
    height: Annotated[int, typer.Option(min=256, max=2048, help="Height of a picture in pixels.")] = 432,
    style: Annotated[
        str | None, typer.Option(metavar="PHRASE", help="How pictures look; left out, a model chooses.")
    ] = None,
    language: Annotated[str, typer.Option(help="The language of the text, where guessing fails.")] = "",
    policy: Annotated[str, typer.Option(help="The routing policy.")] = "default",
    objective: Annotated[str, typer.Option(metavar="WEIGHTS", help="Such as quality=1,cost=2,speed=1.")] = "",
    target: Annotated[str, typer.Option(metavar="SENTENCE", help='Such as "cheapest above 0.9".')] = "",
    priority: Annotated[Literal["", "high", "normal", "low"], typer.Option(help="Left out: the policy's.")] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not go on with an unfinished run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Run a pipeline over an input. The same command goes on where a run was stopped."""
    del pipeline  # there is one
    settings = load_settings(flags_of(context))
    _check_output(out)
    replaces = (out / "storyboard.html").exists()
    with _input_file(source, settings) as path:
        parameters = _parameters(
            input_path=path, output_directory=out, max_shots=shots, width=width, height=height, style=style,
            language=language, policy=policy, objective=objective, target=target, priority=priority, fresh=fresh,
        )  # fmt: skip
        try:
            in_loop(lambda: _run(settings, parameters, as_json=as_json, replaces=replaces))
        except Stopped as stopped:
            raise type(stopped)("the same command goes on with what is missing") from None


def _parameters(**values: Any) -> StoryboardParameters:
    from pydantic import ValidationError

    from flows.storyboard import StoryboardParameters
    from registry.validation import first_fault

    try:
        return StoryboardParameters(**values)
    except ValidationError as error:
        place, problem = first_fault(error, StoryboardParameters)
        name = place.replace(".", "-").replace("_", "-") or "input"
        raise typer.BadParameter(f"--{name}: {problem}") from None


@contextmanager
def _input_file(source: str, settings: Settings) -> Iterator[Path]:
    """The input as a file that is known to hold a usable thought; standard input is put into one for the time being."""
    from flows.storyboard import read_thought_file

    if source != "-":
        path = Path(source)
        if not source or _size_bytes(path) > settings.max_input_bytes:
            problem = f"it is larger than {settings.max_input_bytes:,} bytes (max_input_bytes)"
            raise InputUnusable(source or "--input", problem if source else "it names no file")
        read_thought_file(path, limit_characters=settings.max_input_characters)
        yield path
        return
    if sys.stdin is None:
        raise InputUnusable("standard input", "it is closed; name a file, or send a text down a pipe")
    content = sys.stdin.buffer.read(settings.max_input_bytes + 1)
    if len(content) > settings.max_input_bytes:
        raise InputUnusable("standard input", f"it is larger than {settings.max_input_bytes:,} bytes (max_input_bytes)")
    with tempfile.TemporaryDirectory(prefix="turnout-input-") as directory:
        path = Path(directory) / "input.txt"
        path.write_bytes(content)
        read_thought_file(path, limit_characters=settings.max_input_characters)
        yield path


def _size_bytes(path: Path) -> int:
    """The size of a file; 0 where it cannot be told, or there is none: whoever reads it says what is wrong."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _check_output(directory: Path) -> None:
    """Find out before anything is paid for whether results can be written.

    Raises:
        OutputUnusable: they cannot.
    """
    existing = directory.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise OutputUnusable(str(directory), f"{existing} is a file")
    try:
        # Rights alone do not tell: some file systems let nobody make a file.
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputUnusable(str(directory), f"no file can be made in {existing}: {reason}") from error


async def _run(settings: Settings, parameters: StoryboardParameters, *, as_json: bool, replaces: bool) -> None:
    from rich.console import Console

    from flows.watching import current_observer
    from gateway.cli.progress import TerminalProgress
    from gateway.prefect_server import prefect_server
    from registry import Home, Policies
    from routing import Runtime

    console = Console(stderr=True, no_color=not colourful(), highlight=False)
    home = Home(settings.home).make()
    with TerminalProgress(console, quiet=as_json) as progress:
        given = os.environ.get("PREFECT_API_URL")
        progress.note(f"{'Using' if given else 'Starting'} Prefect's server and opening the registry …")
        async with opened(settings) as parts:
            # A database that cannot be used and a policy that is mistyped are found before anything is begun.
            await Policies(parts.store, parts.clock).get(parameters.policy)
        # The server comes first: a service whose key is a Prefect block is asked for as soon as the runtime opens.
        async with prefect_server(home.prefect), Runtime.open(settings) as runtime:
            flow = (await asyncio.to_thread(import_module, "flows.storyboard.flow")).storyboard
            keep_off_the_terminal("prefect.flow_runs", "prefect.task_runs", "EventsWorker", "APILogWorker")
            current_observer.set(progress)
            result = await flow(parameters)
            progress.done()
            tasks = await runtime.decisions.explain_run(result["run_id"])
            policies = {
                task.decision.policy_id: await runtime.policies.load(task.decision.policy_id)
                for task in tasks
                if task.decision is not None
            }
            described = await runtime.runs.get(result["run_id"])
    if as_json:
        from gateway.cli.explained import explanation_as_json

        say_json({**result, **explanation_as_json(described, tasks, policies)})
        return
    from gateway.cli.explained import say_explanation

    say_explanation(described, tasks, policies)
    _say_result(result, replaces=replaces)


def keep_off_the_terminal(*loggers: str) -> None:
    """Let Prefect's server alone have these logs: how a run ended, the terminal is told by us, in a sentence."""
    for name in loggers:
        quiet = logging.getLogger(name)
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())  # one that has no handler at all would print its warnings


def _say_result(result: dict[str, Any], *, replaces: bool) -> None:
    tally, audited = result["tally"], result["audit"]
    looked = sum(line["passed"] + line["failed"] for line in audited)
    differing = sum(line["disagreed"] for line in audited)
    say()
    say(
        f"{tally['shots']} shots, {tally['shots_by_model']} of them written by a model, "
        f"the others in the words of the text."
    )
    if audited:
        agreed = "all as they were judged at once" if not differing else f"{differing} of them otherwise than at once"
        say(f"Great Expectations looked at {looked} verdicts again: {agreed}.")
    say(f"The page: {result['page']}{' (in place of an earlier one)' if replaces else ''}")
    tell(f"Why this service, in full: turnout explain {result['run_id']}")
