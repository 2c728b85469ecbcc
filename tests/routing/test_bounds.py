"""What lives as long as the process keeps to its bounds, whatever it is fed with."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import islice

import pytest

from blocks import Says, Scripted
from quality import Checks
from registry import Capability, Ledger, Message, Names, Policies, Scores, TaskIds, TaskRequest, now_us
from registry.words import Attempt, Candidate, Decision, FailureClass, Policy, Service, Usage, Verdict
from routing.attempting import Outcome
from routing.connected import Connected
from routing.health import Health
from routing.recording import Recorder

PASSED = Verdict(check="not_empty", passed=True, critical=True)
FAILED = replace(PASSED, passed=False, reason="it is empty")


def judging(store, at, verdict, most_waiting=100):
    """A recorder with one verdict each on 15 tasks of one offering, and the scores that it writes them to."""
    scores = Scores(store, time.time)
    recorder = Recorder(
        Ledger(store, Names(store), time.time), scores, Checks.standard(), lambda: now_us(time.time), 0.2,
        most_waiting=most_waiting,
    )  # fmt: skip
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x"),))
    ids = TaskIds(time.time, 1)
    for task_id in islice(ids, 15):
        decided = Decision(
            task_id=task_id, capability=Capability.TEXT, policy="p", policy_version=1, policy_id=1, snapshot_id=1,
            snapshot_version=1, candidates=(Candidate(offering_id=at.offering_id, offering=at.name, rank=1),),
        )  # fmt: skip
        attempt = Attempt(number=2, offering_id=at.offering_id, offering=at.name, usage=Usage())
        recorder.attempted(request, decided, Outcome(attempt=attempt, offering=at, verdicts=(verdict,)))
    return recorder, scores


@pytest.mark.parametrize("verdict", [PASSED, FAILED])
async def test_verdicts_that_the_database_does_not_take_wait_up_to_a_bound_and_that_is_said(
    sqlite_store, offering, caplog, verdict
):
    recorder, _ = judging(sqlite_store, offering("a"), verdict, most_waiting=10)
    assert [record.message for record in caplog.records] == [
        "the verdicts on 10 tasks wait already, further ones are let go of"
    ]
    assert await recorder.drain(10) == 0
    assert "the verdicts on 5 tasks were let go of" in caplog.records[-1].message
    assert await recorder.drain(10) == 0
    assert len(caplog.records) == 2


@pytest.mark.parametrize("verdict", [PASSED, FAILED])
async def test_verdicts_that_two_drains_find_waiting_are_counted_once(sqlite_store, offering, verdict):
    at = offering("a")
    recorder, scores = judging(sqlite_store, at, verdict)
    assert await asyncio.gather(recorder.drain(10), recorder.drain(10)) == [0, 0]
    once = (await scores.quality())[at.model.model_id, Capability.TEXT].evidence
    recorder, _ = judging(sqlite_store, at, verdict)
    await recorder.drain(10)
    assert (await scores.quality())[at.model.model_id, Capability.TEXT].evidence == pytest.approx(2 * once, rel=1e-3)


async def test_names_that_were_read_are_forgotten_beyond_a_bound_and_read_again(sqlite_store):
    writing, reading = Names(sqlite_store), Names(sqlite_store, most_cached=10)
    numbers = await writing.intern(f"item {number}" for number in range(35))
    told = {number: name for name, number in numbers.items()}
    for _ in range(2):
        assert await reading.texts(told) == told
        for number, name in told.items():
            assert await reading.texts([number]) == {number: name}
        assert len(reading._texts) <= 11


async def test_policies_that_old_decisions_name_are_forgotten_beyond_a_bound(sqlite_store):
    policies = Policies(sqlite_store, time.time, most_remembered=5)
    kept = [await policies.put(Policy(name=f"policy-{number}")) for number in range(12)]
    for policy in kept * 2:
        assert await policies.load(policy.policy_id) == policy
        assert len(policies._loaded) <= 5


async def test_health_forgets_offerings_that_have_left_and_cool_downs_that_are_over(clock, offering):
    health, stays, goes = Health(clock), offering("stays"), offering("goes")
    for one in (stays, goes):
        health.failed(one, FailureClass.RATE_LIMITED)
        health.failed(one, FailureClass.QUOTA)
        health.hung(one)
        for _ in range(5):
            health.broke(one)
    health.keep_only({stays.offering_id})
    assert (health.known(goes.offering_id), health.reliability(goes), health.open_seconds(goes)) == (None, 1.0, None)
    assert health.open_seconds(stays) > 0
    assert health.cooling(stays).failure is FailureClass.QUOTA
    clock.now += 3_600
    health.keep_only({stays.offering_id})
    assert health.room.is_empty


async def test_blocks_of_services_that_have_left_are_closed_beyond_a_bound_the_oldest_first():
    blocks = {}

    def make(service):
        blocks[service.name] = Scripted([Says("yes")])
        return blocks[service.name]

    services = [Service(service_id=n, name=f"service-{n}", kind="fake") for n in range(5)]
    connected = Connected(make, most_kept=2)
    for service in services:
        assert connected.to(service) is connected.to(service) is blocks[service.name]
    await connected.keep_only(services[4:])
    assert [block.closed for block in blocks.values()] == [True, True, True, False, False]
    moved = replace(services[4], endpoint="http://elsewhere/v1")
    before = connected.to(services[4])
    assert connected.to(moved) is not before
    await connected.keep_only([moved])
    assert not blocks[moved.name].closed
    await connected.aclose()
    assert all(block.closed for block in blocks.values())
