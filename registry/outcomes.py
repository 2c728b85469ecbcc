"""How calls in the ledger have ended, as conditions: a call that was cancelled has not failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.tables import calls
from registry.words import FailureClass

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

_CANCELLED = FailureClass.CANCELLED.code


def failed() -> ColumnElement[bool]:
    """The calls whose service failed, or whose answer would not do."""
    return calls.c.outcome.not_in((0, _CANCELLED))


def cancelled() -> ColumnElement[bool]:
    """The calls that were broken off: whoever asked went away, or another was first in a race."""
    return calls.c.outcome == _CANCELLED
