"""Services that hang: nobody else's time is theirs, and what hung once ranks low for a while."""

from __future__ import annotations

import random
import time

import pytest

from blocks import Hangs, Says, Scripted
from registry.words import Capability, Message, Objective, Policy, TaskRequest
from routing import RouteExhausted
from routing.attempting import Attempting
from routing.deciding import decide
from routing.dispatcher import Dispatcher

POLICY = Policy(name="hasty", objective=Objective(quality=1, cost=0, speed=0), deadline_seconds=0.6)
REQUEST = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Hello"),))


class NoSecrets:
    """Credentials for services that need none."""

    async def resolve(self, reference):
        return None

    def forget(self, reference):
        """There is nothing to forget."""


def names(decision):
    return [candidate.offering.split("/")[0] for candidate in decision.ranked]


async def walk(world, catalogue, scripts):
    """Route the request in real time, since hanging is about it."""
    attempting = Attempting(
        connect=lambda service: scripts[service.name], credentials=NoSecrets(), judge=lambda *_: (),
        clock=time.monotonic,
    )  # fmt: skip
    dispatcher = Dispatcher(
        attempting=attempting, credentials=NoSecrets(), health=world.health, clock=time.monotonic,
        sleep=no_sleep, chance=random.Random(1),
    )  # fmt: skip
    decision = decide(1, REQUEST, catalogue, POLICY, {}, world)
    return await dispatcher.dispatch(REQUEST, decision, catalogue, POLICY, lambda _: None)


async def no_sleep(seconds):
    """Nobody waits here."""


async def test_who_hangs_leaves_half_of_the_time_to_the_next(world, offering, snapshot):
    catalogue = snapshot(offering("best", quality=0.9), offering("next"))
    result = await walk(world, catalogue, {"best": Scripted([Hangs()]), "next": Scripted([Says("Here.")])})
    assert [(one.offering, one.failure) for one in result.attempts] == [
        ("best/model-best", "transient"),
        ("next/model-next", None),
    ]
    assert "0.3 s" in result.attempts[0].message


async def test_who_hangs_alone_has_all_the_time_and_the_sentence_names_the_deadline(world, offering, snapshot):
    with pytest.raises(RouteExhausted, match=r"the deadline of 0\.6 s has passed. alone/model-alone: no answer within"):
        await walk(world, snapshot(offering("alone")), {"alone": Scripted([Hangs()], then="repeat")})


def test_what_hung_ranks_last_for_a_while_and_is_not_left_out(world, offering, snapshot, clock):
    best, other = offering("best", quality=0.9), offering("other", quality=0.4)
    catalogue = snapshot(best, other)
    world.health.hung(best)
    assert names(decide(1, REQUEST, catalogue, POLICY, {}, world)) == ["other", "best"]
    clock.now += 61
    assert names(decide(1, REQUEST, catalogue, POLICY, {}, world)) == ["best", "other"]


def test_what_keeps_hanging_is_doubted_for_longer_until_it_works_again(world, offering, clock):
    slow = offering()
    for seconds in (60, 120, 240):
        world.health.hung(slow)
        world.health.hung(slow)  # a second call side by side with the first
        clock.now += seconds - 1
        assert world.health.reliability(slow) < 1
        clock.now += 2
        assert world.health.reliability(slow) == 1
    world.health.hung(slow)
    world.health.succeeded(slow, 10.0)
    assert world.health.reliability(slow) == 1
