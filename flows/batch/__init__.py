"""Batches: tables of work, row by row through the router, resumed after any crash."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from flows.batch.parameters import BatchParameters
    from flows.batch.surveying import Survey, survey
    from flows.batch.watching import BatchObserver, Unwatched, current_batch_observer

__all__ = ["BatchObserver", "BatchParameters", "Survey", "Unwatched", "current_batch_observer", "survey"]

_NAMES = {
    "flows.batch.parameters": "BatchParameters",
    "flows.batch.surveying": "Survey survey",
    "flows.batch.watching": "BatchObserver Unwatched current_batch_observer",
}

__getattr__, __dir__ = lazily(__name__, {name: module for module, names in _NAMES.items() for name in names.split()})
