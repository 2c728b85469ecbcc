"""What the local server leaves for its users to find it by: a record with its address, and a lock while it lives."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, field_serializer

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Record(BaseModel):
    """The server's address and nature. ``started`` (seconds since 1970) tells its process from one with the same id.

    ``context_tokens`` is the context window of one slot.
    """

    model_config = ConfigDict(frozen=True)

    pid: int
    started: float
    port: int
    token: SecretStr
    model_path: str
    context_tokens: int
    slots: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @field_serializer("token", when_used="json")
    def _bare(self, token: SecretStr) -> str:
        return token.get_secret_value()


class ServerFolder:
    """One model's server as it lies on disk: its record, its locks, its log, its users."""

    def __init__(self, directory: Path, model_path: Path) -> None:
        # Two models are two servers; a name from the path keeps them apart and tells people which is which.
        digest = hashlib.sha256(str(model_path).encode()).hexdigest()[:8]
        self.folder = directory / f"{model_path.stem[:40]}-{digest}"
        self.record_file = self.folder / "server.json"
        self.starting_file = self.folder / "starting.lock"
        self.serving_file = self.folder / "serving.lock"
        self.log_file = self.folder / "server.log"
        self.users_folder = self.folder / "users"

    def make(self) -> None:
        """Make the folder, for its owner only.

        Raises:
            OSError: it cannot be made.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def read(self) -> Record | None:
        """The record; None where there is none or it makes no sense."""
        try:
            return Record.model_validate_json(self.record_file.read_bytes())
        except (OSError, ValidationError):
            return None

    def stamp(self) -> tuple[int, int]:
        """What changes whenever the record is written; (0, 0) where there is none."""
        try:
            status = self.record_file.stat()
        except OSError:
            return 0, 0
        return status.st_ino, status.st_mtime_ns

    def write(self, record: Record) -> None:
        """Put the record in place in one step, readable by its owner only."""
        draft = self.record_file.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - Path opens no descriptor
            file.write(record.model_dump_json())
        draft.replace(self.record_file)

    def is_serving(self) -> bool:
        """Whether a server lives here (or is loading its model)."""
        try:
            descriptor = os.open(self.serving_file, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


class Lock:
    """An exclusive lock on a file. It ends with the process at the latest."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor = -1

    def try_once(self) -> bool:
        """Take the lock if nobody has it."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def try_for(self, seconds: float) -> bool:
        """Take the lock, asking again for a while: others look whether it is held by holding it for a moment."""
        end = time.monotonic() + seconds
        while not self.try_once():
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()
