"""Runs: starting, resuming and ending one, with a fence so that only one process works on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select, update

from registry.clock import MICROSECONDS_PER_SECOND, now_us
from registry.errors import NotFound, RunTaken
from registry.outbox import Event, append
from registry.processes import is_gone, is_of_this_host, this_process
from registry.tables import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store

RunState = Literal["running", "done", "failed", "interrupted"]
EndState = Literal["done", "failed", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a pipeline. Times are in microseconds since 1970; ``process`` is who works on it, or last did."""

    run_id: int
    pipeline: str
    pipeline_version: str
    state: RunState
    fingerprint: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    output: str | None = None
    process: str = ""
    started_us: int = 0
    heartbeat_us: int = 0
    ended_us: int | None = None
    workspace: str = "default"
    principal: str = "local"
    trace_id: str | None = None
    flow_run_id: str | None = None


class Runs:
    """The runs there are. Every method raises ``StoreError`` where the database cannot be used.

    Whoever works on a run sends a heartbeat now and then. A run may be resumed by another process when it was
    interrupted or failed, or when it is running but its process has ended on this host, or has sent no heartbeat for
    ``stale_seconds``. From then on the first process can neither send heartbeats nor end it.

    Args:
        store: where they are.
        clock: dates everything.
        process: the name of this process.
        stale_seconds: after how long without a heartbeat a run is taken for abandoned.
        gone: whether a process of that name has certainly ended.

    Example:
        >>> async def work(runs: Runs) -> Run:
        ...     run = await runs.start("storyboard", "1", fingerprint="abc", parameters={})
        ...     await runs.heartbeat(run.run_id)
        ...     return await runs.finish(run.run_id, "done", output="out/storyboard.html")
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        process: str | None = None,
        stale_seconds: float = 60.0,
        gone: Callable[[str], bool] = is_gone,
    ) -> None:
        self._store = store
        self._clock = clock
        self._process = process or this_process()
        self._stale_us = int(stale_seconds * MICROSECONDS_PER_SECOND)
        self._gone = gone

    async def start(
        self,
        pipeline: str,
        pipeline_version: str,
        fingerprint: str,
        parameters: Mapping[str, Any],
        *,
        workspace: str = "default",
        principal: str = "local",
        trace_id: str | None = None,
        flow_run_id: str | None = None,
    ) -> Run:
        """Begin a run; ``fingerprint`` is of its input and parameters, and what a resumed run must share.

        ``trace_id`` is that of its trace in OpenTelemetry, in hex; ``flow_run_id`` is Prefect's name for it, by which
        its logs are found there.
        """
        at_us = now_us(self._clock)
        values = {
            "pipeline": pipeline,
            "pipeline_version": pipeline_version,
            "state": "running",
            "fingerprint": fingerprint,
            "parameters": dict(parameters),
            "message": "",
            "process": self._process,
            "started_us": at_us,
            "heartbeat_us": at_us,
            "workspace": workspace,
            "principal": principal,
            "trace_id": trace_id,
            "flow_run_id": flow_run_id,
        }
        async with self._store.write() as connection:
            run_id = await connection.scalar(insert(runs).values(**values).returning(runs.c.run_id))
            return await self._told(connection, int(run_id or 0), "started")

    async def resumable(self, pipeline: str, fingerprint: str) -> Run | None:
        """The latest run of that pipeline and input, where :meth:`resume` would take it; else None.

        An older one is not gone back to: what came after it has begun anew, and perhaps is done.
        """
        run = await self.latest(pipeline, fingerprint)
        return run if run is not None and self._may_be_taken(run) else None

    async def latest(self, pipeline: str, fingerprint: str) -> Run | None:
        """The latest run of that pipeline and input, whatever its state; None where there is none."""
        statement = (
            select(runs)
            .where(runs.c.pipeline == pipeline, runs.c.fingerprint == fingerprint)
            .order_by(runs.c.run_id.desc())
            .limit(1)
        )
        async with self._store.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _from_row(row)

    async def resume(
        self,
        run_id: int,
        *,
        also_done: bool = False,
        trace_id: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Run:
        """Go on with a run in this process; with ``also_done`` one that is done, too: its items stay as they are.

        ``trace_id`` is that of the trace in which it goes on; without one, the earlier one stays. ``parameters`` take
        the place of those that it began with, where they are given.

        Raises:
            NotFound: there is none with that id.
            RunTaken: another process works on it, was quicker to resume it, or it is done.
        """
        async with self._store.write() as connection:
            run = await _find(connection, run_id)
            if not self._may_be_taken(run) and not (also_done and run.state == "done"):
                raise RunTaken(run_id, run.process, run.state)
            at_us = now_us(self._clock)
            now: dict[str, Any] = {"state": "running", "process": self._process, "heartbeat_us": at_us}
            now |= {"ended_us": None, "message": ""}
            if trace_id is not None:
                now["trace_id"] = trace_id
            if parameters is not None:
                now["parameters"] = dict(parameters)
            await _change_unless_changed(connection, run, now)
            return await self._told(connection, run_id, "resumed")

    async def abandoned(self) -> tuple[Run, ...]:
        """The runs whose process died while it worked on them, the oldest first.

        A process of this host is looked at; one of another host is taken for dead after ``stale_seconds`` of silence.
        """
        statement = select(runs).where(runs.c.state == "running").order_by(runs.c.run_id)
        async with self._store.read() as connection:
            found = [_from_row(row) for row in await connection.execute(statement)]
        return tuple(run for run in found if self._is_abandoned(run))

    async def give_up(self, run_id: int, state: EndState, message: str) -> Run:
        """End a run that was abandoned, and that nobody is to go on with.

        Raises:
            NotFound: there is none with that id.
            RunTaken: somebody works on it, or it has ended.
        """
        async with self._store.write() as connection:
            run = await _find(connection, run_id)
            if not self._is_abandoned(run):
                raise RunTaken(run_id, run.process, run.state)
            now = {"state": state, "message": _clean(message), "ended_us": now_us(self._clock)}
            await _change_unless_changed(connection, run, now)
            return await self._told(connection, run_id, state)

    async def heartbeat(self, run_id: int) -> None:
        """Say that this process still works on the run.

        Raises:
            RunTaken: it does not any more.
        """
        async with self._store.write() as connection:
            await self._change(connection, run_id, heartbeat_us=now_us(self._clock))

    async def finish(self, run_id: int, state: EndState, message: str = "", output: str | None = None) -> Run:
        """End a run that this process works on.

        Raises:
            NotFound: there is none with that id.
            RunTaken: another process works on it, or it has ended already.
        """
        at_us = now_us(self._clock)
        async with self._store.write() as connection:
            await self._change(connection, run_id, state=state, message=_clean(message), output=output, ended_us=at_us)
            return await self._told(connection, run_id, state)

    async def list(
        self,
        limit: int = 50,
        before: int | None = None,
        *,
        state: RunState | None = None,
        pipeline: str | None = None,
    ) -> tuple[Run, ...]:
        """The latest runs, newest first; those with an id below ``before``, of one state, of one pipeline."""
        statement = select(runs).order_by(runs.c.run_id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(runs.c.run_id < before)
        if state is not None:
            statement = statement.where(runs.c.state == state)
        if pipeline is not None:
            statement = statement.where(runs.c.pipeline == pipeline)
        async with self._store.read() as connection:
            return tuple([_from_row(row) for row in await connection.execute(statement)])

    async def get(self, run_id: int) -> Run:
        """The run with that id.

        Raises:
            NotFound: there is none.
        """
        async with self._store.read() as connection:
            return await _find(connection, run_id)

    def _may_be_taken(self, run: Run) -> bool:
        if run.state != "running":
            return run.state in {"failed", "interrupted"}
        return self._is_silent(run) or self._gone(run.process)

    def _is_abandoned(self, run: Run) -> bool:
        if run.state != "running":
            return False
        # A machine that slept sends no heartbeats either: a process that can be looked at is looked at.
        return self._gone(run.process) or (self._is_silent(run) and not is_of_this_host(run.process))

    def _is_silent(self, run: Run) -> bool:
        return now_us(self._clock) - run.heartbeat_us > self._stale_us

    async def _change(self, connection: AsyncConnection, run_id: int, **values: Any) -> None:
        ours = (runs.c.run_id == run_id, runs.c.process == self._process, runs.c.state == "running")
        if (await connection.execute(update(runs).where(*ours).values(**values))).rowcount != 1:
            run = await _find(connection, run_id)
            raise RunTaken(run_id, run.process, run.state)

    async def _told(self, connection: AsyncConnection, run_id: int, what: str) -> Run:
        run = await _find(connection, run_id)
        event = Event(
            kind=f"turnout.run.{what}",
            subject=str(run_id),
            content={"pipeline": run.pipeline, "state": run.state, "output": run.output},
            workspace=run.workspace,
        )
        await append(connection, now_us(self._clock), event)
        return run


async def _change_unless_changed(connection: AsyncConnection, run: Run, values: Mapping[str, Any]) -> None:
    """Change a run as it was read. On PostgreSQL two may have read the same: only one still finds it as it was."""
    as_read = (
        runs.c.run_id == run.run_id,
        runs.c.state == run.state,
        runs.c.process == run.process,
        runs.c.heartbeat_us == run.heartbeat_us,
    )
    if (await connection.execute(update(runs).where(*as_read).values(**values))).rowcount != 1:
        taken = await _find(connection, run.run_id)
        raise RunTaken(run.run_id, taken.process, taken.state)


def _clean(message: str) -> str:
    return message.replace("\x00", "\ufffd")


async def _find(connection: AsyncConnection, run_id: int) -> Run:
    row = (await connection.execute(select(runs).where(runs.c.run_id == run_id))).one_or_none()
    if row is None:
        raise NotFound("run", run_id)
    return _from_row(row)


def _from_row(row: Row[Any]) -> Run:
    return Run(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
