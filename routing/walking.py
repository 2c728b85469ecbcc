"""The state of one walk: where it is, what is left of time and money, what was tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from routing.estimating import estimate_needs

if TYPE_CHECKING:
    from registry.words import Attempt, Decision, Offering, Policy, TaskRequest
    from routing.attempting import Accept
    from routing.constraints import Refusal
    from routing.estimating import Needs
    from routing.health import Standing
    from routing.purses import Hold


@dataclass(slots=True)
class Walk:
    """One walk over a decision's route.

    ``route`` is what has not been asked yet, best first; ``again`` what may be asked once more, by offering id, and
    from when on (on the dispatcher's clock): those that failed in a way that passes, and those that were out when it
    was decided.
    """

    request: TaskRequest
    decision: Decision
    policy: Policy
    started: float
    deadline: float
    seconds: float
    budget_nanousd: int | None
    priority: str
    route: list[Offering]
    needs: Needs
    again: dict[int, tuple[Offering, float]] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    begun: int = 0
    rounds: dict[int, int] = field(default_factory=dict)
    held_nanousd: int = 0
    repaired: bool = False
    unaffordable: bool = False
    refusal: Refusal | None = None
    accept: Accept | None = None
    reloaded: set[str] = field(default_factory=set)

    def spent_nanousd(self) -> int:
        """What all attempts together have cost, and what those under way may."""
        return sum(attempt.cost_nanousd for attempt in self.attempts) + self.held_nanousd

    def too_late(self) -> str:
        """Why nothing more is tried."""
        return f"the deadline of {self.seconds:g} s has passed"

    def ask(self, request: TaskRequest) -> None:
        """Ask something else from now on."""
        self.request, self.needs = request, estimate_needs(request)

    def drop_service(self, service_id: int) -> None:
        """Ask nothing of a service any more."""
        self.route = [other for other in self.route if other.service.service_id != service_id]
        self.again = {key: one for key, one in self.again.items() if one[0].service.service_id != service_id}

    def keep_larger(self, than: Offering) -> None:
        """Ask only those with a larger context window than one that was too small."""
        self.route = [other for other in self.route if _is_larger(other, than)]
        self.again = {key: one for key, one in self.again.items() if _is_larger(one[0], than)}


@dataclass(slots=True)
class Placed:
    """A place at an offering, taken for one attempt.

    ``turned_before`` is how many calls the offering had turned away by then. ``is_probe`` and ``looks`` say that it was
    cooling, or its breaker open, and that this call is to find out.
    """

    offering: Offering
    standing: Standing
    number: int
    at_once: int
    expected_nanousd: int
    is_probe: bool = False
    looks: bool = False
    turned_before: int = 0
    hold: Hold | None = None
    worst_nanousd: int | None = None
    worst_tokens: int = 0


def _is_larger(other: Offering, than: Offering) -> bool:
    return other.context_window is None or (than.context_window or 0) < other.context_window
