"""One house per data directory: a locked file that says who runs it and where it listens."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Any, Self

from gateway.errors import AlreadyUp

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class UpLock:
    """Held while everything runs; the kernel lets go of it however the process ends.

    Raises:
        AlreadyUp: another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise AlreadyUp(read_up(self._path)) from None
        self._file = file
        self.tell({"pid": os.getpid()})
        return self

    def tell(self, facts: dict[str, Any]) -> None:
        """Write down who and where we are."""
        assert self._file is not None  # noqa: S101 - it is entered
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(facts).encode(), 0)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)


def read_up(path: Path) -> dict[str, Any]:
    """What whoever runs the house has written down; empty where nobody does."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return {}
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            content = os.read(file, 65_536)
            try:
                return dict(json.loads(content))
            except ValueError:  # it is just being written
                return {"pid": 0}
        return {}  # nobody holds it
    finally:
        os.close(file)
