"""Secrets stay out of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.wire.redaction import for_people, redact

SECRET = "zk9-Q7vnR2mWx8LpT4yB"


@pytest.mark.parametrize(
    "said",
    [
        f"Incorrect API key provided: {SECRET}.",
        "Incorrect API key provided: zk9-************T4yB.",
        "Incorrect API key provided: zk9-Q7vnR2...",
        f"header 'Authorization: Bearer {SECRET}' refused",
    ],
)
def test_an_echoed_key_is_hidden_whole_cut_or_starred(said):
    shown = redact(said, SECRET)
    assert "[hidden]" in shown
    for piece in ("Q7vn", "zk9-", "T4yB"):
        assert piece not in shown


@pytest.mark.parametrize(
    "key", ["sk-proj-abcdefghijklmnop", "gsk_abcdefghijk", "AIzaSyA1234567890abcdefg", "Bearer abc.def-ghi"]
)
def test_keys_of_known_shapes_are_hidden_even_if_they_are_not_ours(key):
    assert key.split()[-1] not in redact(f"your key {key} is wrong")


@given(
    st.text(max_size=60), st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12), st.text(max_size=60)
)
def test_no_secret_survives_in_any_company(before, secret, after):
    assert secret not in redact(before + secret + after, secret)


def test_a_message_for_people_is_one_short_line():
    shown = for_people("first\n\x1b[31msecond\x00 " + "word " * 1000)
    assert shown.startswith("first [31msecond word")
    assert len(shown) == 400
    assert shown.endswith("…")


def test_plain_words_stay_as_they_are():
    said = "This model's maximum context length is 8192 tokens; the task-oriented asking price is unknown."
    assert redact(said, SECRET) == said
