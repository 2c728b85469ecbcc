"""The errors of this room.

::

    DashboardsError
    └── LogsUnavailable     Prefect's logs of a run cannot be had; the message says why
"""

from __future__ import annotations


class DashboardsError(Exception):
    """Anything that goes wrong in ``dashboards``. The message is a sentence for people."""


class LogsUnavailable(DashboardsError):
    """Prefect's logs of a run cannot be had."""
