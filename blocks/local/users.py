"""Who uses the local server: one file a user, locked for as long as its process lives.

The kernel drops a lock when its process ends, however it ends. So a dead user is known at once, and a process id that
was given to another process since fools nobody.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A living user: how many calls it has in flight, and when its file changed last (nanoseconds since 1970)."""

    calls: int
    changed_ns: int


class Membership:
    """This process as one user of the server in ``folder``. Joining twice is joining once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: Path | None = None
        self._descriptor = -1
        self._pid = 0
        self._started = 0.0
        self._calls = 0

    def join(self) -> None:
        """Be counted among the users. A forked child joins as itself; so does a process whose file was swept away.

        Raises:
            OSError: the folder cannot be written.
        """
        if self._file is not None and self._pid == os.getpid() and self._file.exists():
            return
        self._drop()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        hidden = self._folder / f".{name}"
        self._descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        # Locked before it bears a name that counts: the server takes an unlocked file for a dead user's.
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._pid, self._started, self._file = os.getpid(), psutil.Process().create_time(), self._folder / name
        self._write()
        hidden.rename(self._file)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """A call in flight: the server does not count its time as idle, however long it takes."""
        self._calls += 1
        self._write()
        try:
            yield
        finally:
            self._calls -= 1
            self._write()

    def leave(self) -> None:
        """Be no user any more."""
        if self._file is not None and self._pid == os.getpid():
            self._file.unlink(missing_ok=True)
        self._drop()

    def _write(self) -> None:
        if self._descriptor < 0:
            return
        facts = {"calls": self._calls, "pid": self._pid, "started": self._started}
        text = json.dumps(facts).ljust(100).encode()
        os.pwrite(self._descriptor, text, 0)

    def _drop(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._file = -1, None


def living_users(folder: Path) -> list[User]:
    """The users that are alive. Files of dead ones are swept away."""
    users = []
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            if not file.name.startswith("."):
                with suppress(FileNotFoundError):
                    user = _look_at(file)
                    users += [user] if user else []
    return users


def _look_at(file: Path) -> User | None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            file.unlink(missing_ok=True)
            return None
        changed_ns = os.fstat(descriptor).st_mtime_ns
        try:
            calls = int(json.loads(os.pread(descriptor, 200, 0))["calls"])
        except (ValueError, KeyError, TypeError):
            calls = 1  # caught in the middle of a write: somebody is at work
        return User(calls=calls, changed_ns=changed_ns)
    finally:
        os.close(descriptor)
