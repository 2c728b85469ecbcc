"""Conditions: typos are told when they are written, what could take long is refused, and what fails says so."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.condition_facts import FACTS, HEALTH_FACTS, MAPS, REQUEST_ROOTS, SERVICE_FACTS, SERVICE_ROOTS
from registry.condition_names import texts_compared
from registry.conditions import LONGEST_CONDITION, compile_condition, context_of
from registry.errors import ConditionFailed, ConditionInvalid


@pytest.mark.parametrize(
    ("source", "kind", "names"),
    [
        ('request.metadata.data == "personal"', "request", {"request.metadata.data"}),
        ('request.metadata["data.class"] == "x"', "request", {"request.metadata.data.class"}),
        ("time.hour < 6 || budget.left_share < 0.1", "request", {"time.hour", "budget.left_share"}),
        ('service.region.startsWith("eu")', "service", {"service.region"}),
        ('offering.model.name.endsWith("-preview")', "service", {"offering.model.name"}),
        ("health.error_rate > 0.1", "service", {"health.error_rate"}),
        ('request.features.exists(one, one == "tools")', "request", {"request.features"}),
        ('request.stage == "service.name" // not service.region', "request", {"request.stage"}),
        ('"a" + \'request.nothing\' == r"\\d"', "request", set()),
        ("request.principal", "key", {"request.principal"}),
        ("int(request.metadata.level) > 3", "request", {"request.metadata.level"}),
    ],
)
def test_a_condition_is_understood_and_knows_which_facts_it_names(source, kind, names):
    assert compile_condition(source, kind).names == names


@pytest.mark.parametrize(
    ("source", "kind", "told"),
    [
        ('request.stag == "x"', "request", "there is no 'request.stag'; did you mean 'request.stage'?"),
        ('reqest.stage == "x"', "request", "there is no 'reqest'; did you mean 'request'?"),
        ('request.stage.startWith("x")', "request", "there is no function 'startWith'; did you mean 'startsWith'?"),
        ('service.name == "x"', "request", "'service' cannot be looked at here: this is asked once a request"),
        ('request.stage == "x"', "service", "'request' cannot be looked at here: this is asked of each offering"),
        ('offering.model == "x"', "service", "'offering.model' is a group of facts: name one of them"),
        ('request["stage"] == "x"', "request", "'request' is a group of facts"),
        ('(request).stage == "x"', "request", "'request' is a group of facts"),
        ('"x" in request.metadata', "request", "name one of them, such as request.metadata.data"),
        ('request.metadata["a" + "b"] == ""', "request", "'request.metadata' is a group of facts"),
        ('request.stage = "x"', "request", "equality is written =="),
        ("request.stage ==", "request", "it cannot be understood at column 17"),
        ("request.stage > 5", "request", "not defined for the given operand types"),
        ("request.stage", "request", "it gives neither true nor false"),
        ("request.input_tokens", "key", "it gives no text"),
        ("has(request.metadata.x)", "request", "has() is not needed"),
        ("", "request", "it cannot be understood"),
    ],
)
def test_a_condition_with_a_mistake_is_refused_with_what_is_wrong(source, kind, told):
    with pytest.raises(ConditionInvalid) as caught:
        compile_condition(source, kind)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('request.item.matches("(a+)+$")', "patterns (matches) are not offered"),
        ("[1, 2].all(a, [1, 2].all(b, true))", "one exists, all, filter or map is enough"),
        ("true || " * 200 + "true", f"longer than {LONGEST_CONDITION:,} characters"),
        ("(" * 200 + "true" + ")" * 200, "nested too deeply"),
        ("[1].all(request, true)", "cannot be a variable"),
    ],
)
def test_what_could_take_long_is_refused(source, told):
    with pytest.raises(ConditionInvalid) as caught:
        compile_condition(source, "request")
    assert told in str(caught.value)


def test_a_mistake_in_a_later_line_is_told_by_that_line():
    with pytest.raises(ConditionInvalid) as caught:
        compile_condition('request.stage == "a" &&\n\n  request.itm == "b"', "request")
    assert caught.value.line == 3
    with pytest.raises(ConditionInvalid) as caught:
        compile_condition('request.stage == "a" &&\n  request.item ==', "request")
    assert caught.value.line == 2


def test_a_fact_that_is_not_known_makes_the_condition_fail_and_not_hold():
    condition = compile_condition("offering.context_window > 1000", "service")
    assert condition.holds(context_of({"offering.context_window": 2_000}))
    assert not condition.holds(context_of({"offering.context_window": 200}))
    with pytest.raises(ConditionFailed, match="context_window"):
        condition.holds(context_of({"offering.context_window": None}))


@pytest.mark.parametrize(
    ("source", "value", "told"),
    [
        ("int(request.metadata.n) > 3", "many", "invalid digit"),
        ("10 / size(request.metadata.n) > 3", "", "it divides by zero"),
    ],
)
def test_a_value_that_cannot_be_worked_with_makes_the_condition_fail(source, value, told):
    with pytest.raises(ConditionFailed, match=told):
        compile_condition(source, "request").holds(context_of({"request.metadata.n": value}))


@pytest.mark.parametrize("value", ["\ud800", "x" * 10**6, 10**40, -(10**40)])
def test_facts_of_any_size_can_be_looked_at(value):
    wanted = "size(request.metadata.n) < 1000" if isinstance(value, str) else "request.input_tokens != 1"
    name = wanted.partition("(")[2].partition(")")[0] if isinstance(value, str) else "request.input_tokens"
    assert compile_condition(wanted, "request").holds(context_of({name: value}))


PIECES = ["request.", "stage", "metadata", "service", ".name", "==", "&&", "(", ")", "[", "]", '"x"', "'", "1", "!",
          "-", "in", "?", ":", ".all(x,", "startsWith(", "\n", "//", 'r"', "{", "}", "0x", "b'", "\\"]  # fmt: skip


@given(
    st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.sampled_from(["request", "service", "key"]),
)
@example("request.metadata.data == 'x'", "request")
@example('""""', "request")
def test_any_text_is_a_condition_or_told_why_not(text, kind):
    try:
        condition = compile_condition(text, kind)
    except ConditionInvalid:
        return
    roots = SERVICE_ROOTS if kind == "service" else REQUEST_ROOTS
    assert {name.partition(".")[0] for name in condition.names} <= roots


def test_every_fact_can_be_named_where_it_is_offered():
    for name, fact in FACTS.items():
        kind = "service" if name in SERVICE_FACTS | HEALTH_FACTS else "request"
        whole = f"{name}.any" if name in MAPS else name
        source = f"size({whole}) >= 0" if isinstance(fact.example, (str, list)) else f"{whole} == {whole}"
        assert compile_condition(source, kind).names == {whole}


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("service.name == \"a\" && service.name != 'b'", {"a", "b"}),
        ('"a" == service.name', {"a"}),
        ('service.name in ["a", "b"] || offering.name == "c/d"', {"a", "b"}),
        ('service.name.startsWith("a") || request.service.name == "b"', set()),
        ("service.name == request.pinned || service.name in []", set()),
        (r'service.name == "a\"b"', set()),
        ("service.name ==", set()),
        ("", set()),
    ],
)
def test_texts_that_a_fact_is_compared_with_are_found(source, texts):
    assert texts_compared(source, "service.name") == texts
