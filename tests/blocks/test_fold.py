"""Folding streams into replies."""

import pickle

import pytest

from blocks.contract import End, MediaPart, ReasoningDelta, TextDelta, ToolDelta, UsageReport, VectorPart
from blocks.errors import ServiceFailure
from blocks.fold import collect
from registry.words import FailureClass, Media, ToolCall, Usage


async def stream(*events, seen=None):
    try:
        for event in events:
            yield event
    finally:
        if seen is not None:
            seen.append("closed")


async def test_all_that_was_said_comes_together():
    picture = Media(content=b"p", media_type="image/png")
    reply = await collect(
        stream(
            ReasoningDelta("hm"),
            TextDelta("hel"),
            ToolDelta(1, "b", "second", "{"),
            ToolDelta(0, "a", "first", '{"x"'),
            TextDelta("lo"),
            ToolDelta(0, arguments=": 1}"),
            ToolDelta(1, arguments="}"),
            VectorPart(1, (3.0,)),
            VectorPart(0, (1.0,)),
            MediaPart(picture),
            UsageReport(Usage(output_tokens=1)),
            UsageReport(Usage(output_tokens=2)),
            End("tool_calls"),
        )
    )
    assert reply.text == "hello"
    assert reply.reasoning == "hm"
    assert reply.tools == (
        ToolCall(call_id="a", name="first", arguments='{"x": 1}'),
        ToolCall(call_id="b", name="second", arguments="{}"),
    )
    assert reply.vectors == ((1.0,), (3.0,))
    assert reply.media == (picture,)
    assert reply.usage == Usage(output_tokens=2)
    assert reply.finish_reason == "tool_calls"


async def test_a_stream_that_stops_without_an_end_is_an_invalid_output_that_was_paid_for():
    seen = []
    usage = Usage(input_tokens=5)
    with pytest.raises(ServiceFailure, match="cut after 4 characters") as caught:
        await collect(stream(TextDelta("half"), UsageReport(usage), seen=seen))
    assert caught.value.failure is FailureClass.INVALID_OUTPUT
    assert caught.value.usage == usage
    assert seen == ["closed"]


def test_a_failure_survives_the_way_to_another_process():
    failure = ServiceFailure(
        FailureClass.RATE_LIMITED, "slow down", status=429, retry_after_seconds=2.0, usage=Usage(input_tokens=3)
    )
    copy = pickle.loads(pickle.dumps(failure))
    assert str(copy) == "slow down (rate_limited)"
    assert vars(copy) == vars(failure)
