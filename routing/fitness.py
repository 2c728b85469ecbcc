"""Which offerings may do a kind of work at all: worked out once a snapshot, since it changes with nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.words import Candidate
from routing.constraints import exclude_for_good
from routing.ranking import priced

if TYPE_CHECKING:
    from registry.words import Capability, Offering, Requirements, Snapshot, TaskRequest
    from routing.constraints import Refusal, World
    from routing.estimating import Needs
    from routing.ranking import Priced

_KINDS_KEPT = 1_000
_PRICES_KEPT = 20_000  # of offerings, some 150 bytes each


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The offerings that may do a kind of work, and the others with their reasons.

    ``any_retires`` says whether one of them has a day on which it retires.

    ``smallest_window`` is the smallest context window among those that fit, None where all are unbounded: what needs no
    more than that need not be compared with each.
    """

    offerings: tuple[Offering, ...]
    unfit: tuple[Candidate, ...]
    capability: Capability
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
    return Fit(tuple(fit), tuple(unfit), request.capability, min(windows, default=None), any_retires)


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
    """Keeps what :func:`fit_of` found, for as long as snapshot and usable services stay the same.

    And what requests of some sizes are expected to cost there: many are about as long as others.
    """

    def __init__(self) -> None:
        self._for: tuple[object, object] = (None, None)
        self._known: dict[tuple[Capability, Requirements], Fit] = {}
        self._last: tuple[object, object, Fit | None] = (None, None, None)
        self._priced: dict[tuple[Fit, Needs], list[Priced]] = {}
        self._prices = 0

    def of(self, request: TaskRequest, snapshot: Snapshot, world: World) -> Fit:
        """Who may do work like the request's."""
        if self._for[0] is not snapshot or self._for[1] is not world.unusable or len(self._known) > _KINDS_KEPT:
            self._for, self._known, self._last = (snapshot, world.unusable), {}, (None, None, None)
            self._priced, self._prices = {}, 0
        capability, requirements = request.capability, request.requirements
        last_capability, last_requirements, last = self._last
        if last is not None and capability is last_capability and requirements is last_requirements:
            return last
        kind = capability, requirements
        fit = self._known.get(kind)
        if fit is None:
            fit = self._known[kind] = fit_of(request, snapshot, world)
        self._last = capability, requirements, fit
        return fit

    def priced(self, fit: Fit, needs: Needs) -> list[Priced]:
        """Those that fit, with what such a request is expected to cost at each."""
        known = self._priced.get((fit, needs))
        if known is None:
            self._prices += len(fit.offerings)
            if self._prices > _PRICES_KEPT:
                self._priced, self._prices = {}, len(fit.offerings)
            known = self._priced[fit, needs] = priced(fit.offerings, needs, fit.capability)
        return known
