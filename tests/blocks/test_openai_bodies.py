"""What goes out to OpenAI-compatible services."""

import json

import pytest

from blocks.errors import ServiceFailure
from blocks.wire.openai import chat_body, embeddings_body
from registry.words import Capability, FailureClass, Message, Service

CLOSED = {
    "type": "object",
    "properties": {"shots": {"type": "array", "items": {"type": "string"}}},
    "required": ["shots"],
    "additionalProperties": False,
}


def test_only_parameters_that_the_offering_accepts_go_out(make_call):
    call = make_call(
        params={"temperature": 0.2, "seed": 7, "top_k": 3, "width": 512},
        offering={"accepted_params": frozenset({"temperature", "top_k"})},
    )
    assert chat_body(call) == {
        "model": "small-1",
        "messages": [{"role": "user", "content": "Say hello."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.2,
        "top_k": 3,
    }


@pytest.mark.parametrize(
    ("accepted", "name"),
    [
        ({"max_completion_tokens", "max_tokens"}, "max_completion_tokens"),
        ({"max_tokens"}, "max_tokens"),
        ({"max_output_tokens"}, "max_tokens"),
        (set(), None),
    ],
)
def test_the_length_goes_out_under_the_name_that_the_offering_accepts(make_call, accepted, name):
    call = make_call(params={"max_output_tokens": 50}, offering={"accepted_params": frozenset(accepted)})
    sent = {key: value for key, value in chat_body(call).items() if "tokens" in key}
    assert sent == ({name: 50} if name else {})


def test_no_more_output_is_asked_for_than_the_offering_can_give(make_call):
    call = make_call(params={"max_output_tokens": 5000}, offering={"max_output_tokens": 1000})
    assert chat_body(call)["max_tokens"] == 1000


def test_a_server_that_refuses_stream_options_gets_none(make_call):
    service = Service(service_id=1, name="strict", kind="openai_compatible", options={"stream_usage": False})
    assert "stream_options" not in chat_body(make_call(service=service))


@pytest.mark.parametrize("loosened", [{"additionalProperties": True}, {"required": []}])
def test_a_schema_goes_out_as_strict_only_if_it_is_closed(make_call, loosened):
    strict = chat_body(make_call(schema=CLOSED))["response_format"]
    assert strict == {"type": "json_schema", "json_schema": {"name": "answer", "schema": CLOSED, "strict": True}}
    nested = {**CLOSED, "properties": {"shots": {**CLOSED, **loosened}}}
    assert chat_body(make_call(schema=nested))["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize("has_system", [True, False])
def test_without_schemas_json_is_asked_for_in_words(make_call, has_system):
    start = (Message("system", "You are brief."),) if has_system else ()
    body = chat_body(
        make_call(
            schema=CLOSED,
            messages=(*start, Message("user", "Shots!")),
            offering={"features": frozenset({"json_object"})},
        )
    )
    assert body["response_format"] == {"type": "json_object"}
    system, user = body["messages"]
    assert (system["role"], user) == ("system", {"role": "user", "content": "Shots!"})
    assert system["content"].startswith("You are brief.") is has_system
    assert json.dumps(CLOSED) in system["content"]


def test_an_offering_that_knows_no_json_mode_gets_words_alone(make_call):
    body = chat_body(make_call(schema=CLOSED, offering={"features": frozenset()}))
    assert "response_format" not in body
    assert "JSON schema" in body["messages"][0]["content"]


def test_a_prompt_stands_in_for_messages(make_call):
    assert chat_body(make_call(text="", prompt="Hello?"))["messages"] == [{"role": "user", "content": "Hello?"}]


def test_inputs_go_out_to_be_embedded(make_call):
    call = make_call(
        capability=Capability.EMBEDDING,
        inputs=("a", "b"),
        params={"dimensions": 8, "temperature": 1},
        offering={"accepted_params": frozenset({"dimensions", "temperature"})},
    )
    assert embeddings_body(call) == {"model": "small-1", "input": ["a", "b"], "dimensions": 8}


@pytest.mark.parametrize("body", [chat_body, embeddings_body])
def test_nothing_to_ask_is_the_callers_fault(make_call, body):
    with pytest.raises(ServiceFailure) as caught:
        body(make_call(text=""))
    assert caught.value.failure is FailureClass.CALLER_FAULT
