"""Memory of a process that works for hours: garbage collected in time, and few heaps to leave holes in."""

from __future__ import annotations

import ctypes
import gc

# Objects between collections, and how many of one age make the next. With more, minutes of garbage are dragged along.
_COLLECTIONS = (10_000, 5, 5)
_M_ARENA_MAX = -8  # as malloc.h has it
_ARENAS = 2


def bound_arenas() -> None:
    """Let threads share two heaps where the C library is glibc: else each gets its own, and holes in all of them.

    For the beginning, before there are many threads.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def collect_often() -> None:
    """Set the garbage collector for long work. What was imported until now is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTIONS)
