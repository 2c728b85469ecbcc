"""A fixed order of names: the first is asked first, and what is not named comes after all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from routing.strategies.naming import Named
from routing.strategies.seen import tie

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from routing.strategies.seen import Seen


@dataclass(frozen=True, slots=True)
class FixedOrder:
    """Candidates by where their service, model or offering stands in ``names``; equals by utility, as the rest."""

    names: Sequence[str] = ()
    _places: Named[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse an order of nothing."""
        if isinstance(self.names, str) or not self.names or not all(isinstance(name, str) for name in self.names):
            raise ValueError("fixed_order needs names, such as [openai/gpt-5, mistral]")
        places = {name: place for place, name in reversed(list(enumerate(self.names)))}
        object.__setattr__(self, "_places", Named(places))

    def order(self, seen: list[Seen], chance: Callable[[], float]) -> float:  # noqa: ARG002 - nothing is left to it
        """Sort by place in the list."""
        place_of, last = self._places.of, len(self.names)

        def key(one: Seen) -> tuple[int, float, int, int]:
            found = place_of(one.offering)
            return (last if found is None else found[1], -one.utility, *tie(one))

        seen.sort(key=key)
        return 1.0
