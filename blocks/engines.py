"""The HTTP engines by name; each is imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blocks.transport import Transport

_ENGINES = {
    "aiohttp": ("blocks.aiohttp_transport", "AiohttpTransport"),
    "lean": ("blocks.lean_transport", "LeanTransport"),
    "httpx": ("blocks.transport", "HttpxTransport"),
}


def transport_named(name: str) -> Transport:
    """A transport on the engine of that name.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _ENGINES:
        raise ValueError(f"there is no HTTP engine {name!r}; there are {', '.join(_ENGINES)}")
    module, attribute = _ENGINES[name]
    made: Transport = getattr(import_module(module), attribute)()
    return made
