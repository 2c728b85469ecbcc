"""The errors of this room.

::

    RegistryError
    ├── SettingsError             a setting is unknown or wrong, or its file is broken
    ├── HomeUnusable              the data directory cannot be made or written
    ├── NotFound                  nothing bears that name
    ├── AlreadyThere              something bears that name already
    ├── EntryInvalid              what somebody typed cannot be taken
    ├── PolicyInvalid             a policy cannot be taken: a value or a rule of it makes no sense
    ├── ConditionInvalid          a condition cannot be understood
    ├── ConditionFailed           a condition cannot be evaluated on the facts at hand
    ├── KeyRefused                an access key opens no door: unknown, revoked, expired
    ├── PortTaken                 somebody else listens at the port
    ├── KeyMissing                a server would listen beyond this machine, and there is no access key
    ├── RunTaken                  another process works on the run
    ├── CallsRepeated             some calls are in the ledger already
    ├── LedgerFull                calls are made faster than the database takes them
    ├── RecordUnreadable          bytes in the database are not what should stand there
    ├── AssetMissing              the file of an asset is gone
    ├── AssetDamaged              the file of an asset has changed
    ├── BackupError
    │   ├── BackupFailed          a backup or a restore did not come about; nothing was changed
    │   ├── ArchiveInvalid        a file is no backup of ours, or is damaged
    │   └── ToolMissing           PostgreSQL's own tools are not installed
    └── StoreError
        ├── DatabaseUrlInvalid    the URL leads to nothing that could be a database
        ├── DatabaseLocked        another process holds it
        ├── DatabaseReadOnly      the file, its folder or the account may only be read
        ├── DatabaseCorrupt       not a database, or damaged
        ├── DatabaseForeign       somebody else's tables stand where ours belong
        ├── DatabaseNewer         a newer Turnout made it
        ├── DatabaseUnreachable   no server answers
        ├── DatabaseRefused       the server turns us away: password, name, rights
        ├── DiskFull              no room is left
        ├── MigrationFailed       bringing the schema up to date went wrong; nothing was changed
        ├── ConstraintBroken      a row breaks a rule of the schema
        └── StatementFailed       anything else that the database says no to

What SQLAlchemy and the drivers raise is mapped to these in one place, ``registry/database_faults.py``.
Each message says what is wrong and then the way out; none holds a password or a statement's values.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_FEW_NAMES = 5


class RegistryError(Exception):
    """Anything that goes wrong in ``registry``."""


class SettingsError(RegistryError):
    """A setting is unknown or wrong, or the file that holds it is broken.

    ``source`` is where it came from in words (a flag, a variable, a file); ``key`` the setting, where one is to blame.
    """

    def __init__(self, problem: str, *, source: str = "", key: str = "") -> None:
        super().__init__(f"{source}: {problem}" if source else problem)
        self.problem = problem
        self.source = source
        self.key = key


class HomeUnusable(RegistryError):
    """The data directory cannot be made or written."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"the data directory {path} {reason}. Name another one with TURNOUT_HOME or --home")
        self.path = path
        self.reason = reason


class NotFound(RegistryError):
    """Nothing of that kind bears that name. ``known`` are the names there are: the nearest is offered, else a few."""

    def __init__(self, kind: str, name: object, known: Iterable[str] = ()) -> None:
        self.kind = kind
        self.name = str(name)
        names = sorted(known)
        self.nearest = next(iter(difflib.get_close_matches(self.name, names, n=1)), None)
        hint = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        if not hint and len(names) > 1:
            more = f" and {len(names) - _FEW_NAMES:,} more" if len(names) > _FEW_NAMES else ""
            hint = f"; there are {', '.join(names[:_FEW_NAMES])}{more}"
        super().__init__(f"there is no {kind} {self.name!r}{hint}")


class AlreadyThere(RegistryError):
    """Something of that kind bears that name already."""

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"there is a {kind} {str(name)!r} already")
        self.kind = kind
        self.name = str(name)


