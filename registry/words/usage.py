"""What a call consumed, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.words.quick import quickly_made

if TYPE_CHECKING:
    from datetime import datetime

TOKENS_PER_MTOK = 1_000_000


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a provider said (or we counted) that one call consumed.

    ``reported`` is False where the provider said nothing and the figures are an estimate of ours.
    ``cached_input_tokens`` are among ``input_tokens``, ``reasoning_tokens`` among ``output_tokens``.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    pictures: int = 0
    reported: bool = True

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            pictures=self.pictures + other.pictures,
            reported=self.reported and other.reported,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What an offering charges from a day on; nano-dollars per million tokens, per picture, per call.

    >>> price = Price(input_nanousd_per_mtok=150_000_000, output_nanousd_per_mtok=600_000_000)
    >>> price.cost_nanousd(Usage(input_tokens=1000, output_tokens=100))
    210000
    """

    input_nanousd_per_mtok: int = 0
    output_nanousd_per_mtok: int = 0
    cached_input_nanousd_per_mtok: int | None = None
    picture_nanousd: int = 0
    call_nanousd: int = 0
    valid_from: datetime | None = None
    source: str = ""

    def cost_nanousd(self, usage: Usage) -> int:
        """The cost of a call, rounded up to a whole nano-dollar."""
        input_rate, cached_tokens = self.input_nanousd_per_mtok, usage.cached_input_tokens
        per_mtok = usage.input_tokens * input_rate + usage.output_tokens * self.output_nanousd_per_mtok
        if cached_tokens and self.cached_input_nanousd_per_mtok is not None:
            per_mtok += cached_tokens * (self.cached_input_nanousd_per_mtok - input_rate)
        cost = -(-per_mtok // TOKENS_PER_MTOK) + self.call_nanousd
        return cost + usage.pictures * self.picture_nanousd if usage.pictures else cost

    def cost_of_tokens_nanousd(self, input_tokens: int, output_tokens: int) -> int:
        """The cost of a call that takes in and gives out so many tokens, none from a cache, and no picture."""
        per_mtok = input_tokens * self.input_nanousd_per_mtok + output_tokens * self.output_nanousd_per_mtok
        return -(-per_mtok // TOKENS_PER_MTOK) + self.call_nanousd

    @property
    def is_free(self) -> bool:
        """Whether nothing that a call can consume costs anything."""
        return not (
            self.input_nanousd_per_mtok or self.output_nanousd_per_mtok or self.picture_nanousd or self.call_nanousd
        )
