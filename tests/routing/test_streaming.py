"""Streams through the router: silent fallback before the first output, the truth after it, everything accounted for."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import Cuts, End, Fails, Hangs, ReasoningDelta, Says, Scripted, Streams, TextDelta, ToolDelta, WantsTool
from quality import Check, Checks
from registry import Catalogue, Policies, Policy, Settings, Store, seed
from registry.words import FailureClass, Usage
from routing import NoCandidate, RouteExhausted, Runtime, StreamBroken, TaskEnded, task_request
from routing.guarding import OPENING_CHARACTERS, TAIL_CHARACTERS
from routing.latency import ENOUGH


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

    async def open_(first, second=None, checks=None):
        settings = Settings.load({"home": tmp_path / "home", "database_url": sqlite_database_url}, directory=tmp_path)
        scripts = {"first": Scripted(first), "second": Scripted(second or [Says("from the second")])}
        runtimes.append(await Runtime.start(settings, services=scripts, checks=checks))
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


async def test_a_caller_that_goes_away_before_the_first_output_is_recorded_too(opened, until_called):
    runtime = await opened([Hangs()])
    entering = asyncio.create_task(runtime.stream(task_request("text", "Say it.")).__aenter__())
    await until_called(runtime)
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


SENTENCE = "The keeper climbs the stairs and lights the lamp again. "
LONG = [SENTENCE] * 20


def curses(subject):
    return "it curses" if "barnacles" in (subject.text or "") else ""


CHECKS = Checks.standard().adding(Check.simple("no_curses", 20, curses, critical=True, early=True))


def guarded(**more):
    return task_request("text", "Say it.", streaming="guarded", **more)


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (Says("I'm sorry, but I can't help with that."), FailureClass.REFUSED),
        (Streams(["I'm sorry, but I can't help with that request. ", *LONG]), FailureClass.REFUSED),
        (Cuts("The keeper climbs"), FailureClass.INVALID_OUTPUT),
        (Fails(FailureClass.TRANSIENT, after="The keeper climbs"), FailureClass.TRANSIENT),
    ],
    ids=["a short refusal", "a long refusal", "cut", "fails"],
)
async def test_a_guarded_stream_that_begins_badly_is_never_heard_and_the_next_service_steps_in(opened, fault, failure):
    runtime = await opened([fault], [Streams(LONG)])
    async with runtime.stream(guarded()) as stream:
        assert stream.offering.name == "second/m"
        assert "".join(delta.text for delta in await heard(stream)) == "".join(LONG)
    (first, row), (second, _) = await recorded(runtime)
    assert (first, second) == (failure, None)
    assert row.output_tokens > 0  # what was said and thrown away is accounted for


async def test_a_guarded_stream_passes_its_end_on_only_when_all_of_it_has_passed(opened):
    runtime = await opened([Streams(LONG, delay_ms=1)])
    async with runtime.stream(guarded()) as stream:
        heard_at_first = 0
        async for delta in stream:
            heard_at_first += len(delta.text)
            if stream._begun.folding.end is None:
                assert stream._begun.characters - heard_at_first >= TAIL_CHARACTERS
                assert stream._begun.characters >= OPENING_CHARACTERS
        assert stream.result.text == "".join(LONG)
    assert heard_at_first == len("".join(LONG))


async def test_a_guarded_stream_that_goes_wrong_later_breaks_off_before_the_wrong_is_heard(opened):
    pieces = [*LONG[:9], "Blistering barnacles! ", *LONG]
    runtime = await opened([Streams(pieces)], checks=CHECKS)
    async with runtime.stream(guarded(checks=["not_empty", "no_curses"])) as stream:
        said = []
        with pytest.raises(StreamBroken, match="it curses"):
            await heard(stream, said)
    text = "".join(delta.text for delta in said)
    assert OPENING_CHARACTERS / 2 < len(text) < len("".join(pieces)) - TAIL_CHARACTERS
    ((failure, row),) = await recorded(runtime)
    assert failure is FailureClass.INVALID_OUTPUT
    assert row.output_tokens > 0


async def test_a_guarded_stream_whose_end_alone_is_wrong_does_not_look_finished(opened):
    runtime = await opened([Streams([*LONG[:6], "Barnacles and barnacles."])], checks=CHECKS)
    async with runtime.stream(guarded(checks=["not_empty", "no_curses"])) as stream:
        said = []
        with pytest.raises(StreamBroken, match="it curses"):
            await heard(stream, said)
    assert "barnacles" not in "".join(delta.text for delta in said)


async def test_without_a_guard_what_was_said_stands(opened):
    runtime = await opened([Streams([*LONG[:6], "Barnacles and barnacles."])], checks=CHECKS)
    async with runtime.stream(task_request("text", "Say it.", checks=["not_empty", "no_curses"])) as stream:
        assert "barnacles" in "".join(delta.text for delta in await heard(stream))
    assert stream.result.score == 0


async def test_a_buffered_stream_is_judged_escalated_and_repaired_like_a_whole_answer(opened):
    runtime = await opened([Streams([*LONG[:6], "Barnacles and barnacles."])], [Streams(LONG)], checks=CHECKS)
    request = task_request("text", "Say it.", checks=["not_empty", "no_curses"], streaming="buffered")
    async with runtime.stream(request) as stream:
        assert [delta.text for delta in await heard(stream)] == ["".join(LONG)]
        assert [attempt.offering for attempt in stream.result.attempts] == ["first/m", "second/m"]


async def test_a_policy_says_how_its_streams_are_passed_on_and_a_request_may_say_otherwise(opened):
    runtime = await opened([Says("I'm sorry, but I can't help with that.")], [Says("A lamp.")])
    await Policies(runtime.store, time.time).put(Policy(name="careful", streaming="guarded"))
    for streaming, said in ((None, "A lamp."), ("first_token", "I'm sorry, but I can't help with that.")):
        async with runtime.stream(task_request("text", "Say it.", policy="careful", streaming=streaming)) as stream:
            assert [delta.text for delta in await heard(stream)] == [said]


def test_a_way_to_stream_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(ValueError, match="no streaming 'slowly'; there are first_token, guarded, buffered"):
        task_request("text", "Say it.", streaming="slowly")


async def quick_then(runtime, count, streaming=None):
    for _ in range(count):
        async with runtime.stream(task_request("text", "Say it.", streaming=streaming)) as stream:
            await heard(stream)


@pytest.mark.parametrize("streaming", ["first_token", "guarded"])
async def test_a_stream_whose_beginning_is_late_gets_company_and_whoever_begins_first_goes_on(opened, streaming):
    slow = Streams(["late"], delay_ms=5_000)
    runtime = await opened([*[Streams(LONG)] * ENOUGH, slow], [Streams(LONG)])
    await quick_then(runtime, ENOUGH, streaming)
    began = time.monotonic()
    async with runtime.stream(task_request("text", "Say it.", streaming=streaming)) as stream:
        assert stream.offering.name == "second/m"
        await heard(stream)
    assert time.monotonic() - began < 4  # far from the five seconds that the first would have taken
    attempts = {attempt.offering: attempt.failure for attempt in stream.result.attempts}
    assert attempts == {"first/m": FailureClass.CANCELLED, "second/m": None}
    standings = [runtime.health.of(offering) for offering in runtime.snapshot.offerings if "/m" in offering.name]
    assert sum(standing.hedges_made for standing in standings) == 1
    assert sum(standing.hedges_won for standing in standings) == 1
    assert all(standing.places.in_flight == 0 for standing in standings)


class Together:
    """A service that answers at once for a while, and then only when a word is given to all at once."""

    def __init__(self, word, quick=0):
        self.word, self.quick, self.called = word, quick, asyncio.Event()

    async def stream(self, call):
        self.quick -= 1
        if self.quick < 0:
            self.called.set()
            await self.word.wait()
        yield TextDelta("A lamp.")
        yield TextDelta(" And a sea.")
        yield End()

    async def aclose(self):
        pass


async def test_of_two_that_begin_at_the_same_time_one_goes_on_and_the_other_is_put_away_and_accounted_for(
    opened, sqlite_database_url, tmp_path
):
    await (await opened([Says("-")])).aclose()
    word = asyncio.Event()
    services = {"first": Together(word, quick=ENOUGH), "second": Together(word)}
    settings = Settings.load({"home": tmp_path / "home", "database_url": sqlite_database_url}, directory=tmp_path)
    async with Runtime.open(settings, services=services) as runtime:
        await quick_then(runtime, ENOUGH)
        entering = asyncio.create_task(quick_then(runtime, 1))
        await services["second"].called.wait()
        word.set()
        await entering
        failures = [failure for failure, _ in await recorded(runtime)]
        assert failures.count(FailureClass.CANCELLED) == 1
        assert failures.count(None) == ENOUGH + 1
        offerings = [offering for offering in runtime.snapshot.offerings if offering.service.name in services]
        assert [runtime.health.of(offering).places.in_flight for offering in offerings] == [0, 0]
