"""A batch as a Prefect flow: one task a chunk, many rows at once, and on with what is missing after a crash."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run, task_run

from flows.batch.admission import place_among_batches
from flows.batch.earlier import VERSION, run_before, run_print, version_of
from flows.batch.flow_input import input_file
from flows.batch.output import batched, rejected_path, write_results
from flows.batch.parameters import BatchParameters, format_of
from flows.batch.reading import open_table
from flows.batch.surveying import Asking, digest_of, limited, survey
from flows.batch.watching import current_batch_observer
from flows.batch.working import Working
from flows.errors import TableChanged
from flows.resuming import run_to_resume
from flows.running import flow_runtime, noted_end
from routing.tracing import traced_run

if TYPE_CHECKING:
    from pathlib import Path

    from flows.batch.output import Tally
    from flows.batch.reading import Row, Table
    from flows.batch.surveying import Survey
    from registry import Run
    from routing import Runtime

logger = logging.getLogger(__name__)

CHUNKS_AHEAD = 2
"""Chunks that are open beyond those that the concurrency needs, so that no place stays empty at a chunk's end."""


def _chunk_name() -> str:
    parameters = task_run.parameters
    return f"rows {parameters['first']:,} to {parameters['last']:,}"


# The item ledger remembers what is done: a retry asks only what is missing, and no result is kept by Prefect.
@task(
    name="batch-chunk", task_run_name=_chunk_name, cache_policy=NO_CACHE, persist_result=False, retries=2,
    retry_delay_seconds=1,
)  # fmt: skip
async def _chunk(first: int, last: int, work: Any) -> None:  # noqa: ARG001 - they name the task run
    await work()


@flow(name="route_batch", persist_result=False, retries=0)
async def route_batch(parameters: BatchParameters) -> dict[str, Any]:
    """Every row of a table through the router; the same table out, with result, service, cost, score and error.

    The same call after a crash or a Ctrl-C goes on with what is missing. Where Prefect has the limit
    ``turnout-batches`` and all its places are taken, it waits for one.

    Returns:
        ``run_id``, ``output``, ``rejected`` (a path, or None), ``rows``, ``done``, ``failed``, ``rejected_rows``,
        ``broken``, ``cost_nanousd``.

    Raises:
        BatchError: the table or the prompt cannot be used.
        RoutingError: no service can do such work at all.
        OutputFailed: the results could not be written.
    """
    async with input_file(parameters) as path, flow_runtime() as runtime:
        table = await asyncio.to_thread(open_table, path)
        found = await asyncio.to_thread(survey, table, parameters, path)
        async with place_among_batches():
            return await _run(runtime, table, found, parameters, path)


async def _run(
    runtime: Runtime, table: Table, found: Survey, parameters: BatchParameters, path: Path
) -> dict[str, Any]:
    """Begin or go on, ask what is missing, write the results."""
    asking = Asking(parameters, table.columns)
    with traced_run(runtime.tracing, "route_batch") as traced:
        run = await _begin(runtime, parameters, found, traced.trace_id)
        traced.began(run.run_id)
        return await _do(runtime, run, asking, table, found, parameters, path)


async def _do(
    runtime: Runtime, run: Run, asking: Asking, table: Table, found: Survey, parameters: BatchParameters, path: Path
) -> dict[str, Any]:
    observer = current_batch_observer.get()
    observer.began(run.run_id, found.rows)
    async with noted_end(runtime, run.run_id):
        working = Working(
            runtime=runtime,
            run=run,
            asking=asking,
            version=version_of(parameters),
            places=parameters.concurrency or runtime.settings.batch_concurrency,
            retry_failed=parameters.retry_failed,
            observer=observer,
        )
        try:
            await _work(runtime, working, table, parameters)
        finally:
            await working.aclose()
        if await asyncio.to_thread(digest_of, path) != found.digest:
            raise TableChanged(str(path))
        tally = await write_results(runtime, run, table, found, parameters)
        await runtime.drain()
        await _finish(runtime, run, tally, str(parameters.output_path.absolute()))
        result = _told(run, parameters, found, tally)
        observer.written(result)
    return result


async def _finish(runtime: Runtime, run: Run, tally: Tally, output: str) -> None:
    """Note how the run has ended: one that has no result at all has failed, whatever its table says."""
    lacking = (("failed", tally.failed), ("rejected", tally.rejected), ("unreadable", tally.broken))
    told = ", ".join(f"{count:,} {what}" for what, count in lacking if count)
    if told and not tally.done:
        await runtime.runs.finish(run.run_id, "failed", f"no row has a result: {told}", output)
    else:
        await runtime.runs.finish(run.run_id, "done", f"some rows have no result: {told}" if told else "", output)


async def _begin(runtime: Runtime, parameters: BatchParameters, found: Survey, trace_id: str | None) -> Run:
    """The run of the same table and questions, where there is one; else a new one. A finished one keeps its results."""
    runs, settings = runtime.runs, runtime.settings
    resumed = await run_to_resume(runs, run_print(parameters, found), trace_id)
    if resumed is not None:
        return resumed
    told = parameters.model_dump(mode="json", exclude={"fresh", "database_url"})
    told["output_path"] = str(parameters.output_path.absolute())  # it may go on from another folder
    if parameters.input_path is not None:
        told["input_path"] = str(parameters.input_path.absolute())
    before = await run_before(runtime, parameters, found)
    if before is not None:  # it may want more rows than then, or another file
        return await runs.resume(before.run_id, also_done=True, trace_id=trace_id, parameters=told)
    return await runs.start(
        "route_batch", VERSION, run_print(parameters, found), told, workspace=settings.workspace,
        principal=settings.principal, trace_id=trace_id, flow_run_id=flow_run.id,
    )  # fmt: skip


async def _work(runtime: Runtime, working: Working, table: Table, parameters: BatchParameters) -> None:
    """All chunks, some of them at a time. After an error none begins, and those under way end by themselves."""
    size = parameters.chunk_rows or runtime.settings.batch_chunk_rows
    places = parameters.concurrency or runtime.settings.batch_concurrency
    most_open = -(-places // size) + CHUNKS_AHEAD
    chunks = batched(limited(table, parameters.limit), size)
    under_way: set[asyncio.Task[None]] = set()
    try:
        while rows := await asyncio.to_thread(next, chunks, None):
            under_way.add(asyncio.create_task(_do_chunk(working, rows)))
            if len(under_way) >= most_open:
                ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for one in ended:
                    one.result()
        while under_way:
            ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                one.result()
    except Exception:
        await asyncio.gather(*under_way, return_exceptions=True)
        raise
    finally:
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _do_chunk(working: Working, rows: list[Row]) -> None:
    error: BaseException | None = None

    async def work() -> None:
        nonlocal error
        try:
            await working.chunk(rows)
        except* Exception as group:  # noqa: BLE001 - the first of them is told; Prefect need not know of groups
            error = _first(group)
        if error is not None:
            raise error

    await _chunk(first=rows[0].number, last=rows[-1].number, work=work)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _told(run: Run, parameters: BatchParameters, found: Survey, tally: Tally) -> dict[str, Any]:
    beside = rejected_path(parameters.output_path)
    has_rejected = tally.rejected + tally.broken > 0
    return {
        "run_id": run.run_id,
        "output": str(parameters.output_path.absolute()),
        "format": format_of(parameters.output_path),
        "rejected": str(beside.absolute()) if has_rejected else None,
        "rows": found.rows,
        "done": tally.done,
        "failed": tally.failed,
        "rejected_rows": tally.rejected,
        "broken": tally.broken,
        "cost_nanousd": tally.cost_nanousd,
    }
