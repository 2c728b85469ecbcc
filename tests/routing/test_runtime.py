"""The runtime, on both databases: what is decided is recorded, learned from, and explained afterwards."""

import asyncio
import os

import pytest

from blocks import Fails, Hangs, Says, Scripted
from registry import Settings
from registry.words import Capability, Exclusion, FailureClass, Policy
from routing import NoCandidate, RouteExhausted, Runtime, RuntimeClosed, ai_task, task_request
from routing.strategies import NAMED


@pytest.fixture
async def opened(database_url, tmp_path):
    """Opens runtimes over one database, with scripted services in the place of `local` and `sketch`."""
    runtimes = []

    async def open_(**services):
        settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
        runtimes.append(await Runtime.start(settings, services=services))
        return runtimes[-1]

    yield open_
    for runtime in runtimes:
        await runtime.aclose()


async def test_a_task_goes_to_the_service_that_can_do_it_and_is_explained_afterwards(opened):
    runtime = await opened(local=Scripted([Says("a lamp")]))
    result = await runtime.run(task_request("text", "Name a thing.", stage="things", item="1"))
    assert await runtime.drain() == 0
    told = await runtime.decisions.explain_task(result.task_id)
    assert (told.stage, told.item) == ("things", "1")
    assert [attempt.offering for attempt in told.attempts] == ["local/smollm2-135m-instruct"]
    assert {c.offering_id for c in told.decision.candidates} == {o.offering_id for o in runtime.snapshot.offerings}
    reasons = {c.offering.split("/")[0]: c.excluded for c in told.decision.excluded}
    assert reasons["openai"] in (Exclusion.DISABLED, Exclusion.CAPABILITY)
    assert reasons["sketch"] is Exclusion.CAPABILITY


async def test_a_decision_is_explained_as_it_was_after_the_catalogue_has_changed(opened):
    runtime = await opened(local=Scripted([Says("a lamp")]))
    result = await runtime.run(task_request("text", "Name a thing."))
    await runtime.drain()
    await runtime.catalogue.remove_service("openai")
    told = await runtime.decisions.explain_task(result.task_id)
    assert any(candidate.offering.startswith("openai/") for candidate in told.decision.excluded)


async def test_work_that_nobody_can_do_is_refused_and_recorded(opened):
    runtime = await opened()
    with pytest.raises(NoCandidate, match="no service can do `video`"):
        await runtime.run(task_request("video", "a lamp at sea"))
    await runtime.drain()


async def test_failed_attempts_are_recorded_with_their_class_and_message(opened):
    runtime = await opened(local=Scripted([Fails(FailureClass.REFUSED, "not that")], then="repeat"))
    with pytest.raises(RouteExhausted) as caught:
        await runtime.run(task_request("text", "Something else.", deadline_seconds=5))
    await runtime.drain()
    told = await runtime.decisions.explain_task(caught.value.decision.task_id)
    assert [attempt.failure for attempt in told.attempts] == [FailureClass.REFUSED]
    assert "not that" in told.attempts[0].message


async def test_a_cancelled_call_is_recorded(opened, until_called):
    runtime = await opened(local=Scripted([Hangs()]))
    task = asyncio.create_task(runtime.run(task_request("text", "Wait.", stage="waiting")))
    await until_called(runtime)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await runtime.drain()
    rows = await runtime.decisions.calls_of_run(0)
    assert [row.outcome for row in rows] == [FailureClass.CANCELLED.code]


async def test_checks_teach_the_quality_that_the_next_process_ranks_by(opened):
    runtime = await opened(local=Scripted([Says("")], then="repeat"))
    before = (await runtime.decide(task_request("text", "x"))).ranked[0].quality
    for _ in range(5):
        with pytest.raises(RouteExhausted):
            await runtime.run(task_request("text", "Say something."))
    await runtime.drain()
    later = await opened(local=Scripted([Says("")]))
    assert (await later.decide(task_request("text", "x"))).ranked[0].quality < before


