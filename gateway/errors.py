"""The errors of this room.

::

    GatewayError
    ├── InputUnusable          what was given to work on cannot be read as text
    ├── OutputUnusable         results cannot be written where they were asked for
    ├── OutputClosed           whoever read what we print has gone away
    ├── NotConfirmed           a question could not be asked, because nobody sits there to answer it
    ├── Declined               a question was answered with no
    ├── Stopped                somebody wanted the command to end before it was done
    │   ├── Terminated           by SIGTERM
    │   └── Interrupted          by Ctrl-C
    ├── SomeRowsFailed         a batch is done, but for some of its rows
    │   └── NothingDone          … but for all of them
    ├── PartFailed             a part of the running house did not start
    ├── AlreadyUp              everything runs already, from this data directory
    ├── Problem                a request that is answered with an error (gateway/http/problems.py)
    ├── PrefectServerFailed    Prefect's server did not come up
    ├── PrefectPasswordWrong   the Prefect server that is configured asks for another password
    └── PrefectUnreachable     it does not answer

``exit_code`` is what the command line ends with: 1, or 128 plus a signal's number as shells have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class GatewayError(Exception):
    """Anything that goes wrong in ``gateway``. The message is a sentence for the person at the terminal."""

    exit_code = 1


class InputUnusable(GatewayError):
    """What was given to work on is missing, empty, not text, or too large."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source}: {problem}")
        self.source = source
        self.problem = problem


class OutputUnusable(GatewayError):
    """Results cannot be written where they were asked for."""

    def __init__(self, directory: str, problem: str) -> None:
        super().__init__(f"cannot write to {directory}: {problem}")
        self.directory = directory


class OutputClosed(GatewayError):
    """Whoever read what we print has gone away (``turnout runs | head``): nothing is left to say, or to anybody."""

    exit_code = 141  # 128 + SIGPIPE

    def __init__(self) -> None:
        super().__init__("")


class NotConfirmed(GatewayError):
    """A question could not be asked, because nobody sits at a terminal to answer it. Nothing was changed."""

    def __init__(self, question: str) -> None:
        super().__init__(
            f"nobody is at a terminal to answer: {question} Nothing was changed; add --yes if the answer is yes"
        )
        self.question = question


class Declined(GatewayError):
    """A question was answered with no. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__("nothing was changed")


class Stopped(GatewayError):
    """Somebody wanted the command to end before it was done, and it did so in order. ``remedy`` says how to go on."""

    how = "stopped"

    def __init__(self, remedy: str = "") -> None:
        super().__init__(f"{self.how}; what was finished before is recorded{f', and {remedy}' if remedy else ''}")
        self.remedy = remedy


class Terminated(Stopped):
    """The process was told to end (SIGTERM)."""

    exit_code = 143  # 128 + SIGTERM
    how = "told to end, and ended"


class Interrupted(Stopped):
    """The person at the terminal pressed Ctrl-C (SIGINT)."""

    exit_code = 130  # 128 + SIGINT
    how = "stopped by Ctrl-C"


class SomeRowsFailed(GatewayError):
    """A batch is done, but for some of its rows."""

    exit_code = 3

    def __init__(self, failed: int, rejected: int, broken: int) -> None:
        counts = ((failed, "failed"), (rejected, "rejected"), (broken, "unreadable"))
        told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
        again = "; --retry-failed asks for them again" if failed + rejected else ""
        super().__init__(f"some rows have no result: {told} (turnout_error says why){again}")


class NothingDone(SomeRowsFailed):
    """Not one row of a batch has a result."""

    exit_code = 1


class PartFailed(GatewayError):
    """A part of the running house did not start. ``log`` is the end of what it wrote."""

    def __init__(self, name: str, problem: str, log: str) -> None:
        super().__init__(f"{name} did not start: {problem}. The end of its log:\n{log}")
        self.name = name
        self.log = log


class AlreadyUp(GatewayError):
    """Everything runs already, from this data directory. ``facts`` are what it has written down of itself."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        where = ", ".join(f"{name} at {at}" for name, at in dict(facts.get("addresses", {})).items())
        super().__init__(
            f"it runs already (process {facts.get('pid', '?')}){f': {where}' if where else ''}; "
            "`turnout up --stop` ends it"
        )
        self.facts = facts


class PrefectServerFailed(GatewayError):
    """Prefect's server did not come up. ``log`` is the end of what it wrote."""

    def __init__(self, problem: str, log: str = "") -> None:
        end = f"\nThe end of its log:\n{log}" if log else ""
        super().__init__(
            f"Prefect's server did not start: {problem}. Set PREFECT_API_URL to use one that runs already.{end}"
        )
        self.log = log


class PrefectPasswordWrong(GatewayError):
    """The Prefect server that PREFECT_API_URL names asks for a password, and not for the one we have."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"Prefect's server at {url} asks for a password: set PREFECT_API_AUTH_STRING to what that server has as "
            "PREFECT_SERVER_API_AUTH_STRING"
        )
        self.url = url


class PrefectUnreachable(GatewayError):
    """The Prefect server that PREFECT_API_URL names does not answer."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(
            f"Prefect's server at {url} does not answer ({problem}). Start it, or unset PREFECT_API_URL to have one "
            "for the time of the command"
        )
        self.url = url
        self.problem = problem
