"""The local server's process: loads the model, serves it, and ends when it is idle or nobody is left who uses it.

Started by :mod:`blocks.local.server` as ``python -m blocks.local.process``; it lets go of its starter at once, so that
it can serve others when the starter is gone. What became of the start goes down a pipe as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import secrets
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from blocks.local.record import Lock, Record, ServerFolder
from blocks.local.users import living_users

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
_LOCK_SECONDS = 2.0
# Each stream holds a thread of the server's while it lasts, and several processes may stream at once.
_SPARE_HTTP_THREADS = 30


def main(arguments: Sequence[str] | None = None) -> None:
    """Detach, serve, end."""
    options = _parse(arguments)
    if os.fork():
        os._exit(0)  # the starter waits for this one only; the child goes on by itself
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    os.umask(0o077)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    place = ServerFolder(options.directory, options.model)
    with Lock(place.serving_file) as lock:
        if not lock.try_for(_LOCK_SECONDS):
            _report(options.report_fd, {"another": True})
            return
        try:
            server = _serve(options, place)
        except (RuntimeError, OSError, ImportError) as error:
            logger.exception("the server did not start")
            _report(options.report_fd, {"error": str(error)})
            return
        _report(options.report_fd, {"ready": True})
        reason = _watch(place, options.idle_seconds, stop)
        place.record_file.unlink(missing_ok=True)
        logger.info("ending: %s", reason)
    del server  # held until here: the server lives as long as the object
    os._exit(0)  # an orderly end would wait for streams that nobody reads


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--context-tokens", type=int, required=True)
    parser.add_argument("--idle-seconds", type=float, required=True)
    parser.add_argument("--report-fd", type=int, required=True)
    return parser.parse_args(arguments)


def _serve(options: argparse.Namespace, place: ServerFolder) -> object:
    """Start the server on a port that the system picks, and leave its record."""
    import xllamacpp

    token = secrets.token_urlsafe(32)
    server = xllamacpp.Server(_parameters(xllamacpp, options, token))
    record = Record(
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        port=int(server.listening_address.rsplit(":", 1)[1]),
        token=token,
        model_path=str(options.model),
        context_tokens=options.context_tokens,
        slots=options.slots,
    )
    place.write(record)
    logger.info("serving %s on port %d", options.model, record.port)
    return server


def _parameters(xllamacpp: Any, options: argparse.Namespace, token: str) -> Any:
    """The server's parameters: what is needed, everything else off."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(options.model)
    parameters.model_alias = {options.model.stem}
    parameters.n_ctx = options.context_tokens * options.slots  # the window is shared out among the slots
    parameters.n_parallel = options.slots
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams_batch.n_threads = options.threads
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_threads_http = options.slots + _SPARE_HTTP_THREADS
    parameters.api_keys = [token]
    parameters.cors_origins = "null"  # no web page may ask
    parameters.cors_credentials = False
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.offline = True
    parameters.cache_ram_mib = 256
    parameters.verbosity = 1  # errors; no line per request
    parameters.warmup = False  # the first call is the warm-up
    return parameters


def _watch(place: ServerFolder, idle_seconds: float, stop: threading.Event) -> str:
    """Wait until there is a reason to end, and say which."""
    last_change, idle_since, looks_without_users = 0, time.monotonic(), 0
    while not stop.wait(_LOOK_SECONDS):
        users = living_users(place.users_folder)
        looks_without_users = 0 if users else looks_without_users + 1
        if looks_without_users >= 2:
            return "nobody is left who uses it"
        change = max((user.changed_ns for user in users), default=last_change)
        if change != last_change or any(user.calls for user in users):
            last_change, idle_since = change, time.monotonic()
        elif time.monotonic() - idle_since > idle_seconds:
            return f"idle for {idle_seconds:g} s"
    return "asked to"


def _report(descriptor: int, facts: dict[str, object]) -> None:
    """Tell the starter. It may have given up meanwhile."""
    with suppress(BrokenPipeError):
        os.write(descriptor, json.dumps(facts).encode() + b"\n")
    os.close(descriptor)


if __name__ == "__main__":
    main()
