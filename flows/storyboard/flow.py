"""The storyboard as a Prefect flow: one thought becomes pictures, a page and tables, and goes on after a crash."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from prefect import flow, task
from prefect.artifacts import acreate_progress_artifact, acreate_table_artifact, aupdate_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run, task_run

from flows.resuming import RunItems, fingerprint, run_to_resume
from flows.running import flow_runtime, noted_end
from flows.storyboard.asking import Asking
from flows.storyboard.auditing import audit
from flows.storyboard.decisions import decision_row
from flows.storyboard.making import STAGES, VERSION, StoryboardMaking
from flows.storyboard.outputs import write_outputs
from flows.storyboard.parameters import StoryboardParameters  # noqa: TC001 - Prefect makes its form of it
from flows.storyboard.thought import read_thought, read_thought_file
from flows.watching import current_observer
from flows.wishing import as_asked
from registry.words import NANOUSD_PER_USD
from routing.tracing import traced_run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from flows.storyboard.auditing import AuditLine
    from flows.storyboard.words import DecisionRow, Thought
    from flows.watching import Observer
    from registry import Run
    from registry.words import TaskResult
    from routing import Runtime

T = TypeVar("T")

# What does not change what is made: where it is written, and whether to begin anew.
_BESIDE_THE_POINT = {"output_directory", "fresh", "input_path", "thought", "priority"}


def _step_name() -> str:
    parameters = task_run.parameters
    return f"{parameters['stage']} · {parameters['item']}"


# Retries live in the dispatcher, results in the item ledger: Prefect shows the step and is asked for neither.
@task(name="storyboard-item", task_run_name=_step_name, cache_policy=NO_CACHE, persist_result=False, retries=0)
async def _step(stage: str, item: str, work: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG001 - they name the task run
    return await work()


@flow(name="storyboard", persist_result=False, retries=0)
async def storyboard(parameters: StoryboardParameters) -> dict[str, Any]:
    """One thought becomes a storyboard: a page, JSON, CSV and a contact sheet.

    The same call after a crash or a Ctrl-C goes on with what is missing.

    Returns:
        ``run_id``, ``page`` (path), ``shots``, ``cost_nanousd``.

    Raises:
        ThoughtError: the thought cannot be used.
        RoutingError: no service could do a part of the work.
        NoUsableAnswer: services answered, but not once with something that could be used.
        OutputFailed: the results could not be written.
    """
    thought = _read(parameters)
    async with flow_runtime() as runtime:
        with traced_run(runtime.tracing, "storyboard") as traced:
            run = await _begin(runtime, thought, parameters, traced.trace_id)
            traced.began(run.run_id)
            async with noted_end(runtime, run.run_id):
                result = await _work(runtime, run, thought, parameters)
                await runtime.runs.finish(run.run_id, "done", output=result["page"])
            return result


def _read(parameters: StoryboardParameters) -> Thought:
    if parameters.input_path is not None:
        return read_thought_file(parameters.input_path, language=parameters.language)
    return read_thought(parameters.thought or "", language=parameters.language)


async def _begin(runtime: Runtime, thought: Thought, parameters: StoryboardParameters, trace_id: str | None) -> Run:
    """A new run, or the unfinished one of the same thought and parameters."""
    told = as_asked(parameters.model_dump(mode="json", exclude=_BESIDE_THE_POINT))
    print_ = fingerprint(thought, told)
    resumed = await run_to_resume(runtime.runs, print_, trace_id)
    if resumed is not None:
        return resumed
    before = None if parameters.fresh else await runtime.runs.resumable("storyboard", print_)
    if before is not None:
        return await runtime.runs.resume(before.run_id, trace_id=trace_id)
    settings = runtime.settings
    # What it takes to go on after a crash without the file, and from another folder.
    kept = told | {
        "thought": thought.text,
        "output_directory": str(parameters.output_directory.absolute()),
        "priority": parameters.priority,
    }
    return await runtime.runs.start(
        "storyboard", VERSION, print_, kept, workspace=settings.workspace, principal=settings.principal,
        trace_id=trace_id, flow_run_id=flow_run.id,
    )  # fmt: skip


async def _work(runtime: Runtime, run: Run, thought: Thought, parameters: StoryboardParameters) -> dict[str, Any]:
    observer = current_observer.get()
    done = await runtime.items.done(run.run_id)
    observer.run_began(run.run_id, len(done))
    progress = await _Progress.begin(observer)
    making = StoryboardMaking(
        run_id=run.run_id,
        ask=Asking(runtime.run, workspace=runtime.settings.workspace, principal=runtime.settings.principal),
        items=RunItems(runtime.items, run.run_id, done, VERSION, observer),
        assets=runtime.assets,
        step=_step,
        observer=progress,
        wishes=parameters.wishes(),
        max_parallel=runtime.settings.max_parallel,
    )
    warming = asyncio.create_task(runtime.warm_up_audit())
    try:
        board, pictures = await making.make(thought, parameters)
        await warming
        progress.stage_began("audit", 1)
        audited = await _step("audit", "checks", partial(audit, runtime, making.results))
        progress.item_done("audit", "checks", reused=False)
    finally:
        warming.cancel()
        await asyncio.gather(warming, return_exceptions=True)
    await runtime.drain()
    told = [decision_row(explained, runtime.checks) for explained in await runtime.decisions.explain_run(run.run_id)]
    rows = tuple(row for row in told if row is not None)
    board = board.model_copy(update={"decisions": rows})
    outputs = await asyncio.to_thread(write_outputs, board, pictures, parameters.output_directory)
    await _tables(rows, audited)
    await progress.end()
    return {
        "run_id": run.run_id,
        "page": str(outputs.page.absolute()),
        "shots": len(board.shots),
        "cost_nanousd": sum(row.cost_nanousd for row in rows),
        "tally": board.tally().model_dump(),
        "audit": [line.told() for line in audited],
    }


async def _tables(rows: tuple[DecisionRow, ...], audited: tuple[AuditLine, ...]) -> None:
    """The decisions and the audit as tables in Prefect's UI."""
    await acreate_table_artifact(
        key="storyboard-decisions",
        description="Who did which part, what it took, and why not the others.",
        table=[
            {
                "stage": row.stage,
                "item": row.item,
                "chosen": row.offering,
                "latency_ms": round(row.latency_ms),
                "cost_usd": row.cost_nanousd / NANOUSD_PER_USD,
                "score": row.score,
                "others": "; ".join(row.runners_up),
            }
            for row in rows
        ],
    )
    await acreate_table_artifact(
        key="storyboard-audit",
        description="Great Expectations' verdicts on all results of this run, check by check.",
        table=[line.told() for line in audited],
    )


