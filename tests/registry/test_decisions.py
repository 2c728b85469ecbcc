"""Decisions read back: each task is explained against the catalogue and the policy that it was decided on."""

from __future__ import annotations

import time

import pytest

from registry.calls import CallRow
from registry.candidates import pack_decision
from registry.catalogue import Catalogue
from registry.decisions import Decisions
from registry.errors import NotFound
from registry.ledger import Ledger
from registry.names import Names
from registry.policies import Policies
from registry.seeding import seed
from registry.words import Candidate, Capability, Decision, Exclusion, FailureClass, Objective, Policy


@pytest.fixture
async def catalogue(store):
    await seed(store, time.time)
    return Catalogue(store, time.time)


@pytest.fixture
def decisions(store, catalogue):
    return Decisions(store, Names(store), catalogue.snapshots, Policies(store, time.time))


def row(decision: Decision, attempt: int, offering_id: int, **facts) -> CallRow:
    plain = {
        "run_id": 7, "stage": "analysis", "item": "thought", "owner": "default/local", "prompt_version": "v1",
        "snapshot_id": decision.snapshot_id, "policy_id": decision.policy_id, "outcome": 0,
        "started_us": 1_800_000_000_000_000, "latency_us": 1_500, "first_output_us": 500, "input_tokens": 10,
        "output_tokens": 5, "cost_nanousd": 7, "cost_known": True,
        "candidates": pack_decision(decision) if attempt < 2 else None,
    }  # fmt: skip
    return CallRow(decision.task_id, attempt, offering_id=offering_id, **plain | facts)


async def decided(store, catalogue, task_id: int, *, ranked: int) -> Decision:
    policy = await Policies(store, time.time).get("default")
    snapshot = await catalogue.read_snapshot()
    candidates = [
        Candidate(offering_id=offering.offering_id, offering=offering.name, rank=rank, quality=0.8, cost=1.0, speed=0.2,
                  utility=0.7 * 0.8 + 0.1 + 0.2 * 0.2)
        if rank <= ranked
        else Candidate(offering_id=offering.offering_id, offering=offering.name, excluded=Exclusion.NO_CREDENTIAL)
        for rank, offering in enumerate(snapshot.offerings, start=1)
    ]  # fmt: skip
    return Decision(
        task_id=task_id, capability=Capability.SEARCH, policy=policy.name, policy_version=policy.version,
        policy_id=policy.policy_id, snapshot_id=snapshot.snapshot_id, snapshot_version=snapshot.version,
        candidates=tuple(candidates), propensity=0.25,
    )  # fmt: skip


async def write(store, *rows: CallRow) -> None:
    ledger = Ledger(store, Names(store), time.time)
    for one in rows:
        ledger.record(one)
    assert await ledger.close() == 0


async def test_a_task_is_explained_as_it_was_decided_whatever_the_catalogue_says_now(store, catalogue, decisions):
    decision = await decided(store, catalogue, 11, ranked=2)
    first, second = decision.ranked
    failure = FailureClass.RATE_LIMITED
    await write(
        store,
        row(decision, 1, first.offering_id, outcome=failure.code, message="429: too fast", cost_known=False),
        row(decision, 2, second.offering_id, checks=0b01),
    )
    await catalogue.remove_service(first.offering.partition("/")[0])
    await Policies(store, time.time).put(Policy(name="default", objective=Objective(quality=0, cost=1, speed=0)))

    explanation = await decisions.explain_task(11)
    found = explanation.decision
    assert found is not None
    assert (found.capability, found.propensity, found.policy_version) == (Capability.SEARCH, 0.25, 1)
    assert found.excluded == decision.excluded
    assert [candidate.offering for candidate in found.ranked] == [first.offering, second.offering]
    assert found.ranked[0].utility == pytest.approx(first.utility, abs=0.002)
    tried = [(attempt.number, attempt.offering, attempt.failure, attempt.message) for attempt in explanation.attempts]
    assert tried == [(1, first.offering, failure, "429: too fast"), (2, second.offering, None, "")]
    assert explanation.attempts[1].latency_ms == 1.5
    assert (explanation.stage, explanation.item, explanation.prompt_version) == ("analysis", "thought", "v1")
    assert (explanation.cost_nanousd, explanation.cost_known, explanation.checks) == (14, False, 0b01)


async def test_a_run_is_explained_task_by_task_and_only_that_run(store, catalogue, decisions):
    some = [await decided(store, catalogue, task_id, ranked=1) for task_id in (3, 1, 2, 4)]
    await write(store, *(row(each, 1, 1, run_id=8 if each.task_id == 4 else 7) for each in some))
    assert [explanation.task_id for explanation in await decisions.explain_run(7)] == [1, 2, 3]
    assert [call.task_id for call in await decisions.calls_of_run(8)] == [4]
    assert await decisions.explain_run(99) == ()


async def test_the_latest_tasks_come_first_and_no_more_than_asked_for(store, catalogue, decisions):
    some = [await decided(store, catalogue, task_id, ranked=2) for task_id in (3, 1, 2, 4)]
    again = [row(each, 2, 2) for each in some]
    await write(store, *(row(each, 1, 1) for each in some), *again)
    assert [(task.task_id, len(task.attempts)) for task in await decisions.recent(3)] == [(4, 2), (3, 2), (2, 2)]
    assert len(await decisions.recent(100)) == 4
    assert await decisions.recent(0) == ()


async def test_a_task_that_nothing_could_do_is_explained_without_attempts(store, catalogue, decisions):
    decision = await decided(store, catalogue, 5, ranked=0)
    await write(
        store, row(decision, 0, 0, outcome=5, message="no service can do `search`", candidates=pack_decision(decision))
    )
    explanation = await decisions.explain_task(5)
    assert (explanation.attempts, explanation.message) == ((), "no service can do `search`")
    assert explanation.decision is not None
    assert {candidate.excluded for candidate in explanation.decision.candidates} == {Exclusion.NO_CREDENTIAL}
    with pytest.raises(NotFound, match="task '6'"):
        await decisions.explain_task(6)
