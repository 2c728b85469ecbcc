"""How a command says that it failed: our own errors in their own sentence, anything else with a pointer to its log."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.terminal import clean, tell
from gateway.errors import GatewayError, Interrupted, OutputClosed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOMS = frozenset({"registry", "blocks", "quality", "routing", "flows", "dashboards", "gateway"})
EXIT_FAILED = 1


def tell_failure(error: BaseException, arguments: Sequence[str]) -> int:
    """Say on stderr what went wrong, and return the exit code.

    An error of one of our rooms is its own sentence. Anything else is a fault of ours: one line says so and where
    the traceback was written, for this account's eyes only.
    """
    leaves = tuple(_leaves(error))
    if any(isinstance(leaf, OutputClosed) for leaf in leaves):
        return OutputClosed.exit_code
    unexpected = next((leaf for leaf in leaves if not _is_ours(leaf)), None)
    try:
        if isinstance(leaves[0], Interrupted) and sys.stderr.isatty():
            tell("")  # the sentence is not to stand behind ^C
        if unexpected is None:
            _tell_sentence(str(leaves[0]))
        else:
            _tell_unexpected(unexpected, error, arguments)
    except OutputClosed as closed:
        return closed.exit_code
    return leaves[0].exit_code if isinstance(leaves[0], GatewayError) else EXIT_FAILED


def sentence(message: str) -> str:
    """A message with an end to it.

    >>> sentence("there is no run 7"), sentence("Done.")
    ('there is no run 7.', 'Done.')
    """
    text = clean(message)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _tell_sentence(message: str) -> None:
    # The first line is the sentence. A few errors bear evidence below it (the end of a log), which stays apart.
    first, *evidence = message.splitlines() or [""]
    tell(f"turnout: {sentence(first)}")
    for line in evidence:
        tell(f"  {clean(line)}")


def _tell_unexpected(leaf: BaseException, error: BaseException, arguments: Sequence[str]) -> None:
    from registry.settings import mask_password

    what = mask_password(f"{type(leaf).__name__}: {leaf}" if str(leaf) else type(leaf).__name__)
    try:
        place = f"The full account is in {_write_log(error, _log_directory(arguments))}"
    except OSError as problem:
        place = f"Its full account could not be written ({problem.strerror or problem})"
    tell(f"turnout: this should not have happened: {clean(what)[:300]}. {place}")


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in ROOMS


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group (stages run in parallel fail in parallel), or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _log_directory(arguments: Sequence[str]) -> Path:
    from registry import Settings

    try:
        logs = Settings.load({"home": _home_flag(arguments)}).home / "logs"
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    except Exception:  # noqa: BLE001 - settings or directory may be the very thing that failed; the log must get out
        return Path(tempfile.gettempdir())
    return logs


def _home_flag(arguments: Sequence[str]) -> str | None:
    for place, argument in enumerate(arguments):
        if argument.startswith("--home="):
            return argument.removeprefix("--home=")
        if argument == "--home" and place + 1 < len(arguments):
            return arguments[place + 1]
    return None


def _write_log(error: BaseException, directory: Path) -> Path:
    from registry.settings import mask_password

    path = directory / f"failure-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.log"
    account = "".join(traceback.format_exception(error))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as log:
        log.write(mask_password(account))
    return path
