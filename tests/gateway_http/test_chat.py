"""Chat, embeddings, models and runs over HTTP, as any client sees them."""

from __future__ import annotations

import base64
import json
import struct
import time
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest

from gateway.http.chat import _share
from registry.words import FailureClass, Objective, Target


def events(answer):
    return [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]


def test_an_answer_has_openais_shape_and_says_how_it_came_about(ask):
    answer = ask(temperature=0.5, top_k=3, model="auto")
    told = answer.json()
    assert (told["object"], told["model"], told["choices"][0]["message"]["content"]) == (
        "chat.completion", "mock/m", "The lamp.",
    )  # fmt: skip
    assert told["usage"] == {
        "prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    assert answer.headers["x-turnout-service"] == "mock/m"
    assert answer.headers["x-turnout-decision"] == told["id"].removeprefix("chatcmpl-")
    assert answer.headers["x-turnout-dropped"] == "top_k"
    assert answer.headers["x-turnout-cost-usd"] == "0"
    assert answer.headers["cache-control"] == "no-store"


def test_a_stream_is_events_that_end_with_done(ask):
    answer = ask(stream=True, stream_options={"include_usage": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, done = events(answer)
    assert done == "[DONE]"
    chunks = [json.loads(chunk) for chunk in chunks]
    assert [chunk["choices"][0]["delta"] for chunk in chunks[:-1]] == [
        {"role": "assistant", "content": ""}, {"content": "The "}, {"content": "lamp."}, {},
    ]  # fmt: skip
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["total_tokens"]) == ([], 10)


def test_a_stream_that_breaks_says_so_in_its_last_event(ask):
    *_, error, done = events(ask("Now break", stream=True))
    assert json.loads(error)["error"]["code"] == "service_failed"
    assert done == "[DONE]"


@pytest.mark.parametrize("streaming", ["guarded", "buffered"])
def test_a_stream_that_is_held_back_fails_with_a_status_where_it_breaks_before_anything_was_said(ask, streaming):
    answer = ask("Now break", stream=True, metadata={"streaming": streaming, "deadline_seconds": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline_passed")
    whole = ask(stream=True, metadata={"streaming": streaming})
    said = [json.loads(event)["choices"][0]["delta"].get("content", "") for event in events(whole)[:-1]]
    assert "".join(said) == "The lamp."


def test_a_way_to_stream_that_there_is_not_is_the_callers_to_mend(ask):
    answer = ask(stream=True, metadata={"streaming": "slowly"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "metadata.streaming"
    assert "there are first_token, guarded, buffered" in answer.json()["error"]["message"]


def test_tools_go_out_and_come_back(ask, gateway):
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    choice = ask("Use the tool", tools=tools).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"] == {"name": "look", "arguments": '{"at": "sea"}'}
    assert gateway.script.calls[-1].request.params["tools"] == tools
    *chunks, _ = [json.loads(event) for event in events(ask("Use the tool", tools=tools, stream=True))[:-1]]
    pieces = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in chunks if "tool_calls" in str(chunk)]
    assert pieces[0]["id"] == "call-1"
    assert "".join(piece["function"]["arguments"] for piece in pieces if "function" in piece) == '{"at": "sea"}'


def test_what_came_of_a_tool_reaches_the_service(client, gateway):
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    turns = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look "}, {"type": "text", "text": "there"}]},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "a ship"},
    ]
    assert client.post("/v1/chat/completions", json={"messages": turns}).status_code == 200
    system, user, assistant, tool = gateway.script.calls[-1].request.messages
    assert (system.role, user.content, assistant.tools[0].name, tool.call_id) == ("system", "Look there", "look", "c1")


def test_a_schema_is_held(ask):
    schema = {"type": "object", "properties": {"light": {"type": "integer"}}, "required": ["light"]}
    shape = {"type": "json_schema", "json_schema": {"name": "light", "schema": schema}}
    assert json.loads(ask(response_format=shape).json()["choices"][0]["message"]["content"]) == {"light": 1}
    wrong = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "required": ["dark"]}}}
    answer = ask(response_format=wrong)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "invalid_output")


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("refuse", 400, "content_policy_violation"),
        ("long", 400, "context_length_exceeded"),
        ("fault", 400, "invalid_request"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_has_the_status_and_the_code_that_clients_know(ask, word, status, code, stream):
    answer = ask(word, stream=stream, metadata={"deadline_seconds": 3})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("model", ["mock", "m", "mock/m"])
def test_work_may_be_pinned_to_a_service_a_model_or_both(ask, model):
    assert ask(model=model).json()["model"] == "mock/m"


def test_a_model_that_is_not_there_is_a_404_with_the_nearest(ask, client):
    answer = ask(model="mok/m")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "mock/m" in answer.json()["error"]["message"]
    assert client.get("/v1/models/nobody").status_code == 404
    for typed, meant in (("autoo", "auto"), ("mokc", "mock")):
        assert f"there is no model {typed!r}; did you mean {meant!r}?" in ask(model=typed).json()["error"]["message"]
    assert "did you mean" not in ask(model="openal").json()["error"]["message"]  # openai is there, and disabled


def test_hints_in_metadata_reach_the_router_and_the_owner_is_the_keys(ask, gateway):
    assert ask(metadata={"stage": "shots", "item": "7", "mine": {"kept": 1}, "workspace": "other"}).status_code == 200
    request = gateway.script.calls[-1].request
    assert (request.stage, request.item, request.workspace, request.principal) == ("shots", "7", "default", "ann")
    answer = ask(metadata={"policy": "nonsense"})
    assert (answer.status_code, "nonsense" in answer.json()["error"]["message"]) == (400, True)
    assert ask(metadata={"deadline_seconds": -1}).json()["error"]["param"] == "metadata.deadline_seconds"
    assert request.metadata == {"mine": '{"kept":1}', "workspace": "other"}
    late = ask("Please hang", metadata={"deadline_seconds": 0.3})
    assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_passed")


def test_several_answers_are_asked_for_at_once_and_their_usage_is_added_up(ask, gateway):
    before = len(gateway.script.calls)
    answer = ask(n=3, seed=7)
    told = answer.json()
    assert answer.status_code == 200, told
    assert [choice["index"] for choice in told["choices"]] == [0, 1, 2]
    assert {choice["message"]["content"] for choice in told["choices"]} == {"The lamp."}
    assert told["usage"]["total_tokens"] == 3 * 10
    asked = [call.request for call in gateway.script.calls[before:]]
    assert sorted(request.params["seed"] for request in asked) == [7, 8, 9]
    assert len(set(answer.headers["x-turnout-decision"].split(","))) == 3
    assert _share(replace(asked[0], budget_nanousd=300), 2, 3).budget_nanousd == 100
    assert ask("Please refuse", n=2).json()["error"]["code"] == ask("Please refuse").json()["error"]["code"]


def test_what_matters_may_be_said_with_a_request(ask, gateway):
    said = {"objective": "quality=1,cost=3", "target": "the cheapest above 0.5", "priority": "low"}
    assert ask(metadata=said).status_code == 200
    request = gateway.script.calls[-1].request
    assert (request.objective, request.target, request.priority, request.metadata) == (
        Objective(quality=1, cost=3, speed=0), Target(goal="cost", min_quality=0.5), "low", {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        (
            {"objective": "quality=0"},
            "metadata.objective: all weights of the objective are 0: nothing would matter; give at least one",
        ),
        ({"objective": 7}, "metadata.objective: "),
        ({"target": "the best under 2"}, "metadata.target: 2 has no unit"),
        ({"priority": "urgent"}, "metadata.priority: there is no priority 'urgent'"),
        ({"mine": "x" * 600}, "metadata 'mine' is longer than 512 characters"),
        ({str(number): "x" for number in range(40)}, "metadata has 40 entries; at most 32 are taken"),
    ],
)
def test_a_wish_that_makes_no_sense_is_a_400_that_says_why(ask, metadata, told):
    answer = ask(metadata=metadata)
    assert answer.status_code == 400
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "x"}], "n": 9}, "n"),
        ({"messages": [{"role": "user", "content": "x"}], "n": 0}, "n"),
        ({"messages": [{"role": "user", "content": "x"}], "n": 2, "stream": True}, "n"),
        ({"messages": [{"role": "user", "content": "x"}], "temperature": 9}, "temperature"),
    ],
)
def test_a_body_of_another_shape_is_refused_by_the_name_of_the_part(client, body, param):
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert (answer.json()["error"]["param"], answer.json()["error"]["type"]) == (param, "invalid_request_error")


