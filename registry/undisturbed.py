"""Work that is not broken off in its middle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def undisturbed(work: Coroutine[Any, Any, Any]) -> None:
    """Wait until ``work`` is done, also where somebody cancels meanwhile: the cancellation comes out afterwards."""
    doing = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.wait([doing])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from doing.exception()
    await doing
