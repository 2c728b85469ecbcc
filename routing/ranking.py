"""The weighted objective: known quality, expected cost and expected latency, each brought to 0..1, 1 being best.

Cost and latency become ``half / (half + value)``: nothing is 1, the half value is ½, and it never turns negative.
The scale is absolute, so that adding a third candidate cannot swap the order of two others, as scaling by the best and
worst of the candidates would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from registry.words import Capability
from routing.strategies.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registry.words import Objective, Offering
    from routing.estimating import Needs
    from routing.health import Health

# The cost and the latency that count as half good, per kind of work: nano-dollars a call and milliseconds.
HALF_COST_NANOUSD: Mapping[Capability, int] = {
    Capability.TEXT: 5_000_000,
    Capability.EMBEDDING: 100_000,
    Capability.IMAGE: 40_000_000,
    Capability.VIDEO: 500_000_000,
    Capability.SPEECH: 15_000_000,
    Capability.TRANSCRIPTION: 10_000_000,
    Capability.UNDERSTANDING: 5_000_000,
    Capability.SEARCH: 5_000_000,
}
HALF_LATENCY_MS: Mapping[Capability, float] = {
    Capability.TEXT: 5_000.0,
    Capability.EMBEDDING: 500.0,
    Capability.IMAGE: 15_000.0,
    Capability.VIDEO: 120_000.0,
    Capability.SPEECH: 5_000.0,
    Capability.TRANSCRIPTION: 10_000.0,
    Capability.UNDERSTANDING: 5_000.0,
    Capability.SEARCH: 5_000.0,
}


_seen = _priced = tuple.__new__  # a named tuple's own way goes through a function in Python


class Priced(NamedTuple):
    """An offering with what a request of some size is expected to cost there.

    ``quality`` is the catalogue's guess; ``expected_nanousd`` None where the price is unknown; ``cost`` in 0..1, 1
    best. An unknown price counts as the half cost: neither free nor a reason never to be tried.
    """

    offering: Offering
    offering_id: int
    quality: float
    expected_nanousd: int | None
    cost: float


def priced(offerings: Iterable[Offering], needs: Needs, capability: Capability) -> list[Priced]:
    """The offerings with what they are expected to cost: all that is known of them before the moment of a decision."""
    usage, half_cost = needs.expected, HALF_COST_NANOUSD[capability]
    known = []
    for offering in offerings:
        expected = None if offering.price is None else offering.price.cost_nanousd(usage)
        cost = 0.5 if expected is None else half_cost / (half_cost + expected)
        known.append(_priced(Priced, (offering, offering.offering_id, offering.quality, expected, cost)))
    return known


def see(
    candidates: Iterable[Priced],
    capability: Capability,
    objective: Objective,
    quality: Mapping[int, float],
    health: Health,
) -> list[Seen]:
    """The candidates as strategies see them, scored under an objective.

    ``quality`` holds what scores have taught about offerings, by id, in 0..1; the catalogue's guess stands for the
    others. Utility and all its parts are low where one hung just now.
    """
    known, half_latency = health.known, HALF_LATENCY_MS[capability]
    weight_quality, weight_cost, weight_speed = objective.shares()
    now, anything_doubted = health.now(), health.anything_doubted
    seen = []
    for offering, offering_id, guess, expected, cost in candidates:  # no calls that can be spared
        good = quality.get(offering_id, guess)
        standing = known(offering_id)
        if standing is not None and now < (latency := standing.latency).settled_until:
            latency_ms, in_flight = latency.mean_ms, standing.places.in_flight
        else:
            latency_ms, in_flight = health.lately(offering, now)
        speed = half_latency / (half_latency + latency_ms)
        if anything_doubted and (trust := health.reliability(offering)) != 1.0:
            good, cost, speed = trust * good, trust * cost, trust * speed  # noqa: PLW2901 - of this candidate
        utility = weight_quality * good + weight_cost * cost + weight_speed * speed
        seen.append(_seen(Seen, (offering, utility, good, cost, speed, expected, latency_ms, in_flight, 1.0)))
    return seen
