"""The blocks that speak to services, each made once; those of services that have left the registry are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from blocks import AIService
    from registry.words import Service

BLOCKS_KEPT = 1_000


class Connected:
    """Blocks by service. ``make`` makes one; ``most_kept`` bounds how many stay open.

    A service whose endpoint has changed gets another block. The old one may still be at work: it is closed only when
    there are too many, the oldest first.
    """

    def __init__(self, make: Callable[[Service], AIService], *, most_kept: int = BLOCKS_KEPT) -> None:
        self._make = make
        self._most_kept = most_kept
        self._blocks: dict[tuple[int, str], AIService] = {}

    def to(self, service: Service) -> AIService:
        """The block that speaks to a service.

        Raises:
            UnknownServiceKind: none speaks for its kind.
        """
        key = _key(service)
        block = self._blocks.get(key)
        if block is None:
            block = self._blocks[key] = self._make(service)
        return block

    async def keep_only(self, services: Iterable[Service]) -> None:
        """Close blocks of other services than these, where there are too many."""
        too_many = len(self._blocks) - self._most_kept
        if too_many <= 0:
            return
        here = set(map(_key, services))
        for key in [key for key in self._blocks if key not in here][:too_many]:
            await self._blocks.pop(key).aclose()

    async def aclose(self) -> None:
        """Close all of them."""
        for block in self._blocks.values():
            await block.aclose()


def _key(service: Service) -> tuple[int, str]:
    return service.service_id, f"{service.kind} {service.endpoint}"