def test_embeddings_come_as_numbers_or_as_base64(client):
    answer = client.post("/v1/embeddings", json={"model": "mock/m", "input": ["a", "b"]}).json()
    assert [item["embedding"] for item in answer["data"]] == [[0.5, -1.0, 0.0], [0.5, -1.0, 1.0]]
    body = {"model": "auto", "input": "a", "encoding_format": "base64"}
    packed = base64.b64decode(client.post("/v1/embeddings", json=body).json()["data"][0]["embedding"])
    assert struct.unpack("<3f", packed) == (0.5, -1.0, 0.0)
    for wrong in ([], [""], [[1, 2, 3]]):
        assert client.post("/v1/embeddings", json={"model": "auto", "input": wrong}).status_code == 400


def test_models_are_auto_and_those_that_may_be_chosen(client):
    listed = [model["id"] for model in client.get("/v1/models").json()["data"]]
    assert listed == ["auto", "mock/m"]
    assert client.get("/v1/models/mock/m").json()["owned_by"] == "mock"
    assert client.get("/v1/models/auto").json()["id"] == "auto"


def test_a_run_is_told_with_what_it_adds_up_to(client, gateway):
    async def make():
        runs, items = gateway.runtime.runs, gateway.runtime.items
        run = await runs.start("storyboard", "1", fingerprint="x", parameters={})
        await items.plan(run.run_id, [("shots", "1", "a"), ("shots", "2", "b")])
        await items.finish(run.run_id, "shots", "1", result={})
        return run.run_id

    number = gateway.in_loop(make())
    told = client.get(f"/v1/runs/{number}").json()
    assert (told["state"], told["items"], told["calls"]) == ("running", {"done": 1, "pending": 1}, 0)
    for wrong in ("99", "-1", "x", "9" * 30):
        answer = client.get(f"/v1/runs/{wrong}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_health_readiness_metrics_and_the_description(client, gateway):
    assert client.get("/healthz", headers={"authorization": ""}).json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    counted = client.get("/metrics").text
    assert 'turnout_http_requests_total{route="/v1/chat/completions",status="200"}' in counted
    assert 'turnout_calls_total{offering="mock/m",outcome="done"}' in counted
    described = client.get("/openapi.json").json()
    assert "requestBody" in described["paths"]["/v1/chat/completions"]["post"]
    assert "Turn" in described["components"]["schemas"]
    for gone in ("/docs", "/redoc"):
        assert client.get(gone).status_code == 404
    gateway.state.draining = True
    assert client.get("/readyz").status_code == 503
    gateway.state.draining = False


@pytest.mark.parametrize("word", ["hang", "slowly"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_ends_the_call_and_it_is_recorded(gateway, client, word, stream):
    before = len(gateway.outcomes())
    body = {"messages": [{"role": "user", "content": word}], "stream": stream}
    with suppress(httpx.TimeoutException), client.stream(
        "POST", "/v1/chat/completions", json=body, timeout=0.5
    ) as answer:  # fmt: skip
        next(answer.iter_bytes())
    until = time.monotonic() + 10
    while len(gateway.outcomes()) == before and time.monotonic() < until:
        time.sleep(0.05)
    # A call that was late had others beside it; whoever was asked, was asked in vain.
    assert set(gateway.outcomes()[before:]) == {FailureClass.CANCELLED}
