"""Candidates in a few bytes: packing and unpacking give back what was there, and nonsense is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.candidates import STEPS, pack, pack_decision, unpack, unpack_decision
from registry.errors import RecordUnreadable
from registry.words import (
    Candidate,
    Capability,
    Decision,
    Exclusion,
    Model,
    Objective,
    Offering,
    Policy,
    Service,
    Snapshot,
)

OFFERINGS = tuple(
    Offering(
        offering_id=offering_id,
        service=Service(service_id=1, name="one", kind="local"),
        model=Model(model_id=offering_id, name=f"m{offering_id}"),
        remote_name="m",
        capabilities=frozenset({Capability.TEXT}),
    )
    for offering_id in (1, 2, 3, 127, 128, 255, 256, 70_000, 2**40)
)
SNAPSHOT = Snapshot(snapshot_id=3, version=9, digest="", offerings=OFFERINGS)
POLICY = Policy(name="p", version=2, policy_id=5, objective=Objective(quality=3, cost=1, speed=1))

shares = st.floats(0, 1)


@st.composite
def candidates(draw):
    offerings = draw(st.permutations(OFFERINGS))
    many = draw(st.integers(0, len(offerings)))
    some = [
        Candidate(
            offering_id=offering.offering_id,
            offering=offering.name,
            rank=rank,
            quality=draw(shares),
            cost=draw(shares),
            speed=draw(shares),
        )
        for rank, offering in enumerate(offerings[:many], start=1)
    ]
    reasons = st.sampled_from(Exclusion)
    return (
        *some,
        *(Candidate(offering_id=o.offering_id, offering=o.name, excluded=draw(reasons)) for o in offerings[many:]),
    )


@given(candidates(), st.sampled_from(Capability), st.floats(2**-20, 1, width=32), st.randoms(use_true_random=False))
def test_unpacking_gives_back_what_was_packed_up_to_rounding(some, capability, propensity, chance):
    shuffled = list(some)
    chance.shuffle(shuffled)
    decision = Decision(
        task_id=7, capability=capability, policy="p", policy_version=2, policy_id=5, snapshot_id=3, snapshot_version=9,
        candidates=tuple(shuffled), propensity=propensity,
    )  # fmt: skip
    found = unpack_decision(pack_decision(decision), SNAPSHOT, POLICY, task_id=7)
    assert replace(found, candidates=()) == replace(decision, candidates=())
    names = [(candidate.rank, candidate.offering_id, candidate.offering) for candidate in found.ranked]
    assert names == [(candidate.rank, candidate.offering_id, candidate.offering) for candidate in ranked(some)]
    assert set(found.excluded) == {candidate for candidate in some if candidate.rank is None}
    for before, after in zip(ranked(some), found.ranked, strict=True):
        for part in ("quality", "cost", "speed"):
            assert abs(getattr(before, part) - getattr(after, part)) <= 0.5 / STEPS + 1e-9
        exact = 0.6 * before.quality + 0.2 * before.cost + 0.2 * before.speed
        assert after.utility == pytest.approx(exact, abs=0.5 / STEPS + 1e-9)


def ranked(some):
    return sorted((candidate for candidate in some if candidate.rank is not None), key=lambda one: one.rank)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_sentence(blob):
    try:
        found = unpack(blob, SNAPSHOT, POLICY)
    except RecordUnreadable:
        return
    assert len(found) <= len(blob)


@pytest.mark.parametrize(
    "blob", [b"", b"\x00", b"\x01", b"\x01\xff\xff\xff\xff\x0f", b"\x01\x01\x05\x00", b"\x01\x00\x05\x63", b"\x81\x00"]
)
def test_bytes_that_are_cut_or_hostile_are_refused(blob):
    with pytest.raises(RecordUnreadable):
        unpack(blob, SNAPSHOT, POLICY)


@pytest.mark.parametrize("quality", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_part_that_is_no_share_is_refused_when_packing(quality):
    with pytest.raises((ValueError, OverflowError)):
        pack((Candidate(offering_id=1, offering="one/m1", rank=1, quality=quality),))


def test_an_offering_that_the_snapshot_does_not_have_is_named_by_its_number():
    (found,) = unpack(pack((Candidate(offering_id=9, offering="gone/gone", rank=1),)), SNAPSHOT, POLICY)
    assert found.offering == "offering 9"


def test_eight_candidates_take_no_more_than_thirty_six_bytes():
    some = tuple(Candidate(offering_id=number, offering="", rank=number) for number in range(1, 9))
    assert len(pack(some)) == 34
