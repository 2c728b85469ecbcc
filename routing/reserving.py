"""The most that a call may come to: what is held for it before it is sent, in money and in tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.words import Usage

if TYPE_CHECKING:
    from registry.words import Offering, TaskRequest
    from routing.estimating import Needs

UNKNOWN_OUTPUT_TOKENS = 16_384
"""What an answer may have at most where neither the request, the offering nor its window says."""


def worst_case(request: TaskRequest, offering: Offering, needs: Needs) -> tuple[int | None, int]:
    """Nano-dollars and tokens that the call may come to; None where the price is unknown.

    The answer is taken to be as long as the request allows, and the offering, and its window; input tokens are
    estimated upwards and taken at the dearer of their two rates.
    """
    output_tokens = most_output_tokens(request, offering, needs) if needs.output_tokens else 0
    tokens = needs.input_tokens + output_tokens
    price = offering.price
    if price is None:
        return None, tokens
    pictures = needs.expected.pictures
    dear_cache = (price.cached_input_nanousd_per_mtok or 0) > price.input_nanousd_per_mtok
    if not (dear_cache or pictures):  # nearly always
        return price.cost_of_tokens_nanousd(needs.input_tokens, output_tokens), tokens
    usage = Usage(
        input_tokens=needs.input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=needs.input_tokens if dear_cache else 0,
        pictures=pictures,
    )
    return price.cost_nanousd(usage), tokens


def most_output_tokens(request: TaskRequest, offering: Offering, needs: Needs) -> int:
    """The longest answer that request, offering and window allow, in tokens."""
    most = needs.output_tokens if "max_output_tokens" in request.params else None
    bound, window = offering.max_output_tokens, offering.context_window
    if bound is not None and (most is None or bound < most):
        most = bound
    if window is not None:
        left = window - needs.input_tokens
        if most is None or left < most:
            most = max(0, left)
    return UNKNOWN_OUTPUT_TOKENS if most is None else most
