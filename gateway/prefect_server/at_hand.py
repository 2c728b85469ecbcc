"""Prefect's server for a program of one's own, as the command line has it for its runs."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

from gateway.prefect_server.temporary import prefect_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry import Settings


@contextmanager
def prefect_at_hand(settings: Settings | None = None) -> Iterator[str]:
    """Prefect's API for the block's duration, as its URL: that of ``PREFECT_API_URL``, else one for this once.

    Prefect is imported inside the block, for it reads its environment then. Left to itself, it would start a server
    that has no password, and log every step on the terminal.

    Raises:
        RuntimeError: Prefect has been imported already, and there is no ``PREFECT_API_URL``.
        PrefectServerFailed: the server did not come up; the message holds the end of its log.
        PrefectUnreachable: nobody listens at ``PREFECT_API_URL``.
    """
    from registry import Home, Settings

    if "prefect" in sys.modules and not os.environ.get("PREFECT_API_URL"):
        raise RuntimeError("Prefect has been imported already; import it inside of `with prefect_at_hand():`")
    home = Home((settings or Settings.load()).home).make()
    if not os.environ.get("PREFECT_API_URL"):
        sys.stderr.write("Starting Prefect's server …\n")
    with asyncio.Runner() as runner:
        parts = AsyncExitStack()
        url = runner.run(parts.enter_async_context(prefect_server(home.prefect)))
        try:
            yield url
        finally:
            runner.run(parts.aclose())
