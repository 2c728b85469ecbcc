"""Servers that were found on this machine: what they are, by their own answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.words.capability import Capability


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """A model that a server lists, by the server's name for it. ``context_window`` in tokens, None where not told."""

    name: str
    capability: Capability
    context_window: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundServer:
    """A server that answers on this machine and speaks OpenAI's language.

    ``product`` is what it is, by its answers (``ollama``, ``vllm``; ``server`` where they do not tell), and fit for a
    service's name. ``endpoint`` is its address with ``/v1``.
    """

    product: str
    port: int
    endpoint: str
    models: tuple[FoundModel, ...]
