"""A Prefect server for the time of one command: own home, own password, loopback only, gone when the command is.

Prefect would start one by itself, but that one answers any web page without a password, gets the terminal's Ctrl-C
before we do, and outlives a command that is killed.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager, closing
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from gateway.errors import PrefectPasswordWrong, PrefectServerFailed, PrefectUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

START_SECONDS = 150.0  # a fresh database takes 20 to 70 s to set up on a busy machine
STOP_SECONDS = 2.0
LOOK_SECONDS = 0.1
CONNECT_SECONDS = 5.0
DRAIN_SECONDS = 1.0
LOG_TAIL_LINES = 3
FULL_BYTES = 1_000_000  # with less, the server cannot even make its tables

logger = logging.getLogger(__name__)


@asynccontextmanager
async def prefect_server(home: Path, *, scheduling: bool = False) -> AsyncIterator[str]:
    """Prefect's API for the block's duration, as its URL: the one that is configured, else a temporary one.

    With ``scheduling`` the temporary one also runs the services that a command does not need: schedules, late runs.

    Sets the environment that Prefect reads its settings from, so it must be entered before Prefect is imported.

    Raises:
        PrefectServerFailed: it did not come up; the message holds the end of its log.
        PrefectUnreachable: nobody listens at the configured one.
    """
    await asyncio.to_thread(home.mkdir, mode=0o700, parents=True, exist_ok=True)
    os.environ.setdefault("PREFECT_HOME", str(home))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    configured = os.environ.get("PREFECT_API_URL")
    if configured:
        await asyncio.to_thread(_check_listening, configured)
        yield configured
        return
    server = TemporaryServer(home, scheduling=scheduling)
    try:
        await server.start()
        os.environ.update(PREFECT_API_URL=server.url, PREFECT_API_AUTH_STRING=server.password)
        yield server.url
    finally:
        await _drain()
        os.environ.pop("PREFECT_API_URL", None)
        os.environ.pop("PREFECT_API_AUTH_STRING", None)
        await asyncio.shield(asyncio.to_thread(server.stop))


def _check_listening(url: str) -> None:
    """That somebody listens there. Prefect's own client asks for half a minute, and gives no sentence.

    Raises:
        PrefectUnreachable: nobody does, or it is no URL.
        PrefectPasswordWrong: it asks for another password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise PrefectUnreachable(url, "it is no http or https URL")
        socket.create_connection((parts.hostname, port), timeout=CONNECT_SECONDS).close()
        if _refuses_password(url):
            raise PrefectPasswordWrong(url)
    except OSError as error:
        raise PrefectUnreachable(url, error.strerror or str(error)) from error
    except ValueError as error:
        raise PrefectUnreachable(url, str(error)) from error