class EntryInvalid(RegistryError):
    """What somebody typed cannot be taken. ``field`` is what it was typed for; ``problem`` never repeats a secret."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class PolicyInvalid(RegistryError):
    """A policy cannot be taken. ``path`` leads to the value to blame; ``line`` counts from 1 within that value."""

    def __init__(self, name: str, path: Sequence[str | int], problem: str, *, line: int = 1) -> None:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
        super().__init__(f"policy {name!r}: {place}: {problem}" if place else f"policy {name!r}: {problem}")
        self.path = tuple(path)
        self.place = place
        self.problem = problem
        self.line = line


class ConditionInvalid(RegistryError):
    """A condition cannot be understood. ``line`` counts from 1 within it."""

    def __init__(self, problem: str, *, line: int = 1) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


class ConditionFailed(RegistryError):
    """A condition cannot be evaluated on the facts at hand: a price that is not known, a label that is no number."""


class KeyRefused(RegistryError):
    """An access key opens no door. ``reason`` is ``malformed``, ``unknown``, ``revoked`` or ``expired``."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the access key is {reason}")
        self.reason = reason


class PortTaken(RegistryError):
    """A port is not to be had. ``flag`` is what would choose another."""

    def __init__(self, host: str, port: int, problem: str, flag: str, holder: str = "") -> None:
        held = f", held by {holder}" if holder else ""
        super().__init__(f"port {port} at {host} is not to be had ({problem}{held}); choose another with {flag}")
        self.host = host
        self.port = port
        self.problem = problem


class KeyMissing(RegistryError):
    """A server would listen beyond this machine, and nobody could show a key to it."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"listening at {host} opens Turnout to other machines, and there is no access key yet that could be shown: "
            "make one with `turnout keys create NAME`, or listen at 127.0.0.1"
        )
        self.host = host


class RunTaken(RegistryError):
    """Another process works on the run, or has ended it; this one must leave it alone."""

    def __init__(self, run_id: int, process: str, state: str) -> None:
        super().__init__(f"run {run_id} is not ours to go on with: it is {state}, last worked on by {process}")
        self.run_id = run_id
        self.process = process
        self.state = state


class CallsRepeated(RegistryError):
    """Some calls are in the ledger already, so the new ones must be told apart before anything is counted."""

    def __init__(self, rows: int, new: int) -> None:
        super().__init__(f"of {rows} calls only {new} were new to the ledger")
        self.rows = rows
        self.new = new


class LedgerFull(RegistryError):
    """Calls are made faster than the database takes them; the row was not taken. ``rows`` wait already."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"{rows} calls wait to be written to the ledger, and no more are taken until some are")
        self.rows = rows


class RecordUnreadable(RegistryError):
    """Bytes in the database are not what should stand there."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"the stored {kind} cannot be read: {reason}")
        self.kind = kind
        self.reason = reason


class AssetMissing(RegistryError):
    """The file of an asset is gone. ``digest`` is the SHA-256 by which it was stored."""

    def __init__(self, digest: str, path: str) -> None:
        super().__init__(f"the asset {digest[:12]} is gone: there is no file {path}. Restore it from a backup")
        self.digest = digest
        self.path = path


class AssetDamaged(RegistryError):
    """The file of an asset is not what was stored. ``found`` is the SHA-256 of what lies there now."""

    def __init__(self, digest: str, path: str, found: str) -> None:
        super().__init__(
            f"the asset {digest[:12]} is damaged: {path} now has the digest {found[:12]}. Restore it from a backup"
        )
        self.digest = digest
        self.path = path
        self.found = found


class BackupError(RegistryError):
    """Anything that goes wrong with backing up and restoring."""


class BackupFailed(BackupError):
    """A backup or a restore did not come about. What was there before is untouched."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class ArchiveInvalid(BackupError):
    """A file is no backup that Turnout wrote, or it is damaged. Nothing was restored from it."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be restored: {reason}. Nothing was changed; take another backup")
        self.path = path
        self.reason = reason


class ToolMissing(BackupError):
    """One of PostgreSQL's own tools is not on PATH."""

    def __init__(self, tool: str) -> None:
        super().__init__(
            f"{tool} is not on PATH: a PostgreSQL database is backed up and restored with PostgreSQL's own tools. "
            "Install its client package, or ask whoever runs the server for a backup"
        )
        self.tool = tool


