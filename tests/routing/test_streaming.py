"""Streams through the router: silent fallback before the first output, the truth after it, everything accounted for."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import Cuts, Fails, Hangs, ReasoningDelta, Says, Scripted, Streams, TextDelta, ToolDelta, WantsTool
from registry import Catalogue, Settings, Store, seed
from registry.words import FailureClass, Usage
from routing import NoCandidate, RouteExhausted, Runtime, StreamBroken, TaskEnded, task_request


@pytest.fixture
async def opened(sqlite_database_url, tmp_path):
    """Opens a runtime whose services `first` and `second`, in this order, follow scripts."""
    runtimes = []
    store = await Store.open(sqlite_database_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    await catalogue.set_enabled("local", enabled=False)
    for name, quality in (("first", 0.9), ("second", 0.5)):
        await catalogue.add_service(name, "fake", enabled=True)
        await catalogue.put_offering(name, "m", capabilities=["text"], quality=quality, features=["tools"])
    await store.close()

    async def open_(first, second=None):
        settings = Settings.load({"home": tmp_path / "home", "database_url": sqlite_database_url}, directory=tmp_path)
        scripts = {"first": Scripted(first), "second": Scripted(second or [Says("from the second")])}
        runtimes.append(await Runtime.start(settings, services=scripts))
        return runtimes[-1]

    yield open_
    for runtime in runtimes:
        await runtime.aclose()


async def heard(stream, said=None):
    said = [] if said is None else said
    async for delta in stream:
        said.append(delta)
    return said


async def recorded(runtime):
    await runtime.drain()
    return [(FailureClass.from_code(row.outcome), row) for row in await runtime.decisions.calls_of_run(0)]


async def test_deltas_come_as_they_are_said_and_the_result_at_the_end(opened):
    runtime = await opened([Streams(["The ", "lamp"], usage=Usage(input_tokens=3, output_tokens=2))])
    async with runtime.stream(task_request("text", "Say it.")) as stream:
        assert stream.offering.name == "first/m"
        with pytest.raises(RuntimeError, match="not been read"):
            _ = stream.result
        assert await heard(stream) == [TextDelta("The "), TextDelta("lamp")]
        result = stream.result
    assert (result.text, result.usage.output_tokens, result.score) == ("The lamp", 2, 1.0)
    ((failure, row),) = await recorded(runtime)
    assert (failure, row.output_tokens) == (None, 2)
    assert row.first_output_us is not None
    assert row.candidates is not None


@pytest.mark.parametrize(
    "fault",
    [Fails(FailureClass.TRANSIENT), Fails(FailureClass.RATE_LIMITED), Says(""), Cuts(""), Hangs()],
    ids=["fails", "rate-limited", "says nothing", "cut at once", "hangs"],
)
async def test_before_the_first_output_the_next_service_steps_in_unseen(opened, fault):
    runtime = await opened([fault])
    async with runtime.stream(task_request("text", "Say it.", deadline_seconds=1)) as stream:
        assert [delta.text for delta in await heard(stream)] == ["from the second"]
    assert [attempt.offering for attempt in stream.result.attempts] == ["first/m", "second/m"]
    assert [failure is None for failure, _ in await recorded(runtime)] == [False, True]


@pytest.mark.parametrize("fault", [Fails(FailureClass.TRANSIENT, after="The "), Cuts("The ")], ids=["fails", "cut"])
async def test_after_the_first_output_a_fault_is_told_and_nobody_begins_anew(opened, fault):
    runtime = await opened([fault])
    async with runtime.stream(task_request("text", "Say it.")) as stream:
        said = []
        with pytest.raises(StreamBroken, match="broke off at first/m") as broken:
            await heard(stream, said)
    assert said == [TextDelta("The ")]
    assert len(broken.value.attempts) == 1
    ((failure, row),) = await recorded(runtime)
    assert failure in {FailureClass.TRANSIENT, FailureClass.INVALID_OUTPUT}
    assert row.output_tokens > 0


async def test_a_stream_that_does_not_end_in_time_breaks_at_the_deadline(opened):
    runtime = await opened([Streams(["The ", *["and "] * 100], delay_ms=50)])
    async with runtime.stream(task_request("text", "Say it.", deadline_seconds=0.4)) as stream:
        with pytest.raises(StreamBroken, match=r"the deadline of 0\.4 s has passed"):
            await heard(stream)


async def test_leaving_early_breaks_the_call_off_and_accounts_for_what_was_said(opened):
    runtime = await opened([Streams(["The lamp is lit and "] * 50, delay_ms=5)])
    async with runtime.stream(task_request("text", "Say it.")) as stream:
        async for _ in stream:
            break
    ((failure, row),) = await recorded(runtime)
    assert failure is FailureClass.CANCELLED
    assert row.output_tokens > 0


async def test_a_caller_that_goes_away_before_the_first_output_is_recorded_too(opened):
    runtime = await opened([Hangs()])
    entering = asyncio.create_task(runtime.stream(task_request("text", "Say it.")).__aenter__())
    await asyncio.sleep(0.1)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert [failure for failure, _ in await recorded(runtime)] == [FailureClass.CANCELLED]


async def test_tools_and_reasoning_come_through(opened):
    runtime = await opened([WantsTool("look", '{"at": "sea"}'), Says("A lamp.", reasoning="Hm.")])
    tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
    request = task_request("text", "Look.", params={"tools": tools, "top_k": 3}, features=["tools"])
    async with runtime.stream(request) as stream:
        deltas = await heard(stream)
    assert {type(delta) for delta in deltas} == {ToolDelta}
    assert [(tool.name, tool.arguments) for tool in stream.result.tools] == [("look", '{"at": "sea"}')]
    assert stream.result.dropped_params == ("top_k",)
    async with runtime.stream(request) as stream:
        assert await heard(stream) == [ReasoningDelta("Hm."), TextDelta("A lamp.")]
    assert stream.result.reasoning == "Hm."


async def test_an_answer_that_a_schema_judges_comes_in_one_piece_after_all_tries(opened):
    runtime = await opened([Says("no JSON")], [Says('{"a": 1}')])
    request = task_request("text", "JSON.", schema={"type": "object", "required": ["a"]}, checks=["matches_schema"])
    async with runtime.stream(request) as stream:
        assert [delta.text for delta in await heard(stream)] == ['{"a": 1}']
        assert stream.result.data == {"a": 1}


async def test_what_cannot_be_begun_is_said_on_entering(opened):
    runtime = await opened([Fails(FailureClass.CALLER_FAULT)])
    for request, error in (
        (task_request("video", "waves"), NoCandidate),
        (task_request("text", "Say it."), TaskEnded),
    ):
        with pytest.raises(error):
            async with runtime.stream(request):
                pytest.fail("it began")
    runtime = await opened([Fails(FailureClass.QUOTA)], [Fails(FailureClass.QUOTA)])
    with pytest.raises(RouteExhausted):
        async with runtime.stream(task_request("text", "Say it.")):
            pytest.fail("it began")


async def test_a_refusal_is_scored_and_what_was_said_stands(opened):
    runtime = await opened([Says("I'm sorry, but I can't help with that.")])
    async with runtime.stream(task_request("text", "Say it.")) as stream:
        assert "can't help" in "".join(delta.text for delta in await heard(stream))
    assert stream.result.score == 0
    ((failure, _),) = await recorded(runtime)
    assert failure is FailureClass.REFUSED
