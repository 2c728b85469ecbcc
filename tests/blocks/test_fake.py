"""The scripted fake keeps to its script, and to the contract of services."""

import pytest

from blocks.contract import AIService, ReasoningDelta, TextDelta
from blocks.errors import ScriptEnded, ServiceFailure
from blocks.fake import Cuts, Draws, Embeds, Fails, Hangs, Says, Scripted, Streams
from blocks.fold import collect
from registry.words import FailureClass, Usage


async def test_every_step_does_what_its_name_says(make_call):
    service = Scripted(
        [
            Says("hello", usage=Usage(output_tokens=1), reasoning="hm"),
            Streams(["a", "b"], delay_ms=1),
            Draws(b"png", width=4, height=2),
            Embeds([[1.0], [2.0]]),
        ],
        then="error",
    )
    assert isinstance(service, AIService)
    said, streamed, drawn, embedded = [await collect(service.stream(make_call())) for _ in range(4)]
    assert (said.text, said.reasoning, said.usage) == ("hello", "hm", Usage(output_tokens=1))
    assert (streamed.text, streamed.usage) == ("ab", None)
    assert (drawn.media[0].content, drawn.media[0].width, drawn.usage) == (b"png", 4, Usage(pictures=1))
    assert embedded.vectors == ((1.0,), (2.0,))
    with pytest.raises(ScriptEnded, match="4 steps"):
        await collect(service.stream(make_call()))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Fails(FailureClass.RATE_LIMITED, retry_after_seconds=2), FailureClass.RATE_LIMITED),
        (Cuts("half"), FailureClass.INVALID_OUTPUT),
        (Hangs(), FailureClass.TRANSIENT),
    ],
)
async def test_failures_are_of_the_class_that_is_asked_for(make_call, step, expected):
    with pytest.raises(ServiceFailure) as caught:
        await collect(Scripted([step]).stream(make_call(timeout_seconds=0.01)))
    assert caught.value.failure is expected
    assert caught.value.retry_after_seconds == getattr(step, "retry_after_seconds", None)


async def test_a_failure_may_come_after_some_text(make_call):
    events = Scripted([Fails(FailureClass.TRANSIENT, after="so far")]).stream(make_call())
    assert await anext(events) == TextDelta("so far")
    with pytest.raises(ServiceFailure):
        await anext(events)


@pytest.mark.parametrize(("then", "said"), [("last", "abbb"), ("repeat", "abab")])
async def test_after_its_script_it_goes_on_as_told(make_call, then, said):
    service = Scripted([Says("a"), Says("b")], then=then)
    assert "".join([(await collect(service.stream(make_call()))).text for _ in range(4)]) == said


async def test_a_function_answers_by_the_call_and_calls_are_remembered(make_call):
    service = Scripted(lambda call: Says(call.request.messages[0].content.upper()))
    assert (await collect(service.stream(make_call(text="shout")))).text == "SHOUT"
    assert service.calls[0].request.messages[0].content == "shout"
    assert not service.closed
    await service.aclose()
    assert service.closed


async def test_two_calls_at_once_do_not_get_in_each_others_way(make_call):
    service = Scripted([Streams(["a", "b"]), Says("c", reasoning="hm")])
    first, second = service.stream(make_call()), service.stream(make_call())
    assert [await anext(first), await anext(second), await anext(first)] == [
        TextDelta("a"),
        ReasoningDelta("hm"),
        TextDelta("b"),
    ]


def test_a_script_without_steps_is_none():
    with pytest.raises(ValueError, match="at least one step"):
        Scripted([])
