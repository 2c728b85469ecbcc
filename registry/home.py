"""The data directory and its parts: who makes them, with which rights, and where each thing lies."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from registry.errors import HomeUnusable


@dataclass(frozen=True, slots=True)
class Home:
    """The data directory. Knowing it touches nothing; :meth:`make` makes it, for this account only.

    Example:
        >>> Home(Path("/data")).backups.as_posix()
        '/data/backups'
    """

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite file, where no other database is named."""
        return self.path / "turnout.db"

    @property
    def backups(self) -> Path:
        """Backups, each one file."""
        return self.path / "backups"

    @property
    def assets(self) -> Path:
        """Pictures and other files that models made, by their SHA-256."""
        return self.path / "assets"

    @property
    def local(self) -> Path:
        """What the local model's server leaves: its lock, pid and token."""
        return self.path / "local"

    @property
    def prefect(self) -> Path:
        """Prefect's own home."""
        return self.path / "prefect"

    @property
    def logs(self) -> Path:
        """Logs of what runs in the background."""
        return self.path / "logs"

    @property
    def parts(self) -> tuple[Path, ...]:
        """Every directory in it."""
        return self.backups, self.assets, self.local, self.prefect, self.logs

    def make(self) -> Home:
        """Make what is missing, readable by this account only, and try whether it can be written.

        Raises:
            HomeUnusable: it cannot be made or written.
        """
        try:
            for directory in (self.path, *self.parts):
                # The rights of folders that exist already are their owner's business; doctor speaks of them.
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise HomeUnusable(str(self.path), f"cannot be made ({error.strerror or error})") from error
        self.try_to_write()
        return self

    def try_to_write(self) -> None:
        """Write a byte and remove it: disks are full and mounts read-only, whatever the rights say.

        Raises:
            HomeUnusable: it cannot be written.
        """
        try:
            handle, name = tempfile.mkstemp(dir=self.path, prefix=".writable-")
            try:
                os.write(handle, b"?")
            finally:
                os.close(handle)
                Path(name).unlink()
        except OSError as error:
            raise HomeUnusable(str(self.path), f"cannot be written ({error.strerror or error})") from error
