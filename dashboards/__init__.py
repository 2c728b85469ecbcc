"""The dashboards show: Panel pages over what SQL knows. Importing this room costs nothing; serving it loads Panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from dashboards.errors import DashboardsError, LogsUnavailable
    from dashboards.serving import serve

__all__ = ["DashboardsError", "LogsUnavailable", "serve"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        **dict.fromkeys(("DashboardsError", "LogsUnavailable"), "dashboards.errors"),
        "serve": "dashboards.serving",
    },
)
