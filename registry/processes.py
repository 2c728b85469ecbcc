"""Processes by name: which one works on a run, and whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil

# Two readings of one process's start differ by the clock's ticks; two processes with one number by far more.
_SAME_START_SECONDS = 1.0


def this_process() -> str:
    """The name of this process: ``host:pid:start``, with the start in seconds since 1970."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{psutil.Process(pid).create_time():.2f}"


def is_gone(process: str) -> bool:
    """Whether a process of this host has certainly ended; False for one of another host, which cannot be seen.

    A number that now belongs to a process with another start is another process.
    """
    host, pid, start = _parts(process)
    if host != socket.gethostname() or pid is None:
        return False
    try:
        found = psutil.Process(pid)
        return abs(found.create_time() - start) > _SAME_START_SECONDS or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def is_of_this_host(process: str) -> bool:
    """Whether a process of that name runs, or ran, on this host."""
    return _parts(process)[0] == socket.gethostname()


def _parts(process: str) -> tuple[str, int | None, float]:
    host, _, rest = process.partition(":")
    pid, _, start = rest.partition(":")
    try:
        return host, int(pid), float(start)
    except ValueError:
        return host, None, 0.0
