"""The errors of this room.

::

    QualityError
    ├── UnknownCheck          nothing is registered under that name
    ├── MalformedCheck        a check's parameters make no sense
    ├── CheckClash            two checks want the same name or number
    ├── MalformedSchema       a request's JSON schema is no JSON schema
    ├── SuiteRejected         a suite's JSON, or an expectation in it, cannot be used
    └── SuiteProcessFailed    the child process that runs suites did not do its work

A result that fails a check is no error: it gets a verdict.
"""

from __future__ import annotations

from difflib import get_close_matches


class QualityError(Exception):
    """Anything that goes wrong in ``quality``."""


class UnknownCheck(QualityError):
    """No check has that name. ``nearest`` is the known name most like it, empty where none is like it."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        self.nearest = next(iter(get_close_matches(name, known, n=1)), "")
        hint = f"did you mean {self.nearest!r}?" if self.nearest else f"there are {', '.join(known)}"
        super().__init__(f"there is no check {name!r}; {hint}")


class MalformedCheck(QualityError):
    """A check was named with parameters that make no sense; ``usage`` shows the right form."""

    def __init__(self, spec: str, usage: str, problem: str) -> None:
        self.spec = spec
        self.usage = usage
        self.problem = problem
        super().__init__(f"the check {spec!r} cannot be used: {problem}; write {usage}")


class CheckClash(QualityError):
    """A check cannot be registered as it is: its name or number is taken, or out of bounds."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"the check {name!r} cannot be registered: {problem}")


class MalformedSchema(QualityError):
    """The JSON schema of a request is itself not valid; ``path`` is where in it."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"the JSON schema is not valid at {path}: {problem}")


class SuiteRejected(QualityError):
    """A suite cannot be used: its JSON is of another form, or it names expectations that do not exist."""

    def __init__(self, suite: str, problem: str) -> None:
        self.suite = suite
        self.problem = problem
        super().__init__(f"the suite {suite!r} cannot be used: {problem}")


class SuiteProcessFailed(QualityError):
    """The child process that runs suites ended, hung or answered with an error.

    ``exit_code`` is the process's own (negative: the signal that ended it), None where it was still running.
    """

    def __init__(self, problem: str, *, exit_code: int | None = None) -> None:
        self.problem = problem
        self.exit_code = exit_code
        ended = "" if exit_code is None else f" (exit code {exit_code})"
        super().__init__(f"the process that runs quality suites {problem}{ended}")
