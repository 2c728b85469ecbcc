"""Which offerings may do a kind of work at all: worked out once a snapshot, since it changes with nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.words import Candidate
from routing.constraints import exclude_for_good

if TYPE_CHECKING:
    from registry.words import Capability, Offering, Requirements, Snapshot, TaskRequest
    from routing.constraints import Refusal, World

_KINDS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Fit:
    """The offerings that may do a kind of work, and the others with their reasons.

    ``any_retires`` says whether one of them has a day on which it retires.

    ``smallest_window`` is the smallest context window among those that fit, None where all are unbounded: what needs no
    more than that need not be compared with each.
    """

    offerings: tuple[Offering, ...]
    unfit: tuple[Candidate, ...]
    smallest_window: int | None
    any_retires: bool


def fit_of(request: TaskRequest, snapshot: Snapshot, world: World) -> Fit:
    """Who may do work like the request's."""
    fit, unfit = [], []
    for offering in snapshot.offerings:
        refusal = exclude_for_good(offering, request, world)
        if refusal is None:
            fit.append(offering)
        else:
            unfit.append(candidate_of(offering, refusal))
    windows = [offering.context_window for offering in fit if offering.context_window is not None]
    any_retires = any(offering.retires_at is not None for offering in fit)
    return Fit(tuple(fit), tuple(unfit), min(windows, default=None), any_retires)


def candidate_of(offering: Offering, refusal: Refusal, *, rule: int = 0) -> Candidate:
    """An offering that is no candidate; ``rule`` is the number of the policy's rule that shuts it out."""
    return Candidate(
        offering_id=offering.offering_id,
        offering=offering.name,
        excluded=refusal[0],
        reason=refusal[1],
        rule=rule,
    )


class Fitness:
    """Keeps what :func:`fit_of` found, for as long as snapshot and usable services stay the same."""

    def __init__(self) -> None:
        self._for: tuple[object, object] = (None, None)
        self._known: dict[tuple[Capability, Requirements], Fit] = {}

    def of(self, request: TaskRequest, snapshot: Snapshot, world: World) -> Fit:
        """Who may do work like the request's."""
        if self._for[0] is not snapshot or self._for[1] is not world.unusable or len(self._known) > _KINDS_KEPT:
            self._for, self._known = (snapshot, world.unusable), {}
        kind = request.capability, request.requirements
        fit = self._known.get(kind)
        if fit is None:
            fit = self._known[kind] = fit_of(request, snapshot, world)
        return fit