async def test_a_service_enabled_elsewhere_is_seen_within_seconds(opened, until):
    runtime = await opened(ollama=Scripted([Says("from ollama")]))
    pinned = task_request("text", "Hello.", service="ollama")
    with pytest.raises(NoCandidate, match="disabled"):
        await runtime.run(pinned)
    other = await opened()
    await other.catalogue.set_enabled("ollama", True)

    async def is_seen():
        return (await runtime.decide(pinned)).ranked

    await until(is_seen)
    assert (await runtime.run(pinned)).text == "from ollama"


async def test_an_enabled_service_without_its_key_is_left_out_with_the_hint(opened, until):
    assert "OPENAI_API_KEY" not in os.environ
    runtime = await opened(local=Scripted([Says("x")]))
    await runtime.catalogue.set_enabled("openai", True)
    request = task_request("text", "Hello.", service="openai")

    async def is_seen():
        return Exclusion.NO_CREDENTIAL in {c.excluded for c in (await runtime.decide(request)).excluded}

    await until(is_seen)
    with pytest.raises(NoCandidate, match="OPENAI_API_KEY"):
        await runtime.run(request)


async def test_work_pinned_to_what_is_not_there_says_so(opened):
    runtime = await opened()
    with pytest.raises(NoCandidate, match="pinned to nobody, and there is no such offering"):
        await runtime.run(task_request("text", "Hello.", service="nobody"))


@pytest.mark.parametrize(
    ("typed", "meant"), [("opnai", "openai"), ("locl", "local"), ("openai/gpt-4o-mni", "openai/gpt")]
)
async def test_work_pinned_to_a_mistyped_name_is_offered_the_nearest(opened, typed, meant):
    runtime = await opened()
    with pytest.raises(NoCandidate, match=f"no such offering; did you mean '{meant}"):
        await runtime.run(task_request("text", "Hello.", service=typed))


async def test_a_runtime_that_is_closed_says_so(opened):
    runtime = await opened()
    await runtime.aclose()
    with pytest.raises(RuntimeClosed):
        await runtime.run(task_request("text", "Hello."))


async def test_everything_recorded_is_there_after_closing(opened):
    runtime = await opened(local=Scripted([Says("x")], then="repeat"))
    await asyncio.gather(*(runtime.run(task_request("text", f"Number {n}")) for n in range(50)))
    await runtime.aclose()
    assert len(await (await opened()).decisions.calls_of_run(0)) == 50


async def test_ai_task_uses_the_runtime_opened_around_it(database_url, tmp_path):
    settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
    async with Runtime.open(settings, services={"local": Scripted([Says("from around")])}):
        assert (await ai_task("text", "Hello.")).text == "from around"


@pytest.mark.parametrize(
    ("capability", "prompt", "sentence"), [("taste", "x", "no capability 'taste'"), ("text", "", "nothing to work on")]
)
def test_a_task_that_makes_no_sense_is_refused_at_once(capability, prompt, sentence):
    with pytest.raises(ValueError, match=sentence):
        task_request(capability, prompt)


def test_a_picture_is_asked_for_by_prompt_and_judged_as_one():
    request = task_request("image", "a lamp", params={"width": 64})
    assert (request.capability, request.prompt, request.checks) == (Capability.IMAGE, "a lamp", ("is_picture",))


async def test_a_strategy_that_learns_hears_of_every_call_that_was_judged(opened, monkeypatch):
    heard = []

    class Learns:
        def order(self, seen, chance):
            return 1.0

        def learn(self, offering_id, *, good, cost_nanousd, latency_ms):
            heard.append((offering_id, good, cost_nanousd, latency_ms >= 0))

    monkeypatch.setitem(NAMED, "learns", Learns)
    runtime = await opened(local=Scripted([Says(""), Says("a lamp")]))
    await runtime.policies.put(Policy(name="learning", strategy="learns"))
    result = await runtime.run(task_request("text", "Name a thing.", policy="learning"))
    offering_id = result.attempts[-1].offering_id
    assert heard == [(offering_id, False, 0, True), (offering_id, True, 0, True)]