def _refuses_password(url: str) -> bool:
    """Whether the server asks for a password other than ``PREFECT_API_AUTH_STRING``."""
    request = urllib.request.Request(f"{url.rstrip('/')}/admin/version")  # noqa: S310 - http or https, looked at above
    password = os.environ.get("PREFECT_API_AUTH_STRING", "")
    if password:
        request.add_header("Authorization", f"Basic {base64.b64encode(password.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=CONNECT_SECONDS):  # noqa: S310 - see above
            return False
    except urllib.error.HTTPError as answer:
        # Anything else that is wrong with it, Prefect's client says better than we could.
        return answer.code == HTTPStatus.UNAUTHORIZED


class _EndedAtOnce(Exception):
    """The server's process ended before it answered; never leaves this module."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class TemporaryServer:
    """A Prefect server in a process of its own, over the database in ``home``."""

    def __init__(self, home: Path, *, scheduling: bool) -> None:
        self._scheduling = scheduling
        self._home = home
        self._log = home / "temporary-server.log"
        self._database = home / "prefect.db"
        self._aside = home / "prefect.db.unusable"
        self.password = f"turnout:{secrets.token_urlsafe(24)}"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it answers. A database that it cannot use is put aside, and made anew."""
        try:
            await self._start()
        except _EndedAtOnce as first:
            if not await asyncio.to_thread(self.put_database_aside):
                raise self._failed(first) from None
            logger.info("Prefect's server could not use its database, which is now %s", self._aside)
            try:
                await self._start()
            except _EndedAtOnce as second:  # it was something else
                await asyncio.to_thread(self.take_database_back)
                raise self._failed(second) from None

    async def _start(self) -> None:
        spawning = asyncio.ensure_future(asyncio.to_thread(self._spawn))
        try:
            # Not left alone when somebody cancels: there would be a process that nobody knows of.
            process = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            await spawning
            raise
        except OSError as error:
            raise PrefectServerFailed(f"{self._home}: {error.strerror}") from error
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await asyncio.to_thread(self._answers):
                    if process.poll() is not None:
                        raise _EndedAtOnce(process.returncode)
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise PrefectServerFailed(f"no answer within {START_SECONDS:.0f} s", self._tail()) from None

    def _failed(self, ended: _EndedAtOnce) -> PrefectServerFailed:
        if shutil.disk_usage(self._home).free < FULL_BYTES:
            return PrefectServerFailed(f"the disk that holds {self._home} is full")
        return PrefectServerFailed(f"it ended with code {ended.code}", self._tail())

    def put_database_aside(self) -> bool:
        """Rename it where it is at fault. One that is merely locked may be another server's, who is at work."""
        if not self._database.exists() or not self._is_database_unusable():
            return False
        self._database.replace(self._aside)
        for suffix in ("-wal", "-shm"):  # they belong to the one that was put aside
            self._database.with_name(self._database.name + suffix).unlink(missing_ok=True)
        return True

    def _is_database_unusable(self) -> bool:
        try:
            read_only = f"file:{quote(str(self._database))}?mode=ro"
            with closing(sqlite3.connect(read_only, uri=True, timeout=0)) as connection:
                damaged = connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
        except sqlite3.DatabaseError as error:
            damaged = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
        # A later Prefect has brought its tables up to a state that this one does not know.
        return damaged or "Can't locate revision" in self._log.read_text(encoding="utf-8", errors="replace")

    def take_database_back(self) -> None:
        """Undo :meth:`put_database_aside`: it was something else."""
        self._aside.replace(self._database)

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "gateway.prefect_server.child", str(self.port), str(os.getpid())],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C is for us; we end it when we are done
            )
        return self._process

    def _environment(self) -> dict[str, str]:
        own = {
            "PREFECT_HOME": str(self._home),
            "PREFECT_SERVER_API_AUTH_STRING": self.password,
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{self.port}",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
            "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        }
        if not self._scheduling:
            own["PREFECT__SERVER_EPHEMERAL"] = "1"
        return {**os.environ, **own}

    def _answers(self) -> bool:
        with socket.socket() as connection:
            connection.settimeout(1)
            try:
                connection.connect(("127.0.0.1", self.port))
                connection.sendall(b"GET /api/health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                # 401 is an answer too: it asks for the password.
                return connection.recv(16).startswith((b"HTTP/1.1 200", b"HTTP/1.1 401", b"HTTP/1.0 200"))
            except OSError:
                return False

    def _tail(self) -> str:
        """The last lines of its log that say something: not where in the code it happened."""
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        telling = [line for line in lines if line[:1].strip() and not line.startswith(("Traceback", "(Background"))]
        return "\n".join([*telling[-LOG_TAIL_LINES:], f"(all of it: {self._log})"])

    def stop(self) -> None:
        """End it: kindly, then not."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


async def _drain() -> None:
    """Send what Prefect still has to tell its server. What is not sent in time would be retried for minutes at exit."""
    if "prefect.events.worker" not in sys.modules:
        return
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        # What is lost is history in a server that ends now; nobody is to be told, least of all in the middle of a list.
        logging.getLogger(worker.__name__).setLevel(logging.ERROR)
        draining = worker.drain_all(timeout=DRAIN_SECONDS, at_exit=False)
        if inspect.isawaitable(draining):  # it is, inside a loop; Prefect's type covers both uses
            await draining


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