class StoreError(RegistryError):
    """Anything that goes wrong between us and the database.

    ``database`` says which one (a path, or a URL without its password); ``detail`` is the database's own sentence.
    """

    problem = "failed"
    way_out = ""

    def __init__(self, database: str, detail: str = "") -> None:
        self.database = database
        self.detail = detail
        super().__init__(f"{self.sentence}. {self.way_out}" if self.way_out else self.sentence)

    @property
    def sentence(self) -> str:
        """What is wrong, without the way out and the full stop."""
        return f"the database {self.database} {self.problem}" + (f" ({self.detail})" if self.detail else "")


class DatabaseUrlInvalid(StoreError):
    """The URL leads to nothing that could be a database."""

    problem = "cannot be used"
    way_out = "Write sqlite:///path/to/turnout.db or postgresql://user:password@host/name"


class DatabaseLocked(StoreError):
    """Another process holds the database."""

    problem = "is locked by another process"
    way_out = "Wait for it or end it, then try again; if many processes write at once, PostgreSQL serves them better"


class DatabaseReadOnly(StoreError):
    """The file, its folder, or the account on the server may only be read."""

    problem = "cannot be written"
    way_out = "Give this account the right to write the file and its folder, or name another one with TURNOUT_HOME"


class DatabaseCorrupt(StoreError):
    """The file is not a database, or it is damaged."""

    problem = "is damaged or is no database"
    way_out = "Put a backup in its place with `turnout restore`, or move the file away to start with an empty one"


class DatabaseForeign(StoreError):
    """Somebody else's tables stand where ours belong; ``detail`` names them."""

    problem = "holds tables that Turnout did not make"
    way_out = "Name a database of Turnout's own with TURNOUT_DATABASE_URL"


class DatabaseNewer(StoreError):
    """A newer Turnout made the schema. ``found`` is its version, ``known`` the newest that this one knows."""

    problem = "was made by a newer Turnout"
    way_out = "Install that version or a later one; this one leaves the database as it is"

    def __init__(self, database: str, found: str, known: str) -> None:
        super().__init__(database, f"its schema is version {found}, this Turnout knows up to {known}")
        self.found = found
        self.known = known


class DatabaseUnreachable(StoreError):
    """No server answers at that address."""

    problem = "does not answer"
    way_out = "Check that the server runs and that host and port are right"


class DatabaseRefused(StoreError):
    """The server answers, and turns us away: a wrong password, a missing database, missing rights."""

    problem = "turned us away"
    way_out = "Check user, password and database name in TURNOUT_DATABASE_URL"


class DiskFull(StoreError):
    """No room is left where the database lies."""

    problem = "has no room left to write"
    way_out = "Free some space on that disk, then try again; what was committed is safe"


class MigrationFailed(StoreError):
    """Bringing the schema up to date went wrong. The database is as it was before."""

    problem = "could not be brought up to date"
    way_out = "It is unchanged; install the Turnout that made it, or report the sentence in brackets"


class ConstraintBroken(StoreError):
    """A row breaks a rule of the schema: it is there twice, or points at something that is not there."""

    problem = "does not take a row that breaks one of its rules"


class StatementFailed(StoreError):
    """Anything else that the database says no to; ``detail`` is its sentence."""

    problem = "did not do what it was asked"
    way_out = "`turnout doctor` takes a closer look"
