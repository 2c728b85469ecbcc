"""Who watches a run: an observer is told what begins and what is done, and shows it as it likes."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from registry.words import TaskResult


class Observer(Protocol):
    """Is told of a run's progress. Called on the run's event loop: it must not wait."""

    def run_began(self, run_id: int, resumed_items: int) -> None:
        """A run began, or goes on: ``resumed_items`` items were done before."""
        ...

    def stage_began(self, stage: str, items: int) -> None:
        """A stage began, with so many items to do."""
        ...

    def item_done(self, stage: str, item: str, *, reused: bool) -> None:
        """An item is done, now or by an earlier attempt at this run."""
        ...

    def task_done(self, stage: str, item: str, result: TaskResult) -> None:
        """A service has done a piece of work."""
        ...


class Unwatched:
    """The observer that shows nothing."""

    def run_began(self, run_id: int, resumed_items: int) -> None:
        """Show nothing."""

    def stage_began(self, stage: str, items: int) -> None:
        """Show nothing."""

    def item_done(self, stage: str, item: str, *, reused: bool) -> None:
        """Show nothing."""

    def task_done(self, stage: str, item: str, result: TaskResult) -> None:
        """Show nothing."""


_UNWATCHED = Unwatched()
current_observer: ContextVar[Observer] = ContextVar("current_observer", default=_UNWATCHED)
