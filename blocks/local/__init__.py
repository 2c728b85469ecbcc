"""The model that runs on this machine: one server for all processes, started on first use."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from blocks.local.model import check_model, find_model
    from blocks.local.server import LocalStatus
    from blocks.local.service import Local

__all__ = ["Local", "LocalStatus", "check_model", "find_model"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Local": "blocks.local.service",
        "LocalStatus": "blocks.local.server",
        "check_model": "blocks.local.model",
        "find_model": "blocks.local.model",
    },
)
