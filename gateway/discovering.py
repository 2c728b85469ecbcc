"""Looking for AI servers on this machine, and keeping what is found: disabled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry import KeptServer, Settings, Store


async def look_around(store: Store, settings: Settings) -> tuple[KeptServer, ...]:
    """The servers that answer on this machine within a second, each put into the catalogue if it never was there.

    Raises:
        StoreError: the database cannot be used.
    """
    from blocks import AiohttpTransport, discover
    from registry import keep_found

    transport = AiohttpTransport()
    try:
        found = await discover(transport)
    finally:
        await transport.aclose()
    return await keep_found(store, time.time, found, workspace=settings.workspace)


def in_words(kept: tuple[KeptServer, ...]) -> str:
    """The servers that were found and are not in use, in a sentence; empty where there are none."""
    waiting = [one for one in kept if one.service and not one.enabled]
    if not waiting:
        return ""
    told = ", ".join(f"{one.service} ({_models(len(one.found.models))})" for one in waiting)
    return f"Found, disabled: {told}. Enable with `turnout services enable NAME`."


def _models(count: int) -> str:
    return f"{count} model{'' if count == 1 else 's'}"
