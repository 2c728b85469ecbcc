"""Offerings, snapshots and worlds as the routing tests need them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from blocks import Scripted
from registry.words import Capability, Message, Model, Offering, Price, Service, Snapshot, TaskRequest
from routing.constraints import World
from routing.health import Health


async def until(holds, seconds=10):
    """Wait until ``holds()`` is true."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.05)


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def until_called():
    """Waits until the scripted services of a runtime have been called so often together."""

    async def wait(runtime, count=1):
        services = {offering.service.name: offering.service for offering in runtime.snapshot.offerings}
        connected = [runtime.connect(service) for service in services.values()]
        scripts = [service for service in connected if isinstance(service, Scripted)]

        async def is_called():
            return sum(len(script.calls) for script in scripts) >= count

        await until(is_called, seconds=60)

    return wait


@pytest.fixture(name="until")
def _until():
    return until


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def world(clock):
    return World(now=datetime(2026, 11, 22, tzinfo=UTC), health=Health(clock))


@pytest.fixture
def offering():
    """Makes offerings, numbered one after the other."""
    made = []

    def make(name="a", *, service=None, price=Price(), **facts):  # noqa: B008 - a frozen value
        number = len(made) + 1
        facts.setdefault("capabilities", frozenset({Capability.TEXT}))
        made.append(
            Offering(
                offering_id=number,
                service=service or Service(service_id=number, name=name, kind="fake", enabled=True),
                model=Model(model_id=number, name=f"model-{name}"),
                remote_name=f"model-{name}",
                price=price,
                **facts,
            )
        )
        return made[-1]

    return make


@pytest.fixture
def snapshot():
    def make(*offerings):
        return Snapshot(snapshot_id=1, version=7, digest="0" * 64, offerings=offerings)

    return make


@pytest.fixture
def text_request():
    def make(text="Tell me about the lamp.", **facts):
        return TaskRequest(capability=Capability.TEXT, messages=(Message("user", text),), **facts)

    return make
