"""Values that options give to services, models and offerings by name, found for candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry.words import Offering

V = TypeVar("V")

MOST_REMEMBERED = 10_000


class Named(Generic[V]):
    """Values by name; the more exact name counts: an offering's, then a model's, then a service's.

    What was found for an offering is remembered while the offering is the same object, since building names costs more
    than all the rest of a decision about it.
    """

    __slots__ = ("_found", "_values")

    def __init__(self, values: Mapping[str, V]) -> None:
        self._values = dict(values)
        self._found: dict[int, tuple[Offering, tuple[str, V] | None]] = {}

    def of(self, offering: Offering) -> tuple[str, V] | None:
        """The name that an offering answers to, and what stands for it; None where there is none."""
        known = self._found.get(offering.offering_id)
        if known is not None and known[0] is offering:
            return known[1]
        found = None
        for name in (offering.name, offering.model.name, offering.service.name):
            if name in self._values:
                found = name, self._values[name]
                break
        if len(self._found) >= MOST_REMEMBERED:
            self._found.clear()
        self._found[offering.offering_id] = offering, found
        return found
