"""What matters, as people write it: weights and targets, and a helpful sentence for what makes no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.words import Objective, Target, parse_objective, parse_target, target_in_words


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("the best under $0.01 and 2 s", Target(goal="quality", max_cost_nanousd=10_000_000, max_latency_ms=2_000)),
        ("the cheapest above 0.9", Target(goal="cost", min_quality=0.9)),
        ("The fastest above 80% under 1 cent", Target(goal="speed", min_quality=0.8, max_cost_nanousd=10_000_000)),
        ("best at most 500ms", Target(goal="quality", max_latency_ms=500)),
        ("cheapest at least 0.7, within 1 min", Target(goal="cost", min_quality=0.7, max_latency_ms=60_000)),
        ("fastest", Target(goal="speed")),
        ("the best below 0.5 USD", Target(goal="quality", max_cost_nanousd=500_000_000)),
    ],
)
def test_a_target_is_read_as_it_is_meant(sentence, target):
    assert parse_target(sentence) == target


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("the best under 2", "2 has no unit: write $2 for a cost, 2 s or 2 ms for a time"),
        ("the best under 2 and 3 s", "2 has no unit"),
        ("the chepest above 0.9", "'chepest' is not understood in a target, did you mean 'cheapest'?"),
        ("the best under 2 secs", "there is no unit 'secs', did you mean 'sec'?"),
        ("the best above $3", "$3 cannot be a lower bound"),
        ("the cheapest above 9", "the quality 9 is not between 0 and 1"),
        ("the best 2 s", "say whether 2 is a lower or an upper bound"),
        ("under 2 s", "has no goal (best, cheapest or fastest)"),
        ("the best and the cheapest", "has two goals"),
        ("the best under -2 s", "-2 is negative"),
        ("the best under 2 s and 3 s", "the time is bounded twice"),
        ("the best; drop it", "';' is not understood"),
        ("the best under 0 s", "it must be more than 0"),
        ("the best under $99999999999999999", "more than a billion dollars"),
        ("best " * 100, "longer than 200 characters"),
        ("", "has no goal"),
    ],
)
def test_a_target_that_makes_no_sense_is_told_with_a_way_out(sentence, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is looked at below
        parse_target(sentence)
    assert told in str(caught.value)


TARGETS = st.builds(
    Target,
    goal=st.sampled_from(["quality", "cost", "speed"]),
    min_quality=st.none() | st.integers(0, 1_000).map(lambda thousandths: thousandths / 1_000),
    max_cost_nanousd=st.none() | st.integers(0, 10**15),
    max_latency_ms=st.none() | st.integers(1, 10**7).map(float),
)


@given(TARGETS)
def test_a_target_in_words_is_the_same_target(target):
    assert parse_target(target_in_words(target)) == target


@given(st.text(max_size=60) | st.text("the best cheapest under above $0.9 s ms and", max_size=60))
def test_any_text_is_a_target_or_told_why_not(text):
    try:
        target = parse_target(text)
    except ValueError:
        return
    assert parse_target(target_in_words(target)) == target


@pytest.mark.parametrize(
    ("given", "objective"),
    [
        ("quality=1,cost=2,speed=1", Objective(quality=1, cost=2, speed=1)),
        (" quality = 1 cost: 0.5 ", Objective(quality=1, cost=0.5, speed=0)),
        ({"speed": 3}, Objective(quality=0, cost=0, speed=3)),
    ],
)
def test_weights_are_read_and_what_is_not_named_weighs_nothing(given, objective):
    assert parse_objective(given) == objective


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "quality=0,cost=0",
            "all weights of the objective are 0: nothing would matter; give at least one of them more",
        ),
        ("quality=-1", "the weight of quality is -1.0; it must be a number of at least 0"),
        ("qualty=1", "there is no weight 'qualty', did you mean 'quality'?"),
        ("quality", "'quality' is no weight; write quality=1,cost=2,speed=1"),
        ("quality=much", "the weight of quality is 'much', which is no number"),
        ("quality=1,quality=2", "the weight of quality stands there twice"),
        ("quality=nan", "the weight of quality is nan; it must be a number of at least 0"),
        ("quality=inf", "it must be a number of at least 0"),
        ({"quality": None}, "which is no number"),
        ("", "there are no weights"),
        ("cost=1," * 100, "longer than 200 characters"),
    ],
)
def test_weights_that_make_no_sense_are_told_with_a_way_out(given, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is looked at below
        parse_objective(given)
    assert told in str(caught.value)


@given(st.text(max_size=60) | st.text("quality cost speed=1,0.-", max_size=60))
def test_any_text_is_weights_or_told_why_not(text):
    try:
        shares = parse_objective(text).shares()
    except ValueError:
        return
    assert sum(shares) == pytest.approx(1)
