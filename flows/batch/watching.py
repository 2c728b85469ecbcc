"""Who watches a batch: an observer is told of rows and cost, and shows them as it likes."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from registry.items import ItemState


class BatchObserver(Protocol):
    """Is told of a batch's progress. Called on the run's event loop: it must not wait."""

    def began(self, run_id: int, rows: int) -> None:
        """The run began, or goes on; the table has so many rows."""
        ...

    def kept(self, state: ItemState, rows: int) -> None:
        """So many rows had ended like that before."""
        ...

    def ended(self, state: ItemState, cost_nanousd: int) -> None:
        """A row has ended, at that cost."""
        ...

    def written(self, result: dict[str, Any]) -> None:
        """The results are on disk and the run is done; ``result`` is what the flow returns."""
        ...


class Unwatched:
    """The observer that shows nothing."""

    def began(self, run_id: int, rows: int) -> None:
        """Show nothing."""

    def kept(self, state: ItemState, rows: int) -> None:
        """Show nothing."""

    def ended(self, state: ItemState, cost_nanousd: int) -> None:
        """Show nothing."""

    def written(self, result: dict[str, Any]) -> None:
        """Show nothing."""


_UNWATCHED = Unwatched()
current_batch_observer: ContextVar[BatchObserver] = ContextVar("current_batch_observer", default=_UNWATCHED)
