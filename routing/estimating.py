"""What a piece of work is expected to need at an offering: tokens, cost, time. First guesses, on the safe side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from registry.words import Capability, Usage

if TYPE_CHECKING:
    from registry.words import Offering, TaskRequest

# A look-up in an enumeration is a call of a function, and this runs once a request.
_IMAGE, _VIDEO, _EMBEDDING = Capability.IMAGE, Capability.VIDEO, Capability.EMBEDDING
DEFAULT_OUTPUT_TOKENS = 300
MESSAGE_TOKENS = 8  # a turn's role and separators
LATIN_CHARACTERS_PER_TOKEN = 3  # English has about four; names, code and other Latin languages fewer


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What a request needs, worked out once for all candidates. Tokens are estimates that err upwards.

    Requests of the same size share one; two others are never taken to be the same.

    ``output_tokens`` is the most the request allows; ``expected`` is what the ranking prices.
    """

    input_tokens: int
    output_tokens: int
    expected: Usage

    @property
    def context_tokens(self) -> int:
        """Input and output together: what a context window has to hold."""
        return self.input_tokens + self.output_tokens


def estimate_tokens(text: str) -> int:
    """Tokens in a text, erring upwards: a third of a token per Latin character, a whole one for any other.

    >>> estimate_tokens("a small robot"), estimate_tokens("روبوت صغير")
    (5, 10)
    """
    other = 0 if text.isascii() else sum(character > "\u024f" for character in text)
    return other + -(-(len(text) - other) // LATIN_CHARACTERS_PER_TOKEN)


def estimate_needs(request: TaskRequest) -> Needs:
    """What the request needs. Only text-like work has tokens; a picture is one picture."""
    capability = request.capability
    if capability is _IMAGE or capability is _VIDEO:
        pictures = int(request.params.get("n", 1))
        return Needs(0, 0, Usage(pictures=pictures, reported=False))
    input_tokens = estimate_tokens(request.prompt) if request.prompt else 0
    if request.inputs:
        input_tokens += sum(map(estimate_tokens, request.inputs))
    for message in request.messages:
        input_tokens += estimate_tokens(message.content) + MESSAGE_TOKENS
    if capability is _EMBEDDING:
        return Needs(input_tokens, 0, Usage(input_tokens=input_tokens, reported=False))
    return _text_needs(input_tokens, int(request.params.get("max_output_tokens", DEFAULT_OUTPUT_TOKENS)))


@lru_cache(maxsize=4_096)  # most requests are about as long as others, and two values cost more than looking one up
def _text_needs(input_tokens: int, output_tokens: int) -> Needs:
    expected = Usage(input_tokens=input_tokens, output_tokens=output_tokens, reported=False)
    return Needs(input_tokens, output_tokens, expected)


def expected_cost_nanousd(offering: Offering, needs: Needs) -> int | None:
    """What the work would cost there, in nano-dollars; None where the price is unknown."""
    return None if offering.price is None else offering.price.cost_nanousd(needs.expected)
