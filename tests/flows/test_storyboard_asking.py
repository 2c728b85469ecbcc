"""When a run gives up on services whose answers nobody can use."""

from __future__ import annotations

import pytest

from blocks import Fails, Says, Scripted
from flows.errors import NoUsableAnswer
from flows.storyboard.asking import MOST_UNUSABLE, Asking
from registry.words import Capability, FailureClass, Message, TaskRequest
from routing import RouteExhausted, Runtime

REQUEST = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Hello"),))
UNUSABLE = Fails(FailureClass.INVALID_OUTPUT, "the answer is HTML")


async def ask_each(settings, steps, requests):
    """Ask so often; the kinds of what came of it."""
    async with Runtime.open(settings, services={"local": Scripted(steps, then="last")}) as runtime:
        asking = Asking(runtime.run, workspace="ours", principal="ann")
        came = []
        for _ in range(requests):
            try:
                came.append(type(await asking(REQUEST)).__name__)
            except (RouteExhausted, NoUsableAnswer) as error:
                came.append(type(error).__name__)
        return came


async def test_services_that_never_say_anything_usable_end_the_run(settings):
    assert await ask_each(settings, [UNUSABLE], MOST_UNUSABLE) == [
        *["RouteExhausted"] * (MOST_UNUSABLE - 1), "NoUsableAnswer",
    ]  # fmt: skip


async def test_after_one_good_answer_bad_ones_are_left_to_the_stages(settings):
    came = await ask_each(settings, [Says("Hello."), UNUSABLE], MOST_UNUSABLE + 2)
    assert came == ["TaskResult", *["RouteExhausted"] * (MOST_UNUSABLE + 1)]


async def test_other_failures_are_passed_on_as_they_are(settings):
    failing = Fails(FailureClass.QUOTA, "no credit")
    async with Runtime.open(settings, services={"local": Scripted([failing], then="last")}) as runtime:
        with pytest.raises(RouteExhausted, match="no credit"):
            await Asking(runtime.run, workspace="ours", principal="ann")(REQUEST)
