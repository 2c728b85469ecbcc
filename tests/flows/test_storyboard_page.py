"""The page as text: how decisions are told in lines, and which language the thought is said to be in."""

import pytest

from flows.storyboard import DecisionRow
from flows.storyboard.page import _by_stage, _language
from flows.storyboard.words import Voice


def row(stage="shots", offering="local/tiny", others=("disabled: openai",), score=1.0, **facts):
    facts = {"item": "shot-01", "latency_ms": 400.0, "cost_nanousd": 1_000_000} | facts
    return DecisionRow(stage=stage, offering=offering, runners_up=others, score=score, **facts)


def test_decisions_that_went_the_same_way_are_one_line():
    rows = (row(), row(stage="pictures", offering="sketch/sketch", others=(), score=None), row(score=0.5), row())
    assert _by_stage(rows) == [
        {
            "stage": "shots", "pieces": 3, "offering": "local/tiny", "others": "disabled: openai", "latency": "1.2 s",
            "cost": "$0.003", "score": "0.83",
        },
        {
            "stage": "pictures", "pieces": 1, "offering": "sketch/sketch", "others": "", "latency": "400 ms",
            "cost": "$0.001", "score": "",
        },
    ]  # fmt: skip


@pytest.mark.parametrize("other", [row(offering="far/big"), row(others=("far/big: quota", "disabled: openai"))])
def test_a_decision_that_went_another_way_has_a_line_of_its_own(other):
    assert [line["pieces"] for line in _by_stage((row(), other, row()))] == [2, 1]


@pytest.mark.parametrize(
    ("language", "english", "tag"),
    [("ar", False, "ar"), ("pt-BR", False, "pt-BR"), ("", True, "en"), ("", False, ""), ('x" onload="', False, "")],
)
def test_a_language_that_is_not_known_is_not_guessed(language, english, tag):
    voice = Voice(script="Latin", direction="ltr", english=english, language=language)
    assert _language(voice) == tag
