"""The parent's end of the child process that runs suites: started on first use, restarted once, never left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

from quality.errors import QualityError, SuiteProcessFailed, SuiteRejected
from quality.frames import receive_frame, send_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quality.checks import Checks
    from quality.suite import Row, Suite
    from registry.words import Verdict

_logger = logging.getLogger(__name__)


class SuiteProcess:
    """Great Expectations, in a child process of its own.

    The child starts on first use (about 5 s; :meth:`warm_up` does it ahead of time) and works through one batch at a
    time. It ends when this object is closed, and also when this process dies in any way, since its input ends then.
    It imports no ``__main__``, so a script needs no guard. Safe to use from several threads and event loops.

    ``timeout_seconds`` bounds one batch, the start of the child included.
    """

    def __init__(self, checks: Checks, *, timeout_seconds: float = 120.0) -> None:
        self._checks = checks
        self._timeout_seconds = timeout_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = ThreadPoolExecutor(1, thread_name_prefix="turnout-suites")
        self._closed = threading.Event()
        self.restarts = 0
        """How often the child had to be started again."""

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return None if self._child is None else self._child.pid

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def warm_up(self) -> None:
        """Start the child now.

        Raises:
            SuiteProcessFailed: it does not start.
        """
        await self._in_thread(self._ready_child)

    async def validate(self, suite: Suite, rows: Sequence[Row]) -> dict[str, tuple[Verdict, ...]]:
        """The verdicts on each row, by its ``result_id``, in the suite's order. 50 to 500 rows at a time are best.

        A child that dies meanwhile is started again, once.

        Raises:
            SuiteRejected: the suite cannot be used, or two rows have the same id.
            SuiteProcessFailed: the child failed twice, or took too long.
        """
        if len({row.result_id for row in rows}) != len(rows):
            raise SuiteRejected(suite.name, "two rows of the batch have the same result_id")
        if not rows:
            return {}
        answer: dict[str, tuple[Verdict, ...]] = await self._in_thread(self._validate, suite, tuple(rows))
        return answer

    async def aclose(self, timeout_seconds: float = 2.0) -> None:
        """End the child: it is asked to, and killed where it does not within ``timeout_seconds``."""
        self._closed.set()
        if self._child is not None:  # at the interpreter's end, when no thread can be started, there is none
            await asyncio.to_thread(self._end_child, timeout_seconds)
        self._one_at_a_time.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, function: Any, *arguments: Any) -> Any:
        if self._closed.is_set():
            raise SuiteProcessFailed("is closed")
        work = asyncio.wrap_future(self._one_at_a_time.submit(function, *arguments))
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await work
        except TimeoutError as error:
            self._end_child(0)  # the thread that reads from it sees the end
            raise SuiteProcessFailed(f"did not answer within {self._timeout_seconds:g} s and was ended") from error

    def _validate(self, suite: Suite, rows: tuple[Row, ...]) -> dict[str, tuple[Verdict, ...]]:
        try:
            kind, answer = self._ask(suite.to_json(), rows)
        except SuiteProcessFailed as failure:
            if self._closed.is_set() or failure.exit_code is None:
                raise
            self._report_restart(failure.exit_code)
            kind, answer = self._ask(suite.to_json(), rows)
        if kind == "rejected":
            raise SuiteRejected(*answer)
        if kind != "verdicts":
            raise SuiteProcessFailed(f"could not judge a batch of {len(rows)} results: {answer}")
        verdicts: dict[str, tuple[Verdict, ...]] = answer
        return verdicts

    def _ask(self, suite_json: str, rows: tuple[Row, ...]) -> tuple[str, Any]:
        child = self._ready_child()
        return self._exchange(child, (suite_json, rows))

    def _exchange(self, child: subprocess.Popen[bytes], message: Any) -> tuple[str, Any]:
        assert child.stdin is not None  # noqa: S101 - both are pipes
        assert child.stdout is not None  # noqa: S101 - see above
        try:
            send_frame(child.stdin, message)
            kind, answer = receive_frame(child.stdout)
        except (EOFError, OSError, ValueError) as error:  # ValueError: closed by another thread
            self._end_child(0)
            raise SuiteProcessFailed("ended before it answered", exit_code=child.returncode) from error
        return kind, answer

    def _ready_child(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        if self._closed.is_set():
            raise SuiteProcessFailed("is closed")
        if self._child is not None:
            exit_code = self._child.returncode
            self._end_child(0)
            self._report_restart(exit_code)
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "quality.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        self._child = child
        try:
            kind, answer = self._exchange(child, self._checks)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            self._end_child(0)
            raise QualityError(
                "a check cannot travel to the process that runs suites: define it at the top level of a module"
            ) from error
        if kind != "ready":
            self._end_child(0)
            raise SuiteProcessFailed(f"could not start: {answer}")
        return child

    def _report_restart(self, exit_code: int | None) -> None:
        self.restarts += 1
        _logger.warning("the process that runs quality suites ended (%s); starting another", exit_code)

    def _end_child(self, timeout_seconds: float) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if timeout_seconds > 0:
            child.terminate()
            try:
                child.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                _logger.warning("the process that runs quality suites did not end in %g s; killing it", timeout_seconds)
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                _close_quietly(stream)


def _close_quietly(stream: Any) -> None:
    try:
        stream.close()
    except OSError:
        _logger.debug("a pipe to an ended process could not be flushed")


def _environment() -> dict[str, str]:
    """This process's environment, its import path made explicit, with nothing that phones home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GX_CLOUD_")}
    return kept | {"GX_ANALYTICS_ENABLED": "false", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
