"""``turnout runs``: what was run, when, how it ended, and where its results are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli.commands import flags_of
from gateway.cli.opening import with_store
from gateway.cli.terminal import say, say_json
from routing.wording import latency_in_words, local_time, utc_iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.cli.opening import Opened
    from registry import Run

States = Literal["running", "done", "failed", "interrupted"]
_US_PER_MS = 1_000


def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(metavar="NUMBER", min=1, max=1_000, help="How many at most.")] = 20,
    before: Annotated[
        int | None, typer.Option(metavar="RUN", min=1, help="Only runs older than this one.", show_default=False)
    ] = None,
    state: Annotated[
        States | None,
        typer.Option(
            metavar="STATE", help="Only runs that are running, done, failed or interrupted.", show_default=False
        ),
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only runs of this pipeline.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """List the runs, the newest first."""

    async def work(opened: Opened) -> Sequence[Run]:
        from registry import Runs

        # One more than is shown tells whether there is a further page.
        return await Runs(opened.store, opened.clock).list(limit + 1, before, state=state, pipeline=pipeline)

    found = with_store(flags_of(context), work)
    page, next_before = found[:limit], found[limit - 1].run_id if len(found) > limit else None
    if as_json:
        say_json({"runs": [run_as_json(run) for run in page], "next_before": next_before})
        return
    if not page:
        say(_none_found(narrowed=bool(before or state or pipeline)))
        return
    _say_runs(page)
    if next_before is not None:
        say()
        say(f"There are older ones: turnout runs --before {next_before}")


def run_as_json(run: Run) -> dict[str, Any]:
    """A run for machines. Its parameters are left out: they hold what people wrote."""
    return {
        "run_id": run.run_id,
        "pipeline": run.pipeline,
        "pipeline_version": run.pipeline_version,
        "state": run.state,
        "abandoned": is_abandoned(run),
        "started_at": utc_iso(_moment(run.started_us)),
        "ended_at": utc_iso(_moment(run.ended_us)),
        "output": run.output,
        "message": run.message,
        "workspace": run.workspace,
        "principal": run.principal,
        "trace_id": run.trace_id,
    }


def is_abandoned(run: Run) -> bool:
    """Whether a run goes by as running, but the process that worked on it has ended on this machine."""
    if run.state != "running":
        return False
    from registry import is_gone

    return is_gone(run.process)


def run_in_words(run: Run) -> str:
    """A run on one line: ``Run 3: storyboard, done, begun 2026-11-22 21:05, took 14.2 s.``."""
    began = local_time(_moment(run.started_us))
    took = f", took {_took(run)}" if run.ended_us is not None else ""
    return f"Run {run.run_id}: {run.pipeline}, {_state(run)}, begun {began}{took}."


def _say_runs(page: Sequence[Run]) -> None:
    from gateway.cli.tables import Column, say_table

    colours = {"done": "green", "failed": "red", "interrupted": "yellow", "abandoned": "yellow"}
    say_table(
        (
            Column(title="run", right=True),
            Column(title="pipeline"),
            Column(title="state", colours=colours),
            Column(title="begun", dispensable=1),
            Column(title="took", right=True, dispensable=2),
            Column(title="result", wraps=True, dispensable=3),
        ),
        [
            (
                run.run_id,
                run.pipeline,
                _state(run),
                local_time(_moment(run.started_us)),
                _took(run),
                _result(run),
            )
            for run in page
        ],
    )


def _none_found(*, narrowed: bool) -> str:
    if narrowed:
        return "No run is like that. `turnout runs` lists them all."
    return "No runs yet. `turnout run storyboard --input FILE` makes one."


def _state(run: Run) -> str:
    return "abandoned" if is_abandoned(run) else run.state


def _result(run: Run) -> str:
    """Where the results are, and what there is to say of them."""
    if run.output and run.message:
        return f"{run.output} ({run.message})"
    return run.output or run.message or "-"


def _took(run: Run) -> str:
    if run.ended_us is None:
        return "-"
    return latency_in_words((run.ended_us - run.started_us) / _US_PER_MS)


def _moment(time_us: int | None) -> Any:
    from registry import from_us

    return None if time_us is None else from_us(time_us)
