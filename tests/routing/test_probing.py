"""Services are asked whether they are up: many at once, each in its time; whatever is wrong is an answer."""

from __future__ import annotations

import asyncio
import time

import pytest

from blocks import CredentialSource, Scripted, ServiceFailure
from blocks.errors import UnknownServiceKind
from blocks.fake import Says
from registry import Cooldown, NotFound, Out, Settings, read_probes
from registry.words import FailureClass, Service
from routing import Runtime
from routing.probing import AT_ONCE, probe, probe_services

SECRET = "zk9-Q7vnR2mWx8LpT4yB"


class Asked(Scripted):
    """A service that answers a probe as it is told; it counts how many are asked at once."""

    now = most = 0

    def __init__(self, says="fine", *, error=None, seconds=0.0):
        super().__init__([Says("")])
        self.says, self.error, self.seconds, self.secrets = says, error, seconds, []

    async def probe(self, secret, timeout_seconds):
        self.secrets.append(secret)
        Asked.now += 1
        Asked.most = max(Asked.most, Asked.now)
        try:
            await asyncio.sleep(self.seconds)
            if self.error is not None:
                raise self.error
            return self.says
        finally:
            Asked.now -= 1


class Mute:
    """A service of somebody's own that cannot be asked."""

    async def stream(self, call):
        yield call

    async def aclose(self):
        pass


async def ask(blocks, **facts):
    rows = [
        Service(service_id=number, name=name, kind="own", enabled=True, **facts)
        for number, name in enumerate(blocks, start=1)
    ]

    def connect(service):
        block = blocks[service.name]
        if isinstance(block, Exception):
            raise block
        return block

    credentials = CredentialSource({"MY_KEY": SECRET})
    found = await probe_services(rows, connect, credentials, lambda: 1_800_000_000.0, timeout_seconds=0.3)
    return {one.service: one for one in found}


async def test_every_service_has_its_answer_whatever_is_wrong_with_the_others():
    found = await ask(
        {
            "good": Asked("3 models"),
            "down": Asked(error=ServiceFailure(FailureClass.TRANSIENT, "nothing listens there")),
            "hangs": Asked(seconds=60),
            "breaks": Asked(error=RuntimeError(f"unexpected {SECRET}")),
            "unknown": UnknownServiceKind("own", ("fake",)),
            "mute": Mute(),
        }
    )
    states = {name: None if one.probe is None else one.probe.ok for name, one in found.items()}
    assert states == {
        "good": True, "down": False, "hangs": False, "breaks": False, "unknown": False, "mute": None,
    }  # fmt: skip
    messages = {name: one.message for name, one in found.items()}
    assert messages["good"] == "3 models"
    assert messages["down"] == "nothing listens there"
    assert messages["hangs"] == "no answer within 0.3 s"
    assert messages["breaks"] == "it could not be asked (RuntimeError)"
    assert "no block speaks for" in messages["unknown"]
    assert messages["mute"] == "a service of kind 'own' cannot be asked for nothing"


async def test_a_missing_key_is_told_and_a_key_that_is_there_is_shown_to_the_service_alone():
    service = Asked()
    found = await ask({"mine": service}, credential_ref="env:NO_SUCH_KEY")
    assert (found["mine"].probe.ok, service.secrets) == (False, [])
    assert found["mine"].message == "its key is missing: set the environment variable NO_SUCH_KEY"
    found = await ask({"mine": service}, credential_ref="env:MY_KEY")
    assert (found["mine"].probe.ok, service.secrets) == (True, [SECRET])
    assert SECRET not in repr(found)


async def test_only_so_many_are_asked_at_once():
    Asked.most = 0
    found = await ask({f"service-{number}": Asked(seconds=0.02) for number in range(3 * AT_ONCE)})
    assert all(one.probe.ok for one in found.values())
    assert 1 < Asked.most <= AT_ONCE


@pytest.fixture
async def runtime(database_url, tmp_path):
    settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
    async with Runtime.open(settings, services={"local": Asked("it runs")}) as runtime:
        yield runtime


async def test_all_enabled_services_are_asked_and_what_they_say_is_kept(runtime):
    found = {one.service: one.probe for one in await probe(runtime)}
    assert found.keys() == {"local", "sketch"}
    kept = await read_probes(runtime.store)
    assert {probe.message for probe in kept.values()} == {"it runs", "it draws in this process"}
    before = kept[found["local"].service_id]
    await probe(runtime)
    again = (await read_probes(runtime.store))[before.service_id]
    assert again.since_us == before.since_us
    assert again.probed_us > before.probed_us


async def tell_out(runtime, *failures):
    """Tell that `local` is out: its account for the last of the failures, its offering for those before."""
    offering = next(one for one in runtime.snapshot.offerings if one.service.name == "local")
    now = time.monotonic()
    outs = (Out.of(offering), Out.with_account(offering.service))
    await runtime.cooldowns.tell(
        Cooldown(out=out, failure=failure, since=now, until=now + 60)
        for out, failure in zip(outs[-len(failures) :], failures, strict=True)
    )


async def left(runtime):
    return [cooldown.failure for cooldown in (await runtime.cooldowns.read())[1]]


async def test_a_person_who_finds_a_service_up_wakes_it(runtime):
    await tell_out(runtime, FailureClass.RATE_LIMITED, FailureClass.QUOTA)
    found = {one.service: one.woken for one in await probe(runtime, by_hand=True)}
    assert {one.failure for one in found["local"]} == {FailureClass.RATE_LIMITED, FailureClass.QUOTA}
    assert found["sketch"] == ()
    assert await left(runtime) == []


async def test_upkeep_that_finds_a_service_up_ends_only_what_its_key_was_told(runtime):
    await tell_out(runtime, FailureClass.RATE_LIMITED, FailureClass.CREDENTIALS)
    await probe(runtime)
    assert await left(runtime) == [FailureClass.RATE_LIMITED]


async def test_a_service_that_is_down_is_woken_by_nobody(database_url, tmp_path):
    settings = Settings.load({"home": tmp_path / "home", "database_url": database_url}, directory=tmp_path)
    down = Asked(error=ServiceFailure(FailureClass.TRANSIENT, "nothing listens there"))
    async with Runtime.open(settings, services={"local": down}) as runtime:
        await tell_out(runtime, FailureClass.CREDENTIALS)
        await probe(runtime, by_hand=True)
        assert await left(runtime) == [FailureClass.CREDENTIALS]


async def test_those_that_are_named_are_asked_and_an_unknown_name_is_refused(runtime, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (found,) = await probe(runtime, ["openai"])
    assert (found.service, found.probe.ok) == ("openai", False)
    assert "OPENAI_API_KEY" in found.message
    with pytest.raises(NotFound, match="nobody"):
        await probe(runtime, ["nobody"])
