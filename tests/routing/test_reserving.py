"""The worst case of a call: as long an answer as anybody allows, at the dearer rate, and unknown where the price is."""

from __future__ import annotations

import pytest

from registry.words import Capability, Price, TaskRequest
from routing.estimating import estimate_needs
from routing.reserving import UNKNOWN_OUTPUT_TOKENS, worst_case

PRICE = Price(input_nanousd_per_mtok=1_000_000, output_nanousd_per_mtok=2_000_000, call_nanousd=7)


def of(request, offering):
    return worst_case(request, offering, estimate_needs(request))


@pytest.mark.parametrize(
    ("asked", "facts", "output"),
    [
        ({"max_output_tokens": 50}, {}, 50),
        ({"max_output_tokens": 50}, {"max_output_tokens": 20}, 20),
        ({}, {"max_output_tokens": 4_000}, 4_000),
        ({}, {"context_window": 1_000}, 1_000 - 16),
        ({"max_output_tokens": 5_000}, {"context_window": 1_000}, 1_000 - 16),
        ({}, {"context_window": 10}, 0),
        ({}, {}, UNKNOWN_OUTPUT_TOKENS),
    ],
)
def test_the_answer_is_as_long_as_request_offering_and_window_allow(text_request, offering, asked, facts, output):
    worst, tokens = of(text_request(params=asked), offering(price=PRICE, **facts))
    assert tokens == 16 + output  # 24 characters and a message's frame
    assert worst == 16 + 2 * output + 7


def test_an_unknown_price_has_no_worst_case(text_request, offering):
    assert of(text_request(params={"max_output_tokens": 4}), offering(price=None)) == (None, 20)


def test_input_is_taken_at_the_dearer_of_its_rates(text_request, offering):
    dear = Price(input_nanousd_per_mtok=1_000_000, cached_input_nanousd_per_mtok=3_000_000)
    assert of(text_request(params={"max_output_tokens": 4}), offering(price=dear)) == (48, 20)


def test_pictures_and_embeddings_have_no_answer_in_tokens(offering):
    pictures = TaskRequest(capability=Capability.IMAGE, prompt="waves", params={"n": 3})
    assert of(pictures, offering(price=Price(picture_nanousd=10), max_output_tokens=5)) == (30, 0)
    vectors = TaskRequest(capability=Capability.EMBEDDING, inputs=("waves",))
    assert of(vectors, offering(price=PRICE, max_output_tokens=5)) == (2 + 7, 2)
