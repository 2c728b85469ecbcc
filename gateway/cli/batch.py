"""``turnout batch``: a table of work, row by row through the router, and on with what is missing after any crash."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import in_loop, load_settings
from gateway.cli.terminal import colourful, confirm, say, say_json, tell
from gateway.errors import InputUnusable, NothingDone, SomeRowsFailed, Stopped
from gateway.memory import bound_arenas, collect_often

if TYPE_CHECKING:
    from flows.batch import BatchParameters
    from gateway.cli.batch_progress import BatchProgress
    from registry import Settings

LAST_WORDS_SECONDS = 5.0
"""How long Prefect may take to note the end of a run whose results are on disk."""

_ASK_ABOVE_NANOUSD = 1_000_000_000


def batch(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="IN", help="A CSV, JSONL or Parquet file; - reads standard input; "
                                          "with --query: leave it out by giving OUT alone.")],
    out: Annotated[Path | None, typer.Argument(metavar="OUT", help="Where the table goes with its results.")] = None,
    capability: Annotated[Literal["text", "embedding", "image"], typer.Option(help="What is to be done.")] = "text",
    prompt: Annotated[str, typer.Option(metavar="TEMPLATE", help='Such as "Summarise: {{ row.text }}".')] = "",
    prompt_file: Annotated[Path | None, typer.Option(metavar="FILE", help="The prompt, in a file.")] = None,
    system: Annotated[str, typer.Option(metavar="TEMPLATE", help="The system prompt.")] = "",
    column: Annotated[str, typer.Option(help="The column that is the prompt, instead of one.")] = "",
    input_format: Annotated[Literal["csv", "jsonl"] | None, typer.Option(help="What standard input holds.")] = None,
    query: Annotated[str, typer.Option(metavar="SQL", help="Rows of a query instead of a file.")] = "",
    database: Annotated[str, typer.Option(metavar="URL", help="The query's database; it is only read.")] = "",
    schema: Annotated[Path | None, typer.Option(metavar="FILE", help="A JSON schema for every answer.")] = None,
    check: Annotated[list[str] | None, typer.Option(help="A check for every answer; may stand several times.")] = None,
    policy: Annotated[str, typer.Option(help="The routing policy.")] = "default",
    objective: Annotated[str, typer.Option(metavar="WEIGHTS", help="Such as quality=1,cost=2,speed=1.")] = "",
    target: Annotated[str, typer.Option(metavar="SENTENCE", help='Such as "cheapest above 0.9".')] = "",
    priority: Annotated[Literal["", "high", "normal", "low"], typer.Option(help="Left out: the policy's.")] = "",
    service: Annotated[str, typer.Option(help="Pins a service, a model, or service/model.")] = "",
    param: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A parameter of the model.")] = None,
    key: Annotated[str, typer.Option(metavar="COLUMN", help="A column whose values must not repeat.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="How many rows at most.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=10_000, help="How many rows at once.")] = None,
    chunk_rows: Annotated[int | None, typer.Option(min=1, max=10_000, help="How many rows a Prefect task.")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again for rows that failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and call nobody.")] = False,
    raw_csv: Annotated[bool, typer.Option("--raw-csv", help="Leave cells that look like formulas.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not go on with an earlier run.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, whatever it may cost.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:  # fmt: skip
    """Do the same work for every row of a table. The same command goes on where a batch was stopped.

    Failed rows are not asked for again unless --retry-failed is given. The exit code is 0 where all rows are done, 3
    where some are not.
    """
    settings = load_settings(flags_of(context))
    bound_arenas()
    with ExitStack() as parts:
        where = _input(source, out, query, input_format, parts)
        parameters = _parameters(
            **where, database_url=database, capability=capability, prompt=_prompt(prompt, prompt_file), system=system,
            column=column, answer_schema=_schema(schema), checks=check or None, policy=policy, objective=objective,
            target=target, priority=priority, service=service,
            params=dict(map(_param, param or ())), key_column=key, limit=limit, concurrency=concurrency,
            chunk_rows=chunk_rows, retry_failed=retry_failed, raw_csv=raw_csv, fresh=fresh,
        )  # fmt: skip
        try:
            outcome = in_loop(lambda: _run(settings, parameters, as_json=as_json, dry_run=dry_run, yes=yes))
        except Stopped as stopped:
            raise type(stopped)("the same command goes on with what is missing") from None
    if outcome is not None:
        _end(outcome, as_json=as_json)


_WHOLE = frozenset({"max_output_tokens", "seed", "top_k", "n"})
_NUMBERS = _WHOLE | {"temperature", "top_p"}
_KNOWN = (*sorted(_NUMBERS), "stop", "presence_penalty", "frequency_penalty", "logit_bias", "user")
_OTHER_NAMES = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the flow gave, and whether Prefect's server went away meanwhile."""

    result: dict[str, Any]
    is_server_lost: bool


