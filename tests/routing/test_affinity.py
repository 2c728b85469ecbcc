"""Affinity: a conversation stays where it was answered last, while that is nearly as good as anybody."""

from __future__ import annotations

import pytest

from blocks import Fails, Says, Scripted
from registry.words import Capability, FailureClass, Message, Objective, Policy, TaskRequest
from routing import Runtime, task_request
from routing.affinity import BONUS, KEPT_SECONDS, Affinity, conversation_of
from routing.deciding import decide
from routing.rules.ruling import NOTHING, Ruling

QUALITY = Policy(name="quality", objective=Objective(quality=1, cost=0, speed=0))
EXPECTED_COST = Policy(name="expected", strategy="least_expected_cost")


def asked(*turns, **facts):
    return TaskRequest(capability=Capability.TEXT, messages=tuple(Message(*turn) for turn in turns), **facts)


@pytest.fixture
def affinity(clock):
    return Affinity(clock, most_conversations=3)


def first(decision):
    return decision.ranked[0].offering.split("/")[0]


@pytest.mark.parametrize("policy", [QUALITY, EXPECTED_COST])
def test_who_answered_last_is_first_while_nobody_is_much_better(affinity, offering, snapshot, world, policy):
    better, last, best = offering("better", quality=0.52), offering("last", quality=0.5), offering("best", quality=0.7)
    request = asked(("user", "Hello"))

    def route(*offerings):
        ruling = affinity.liked(request, NOTHING)
        return first(decide(1, request, snapshot(*offerings), policy, {}, world, ruling=ruling))

    assert route(better, last) == "better"
    affinity.answered(request, last.offering_id)
    assert route(better, last) == "last"
    assert route(better, last, best) == "best"


def test_after_its_time_it_is_forgotten_and_each_answer_renews_it(affinity, clock):
    request = asked(("user", "Hello"))
    affinity.answered(request, 7)
    clock.now += KEPT_SECONDS - 1
    assert affinity.liked(request, NOTHING).factors == {7: BONUS}
    affinity.answered(request, 7)
    clock.now += KEPT_SECONDS - 1
    assert affinity.liked(request, NOTHING).factors == {7: BONUS}
    clock.now += 1
    assert affinity.liked(request, NOTHING) is NOTHING


def test_the_last_one_to_answer_counts(affinity):
    request = asked(("user", "Hello"))
    affinity.answered(request, 7)
    affinity.answered(request, 8)
    assert affinity.liked(request, NOTHING).factors == {8: BONUS}


def test_what_rules_like_is_liked_still_more(affinity):
    request = asked(("user", "Hello"))
    affinity.answered(request, 7)
    ruling = Ruling(factors={7: 2.0, 9: 0.5}, numbers=(1,))
    liked = affinity.liked(request, ruling)
    assert (liked.factors, liked.numbers) == ({7: 2.0 * BONUS, 9: 0.5}, (1,))
    assert ruling.factors == {7: 2.0, 9: 0.5}


def test_conversations_are_bounded_and_those_that_rest_go_first(affinity):
    for number in range(5):
        affinity.answered(asked(hints={"session": str(number)}), number)
        affinity.answered(asked(hints={"session": "0"}), 0)
    assert len(affinity) == 3
    known = [n for n in range(5) if affinity.liked(asked(hints={"session": str(n)}), NOTHING) is not NOTHING]
    assert known == [0, 3, 4]


def test_a_conversation_that_goes_on_is_the_same_one():
    begun = asked(("system", "Be brief."), ("user", "Hello"))
    on = asked(("system", "Be brief."), ("user", "Hello"), ("assistant", "Hi."), ("user", "And now?"))
    assert conversation_of(begun) == conversation_of(on) is not None


@pytest.mark.parametrize(
    "other",
    [
        asked(("system", "Be long."), ("user", "Hello")),
        asked(("system", "Be brief."), ("user", "Good day")),
        asked(("system", "Be brief."), ("user", "Hello"), principal="bob"),
        asked(("system", "Be brief."), ("user", "Hello"), workspace="another"),
        asked(("system", "Be brief."), ("user", "Hello"), hints={"session": "1"}),
    ],
)
def test_what_begins_otherwise_or_is_somebody_elses_is_another_conversation(other):
    assert conversation_of(asked(("system", "Be brief."), ("user", "Hello"))) != conversation_of(other)


def test_a_session_that_is_named_is_one_whatever_is_said_in_it():
    one, other = (asked(("user", text), hints={"session": "s"}) for text in ("Hello", "Good day"))
    assert conversation_of(one) == conversation_of(other)
    assert conversation_of(one) == conversation_of(asked(("user", "Hm"), metadata={"session": "s"}))


@pytest.mark.parametrize("session", [None, "", ["a"], {"a": 1}, 2.5])
def test_a_session_that_is_no_name_is_not_taken_for_one(session):
    plain = asked(("user", "Hello"))
    assert conversation_of(asked(("user", "Hello"), hints={"session": session})) == conversation_of(plain)
    assert conversation_of(asked(hints={"session": session})) is None


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_policy_that_wants_it_keeps_a_conversation_where_it_was_answered(settings, streamed):
    favourite = Scripted([Fails(FailureClass.REFUSED), Says("favourite")])
    services = {"local": favourite, "second": Scripted([Says("second")])}
    async with Runtime.open(settings, services=services) as runtime:
        (local,) = [one for one in runtime.snapshot.offerings if one.service.name == "local"]
        await runtime.catalogue.add_service("second", "fake", enabled=True)
        await runtime.catalogue.put_offering(
            "second", "m", capabilities=["text"], quality=local.quality * 0.99, latency_ms=local.latency_ms
        )
        await runtime._watch.refresh()
        await runtime.policies.put(Policy(name="loyal", affinity=True, objective=QUALITY.objective))
        await runtime.policies.put(Policy(name="fickle", objective=QUALITY.objective))
        answers = []
        for policy in ("loyal", "loyal", "fickle"):
            request = task_request("text", "Hello", policy=policy, checks=())
            if streamed:
                async with runtime.stream(request) as stream:
                    answers.append("".join([delta.text async for delta in stream]))
            else:
                answers.append((await runtime.run(request)).text)
        assert answers == ["second", "second", "favourite"]
