"""The child process that runs suites: reads batches from its standard input, answers on its standard output.

It ends when its input ends. The other end of that pipe is held by the parent alone, so it never outlives it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings

from quality.frames import receive_frame, send_frame


def main() -> None:
    """Serve until the parent goes away."""
    # Ctrl-C reaches the whole terminal; the parent decides what it means for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    requests = sys.stdin.buffer
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        from quality.expectations import Validator

        validator = Validator(receive_frame(requests))
        send_frame(answers, ("ready", os.getpid()))
        while True:
            send_frame(answers, _answer(validator, *receive_frame(requests)))
    except (EOFError, OSError):
        return  # the parent is gone, or has closed
    except Exception as error:  # noqa: BLE001 - whatever stops it, the parent is told the kind of
        send_frame(answers, ("failed", f"{type(error).__name__}: {error}"[:300]))


def _answer(validator: object, suite: str, rows: object) -> tuple[str, object]:
    from quality.errors import SuiteRejected

    try:
        return "verdicts", validator.validate(suite, rows)  # type: ignore[attr-defined]
    except SuiteRejected as rejected:
        return "rejected", (rejected.suite, rejected.problem)
    except Exception as error:  # noqa: BLE001 - one bad batch must not end the process
        return "failed", type(error).__name__


if __name__ == "__main__":
    main()
