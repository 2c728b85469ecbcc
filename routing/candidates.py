"""The candidates of a decision as the router holds them: turned into what people see only where somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from registry.candidates import STEPS
from registry.words import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from routing.estimating import Needs
    from routing.strategies import Seen


class Ranking(Sequence[Candidate]):
    """Candidates, the ranked ones first and best first, then the excluded ones.

    Making a :class:`registry.words.Candidate` of each takes longer than ranking them, and hardly anybody looks.
    """

    __slots__ = ("_candidates", "excluded", "is_plain", "needs", "seen")

    def __init__(
        self, seen: Sequence[Seen], excluded: tuple[Candidate, ...], needs: Needs, *, is_plain: bool = False
    ) -> None:
        self.seen = seen
        self.excluded = excluded
        self.needs = needs  # of the request that was decided
        self.is_plain = is_plain  # no rule had a say in any of them
        self._candidates: tuple[Candidate, ...] | None = None

    def steps(self) -> list[int]:
        """Of each ranked candidate its offering id, and quality, cost and speed in steps of 1/255, all in one row."""
        numbers: list[int] = []
        for one in self.seen:  # runs once a call: fields by their places
            numbers += (
                one[0].offering_id, int(one[2] * STEPS + 0.5), int(one[3] * STEPS + 0.5), int(one[4] * STEPS + 0.5),
            )  # fmt: skip
        return numbers

    @overload
    def __getitem__(self, place: int) -> Candidate: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Candidate]: ...
    def __getitem__(self, place: int | slice) -> Candidate | Sequence[Candidate]:
        return self._all()[place]

    def __len__(self) -> int:
        return len(self.seen) + len(self.excluded)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> tuple[Candidate, ...]:
        if self._candidates is None:
            ranked = (
                Candidate(
                    offering_id=one.offering.offering_id, offering=one.offering.name, rank=rank, utility=one.utility,
                    quality=one.quality, cost=one.cost, speed=one.speed, factor=one.factor,
                )
                for rank, one in enumerate(self.seen, 1)
            )  # fmt: skip
            self._candidates = (*ranked, *self.excluded)
        return self._candidates