class _Progress:
    """Passes progress on to the observer, and shows it as an artifact in Prefect's UI, at most once a stage."""

    def __init__(self, observer: Observer, artifact_id: UUID) -> None:
        self._observer = observer
        self._artifact_id = artifact_id
        self._updates: asyncio.Queue[float | None] = asyncio.Queue()
        self._seen: list[str] = []
        self._updating = asyncio.create_task(self._keep_updating())

    @classmethod
    async def begin(cls, observer: Observer) -> _Progress:
        """Make the artifact."""
        artifact_id = await acreate_progress_artifact(0.0, key="storyboard-progress", description="Stages done.")
        return cls(observer, artifact_id)

    def stage_began(self, stage: str, items: int) -> None:
        """The stages before this one are done."""
        if stage not in self._seen:
            self._updates.put_nowait(100.0 * len(self._seen) / (len(STAGES) + 1))
            self._seen.append(stage)
        self._observer.stage_began(stage, items)

    def run_began(self, run_id: int, resumed_items: int) -> None:
        """Pass it on."""
        self._observer.run_began(run_id, resumed_items)

    def item_done(self, stage: str, item: str, *, reused: bool) -> None:
        """Pass it on."""
        self._observer.item_done(stage, item, reused=reused)

    def task_done(self, stage: str, item: str, result: TaskResult) -> None:
        """Pass it on."""
        self._observer.task_done(stage, item, result)

    async def end(self) -> None:
        """All is done."""
        self._updates.put_nowait(100.0)
        self._updates.put_nowait(None)
        await self._updating

    async def _keep_updating(self) -> None:
        while (percent := await self._updates.get()) is not None:
            await aupdate_progress_artifact(self._artifact_id, percent)
