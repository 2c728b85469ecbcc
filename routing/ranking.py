"""The weighted objective: known quality, expected cost and expected latency, each brought to 0..1, 1 being best.

Cost and latency become ``half / (half + value)``: nothing is 1, the half value is ½, and it never turns negative.
The scale is absolute, so that adding a third candidate cannot swap the order of two others, as scaling by the best and
worst of the candidates would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.words import TOKENS_PER_MTOK, Capability
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


_seen = tuple.__new__  # a named tuple's own way goes through a function in Python


class WeightedObjective:
    """Scores offerings for one capability under one objective.

    ``quality`` holds what scores have taught about offerings, by id, in 0..1; the catalogue's guess stands for the
    others. An unknown price counts as the half cost: neither free nor a reason never to be tried.
    """

    __slots__ = ("_half_cost", "_half_latency", "_health", "_quality", "_shares")

    def __init__(
        self, capability: Capability, objective: Objective, quality: Mapping[int, float], health: Health
    ) -> None:
        self._shares = objective.shares()
        self._half_cost = HALF_COST_NANOUSD[capability]
        self._half_latency = HALF_LATENCY_MS[capability]
        self._quality = quality
        self._health = health

    def see(self, offerings: Iterable[Offering], needs: Needs) -> list[Seen]:
        """The offerings as strategies see them; utility and all its parts low where one hung just now."""
        health, learned, usage = self._health, self._quality, needs.expected
        known = health.known
        tokens_in, tokens_out = usage.input_tokens, usage.output_tokens
        is_plain = not (usage.cached_input_tokens or usage.pictures)
        half_cost, half_latency = self._half_cost, self._half_latency
        weight_quality, weight_cost, weight_speed = self._shares
        now, anything_doubted = health.now(), health.anything_doubted
        seen = []
        for offering in offerings:  # some microseconds a decision are all there is: no calls that can be spared
            offering_id, price = offering.offering_id, offering.price
            quality = learned.get(offering_id, offering.quality)
            if price is None:
                expected, cost = None, 0.5
            else:
                if is_plain:  # as Price.cost_of_tokens_nanousd does it
                    per_mtok = tokens_in * price.input_nanousd_per_mtok + tokens_out * price.output_nanousd_per_mtok
                    expected = -(-per_mtok // TOKENS_PER_MTOK) + price.call_nanousd
                else:
                    expected = price.cost_nanousd(usage)
                cost = half_cost / (half_cost + expected)
            standing = known(offering_id)
            if standing is not None and now < standing.latency.settled_until:
                latency_ms, in_flight = standing.latency.mean_ms, standing.places.in_flight
            else:
                latency_ms, in_flight = health.lately(offering, now)
            speed = half_latency / (half_latency + latency_ms)
            if anything_doubted and (trust := health.reliability(offering)) != 1.0:
                quality, cost, speed = trust * quality, trust * cost, trust * speed
            utility = weight_quality * quality + weight_cost * cost + weight_speed * speed
            seen.append(_seen(Seen, (offering, utility, quality, cost, speed, expected, latency_ms, in_flight, 1.0)))
        return seen
