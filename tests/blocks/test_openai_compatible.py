"""The OpenAI-compatible service against a real server."""

import asyncio
import logging

import pytest

from blocks.contract import AIService, Probed, TextDelta
from blocks.errors import ServiceFailure
from blocks.fold import collect
from blocks.openai_compatible import OpenAICompatible
from registry.words import Capability, FailureClass, Service, Usage

SECRET = "zk9-Q7vnR2mWx8LpT4yB"
HELLO = (
    {"choices": [{"index": 0, "delta": {"content": "hel"}}]},
    {"choices": [{"index": 0, "delta": {"content": "lo"}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}},
)


@pytest.fixture
def make_service(http_server, transport):
    def make(**facts):
        facts = {"endpoint": f"{http_server.url}/v1", **facts}
        return OpenAICompatible(Service(service_id=1, name="trial", kind="openai_compatible", **facts), transport)

    return make


async def failure_of(service, call):
    with pytest.raises(ServiceFailure) as caught:
        await collect(service.stream(call))
    return caught.value


async def test_a_chat_goes_out_and_its_stream_comes_back(make_service, http_server, answer, make_call):
    http_server.answer = answer.stream(*HELLO)
    service = make_service(endpoint=f"{http_server.url}/v1/")
    assert isinstance(service, AIService)
    reply = await collect(service.stream(make_call(secret=SECRET, params={"temperature": 0})))
    assert (reply.text, reply.usage) == ("hello", Usage(input_tokens=4, output_tokens=2))
    seen = http_server.requests[0]
    assert (seen.path, seen.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {SECRET}")
    assert seen.json["temperature"] == 0


async def test_connections_are_used_again_after_streams(make_service, http_server, answer, make_call):
    http_server.answer = answer.stream(*HELLO)
    service = make_service()
    for _ in range(3):
        await collect(service.stream(make_call()))
    assert http_server.connections == 1


async def test_a_service_may_want_a_connection_for_each_call(make_service, http_server, answer, make_call):
    http_server.answer = answer.stream(*HELLO)
    service = make_service(options={"reuse_connection": False})
    for _ in range(2):
        await collect(service.stream(make_call()))
    assert http_server.connections == 2


async def test_the_stream_ends_at_its_end_mark_though_the_server_keeps_the_line_open(
    make_service, http_server, answer, make_call
):
    http_server.answer = answer.stream(*HELLO, ending="open")
    assert (await collect(make_service().stream(make_call()))).text == "hello"


async def test_text_comes_while_the_server_still_writes(make_service, http_server, answer, make_call):
    http_server.answer = answer.stream(HELLO[0], done=False, ending="open")
    events = make_service().stream(make_call())
    assert await anext(events) == TextDelta("hel")
    await events.aclose()
    async with asyncio.timeout(10):
        await http_server.broken_off.wait()


async def test_no_key_means_no_header(make_service, http_server, answer, make_call):
    http_server.answer = answer.stream(*HELLO)
    await collect(make_service().stream(make_call()))
    assert "authorization" not in http_server.requests[0].headers


async def test_a_service_may_name_its_own_header_for_the_key(make_service, http_server, answer, make_call):
    http_server.answer = answer.stream(*HELLO)
    await collect(make_service(options={"auth_header": "api-key"}).stream(make_call(secret=SECRET)))
    headers = http_server.requests[0].headers
    assert headers["api-key"] == SECRET
    assert "authorization" not in headers


async def test_texts_are_embedded(make_service, http_server, answer, make_call):
    http_server.answer = answer.of({"data": [{"index": 0, "embedding": [1, 2]}], "usage": {"prompt_tokens": 1}})
    call = make_call(capability=Capability.EMBEDDING, text="", inputs=("a",))
    reply = await collect(make_service().stream(call))
    assert (reply.vectors, reply.usage) == (((1.0, 2.0),), Usage(input_tokens=1))
    assert http_server.requests[0].path == "/v1/embeddings"


async def test_a_cut_stream_is_a_failure_though_text_came(make_service, http_server, answer, make_call):
    http_server.answer = answer.stream(HELLO[0], done=False)
    assert (await failure_of(make_service(), make_call())).failure is FailureClass.INVALID_OUTPUT
    http_server.answer = answer.stream(HELLO[0], done=False, ending="cut")
    assert (await failure_of(make_service(), make_call())).failure is FailureClass.TRANSIENT


async def test_an_error_answer_keeps_status_code_and_wait(make_service, http_server, answer, make_call):
    body = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}
    http_server.answer = answer.of(body, 429, retry_after="3")
    failure = await failure_of(make_service(), make_call())
    assert failure.failure is FailureClass.RATE_LIMITED
    assert (failure.status, failure.provider_code, failure.retry_after_seconds) == (429, "rate_limit_exceeded", 3)


async def test_an_endless_error_page_is_read_in_part(make_service, http_server, answer, make_call):
    http_server.answer = answer(500, [b"no "], ending="endless")
    failure = await failure_of(make_service(), make_call())
    assert failure.failure is FailureClass.TRANSIENT
    assert len(failure.message) < 500


async def test_a_service_that_never_answers_is_given_up(make_service, http_server, answer, make_call):
    http_server.answer = answer(200, [], ending="open")
    failure = await failure_of(make_service(), make_call(timeout_seconds=0.2))
    assert failure.failure is FailureClass.TRANSIENT


async def test_the_key_and_the_prompt_are_in_no_log_and_no_message(
    make_service, http_server, answer, make_call, caplog
):
    caplog.set_level(logging.INFO)
    http_server.answer = lambda seen: answer.of({"error": seen.headers["authorization"] + seen.body.decode()}, 401)
    failure = await failure_of(make_service(), make_call(secret=SECRET, text="my diary"))
    assert failure.failure is FailureClass.CREDENTIALS
    assert SECRET not in str(failure) + caplog.text
    assert "my diary" not in caplog.text


@pytest.mark.parametrize("secret", ["two\nlines", "schlüssel"])
async def test_a_key_that_no_header_can_carry_is_told_of_without_showing_it(make_service, make_call, secret):
    failure = await failure_of(make_service(), make_call(secret=secret))
    assert failure.failure is FailureClass.CREDENTIALS
    assert secret not in str(failure)
    assert failure.__cause__ is None


@pytest.mark.parametrize(
    ("service", "call", "expected"),
    [
        ({"endpoint": None}, {}, FailureClass.UNAVAILABLE_MODEL),
        ({"endpoint": "nowhere"}, {}, FailureClass.UNAVAILABLE_MODEL),
        ({}, {"capability": Capability.VIDEO}, FailureClass.UNAVAILABLE_MODEL),
        ({}, {"params": {"seed": object()}}, FailureClass.CALLER_FAULT),
        ({}, {"params": {"temperature": float("nan")}}, FailureClass.CALLER_FAULT),
    ],
)
async def test_what_cannot_be_sent_fails_before_it_is_sent(
    make_service, make_call, http_server, service, call, expected
):
    assert (await failure_of(make_service(**service), make_call(**call))).failure is expected
    assert not http_server.requests


@pytest.mark.parametrize(
    ("models", "says"),
    [
        ({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}, "2 models"),
        ([{"id": "a"}], "1 model"),  # as Together has it
        ({"object": "list", "data": []}, "0 models"),
    ],
)
async def test_a_probe_asks_for_the_list_of_models_and_nothing_else(make_service, http_server, answer, models, says):
    http_server.answer = answer.of(models)
    service = make_service()
    assert isinstance(service, Probed)
    assert await service.probe(SECRET, 5) == says
    (seen,) = http_server.requests
    assert (seen.method, seen.path, seen.body) == ("GET", "/v1/models", b"")
    assert seen.headers["authorization"] == f"Bearer {SECRET}"


async def test_a_service_that_has_no_list_of_models_is_up(make_service, http_server, answer):
    http_server.answer = answer.of({"detail": "Not Found"}, status=404)
    assert await make_service().probe(None, 5) == "it answers, and lists no models"
    assert "authorization" not in http_server.requests[0].headers


@pytest.mark.parametrize(
    ("body", "status", "failure"),
    [
        ({"error": {"message": f"Incorrect API key provided: {SECRET}"}}, 401, FailureClass.CREDENTIALS),
        (b"<html>Welcome</html>", 200, FailureClass.INVALID_OUTPUT),
        ({"error": "overloaded"}, 503, FailureClass.TRANSIENT),
        (b" " * 5_000_000, 200, FailureClass.INVALID_OUTPUT),
    ],
)
async def test_a_probe_says_what_is_wrong_without_the_key(make_service, http_server, answer, body, status, failure):
    http_server.answer = answer.of(body, status=status)
    with pytest.raises(ServiceFailure) as caught:
        await make_service().probe(SECRET, 5)
    assert caught.value.failure is failure
    assert SECRET not in str(caught.value)


async def test_a_probe_with_a_key_that_no_header_can_carry_or_without_an_endpoint_is_a_failure(make_service):
    for service, secret in ((make_service(), "two\nlines"), (make_service(endpoint=None), None)):
        with pytest.raises(ServiceFailure):
            await service.probe(secret, 5)
