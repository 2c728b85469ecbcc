"""Bad input over HTTP: what nobody can do, and bodies that make no sense, in sentences that say what to do."""

from __future__ import annotations

import pytest

from registry.words import Policy, Rule

RULE = 'service.name.startsWith("m")'


def test_a_policy_that_leaves_nobody_is_a_503_that_names_each_with_what_keeps_it_out(ask, gateway):
    policy = Policy(name="nobody", rules=(Rule(name="no-m", forbid=RULE),))
    gateway.in_loop(gateway.runtime.policies.put(policy))
    for stream in (False, True):
        answer = ask(metadata={"policy": "nobody"}, stream=stream)
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert error["code"] == "no_candidate"
        assert f"mock: rule no-m forbids {RULE}; local: the service is disabled; `turnout" in error["message"]


DEADLINES = "it takes a number above 0 and of at most 86,400"
SAID = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"metadata": {"objective": "quality=-1"}}, "metadata.objective: the weight of quality is -1.0; it must be a"),
        ({"metadata": {"objective": {"quality": 0}}}, "metadata.objective: all weights of the objective are 0"),
        ({"metadata": {"objective": "qualty=1"}}, "metadata.objective: there is no weight 'qualty', did you mean"),
        ({"metadata": {"target": "the chepest"}}, "metadata.target: 'chepest' is not understood"),
        ({"metadata": {"priority": 5}}, "metadata.priority: there is no priority 5; there are high, normal, low"),
        ({"metadata": {"budget_usd": "5 EUR"}}, "metadata.budget_usd: write US dollars as text without a unit, such"),
        ({"metadata": {"budget_usd": "-5"}}, "metadata.budget_usd: write US dollars as text"),
        ({"metadata": {"budget_usd": 5}}, "metadata.budget_usd: write US dollars as text"),
        ({"metadata": {"x" * 600: "y"}}, "metadata: metadata 'xxx"),
        ({"metadata": {"policy": "defualt"}}, "there is no policy 'defualt'; did you mean 'default'?"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content: parts of type"),
        ({"response_format": {"type": "xml"}}, "response_format.type: it takes 'text', 'json_object' or"),
        ({"metadata": {"deadline_seconds": "soon"}}, f"metadata.deadline_seconds: {DEADLINES}"),
        ({"metadata": {"deadline_seconds": 0}}, f"metadata.deadline_seconds: {DEADLINES}"),
        ({"metadata": {"stage": 7}}, "metadata.stage: it takes text"),
        ({"metadata": {"item": "x" * 300}}, "metadata.item: it takes at most 200 characters"),
        ({"metadata": "x"}, "metadata: it takes a mapping"),
        ({"messages": []}, "messages: it takes at least 1 entry"),
        ({"messages": "x"}, "messages: it takes a list"),
        ({"messages": [{"content": "x"}]}, "messages.0.role: it is missing"),
        ({"n": 99}, "n: it takes a whole number from 1 to 8"),
        ({"max_tokens": 1.5}, "max_tokens: it takes a whole number of at least 1"),
        ({"temperature": "hot"}, "temperature: it takes a number from 0 to 2"),
        ({"stream": "perhaps"}, "stream: it takes true or false"),
        ({"stop": 7}, "stop: it takes text or a list"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_400_in_our_words_and_in_none_of_the_parsers(client, body, told):
    answer = client.post("/v1/chat/completions", json={"messages": SAID, **body})
    assert answer.status_code == 400
    message = answer.json()["error"]["message"]
    assert message.startswith(told)
    assert "Value error" not in message
    assert "nput should" not in message
    assert ".:" not in message


@pytest.mark.parametrize("stream", [False, True])
def test_a_policy_with_a_typo_is_named_as_the_part_at_fault(ask, stream):
    error = ask(metadata={"policy": "defualt"}, stream=stream).json()["error"]
    assert error["param"] == "metadata.policy"
    assert error["message"] == "there is no policy 'defualt'; did you mean 'default'?"


@pytest.mark.parametrize("name", ["policy", "objective", "target", "streaming", "deadline_seconds", "budget_usd"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
def test_a_hint_beside_metadata_is_refused_and_told_where_it_belongs(client, gateway, path, name):
    asked = len(gateway.script.calls)
    body = {"messages": SAID, "input": "x", name: "guarded"}
    answer = client.post(path, json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == name
    assert error["message"] == (
        f'{name}: it is a hint to the router and belongs in metadata: {{"metadata": {{"{name}": …}}}}'
    )
    assert len(gateway.script.calls) == asked


def test_an_empty_registry_is_told_so_whatever_is_asked_for_and_work_goes_on_when_a_service_is_back(ask, gateway):
    catalogue = gateway.runtime.catalogue

    async def empty():
        for service in await catalogue.services():
            await catalogue.remove_service(service.name)
        await gateway.runtime._watch.refresh()

    async def fill():
        await catalogue.add_service("mock", "fake", enabled=True)
        await catalogue.put_offering("mock", "m", capabilities=["text"], quality=0.9)
        await gateway.runtime._watch.refresh()

    gateway.in_loop(empty())
    for asked in ({}, {"model": "mock/m"}, {"stream": True}):
        answer = ask(**asked)
        assert answer.status_code == 503
        assert "the registry is empty; `turnout services add` adds a service" in answer.json()["error"]["message"]
    gateway.in_loop(fill())
    assert ask().json()["choices"][0]["message"]["content"] == "The lamp."
    assert ask(model="mock/none").status_code == 404
