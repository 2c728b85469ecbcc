"""What comes back from OpenAI-compatible services, in all the shapes that there are."""

import base64
import json
import struct
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.contract import End, ReasoningDelta, TextDelta, ToolDelta, UsageReport, VectorPart
from blocks.errors import ServiceFailure
from blocks.wire.openai_replies import Asked, ChatReader, read_embeddings
from registry.words import FailureClass, Usage

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def read(*chunks, wants_json=False):
    """All events, and the failure at the end if there was one."""
    reader, events = ChatReader(Asked(service="trial", now=NOW, wants_json=wants_json)), []
    try:
        for chunk in chunks:
            events += reader.feed(chunk)
        events += reader.finish()
    except ServiceFailure as failure:
        return events, failure
    return events, None


def sse(*values):
    return b"".join(b"data: " + (v if isinstance(v, bytes) else json.dumps(v).encode()) + b"\n\n" for v in values)


def piece(finish_reason=None, **delta):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def usage(**counts):
    return {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 4, **counts}}


DONE = b"[DONE]"
STREAM = (
    b": ping\r\n\r\n"
    + sse(piece(role="assistant", content=None), piece(reasoning_content="hm"), piece(content="hé"))
    + sse(piece(content="llo 🌊"), piece("stop"), usage(), DONE).replace(b"\n", b"\r\n")
)
STREAMED = [
    ReasoningDelta("hm"),
    TextDelta("hé"),
    TextDelta("llo 🌊"),
    UsageReport(Usage(input_tokens=10, output_tokens=4)),
    End("stop"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_stream_cut_anywhere_gives_the_same_events(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[a:b] for a, b in pairwise(edges))) == (STREAMED, None)


@given(st.integers(0, len(STREAM.rsplit(b"data: {", 2)[0])))
def test_a_stream_that_stops_early_never_passes_for_a_whole_one(length):
    events, failure = read(STREAM[:length])
    assert failure.failure is FailureClass.INVALID_OUTPUT
    assert events == STREAMED[: len(events)]


@given(st.binary(max_size=300))
def test_any_bytes_whatever_end_in_a_failure_of_some_class(data):
    _, failure = read(data)
    assert isinstance(failure, ServiceFailure)


def test_a_plain_answer_is_read_though_a_stream_was_asked_for():
    answer = {
        "choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}},
    }
    events, failure = read(b"\xef\xbb", b"\xbf \n" + json.dumps(answer, indent=1).encode())
    assert failure is None
    assert events == [
        TextDelta("hello"),
        UsageReport(Usage(input_tokens=3, output_tokens=1, cached_input_tokens=2)),
        End("stop"),
    ]


def test_content_in_parts_counts_with_its_text_only():
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hi"}]
    assert read(sse(piece("stop", content=parts), DONE))[0][0] == TextDelta("hi")


def test_tool_calls_come_in_pieces():
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "draw", "arguments": ""}}
    events, failure = read(
        sse(
            piece(tool_calls=[first]),
            piece(tool_calls=[{"index": 0, "function": {"arguments": '{"a":1}'}}]),
            piece("tool_calls"),
            DONE,
        )
    )
    assert failure is None
    assert events == [ToolDelta(0, "c1", "draw", ""), ToolDelta(0, "", "", '{"a":1}'), End("tool_calls")]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": None}, Usage(input_tokens=5)),
        (
            {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 9}},
            Usage(input_tokens=5, cached_input_tokens=5),
        ),
        ({"prompt_tokens": -5, "completion_tokens": 2}, Usage(output_tokens=2)),
        ({"prompt_tokens": 5, "prompt_cache_hit_tokens": 4}, Usage(input_tokens=5, cached_input_tokens=4)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "total_tokens": 17,
                "completion_tokens_details": {"reasoning_tokens": 10},
            },
            Usage(input_tokens=5, output_tokens=12, reasoning_tokens=10),
        ),
        ("lots", None),
        (None, None),
    ],
)
def test_usage_is_made_sense_of_or_left_out_but_never_costs_the_answer(told, expected):
    events, failure = read(sse({**piece("stop", content="x"), "usage": told}, DONE))
    assert failure is None
    assert [event.usage for event in events if isinstance(event, UsageReport)] == ([expected] if expected else [])


def test_a_finish_reason_without_an_end_mark_is_an_end():
    assert read(sse(piece(content="x"), piece("eos"))) == ([TextDelta("x"), End("stop")], None)


def test_an_end_mark_without_a_finish_reason_is_an_end_and_the_last_one():
    assert read(sse(piece(content="x"), DONE, piece(content="y"))) == ([TextDelta("x"), End("stop")], None)


