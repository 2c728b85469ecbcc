"""Where the ``turnout`` command begins and ends: every way out is an exit code and, if need be, one clear sentence."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it

# Importing makes a hundred thousand objects that last. Looking through them for garbage again and again, as Python does
# by default, takes a sixth of a short command's time.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: what follows ``turnout``; the process's own when left out.

    Returns:
        0 done, 1 an error that was said in a sentence, 2 a command line that cannot be understood, 130 Ctrl-C,
        141 nobody reads any more, 143 SIGTERM.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
    except KeyboardInterrupt:
        # Before or after the command itself: while we import, or while Python takes down the event loop.
        code = _step_past_ctrl_c()
    if arguments is None:
        # All is said and done; Python takes up to a second to go, and would answer a Ctrl-C with a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _run(arguments: list[str]) -> int:
    from gateway.cli.terminal import let_any_text_out

    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    let_any_text_out()
    try:
        from gateway.cli.commands import command_line

        command_line().main(args=arguments, prog_name="turnout")
    except SystemExit as ending:
        if ending.code == EXIT_INTERRUPTED:  # Typer makes it of a Ctrl-C at a question
            return _step_past_ctrl_c()
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except Exception as error:  # noqa: BLE001 - the last door: whatever comes through it is told, not shown as a traceback
        from gateway.cli.failures import tell_failure

        return tell_failure(error, arguments)
    return 0


def _step_past_ctrl_c() -> int:
    """Let the prompt that follows stand on a line of its own, and not behind ``^C``."""
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
