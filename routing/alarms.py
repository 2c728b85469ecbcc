"""Alarms for calls: what rings when its time has come, and nearly never does. Much cheaper than a timer each."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod


class Alarm(ABC):
    """What rings. ``due`` is when, on the loop's clock."""

    __slots__ = ("due",)

    due: float

    @abstractmethod
    def ring(self) -> None:
        """Its time has come."""


class Alarms:
    """Alarms that are set, in one event loop.

    A timer of the loop's costs some microseconds to make and to cancel, and each call wants two that it nearly always
    cancels. Here an alarm is an entry in a set, and one timer is kept for all: at the time of the earliest alarm that
    was set when it was made. Most are gone by then, and it looks for the next one.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._set: set[Alarm] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._next = float("inf")

    def __len__(self) -> int:
        return len(self._set)

    def task(self) -> asyncio.Task[object]:
        """The task that runs, asked of the loop that is known: finding out which one runs takes a system call."""
        task = asyncio.current_task(self._loop) or asyncio.current_task()
        assert task is not None  # noqa: S101 - what awaits has a task
        return task

    def set(self, alarm: Alarm, seconds: float, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Have an alarm ring in so many seconds, unless it is cleared before; ``loop`` is the running one."""
        if loop is None:
            loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin(loop)
        due = alarm.due = loop.time() + seconds
        self._set.add(alarm)
        if due < self._next:
            self._wait_until(due)

    def clear(self, alarm: Alarm) -> None:
        """Let an alarm be; one that rang is gone by itself."""
        self._set.discard(alarm)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to another loop than before, where that has ended."""
        self._loop, self._timer, self._next = loop, None, float("inf")
        self._set.clear()

    def _wait_until(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = due
        assert self._loop is not None  # noqa: S101 - an alarm was set in it
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        loop, alarms = self._loop, self._set
        assert loop is not None  # noqa: S101 - it runs in it
        self._timer, self._next = None, float("inf")
        now = loop.time()
        for alarm in [alarm for alarm in alarms if alarm.due <= now]:
            if alarm not in alarms:  # one that rang before it has cleared it
                continue
            alarms.discard(alarm)
            try:
                alarm.ring()
            except Exception as error:  # noqa: BLE001 - whoever set it may fail, and the others are to ring all the same
                loop.call_exception_handler({"message": "an alarm failed", "exception": error})
        if alarms:
            due = min(alarm.due for alarm in alarms)
            if due < self._next:
                self._wait_until(due)
