"""Starting parts, watching over them, stopping them: each in a session of its own, none left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from gateway.errors import PartFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.up.parts import Part

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
WATCH_SECONDS = 1.0
LARGEST_LOG_BYTES = 10_000_000
LOGS_KEPT = 5
MOST_RESTARTS = 5
RESTARTS_WITHIN_SECONDS = 600.0
LONGEST_BACKOFF_SECONDS = 30.0
TAIL_LINES = 5


class Running:
    """One part's process, and what it said of its port."""

    def __init__(self, part: Part, process: subprocess.Popen[bytes], log: Path) -> None:
        self.part = part
        self.process = process
        self.log = log
        self.port: int | None = None
        self.restarts: deque[float] = deque(maxlen=MOST_RESTARTS)

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([*lines[-TAIL_LINES:], f"(all of it: {self.log})"])

    def signal_group(self, number: int) -> None:
        """Send a signal to the process and all that it started in its session."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class Supervisor:
    """Starts parts, restarts those that die, stops them all. ``told`` hears a sentence when something changes."""

    def __init__(self, logs: Path, told: Callable[[str], None]) -> None:
        self._logs = logs
        self._told = told
        self._running: list[Running] = []
        self.given_up = False

    async def start(self, part: Part) -> Running:
        """Start a part and wait until it is ready.

        Raises:
            PartFailed: it ended, or was not ready in time. What it said last is in the message.
        """
        running = await self._spawn(part)
        self._running.append(running)
        return running

    async def watch(self) -> None:
        """Restart parts that die, with growing pauses; give up on one that keeps dying. Never returns."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for running in list(self._running):
                code = running.process.poll()
                if code is not None:
                    await self._restart(running, code)
                _cap(running.log)

    async def stop(self) -> None:
        """End the parts, the last started first, each within its time, and then by force."""
        while self._running:
            running = self._running.pop()
            began = time.monotonic()
            await _end(running)
            self._told(f"{running.part.name}: ended after {time.monotonic() - began:.1f} s")

    def kill(self) -> None:
        """End everything at once."""
        for running in self._running:
            running.signal_group(signal.SIGKILL)

    async def _restart(self, dead: Running, code: int) -> None:
        part = dead.part
        self._running.remove(dead)
        dead.signal_group(signal.SIGKILL)  # what it started, if anything is left
        now = time.monotonic()
        recent = [at for at in dead.restarts if now - at < RESTARTS_WITHIN_SECONDS]
        if len(recent) >= MOST_RESTARTS:
            self.given_up = True
            self._told(f"{part.name}: ended with code {code} once more, and is given up. It said:\n{dead.tail()}")
            return
        pause = min(LONGEST_BACKOFF_SECONDS, 2.0 ** len(recent) - 1)
        self._told(f"{part.name}: ended with code {code}; it is started again{f' in {pause:.0f} s' if pause else ''}")
        await asyncio.sleep(pause)
        try:
            again = await self._spawn(part)
        except PartFailed as error:
            dead.restarts.append(now)
            self._told(str(error))
            self._running.append(dead)  # and it is tried again at the next look
            return
        again.restarts.extend([*recent, now])
        self._running.append(again)
        self._told(f"{part.name}: runs again")

    async def _spawn(self, part: Part) -> Running:
        log = self._logs / f"{part.name}.log"
        _rotate(log)
        reading, writing = os.pipe() if part.says_ready else (None, None)
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: ASYNC220, S603 - our own modules; starting one takes a millisecond
                part.command(writing),
                env={**os.environ, **part.environment},
                cwd=part.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[] if writing is None else [writing],
                start_new_session=True,  # the terminal's Ctrl-C is for us; we end it when we are done
            )
        running = Running(part, process, log)
        try:
            if writing is not None:
                os.close(writing)
            await self._until_ready(running, reading)
        except BaseException:
            await asyncio.shield(_end(running))
            raise
        finally:
            if reading is not None:
                os.close(reading)
        return running

    async def _until_ready(self, running: Running, reading: int | None) -> None:
        part = running.part
        try:
            async with asyncio.timeout(part.start_seconds):
                if reading is not None:
                    running.port = await asyncio.to_thread(_read_port, reading, running.process)
                while part.answers is not None and not await asyncio.to_thread(part.answers):
                    if running.process.poll() is not None:
                        break
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise PartFailed(part.name, f"not ready within {part.start_seconds:.0f} s", running.tail()) from None
        if running.process.poll() is not None or (reading is not None and running.port is None):
            code = await asyncio.to_thread(running.process.wait)
            raise PartFailed(part.name, f"ended with code {code}", running.tail())


def _read_port(reading: int, process: subprocess.Popen[bytes]) -> int | None:
    """The port that a part says; None where it ends without a word."""
    said = b""
    while not said.endswith(b"\n") and process.poll() is None:
        chunk = os.read(reading, 32)
        if not chunk:
            break
        said += chunk
    return int(said) if said.strip().isdigit() else None


async def _end(running: Running) -> None:
    """End one part and all that it started: kindly, then not."""
    running.signal_group(signal.SIGTERM)
    try:
        async with asyncio.timeout(running.part.stop_seconds):
            # Also what it started: a flow notes that it was interrupted.
            while running.process.poll() is None or _has_members(running.process.pid):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
    except TimeoutError:
        logger.warning("%s did not end within %.0f s and is killed", running.part.name, running.part.stop_seconds)
    running.signal_group(signal.SIGKILL)  # also those that it left behind
    await asyncio.to_thread(running.process.wait)


def _has_members(group: int) -> bool:
    """Whether a process group has anybody left who is alive."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def _rotate(log: Path) -> None:
    """Begin a new log, and keep some of the old ones."""
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_suffix(f".{number}.log")
        if older.exists():
            older.replace(log.with_suffix(f".{number + 1}.log"))
    log.replace(log.with_suffix(".1.log"))


def _cap(log: Path) -> None:
    """Empty a log that has grown too large, and keep what it had: its process goes on writing at its end."""
    with suppress(OSError):
        if log.stat().st_size > LARGEST_LOG_BYTES:
            log.with_suffix(".1.log").write_bytes(log.read_bytes())
            os.truncate(log, 0)
