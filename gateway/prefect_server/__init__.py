"""Prefect's server, started and stopped by us, secured."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from gateway.prefect_server.at_hand import prefect_at_hand
    from gateway.prefect_server.temporary import prefect_server

__all__ = ["prefect_at_hand", "prefect_server"]

__getattr__, __dir__ = lazily(
    __name__,
    {"prefect_at_hand": "gateway.prefect_server.at_hand", "prefect_server": "gateway.prefect_server.temporary"},
)