def test_running_out_of_length_ends_a_text_and_spoils_a_json():
    chunks = sse(piece(content='{"a": "b'), piece("length"), usage(), DONE)
    assert read(chunks)[0][-1] == End("length")
    events, failure = read(chunks, wants_json=True)
    assert failure.failure is FailureClass.INVALID_OUTPUT
    assert "max_output_tokens" in failure.message
    assert failure.usage == Usage(input_tokens=10, output_tokens=4)
    assert End("length") not in events


@pytest.mark.parametrize(
    ("chunks", "failure_class", "words"),
    [
        ([b""], FailureClass.INVALID_OUTPUT, "empty"),
        ([b" \r\n "], FailureClass.INVALID_OUTPUT, "empty"),
        ([b"<html><head><title>Sign in</title></head></html>"], FailureClass.INVALID_OUTPUT, "HTML (Sign in)"),
        ([b'{"choices": [{"mess'], FailureClass.INVALID_OUTPUT, "only half of it"),
        ([b"[" * 100_000], FailureClass.INVALID_OUTPUT, "JSON"),
        ([b'{"ok": true}'], FailureClass.INVALID_OUTPUT, "no chat completion"),
        ([b'{"choices": "none"}'], FailureClass.INVALID_OUTPUT, "no chat completion"),
        ([b"all is well"], FailureClass.INVALID_OUTPUT, "no chat completion"),
        ([sse(DONE)], FailureClass.INVALID_OUTPUT, "no chat completion"),
        ([sse(piece(content="abc"))], FailureClass.INVALID_OUTPUT, "cut after 3 characters"),
        ([sse(piece(content="abc"), b'{"choices": [{')], FailureClass.INVALID_OUTPUT, "after 3 characters"),
        ([sse(piece("content_filter", content="no"), DONE)], FailureClass.REFUSED, "content filter"),
        ([sse(piece(refusal="I can"), piece("stop", refusal="not."), DONE)], FailureClass.REFUSED, "I cannot."),
        ([sse(piece(content="a"), {"error": {"message": "busy", "code": 502}})], FailureClass.TRANSIENT, "busy"),
        ([b'event: error\ndata: {"error": {"type": "rate_limit_error"}}\n\n'], FailureClass.RATE_LIMITED, "word"),
        ([b"event: error\ndata: out of cheese\n\n"], FailureClass.TRANSIENT, "out of cheese"),
        ([b'{"error": {"message": "no credits", "code": "insufficient_quota"}}'], FailureClass.QUOTA, "no credits"),
        ([sse(piece("error", content="a"), DONE)], FailureClass.TRANSIENT, "broke the answer off"),
    ],
)  # fmt: skip
def test_answers_that_are_none(chunks, failure_class, words):
    _, failure = read(*chunks)
    assert failure.failure is failure_class
    assert words in failure.message
    assert failure.message.startswith("trial: ")


def test_a_broken_answer_is_not_quoted_in_the_traceback():
    _, failure = read(json.dumps({"choices": [{"message": {"content": {"my": "diary"}}}]}).encode())
    assert failure.__cause__ is None
    assert "diary" not in str(failure)


def embeddings(*data, inputs=2, **more):
    body = json.dumps({"data": list(data), **more}).encode()
    return list(read_embeddings(body, Asked(service="trial", now=NOW, inputs=inputs)))


def test_vectors_come_in_the_order_of_the_inputs():
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode()
    events = embeddings(
        {"index": 1, "embedding": [1, 2]}, {"index": 0, "embedding": packed}, usage={"prompt_tokens": 6}
    )
    assert events == [
        VectorPart(0, (0.5, -1.0)),
        VectorPart(1, (1.0, 2.0)),
        UsageReport(Usage(input_tokens=6)),
        End(),
    ]


@pytest.mark.parametrize(
    "data",
    [
        [{"index": 0, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [2.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}],
        [{"index": 0, "embedding": []}, {"index": 1, "embedding": []}],
        [{"index": 0, "embedding": [float("nan")]}, {"index": 1, "embedding": [1.0]}],
        [{"index": 0, "embedding": "&&&"}, {"index": 1, "embedding": "AAAA"}],
        [{"index": 0, "embedding": None}],
        "nothing",
    ],
)
def test_vectors_that_do_not_fit_the_inputs_are_invalid(data):
    with pytest.raises(ServiceFailure) as caught:
        embeddings(*data)
    assert caught.value.failure is FailureClass.INVALID_OUTPUT


def test_an_error_in_an_embedding_answer_keeps_its_class():
    with pytest.raises(ServiceFailure) as caught:
        embeddings(error={"message": "gone", "code": "model_not_found"})
    assert caught.value.failure is FailureClass.UNAVAILABLE_MODEL