def _input(source: str, out: Path | None, query: str, input_format: str | None, parts: ExitStack) -> dict[str, Any]:
    if query:
        if out is not None:
            raise typer.BadParameter("with --query there is no IN: give OUT alone")
        return {"query": query, "output_path": Path(source)}
    if out is None:
        raise typer.BadParameter("give IN and OUT")
    if source != "-":
        return {"input_path": Path(source), "output_path": out}
    if input_format is None:
        raise typer.BadParameter("standard input needs --input-format csv or jsonl")
    folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="turnout-batch-"))
    path = Path(folder) / f"input.{input_format}"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return {"input_path": path, "output_path": out}


def _parameters(**values: Any) -> BatchParameters:
    from pydantic import ValidationError

    from flows.batch import BatchParameters
    from registry.validation import first_fault

    try:
        return BatchParameters(**values)
    except ValidationError as error:
        place, problem = first_fault(error, BatchParameters)
        raise typer.BadParameter(f"--{place.replace('_', '-')}: {problem}" if place else problem) from None


def _prompt(prompt: str, file: Path | None) -> str:
    if file is None:
        return prompt
    if prompt:
        raise typer.BadParameter("give --prompt or --prompt-file, and not both")
    return _read(file)


def _schema(file: Path | None) -> Any:
    import json

    if file is None:
        return None
    try:
        return json.loads(_read(file))
    except ValueError as error:
        raise InputUnusable(str(file), f"it is no JSON: {error}") from error


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputUnusable(str(file), error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise InputUnusable(str(file), f"byte {error.start + 1} is not UTF-8") from error


def _param(text: str) -> tuple[str, Any]:
    import json

    name, mark, value = text.partition("=")
    if not mark or not name:
        raise typer.BadParameter(f"--param {text!r}: write KEY=VALUE")
    try:
        given = json.loads(value)
    except ValueError:
        given = value
    if name in _NUMBERS and (isinstance(given, bool) or not isinstance(given, int | float) or given < 0):
        raise typer.BadParameter(f"--param {text!r}: {name} is a number of at least 0")
    if name in _WHOLE and not isinstance(given, int):
        raise typer.BadParameter(f"--param {text!r}: {name} is a whole number")
    if name not in _KNOWN:
        nearest = get_close_matches(name, _KNOWN, n=1)
        other = _OTHER_NAMES.get(name) or (nearest[0] if nearest else "")
        hint = f" Did you mean {other}?" if other else ""
        tell(f"--param {name}: services get it as it is, and those that do not know it leave it out.{hint}")
    return name, given


async def _run(
    settings: Settings, parameters: BatchParameters, *, as_json: bool, dry_run: bool, yes: bool
) -> _Outcome | None:
    if not as_json:
        tell("Opening the registry and reading the table …")  # before anything is imported: that takes seconds

    from rich.console import Console

    from gateway.cli.batch_progress import BatchProgress
    from gateway.cli.run import keep_off_the_terminal
    from gateway.prefect_server import prefect_server
    from registry import Home
    from routing import Runtime

    home = Home(settings.home).make()
    async with Runtime.open(settings) as runtime:
        estimate = await _estimate(runtime, parameters)
    if dry_run or not as_json:
        _say_estimate(estimate, as_json=as_json and dry_run)
    if dry_run:
        return None
    if estimate["left"]["cost_high_nanousd"] > _ASK_ABOVE_NANOUSD and not yes:
        from registry import format_usd

        confirm(f"This may cost up to {format_usd(estimate['left']['cost_high_nanousd'])}. Go on?", yes=False)
    if not as_json:
        tell("Starting Prefect's engine …")
    console = Console(stderr=True, no_color=not colourful(), highlight=False)
    with BatchProgress(console, quiet=as_json) as progress:
        async with prefect_server(home.prefect), Runtime.open(settings):
            from flows.batch.flow import route_batch
            from flows.batch.watching import current_batch_observer

            keep_off_the_terminal(
                "prefect.flow_runs",
                "prefect.task_runs",
                "EventsWorker",
                "APILogWorker",
                "prefect._internal.concurrency",
            )
            current_batch_observer.set(progress)
            collect_often()
            outcome = await _watched(asyncio.ensure_future(route_batch(parameters)), progress)
            if outcome.is_server_lost:
                _end(outcome, as_json=as_json)  # and with it this process: closing in order would wait for the server
            return outcome


async def _watched(flow: asyncio.Future[dict[str, Any]], progress: BatchProgress) -> _Outcome:
    """The flow's result. Where Prefect's server has gone away, the results are there all the same."""
    written = asyncio.create_task(progress.is_written.wait())
    try:
        await asyncio.wait([flow, written], return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]  # two kinds
        await asyncio.wait([flow], timeout=LAST_WORDS_SECONDS)
    except asyncio.CancelledError:
        flow.cancel()
        await asyncio.wait([flow])
        raise
    finally:
        written.cancel()
    if progress.result is not None and (not flow.done() or flow.exception() is not None):
        return _Outcome(progress.result, is_server_lost=True)
    return _Outcome(flow.result(), is_server_lost=False)


async def _estimate(runtime: Any, parameters: BatchParameters) -> dict[str, Any]:
    from flows.batch.estimating import estimate

    return await estimate(runtime, parameters)


def _say_estimate(estimate: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(estimate)
        return
    tell(f"{estimate['rows']:,} rows, {estimate['askable']:,} of them to be asked; {_tokens(estimate)}.")
    for problem in estimate["problems"]:
        tell(f"  {problem}")
    known = "" if estimate["price_known"] else ", as far as prices are known"
    tell(f"At {estimate['offering']} that is about {_cost(estimate)}{known}.")
    if estimate["settled"]:
        left = estimate["left"]
        told = f", {_tokens(left)}; about {_cost(left)}" if left["askable"] else ""
        tell(f"Ended before: {estimate['settled']:,}. Left to ask: {left['askable']:,}{told}.")


def _tokens(sums: dict[str, Any]) -> str:
    return f"about {sums['input_tokens']:,} tokens in and up to {sums['output_tokens']:,} out"


def _cost(sums: dict[str, Any]) -> str:
    from registry import format_usd

    low, likely, high = (format_usd(sums[f"cost_{name}_nanousd"]) for name in ("low", "likely", "high"))
    return f"{likely} (between {low} and {high})"


def _end(outcome: _Outcome, *, as_json: bool) -> None:
    """Say what came of it, and end."""
    if not outcome.is_server_lost:
        _say_result(outcome.result, as_json=as_json)
        return
    code = 0
    try:
        _say_result(outcome.result, as_json=as_json)
    except SomeRowsFailed as failure:
        tell(f"turnout: {failure}.")
        code = failure.exit_code
    tell("Prefect's server went away meanwhile: its pages lack the end of this run, which `turnout runs` has.")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)  # Prefect would try for minutes to tell its server


def _say_result(result: dict[str, Any], *, as_json: bool) -> None:
    from registry import format_usd

    lacking = result["failed"] + result["rejected_rows"] + result["broken"]
    if as_json:
        say_json(result)
    else:
        say(f"{result['done']:,} of {result['rows']:,} rows done; cost in all: {format_usd(result['cost_nanousd'])}.")
        say(f"The table: {result['output']}")
        if result["rejected"]:
            say(f"Rejected rows and broken lines: {result['rejected']}")
    if lacking:
        failure = NothingDone if result["done"] == 0 else SomeRowsFailed
        raise failure(result["failed"], result["rejected_rows"], result["broken"])
