"""A piece of work as a Prefect task run, with a readable name. Imported only inside Prefect flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from routing.ambient import run_request, run_request_sync

if TYPE_CHECKING:
    from registry.words import TaskRequest, TaskResult


def _name() -> str:
    request = task_run.parameters["request"]
    return " · ".join(part for part in (request.stage or request.capability.value, request.item) if part)


# Retries live in the dispatcher, results in the ledger: Prefect is asked for neither.
@task(name="ai-task", task_run_name=_name, cache_policy=NO_CACHE, persist_result=False, retries=0)
async def _work(request: TaskRequest) -> TaskResult:
    return await run_request(request)


@task(name="ai-task", task_run_name=_name, cache_policy=NO_CACHE, persist_result=False, retries=0)
def _work_sync(request: TaskRequest) -> TaskResult:
    return run_request_sync(request)


async def run_as_prefect_task(request: TaskRequest) -> TaskResult:
    """Do the work as a task run of the flow that is under way."""
    return await _work(request)


def run_as_prefect_task_sync(request: TaskRequest) -> TaskResult:
    """The same from a synchronous flow."""
    return _work_sync(request)
