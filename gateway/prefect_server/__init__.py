"""Prefect's server, started and stopped by us, secured."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from gateway.prefect_server.temporary import prefect_server

__all__ = ["prefect_server"]

__getattr__, __dir__ = lazily(__name__, {"prefect_server": "gateway.prefect_server.temporary"})
