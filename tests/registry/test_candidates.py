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
    Rule,
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


RULED = Policy(
    name="p",
    policy_id=5,
    rules=(
        Rule(name="eu", require='service.region == "eu"'),
        Rule(name="draft", weight=Objective(quality=0, cost=1, speed=0)),
        *(Rule(name=f"filler {number}", prefer="true") for number in range(61)),
        Rule(name="last", forbid="offering.input_usd_per_mtok > 3.0"),
    ),
)


def decided(*some, rules=(), propensity=1.0):
    return Decision(
        task_id=7, capability=Capability.SEARCH, policy="p", policy_version=1, policy_id=5, snapshot_id=3,
        snapshot_version=9, candidates=some, propensity=propensity, rules=rules,
    )  # fmt: skip


@given(st.sets(st.integers(1, 64)), st.sampled_from([1.0, 0.05, 0.95]))
def test_which_rules_applied_is_kept(rules, propensity):
    before = decided(Candidate(offering_id=1, offering="one/m1", rank=1), rules=tuple(sorted(rules)))
    found = unpack_decision(pack_decision(replace(before, propensity=propensity)), SNAPSHOT, RULED, task_id=7)
    assert found.rules == tuple(sorted(rules))
    assert found.propensity == pytest.approx(propensity)
    assert found.capability is Capability.SEARCH


def test_who_was_shut_out_by_a_rule_is_told_by_which():
    before = decided(
        Candidate(offering_id=1, offering="one/m1", excluded=Exclusion.RULE, rule=1),
        Candidate(offering_id=128, offering="one/m128", excluded=Exclusion.RULE, rule=-64),
        Candidate(offering_id=2, offering="one/m2", excluded=Exclusion.RULE),
        Candidate(offering_id=3, offering="one/m3", excluded=Exclusion.COOLING),
    )
    found = unpack_decision(pack_decision(before), SNAPSHOT, RULED, task_id=7)
    assert [(one.offering_id, one.rule, one.reason) for one in found.excluded] == [
        (1, 1, 'rule eu requires service.region == "eu"'),
        (
            128,
            -64,
            "rule last forbids offering.input_usd_per_mtok > 3.0, which could not be evaluated, so it shuts out",
        ),
        (2, 0, ""),
        (3, 0, ""),
    ]


@given(st.floats(0.01, 100))
def test_factors_are_kept_to_a_few_hundredths_and_count_in_the_utility(factor):
    before = decided(
        Candidate(offering_id=1, offering="one/m1", rank=1, quality=1, factor=factor),
        Candidate(offering_id=2, offering="one/m2", rank=2, quality=0.5),
    )
    first, second = unpack_decision(pack_decision(before), SNAPSHOT, RULED, task_id=7).ranked
    assert first.factor == pytest.approx(factor, rel=0.025)
    assert first.utility == pytest.approx(0.7 * first.factor)
    assert second.factor == 1.0


def test_a_rule_that_weighs_is_what_the_utility_is_made_anew_by():
    one = Candidate(offering_id=1, offering="one/m1", rank=1, quality=1, cost=0)
    (found,) = unpack_decision(pack_decision(decided(one, rules=(2,))), SNAPSHOT, RULED, task_id=7).ranked
    assert found.utility == 0
    (found,) = unpack_decision(pack_decision(decided(one)), SNAPSHOT, RULED, task_id=7).ranked
    assert found.utility == pytest.approx(0.7)
