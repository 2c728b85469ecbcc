"""What callers wish for: by word or by value, bounded, and joined with what their policy requires of all."""

from __future__ import annotations

import pytest

from registry.words import Objective, Policy, Requirements, Target
from routing import task_request
from routing.constraints import exclude_for_good
from routing.wishes import LONGEST_LABEL, MOST_LABELS, Wishes, with_requirements


def test_a_flow_author_may_say_what_matters_in_words_or_in_values():
    said = task_request(
        "text", "Hi.", objective="quality=1,cost=1", target="the cheapest above 0.9", priority="low",
        metadata={"data": "personal"},
    )  # fmt: skip
    assert said.objective == Objective(quality=1, cost=1, speed=0)
    assert said.target == Target(goal="cost", min_quality=0.9)
    assert (said.priority, said.metadata) == ("low", {"data": "personal"})
    meant = task_request("text", "Hi.", objective=Objective(), target=Target(goal="speed"))
    assert (meant.objective, meant.target) == (Objective(), Target(goal="speed"))
    silent = task_request("text", "Hi.")
    assert (silent.objective, silent.target, silent.priority, silent.metadata) == (None, None, None, {})


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"objective": "quality=0"}, "all weights of the objective are 0"),
        ({"objective": {"cost": -1}}, "the weight of cost is -1.0"),
        ({"target": "the best under 2"}, "2 has no unit"),
        ({"priority": "urgent"}, "there is no priority 'urgent'; there are high, normal, low"),
        ({"metadata": {str(number): "x" for number in range(MOST_LABELS + 1)}}, "metadata has 33 entries"),
        ({"metadata": {"a": "x" * (LONGEST_LABEL + 1)}}, "metadata 'a' is longer than 512 characters"),
    ],
)
def test_a_wish_that_makes_no_sense_is_told(wish, told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is looked at below
        task_request("text", "Hi.", **wish)
    assert told in str(caught.value)


def test_labels_that_are_no_texts_become_json():
    given = {"n": 3, "yes": True, "inner": {"a": [1]}}
    assert task_request("text", "Hi.", metadata=given).metadata == {"n": "3", "yes": "true", "inner": '{"a":[1]}'}


def test_the_wishes_of_a_run_are_on_all_its_requests(text_request):
    wishes = Wishes(policy="careful", target=Target(goal="speed"), priority="high", pipeline="storyboard")
    asked = wishes.on(text_request())
    assert (asked.policy, asked.target, asked.priority, asked.pipeline) == (
        "careful", Target(goal="speed"), "high", "storyboard",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "its", "joined"),
    [
        (set(), set(), set()),
        ({"eu"}, set(), {"eu"}),
        (set(), {"us"}, {"us"}),
        ({"eu", "ch"}, {"ch", "us"}, {"ch"}),
    ],
)
def test_a_policys_regions_bound_those_of_a_request(text_request, ours, its, joined):
    policy = Policy(name="p", requirements=Requirements(features=frozenset({"tools"}), regions=frozenset(ours)))
    request = text_request(requirements=Requirements(features=frozenset({"stream"}), regions=frozenset(its)))
    found = with_requirements(request, policy).requirements
    assert found.regions == joined
    assert found.features == {"tools", "stream"}


def test_where_policy_and_request_allow_no_region_in_common_nobody_may_do_it(text_request, offering, world):
    from registry.words import Service

    policy = Policy(name="p", requirements=Requirements(regions=frozenset({"eu"})))
    request = with_requirements(text_request(requirements=Requirements(regions=frozenset({"us"}))), policy)
    for region in ("eu", "us", None):
        service = Service(service_id=1, name="a", kind="fake", enabled=True, region=region)
        refusal = exclude_for_good(offering(service=service), request, world)
        assert refusal is not None
        assert "no region that both policy and request allow" in refusal[1]
