"""Finding the local server, and starting it where there is none: two that start at once get one server."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

import blocks
from blocks.errors import ServiceFailure
from blocks.local.model import check_model
from blocks.local.record import Lock, ServerFolder
from blocks.local.users import Membership, living_users
from blocks.transport import WireRequest
from registry.words import FailureClass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from blocks.local.record import Record
    from blocks.transport import Transport

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.02
_HEALTH_SECONDS = 5.0
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSetup:
    """How the server is to run. ``context_tokens`` is the context window of one slot; ``slots`` work side by side."""

    directory: Path
    model_path: Path
    threads: int
    slots: int
    context_tokens: int
    idle_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that runs, and the stamp of the record that says so."""

    record: Record
    stamp: tuple[int, int] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStatus:
    """How the local model stands, for people. ``problem`` is empty where all is well, running or not."""

    running: bool
    model_path: str = ""
    model_bytes: int = 0
    pid: int | None = None
    port: int | None = None
    context_tokens: int | None = None
    slots: int | None = None
    users: int = 0
    log_file: str = ""
    problem: str = ""


class LocalServer:
    """This process's way to the machine's one server for a model."""

    def __init__(self, setup: LocalSetup, transport: Transport) -> None:
        self._setup = setup
        self._transport = transport
        self._place = ServerFolder(setup.directory, setup.model_path)
        self._running: Running | None = None
        self.membership = Membership(self._place.users_folder)

    def current(self) -> Running | None:
        """The server used last, if it lives still. Costs two system calls, no message."""
        running = self._running
        if running is not None and running.stamp == self._place.stamp() and self._place.is_serving():
            return running
        self._running = None
        return None

    def doubt(self) -> None:
        """A call came to nothing: ask the server whether it answers before it is used again."""
        self._running = None

    async def ready(self, timeout_seconds: float) -> Running:
        """A server that answers: the one that runs, or a new one.

        Raises:
            ServiceFailure: ``unavailable_model`` where the model cannot be served, ``transient`` where time ran out.
        """
        end = time.monotonic() + timeout_seconds
        try:
            self._place.make()
            self.membership.join()
            running = self.current()
            if running is not None:
                return running
            async with asyncio.timeout(timeout_seconds), self._starting():
                self._running = self.current() or await self._adopt() or await self._start(end)
        except TimeoutError as error:
            message = f"the local server was not ready within {timeout_seconds:.0f} s; its log: {self._place.log_file}"
            raise ServiceFailure(FailureClass.TRANSIENT, message) from error
        except OSError as error:
            message = f"the local server cannot be started in {self._place.folder}: {error.strerror}"
            raise ServiceFailure(FailureClass.UNAVAILABLE_MODEL, message) from error
        return self._running

    def status(self) -> LocalStatus:
        """How things stand, without starting anything."""
        place, path = self._place, self._setup.model_path
        try:
            check_model(path)
            problem = ""
        except ServiceFailure as failure:
            problem = failure.message
        record = place.read() if place.is_serving() else None
        return LocalStatus(
            running=record is not None,
            model_path=str(path),
            model_bytes=path.stat().st_size if path.is_file() else 0,
            pid=record.pid if record else None,
            port=record.port if record else None,
            context_tokens=record.context_tokens if record else self._setup.context_tokens,
            slots=record.slots if record else self._setup.slots,
            users=len(living_users(place.users_folder)),
            log_file=str(place.log_file),
            problem=problem,
        )

    @asynccontextmanager
    async def _starting(self) -> AsyncIterator[None]:
        """Only one at a time looks for the server or starts it, whichever process it is in."""
        with Lock(self._place.starting_file) as lock:
            while not lock.try_once():  # noqa: ASYNC110 - other processes hold it too, and they set no event of ours
                await asyncio.sleep(_POLL_SECONDS)
            yield

    async def _adopt(self) -> Running | None:
        """The server that lives already, if one does and answers. One that hangs is ended."""
        while self._place.is_serving():
            stamp = self._place.stamp()
            record = self._place.read()
            if record is not None and _is_its_process(record):
                if await self._answers(record) or await self._answers(record):  # a second chance before the worst
                    return Running(record=record, stamp=stamp)
                logger.warning("the local server (pid %d) does not answer; it is ended", record.pid)
                _end(record)
            await asyncio.sleep(_POLL_SECONDS)  # it loads its model, or is about to end
        return None

    async def _answers(self, record: Record) -> bool:
        """Whether it is our server that listens there: it has to know the token."""
        request = WireRequest(
            url=f"{record.url}/v1/models",
            method="GET",
            headers={"authorization": f"Bearer {record.token.get_secret_value()}", "connection": "close"},
            timeout_seconds=_HEALTH_SECONDS,
        )
        try:
            async with self._transport.send(request) as reply:
                return reply.status == 200
        except ServiceFailure:
            return False

    async def _start(self, end: float) -> Running:
        path, log_file = self._setup.model_path, self._place.log_file
        await asyncio.to_thread(check_model, path)
        report = await asyncio.to_thread(self._launch, end)
        if "another" in report:  # it was loading when we looked
            adopted = await self._adopt()
            if adopted is not None:
                return adopted
        stamp, record = self._place.stamp(), self._place.read()
        if "ready" in report and record is not None:
            return Running(record=record, stamp=stamp)
        if "late" in report:
            raise TimeoutError
        reason = str(report.get("error", "its process ended without a word")).rstrip(".")
        raise ServiceFailure(
            FailureClass.UNAVAILABLE_MODEL, f"the local model {path} cannot be served: {reason}; its log: {log_file}"
        )

    def _launch(self, end: float) -> dict[str, object]:
        """Start the process and wait for its report: ``ready``, ``another``, ``error`` or ``late``.

        Runs in a thread. It closes what it opens itself, whatever becomes of the call that asked for it.
        """
        setup = self._setup
        report_fd, child_fd = os.pipe()
        command = [
            *(sys.executable, "-m", "blocks.local.process"),
            *("--directory", str(setup.directory), "--model", str(setup.model_path), "--threads", str(setup.threads)),
            *("--slots", str(setup.slots), "--context-tokens", str(setup.context_tokens)),
            *("--idle-seconds", str(setup.idle_seconds), "--report-fd", str(child_fd)),
        ]
        try:
            with self._place.log_file.open("wb") as log:
                subprocess.run(  # noqa: S603 - our own interpreter and module
                    command,
                    cwd=Path(blocks.__file__).parents[1],  # so that it is this installation that runs
                    env={name: value for name, value in os.environ.items() if not _looks_secret(name)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(child_fd,),
                    start_new_session=True,
                    check=False,
                )
            os.close(child_fd)
            child_fd = -1
            return _read_report(report_fd, end)
        finally:
            os.close(report_fd)
            if child_fd >= 0:
                os.close(child_fd)


def _read_report(report_fd: int, end: float) -> dict[str, object]:
    """The child's line; an empty report where it ended without one."""
    line = b""
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([report_fd], [], [], max(0.0, end - time.monotonic()))
        if not readable:
            return {"late": True}
        piece = os.read(report_fd, 4096)
        if not piece:
            return {}
        line += piece
    report: dict[str, object] = json.loads(line)
    return report


def _is_its_process(record: Record) -> bool:
    """Whether the process that wrote the record lives, and not a later one with the same id."""
    try:
        process = psutil.Process(record.pid)
        is_same = abs(process.create_time() - record.started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return is_same


def _end(record: Record) -> None:
    try:
        psutil.Process(record.pid).kill()
    except psutil.Error as error:
        logger.info("the local server (pid %d) was gone already: %s", record.pid, error)


def _looks_secret(name: str) -> bool:
    """Whether an environment variable may hold a secret: the server needs none, and it outlives its starter."""
    return any(word in name.upper() for word in _SECRET_WORDS)
