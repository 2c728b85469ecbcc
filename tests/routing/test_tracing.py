"""Requests in OpenTelemetry: which spans there are, what they tell, what they never tell, and what they cost unused."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from benchmarks import bench_scenarios as scenarios
from benchmarks.simulated import Profile
from blocks import Fails, Hangs, Says, Scripted, TextDelta
from blocks.trace_headers import with_trace
from registry.words import Capability, FailureClass, Message, Policy, TaskRequest
from routing import RouteExhausted, Runtime, task_request
from routing.constraints import World
from routing.deciding import decide
from routing.tracing import Tracing, continued, operation_of

PROMPT, ANSWER, WORDS = "the secret prompt", "the secret answer", "the provider's secret words"
CALLER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(provider.get_tracer("turnout"))


@pytest.fixture
async def open_runtime(settings, tracing):
    opened = []

    async def open_(*script, then="repeat"):
        runtime = await Runtime.start(settings, services={"local": Scripted(list(script), then=then)})
        runtime.tracing = tracing
        (runtime.local_id,) = [one.offering_id for one in runtime.snapshot.offerings if one.service.name == "local"]
        opened.append(runtime)
        return runtime

    yield open_
    for runtime in opened:
        await runtime.aclose()


def spans(exporter):
    """The spans that have ended: those of requests, and those of calls."""
    ended = exporter.get_finished_spans()
    return [one for one in ended if one.kind is SpanKind.INTERNAL], [
        one for one in ended if one.kind is SpanKind.CLIENT
    ]


async def test_a_request_has_a_span_with_its_decision_and_one_below_it_for_its_call(open_runtime, exporter):
    runtime = await open_runtime(Says(ANSWER))
    params = {"temperature": 0.5, "max_output_tokens": 40, "seed": 3, "stop": ["x"]}
    result = await runtime.run(task_request("text", PROMPT, params=params, stage="tales"))
    (request,), (call,) = spans(exporter)
    assert (request.name, request.parent) == ("route text", None)
    assert request.attributes["turnout.task_id"] == str(result.task_id)
    assert request.attributes["turnout.stage"] == "tales"
    (event,) = request.events
    assert event.name == "turnout.decision"
    assert event.attributes["turnout.first"] == result.offering
    assert event.attributes["turnout.propensity"] == 1.0
    assert call.parent.span_id == request.context.span_id
    assert call.name == f"chat {call.attributes['gen_ai.request.model']}"
    assert call.attributes["gen_ai.provider.name"] == "local"
    assert call.attributes["gen_ai.request.temperature"] == 0.5
    assert call.attributes["gen_ai.request.max_tokens"] == 40
    assert call.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    usage = result.usage
    for span in (request, call):
        assert span.attributes["gen_ai.usage.input_tokens"] == usage.input_tokens
        assert span.attributes["gen_ai.usage.output_tokens"] == usage.output_tokens
        assert span.status.status_code is StatusCode.UNSET
    assert request.start_time <= call.end_time <= request.end_time


async def test_the_ledger_knows_the_trace_of_every_call(open_runtime, exporter):
    runtime = await open_runtime(Says(ANSWER))
    await runtime.run(task_request("text", PROMPT))
    await runtime.drain()
    (request,), _ = spans(exporter)
    (row,) = await runtime.decisions.calls_of_run(0)
    assert row.trace_id == request.context.trace_id.to_bytes(16, "big")


async def test_a_call_that_failed_tells_its_class_and_a_request_that_failed_its_error(open_runtime, exporter):
    runtime = await open_runtime(Fails(FailureClass.REFUSED, WORDS))
    with pytest.raises(RouteExhausted):
        await runtime.run(task_request("text", PROMPT))
    (request,), (call,) = spans(exporter)
    assert (call.attributes["error.type"], call.status.status_code) == ("refused", StatusCode.ERROR)
    assert (request.attributes["error.type"], request.status.status_code) == ("RouteExhausted", StatusCode.ERROR)
    assert request.attributes["turnout.last_failure"] == "refused"


async def test_neither_texts_nor_the_providers_words_nor_items_are_told(open_runtime, exporter):
    runtime = await open_runtime(Says(""), Fails(FailureClass.REFUSED, WORDS))
    with pytest.raises(RouteExhausted):
        await runtime.run(task_request("text", PROMPT, system="a secret role", item="a secret item"))
    told = [span.to_json() for span in exporter.get_finished_spans()]
    assert len(told) >= 2
    assert not [one for one in told if "secret" in one]


async def test_a_request_that_was_given_up_is_told_as_such(open_runtime, exporter, until):
    runtime = await open_runtime(Hangs())
    task = asyncio.create_task(runtime.run(task_request("text", PROMPT)))

    async def is_called():
        return runtime.health.known(runtime.local_id) is not None

    await until(is_called)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (request,), (call,) = spans(exporter)
    assert (request.attributes["error.type"], call.attributes["error.type"]) == ("CancelledError", "cancelled")


@pytest.mark.parametrize("whole", [True, False])
async def test_a_stream_ends_its_span_when_it_is_left_wherever_that_is(open_runtime, exporter, whole, caplog):
    runtime = await open_runtime(Says(ANSWER))
    opened = runtime.stream(task_request("text", PROMPT))
    stream = await opened.__aenter__()
    if whole:
        assert "".join([delta.text async for delta in stream if isinstance(delta, TextDelta)]) == ANSWER
    await asyncio.create_task(opened.__aexit__(None, None, None))  # in another task, as a gateway does
    (request,), (call,) = spans(exporter)
    assert call.parent.span_id == request.context.span_id
    assert call.attributes.get("error.type") == (None if whole else "cancelled")
    assert not caplog.records


async def test_a_kept_result_is_told_as_such_and_has_no_call(open_runtime, exporter):
    runtime = await open_runtime(Says(ANSWER))
    await runtime.policies.put(Policy(name="keeping", cache_seconds=60))
    for _ in range(2):
        await runtime.run(task_request("text", PROMPT, policy="keeping", params={"seed": 1}))
    (first, again), (_,) = spans(exporter)
    assert (first.attributes.get("turnout.cached"), again.attributes["turnout.cached"]) == (None, True)


async def test_a_request_joins_the_trace_of_whoever_asks(open_runtime, exporter):
    runtime = await open_runtime(Says(ANSWER))
    with continued(CALLER):
        await runtime.run(task_request("text", PROMPT))
    await runtime.run(task_request("text", PROMPT))
    (joined, own), _ = spans(exporter)
    assert f"{joined.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{joined.parent.span_id:016x}" == "b7ad6b7169203331"
    assert own.parent is None


@pytest.mark.parametrize("traceparent", ["", "junk", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ff" * 4_000])
async def test_a_trace_that_makes_no_sense_is_none(open_runtime, exporter, traceparent):
    runtime = await open_runtime(Says(ANSWER))
    with continued({"traceparent": traceparent}):
        await runtime.run(task_request("text", PROMPT))
    (request,), _ = spans(exporter)
    assert request.parent is None


def test_a_service_is_told_the_trace_and_no_baggage(tracing):
    from opentelemetry import baggage, context

    headers = {"authorization": "Bearer x"}
    assert with_trace(headers) == headers
    token = context.attach(baggage.set_baggage("customer", "secret"))
    try:
        with tracing.begin(TaskRequest(capability=Capability.TEXT)) as traced, traced.current():
            told = with_trace(headers)
    finally:
        context.detach(token)
    assert told.keys() == {"authorization", "traceparent"}
    assert traced.trace_id.hex() in told["traceparent"]
    assert headers == {"authorization": "Bearer x"}


def test_a_call_beside_a_late_one_and_the_one_that_it_beat_have_spans_of_their_own(tracing, exporter):
    profiles = [Profile(name="fast", median_ms=40), Profile(name="slow", median_ms=60)]
    profiles[0].outages = ((100.0, 200.0, "hang"),)

    async def load(world):
        await scenarios.closed_loop(world, 100, 4)
        await asyncio.sleep(101 - asyncio.get_running_loop().time())
        request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", PROMPT),))
        now = World(now=datetime(2026, 11, 25, tzinfo=UTC), health=world.health)
        decision = decide(1, request, world.snapshot, world.policy, {}, now)
        with tracing.begin(request) as traced:
            await world.dispatcher.dispatch(request, decision, world.snapshot, world.policy, traced.attempted)

    scenarios._made(profiles, scenarios.policy_of(deadline_seconds=5), 1, load)
    (request,), calls = spans(exporter)
    assert {(one.attributes["turnout.offering"], one.attributes.get("error.type")) for one in calls} == {
        ("fast/m", "cancelled"), ("slow/m", None),
    }  # fmt: skip
    assert {one.parent.span_id for one in calls} == {request.context.span_id}


@pytest.mark.parametrize("capability", list(Capability))
def test_every_capability_has_the_name_of_an_operation(capability):
    assert operation_of(capability) in {"chat", "embeddings", "generate_content"}


FIND = """
import sys
import routing.runtime
from routing.tracing import Tracing
before, loaded = Tracing.find(), "opentelemetry.sdk" in sys.modules
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry import trace
imported = Tracing.find()
trace.set_tracer_provider(TracerProvider())
print([before is None, loaded, imported is None, Tracing.find() is not None])
"""


def test_there_is_tracing_where_the_process_has_set_it_up_and_nothing_is_loaded_for_it():
    done = subprocess.run([sys.executable, "-c", FIND], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.lower()) == [True, False, True, True]
