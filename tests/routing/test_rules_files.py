"""Policies from files: read as they are meant, and refused with the line to blame whatever is wrong with them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.words import Hedge, Objective, Policy, Requirements, Rule, Split, Target
from routing.errors import RulesInvalid
from routing.rules.reading import DEEPEST, LARGEST_BYTES, read_policy, read_rules

WHOLE = """\
policy: careful
objective: quality=3, cost=1
target: the cheapest above 0.9
requirements: {features: [tools], regions: [eu]}
prefer: [mistral]
hedge: {calls_share: 0, cost_share: 0.5}
priority: low
affinity: yes
cache_seconds: 30
deadline_seconds: 60
budget_usd: 0.05
on_refusal: end
zone: Europe/Berlin
rules:
  - name: eu-data-stays
    when: request.metadata.data == "personal"
    require: service.region.startsWith("eu")
  - name: canary
    split: {by: request.principal, seed: canary-1, shares: {"openai/gpt-5": 0.95, "mistral/large": 0.05}}
  - name: try-new
    when: |
      request.stage == "draft" &&
      request.item != ""
    shadow: offering.name == "together/new"
    share: 0.02
  - name: cheap-drafts
    when: request.stage == "draft"
    weight: {quality: 0.2, cost: 0.7, speed: 0.1}
"""


def test_a_whole_policy_is_read_as_it_is_meant():
    assert read_policy(WHOLE.encode(), "careful.yaml") == Policy(
        name="careful",
        objective=Objective(quality=3, cost=1, speed=0),
        target=Target(goal="cost", min_quality=0.9),
        requirements=Requirements(features=frozenset({"tools"}), regions=frozenset({"eu"})),
        prefer=("mistral",),
        hedge=Hedge(calls_share=0, cost_share=0.5),
        priority="low",
        affinity=True,
        cache_seconds=30,
        deadline_seconds=60,
        budget_nanousd=50_000_000,
        on_refusal="end",
        zone="Europe/Berlin",
        rules=(
            Rule(
                name="eu-data-stays",
                when='request.metadata.data == "personal"',
                require='service.region.startsWith("eu")',
            ),
            Rule(
                name="canary",
                split=Split(
                    by="request.principal", seed="canary-1", shares={"openai/gpt-5": 0.95, "mistral/large": 0.05}
                ),
            ),
            Rule(
                name="try-new",
                when='request.stage == "draft" &&\nrequest.item != ""\n',
                shadow='offering.name == "together/new"',
                share=0.02,
            ),
            Rule(
                name="cheap-drafts",
                when='request.stage == "draft"',
                weight=Objective(quality=0.2, cost=0.7, speed=0.1),
            ),
        ),
    )


def test_a_policy_that_says_next_to_nothing_is_the_default_by_another_name():
    assert read_policy(b"policy: plain\n", "plain.yaml") == Policy(name="plain")


@pytest.mark.parametrize(
    ("before", "after", "line", "told"),
    [
        ("request.principal,", "request.princpal,", 19, "there is no 'request.princpal'; did you mean"),
        ('request.item != ""', 'request.itm != ""', 23, "there is no 'request.itm'; did you mean 'request.item'?"),
        ('startsWith("eu")', 'startsWith("eu"', 17, "it cannot be understood"),
        ("service.region", "request.stage", 17, "'request' cannot be looked at here"),
        ("0.95", "0.9", 19, "the shares of the split add up to 0.95; they must add up to 1"),
        ("quality: 0.2, cost: 0.7, speed: 0.1", "quality: 0", 28, "all weights of the objective are 0"),
        ("cost: 0.7", "cost: -0.7", 28, "the weight of cost is -0.7"),
        ("quality=3, cost=1", "quality=3, cots=1", 2, "there is no weight 'cots', did you mean 'cost'?"),
        ("cheapest above", "chepest above", 3, "did you mean 'cheapest'?"),
        ("0.9\n", "1.9\n", 3, "the quality 1.9 is not between 0 and 1"),
        ("cost_share: 0.5", "cost_share: 5", 6, "cost_share of the hedge is 5"),
        ("priority: low", "priority: urgent", 7, "priority"),
        ("deadline_seconds: 60", "deadline_seconds: soon", 10, "deadline_seconds"),
        ("budget_usd: 0.05", "budget_usd: five", 11, "'five' is no amount in dollars"),
        ("Europe/Berlin", "Europe/Berln", 13, "there is no time zone"),
        ("    require:", "    requires:", 17, "there is no such entry; did you mean 'require'?"),
        ("name: try-new", "name: canary", 20, "two rules are named canary"),
        ("    share: 0.02", "    share: 2", 20, "the share of rule try-new is 2"),
        ("    share: 0.02", "    forbid: 'true'", 20, "it has forbid, shadow"),
        ("prefer: [mistral]", "prefer: &liked [mistral]", 5, "anchors and aliases"),
        ("affinity: yes", "priority: high", 8, "priority stands there twice"),
        ("policy: careful", "policy: care+ful", 1, "no + among them"),
        ("policy: careful", "policy: [careful]", 1, "is no name"),
        ("policy: careful", "name: careful", 1, "it names no policy"),
        ("priority: low", "strategy: cheepest", 7, "there is no strategy 'cheepest'; did you mean 'cheapest_above'?"),
        ("rules:", "rules: {", 15, ""),
        ("on_refusal: end", "on_refusal: !!python/name:os.system x", 12, "could not determine a constructor"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(before, after, line, told):
    assert before in WHOLE
    with pytest.raises(RulesInvalid) as caught:
        read_policy(WHOLE.replace(before, after, 1).encode(), "careful.yaml")
    assert caught.value.line == line, str(caught.value)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"careful.yaml, line {line}: ")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"policy: a\nprefer: " + b"[" * 100_000, "larger than"),
        (b"policy: a\nprefer: " + b"[" * 50 + b"]" * 50, f"nested over {DEEPEST} deep"),
        (b"policy: a\nprefer: [" + b"a," * 20_000 + b"]", "over 10,000 values"),
        (b"policy: \xff", "byte 9 is not UTF-8"),
        (b"- a\n- b\n", "it is no mapping"),
        (b"just text", "it is no mapping"),
        (b"", "it names no policy"),
        (b"policy: a\n? [b]\n: c\n", "a name is a plain text here"),
        (b"policy: a\noptions: {<<: {a: 1}}\n", "a name is a plain text here"),
        (b"policy: a\n---\npolicy: b\n", "line 2"),
        (b"policy: a\noptions: {day: 2026-99-99}\n", "line 2"),
        (b"policy: a\n" + b" " * LARGEST_BYTES, "larger than"),
    ],
)
def test_hostile_files_are_refused(content, told):
    with pytest.raises(RulesInvalid) as caught:
        read_policy(content, "bad.yaml")
    assert told in str(caught.value)


@given(st.binary(max_size=200) | st.text("policy: rules\n-[]{}&*!|>'\"name when 1", max_size=200).map(str.encode))
def test_any_bytes_are_a_policy_or_told_why_not(content):
    try:
        policy = read_policy(content, "any.yaml")
    except RulesInvalid as error:
        told = error
    else:
        assert policy.name
        return
    assert told.line >= 1


def test_rules_alone_are_read_too():
    policy = read_rules(b"zone: Asia/Tokyo\nrules:\n  - {name: a, forbid: 'true'}\n", "night.yaml")
    assert (policy.name, policy.zone, policy.rules) == ("night", "Asia/Tokyo", (Rule(name="a", forbid="true"),))
    with pytest.raises(RulesInvalid, match="it has no rules"):
        read_rules(b"policy: a\n", "none.yaml")
