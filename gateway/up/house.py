"""The whole house: what is checked first, what is started after what, and how all of it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gateway.discovering import in_words, look_around
from gateway.errors import PartFailed, PrefectUnreachable
from gateway.up.lock import UpLock
from gateway.up.parts import (
    REPOSITORY,
    deployments_digest,
    gateway_part,
    pages_part,
    password_file,
    prefect_access,
    prefect_part,
    worker_part,
)
from gateway.up.supervising import Supervisor
from registry import AccessKeys, PortTaken, Store, seed
from registry.serving import as_url, listening_socket

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.up.parts import PrefectAccess
    from registry import Home, Settings

T = TypeVar("T")

FIRST_KEY = "first key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where everything is. ``key`` is the first access key, where it was just made: it is shown this once."""

    gateway: str
    pages: str | None
    prefect: str | None
    password_file: Path | None
    key: str | None

    def listed(self) -> dict[str, str]:
        """The addresses by name."""
        named = {"gateway": self.gateway, "pages": self.pages, "prefect": self.prefect}
        return {name: address for name, address in named.items() if address}


class House:
    """Starts everything over one data directory, keeps it running, and ends it.

    ``told`` hears a sentence when something changes; ``ready`` hears the addresses once.
    """

    def __init__(
        self,
        settings: Settings,
        home: Home,
        *,
        with_prefect: bool,
        with_pages: bool,
        told: Callable[[str], None],
        ready: Callable[[Addresses], None],
    ) -> None:
        self._settings = settings
        self._home = home
        self._with_prefect = with_prefect
        self._with_pages = with_pages
        self._told = told
        self._ready = ready
        self._supervisor = Supervisor(home.logs, told)
        self._ending = asyncio.Event()
        self._times_told = 0

    async def run(self) -> int:
        """Run until told to end (Ctrl-C, SIGTERM, SIGHUP); the exit code: 1 where a part had to be given up.

        Raises:
            AlreadyUp: it runs already.
            PortTaken: a port is not to be had; nothing is left running.
            PartFailed: a part did not start; nothing is left running.
            RegistryError: the database cannot be used.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end)
        with UpLock(lock_file(self._home)) as lock:
            try:
                starting = asyncio.create_task(self._start())
                addresses = await self._unless_ended(starting)
                if addresses is not None:
                    lock.tell({"pid": os.getpid(), "addresses": addresses.listed(), "since": time.time()})
                    self._ready(addresses)
                    await self._unless_ended(asyncio.create_task(self._supervisor.watch()))
            finally:
                await self._supervisor.stop()
        return 1 if self._supervisor.given_up else 0

    def _end(self) -> None:
        self._times_told += 1
        self._ending.set()
        if self._times_told > 1:
            self._told("told to end once more: everything is killed")
            self._supervisor.kill()

    async def _unless_ended(self, work: asyncio.Task[T]) -> T | None:
        """What the work gives; None where we were told to end before, and the work was cancelled."""
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait([work, ending], return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            for task in (work, ending):
                task.cancel()
            await asyncio.gather(work, ending, return_exceptions=True)

    async def _start(self) -> Addresses:
        settings = self._settings
        self._check_ports()
        key = await self._first_key()
        access = self._prefect_access() if self._with_prefect else None
        async with asyncio.TaskGroup() as starting:  # side by side: each takes seconds to import what it needs
            gateway = starting.create_task(self._supervisor.start(gateway_part(settings, settings.gateway_port)))
            pages = starting.create_task(self._start_pages(access))
            if access is not None:
                starting.create_task(self._start_prefect(access))
        host = settings.gateway_host
        return Addresses(
            gateway=f"{as_url(host, gateway.result().port or 0)}/v1",
            pages=None if (port := pages.result()) is None else as_url(host, port),
            prefect=None if access is None else access.url.removesuffix("/api"),
            password_file=password_file(self._home) if access is not None and access.is_ours else None,
            key=key,
        )

    async def _start_pages(self, access: PrefectAccess | None) -> int | None:
        """Start the pages, if they are wanted; their port."""
        if not self._with_pages:
            return None
        return (await self._supervisor.start(pages_part(self._settings, self._settings.pages_port, access))).port

    def _check_ports(self) -> None:
        """Find out before anything is started whether the ports are to be had."""
        settings = self._settings
        wanted = [(settings.gateway_host, settings.gateway_port, "--gateway-port or TURNOUT_GATEWAY_PORT")]
        if self._with_pages:
            wanted.append((settings.gateway_host, settings.pages_port, "--pages-port or TURNOUT_PAGES_PORT"))
        if self._with_prefect and "PREFECT_API_URL" not in os.environ:
            wanted.append(("127.0.0.1", settings.prefect_port, "--prefect-port or TURNOUT_PREFECT_PORT"))
        for host, port, flag in wanted:
            try:
                listening_socket(host, port, flag).close()
            except PortTaken as taken:
                raise PortTaken(host, port, taken.problem, flag, holder_of(port)) from None

    async def _first_key(self) -> str | None:
        """A first access key, where there is none; and while the database is open, servers on this machine."""
        store = await Store.open(self._settings.store_url, backup_directory=self._home.backups)
        try:
            await seed(store, time.time)
            found = in_words(await look_around(store, self._settings))
            if found:
                self._told(found)
            keys = AccessKeys(store, time.time)
            if await keys.list():
                return None
            _, key = await keys.create(
                FIRST_KEY,
                scopes=("call", "read", "admin"),
                workspace=self._settings.workspace,
                principal=self._settings.principal,
            )
            return key
        finally:
            await store.close()

    def _prefect_access(self) -> PrefectAccess:
        return prefect_access(self._home, self._settings.prefect_port or _free_port())

    async def _start_prefect(self, access: PrefectAccess) -> None:
        if access.is_ours:
            self._told("Starting Prefect's server (the first time takes half a minute) …")
            await self._supervisor.start(prefect_part(self._home, access))
        elif not await asyncio.to_thread(access.answers):
            raise PrefectUnreachable(access.url, "no answer, or it wants another PREFECT_API_AUTH_STRING")
        await self._arrange(access)
        await self._supervisor.start(worker_part(self._home, access))

    async def _arrange(self, access: PrefectAccess) -> None:
        """Tell Prefect's server of pool, deployments and limits, where they have changed since it was told."""
        mark = self._home.prefect / "deployed"
        digest = f"{access.url if not access.is_ours else 'ours'} {deployments_digest()}"
        with suppress(FileNotFoundError):
            if mark.read_text(encoding="utf-8") == digest:
                return
        self._told("Putting the deployments of prefect.yaml on the server …")
        environment = {**os.environ, "PREFECT_HOME": str(self._home.prefect), "DO_NOT_TRACK": "1"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway.up.arranging",
            env={**environment, **access.environment()}, cwd=REPOSITORY, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            said, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            raise PartFailed("the deployments", "they were not taken", said.decode(errors="replace")[-2_000:])
        mark.write_text(digest, encoding="utf-8")


def lock_file(home: Home) -> Path:
    """The file that says who runs the house."""
    return home.path / "up.lock"


def holder_of(port: int) -> str:
    """Who listens at a port, as far as it can be told."""
    import psutil

    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
                return f"{psutil.Process(connection.pid).name()}, process {connection.pid}"
    return ""


def _free_port() -> int:
    with listening_socket("127.0.0.1", 0, "") as probe:
        port: int = probe.getsockname()[1]
        return port
