"""A decision's candidates in a few bytes: what the ledger keeps of the ranking, and reading it back.

The blob is::

    head        one byte: the capability's code, plus 0x80 when a propensity follows, 0x40 when rules do, and 0x20 when
                a ranked candidate has a factor
    propensity  four bytes, a big-endian float; absent when it is 1
    rules       a varint: the bit n - 1 is set where the policy's rule n applied; absent when none did
    ranked      how many (a varint); then for each, in rank order: offering id (a varint), one byte each for quality,
                cost and speed: 0..1 in steps of 1/255; and, with factors, one byte: 128 plus 16 times the binary
                logarithm of its factor
    excluded    to the end, for each: offering id (a varint), and one byte: the reason's code; behind the code of a
                rule a varint: twice the rule's number, plus 1 where the rule could not be evaluated

Names, utilities and ranks are not stored: they follow from the snapshot, the policy and the order.
"""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from registry.errors import RecordUnreadable
from registry.varints import read_varint, varint
from registry.words import Candidate, Capability, Decision, Exclusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry.words import Objective, Policy, Snapshot

STEPS = 255
_ONE_BYTE = 0x80  # numbers below that are a byte as they are
_PROPENSITY_FOLLOWS = 0x80
_RULES_FOLLOW = 0x40
_FACTORS_FOLLOW = 0x20
_FLAGS = _PROPENSITY_FOLLOWS | _RULES_FOLLOW | _FACTORS_FOLLOW
_FACTOR_OF_ONE, _STEPS_A_DOUBLING = 128, 16
_PROPENSITY = struct.Struct(">f")

# Written out: these numbers are in people's databases.
_CAPABILITY_CODES = {
    Capability.TEXT: 1,
    Capability.IMAGE: 2,
    Capability.VIDEO: 3,
    Capability.EMBEDDING: 4,
    Capability.SPEECH: 5,
    Capability.TRANSCRIPTION: 6,
    Capability.UNDERSTANDING: 7,
    Capability.SEARCH: 8,
}
_CAPABILITIES = {code: capability for capability, code in _CAPABILITY_CODES.items()}
_HEADS = {capability: bytes((code,)) for capability, code in _CAPABILITY_CODES.items()}  # of what was certain


def pack_decision(decision: Decision) -> bytes:
    """The blob of a whole decision: capability, propensity and candidates."""
    candidates, rules, propensity = decision.candidates, decision.rules, decision.propensity
    steps = getattr(candidates, "steps", None)
    if steps is None or rules or not candidates.is_plain:  # type: ignore[attr-defined]  # beside its steps
        return pack(candidates, capability=decision.capability, propensity=propensity, rules=rules)
    # As the router holds them, they come in order, and need not be made into what people see.
    numbers: list[int] = steps()
    ids = numbers[::4]
    if ids and max(ids) >= _ONE_BYTE:
        numbers = [byte for place in range(0, len(numbers), 4) for byte in _four(numbers[place : place + 4])]
    for candidate in candidates.excluded:  # type: ignore[attr-defined]  # beside its steps
        numbers += varint(candidate.offering_id)
        numbers.append(candidate.excluded.code if candidate.excluded else 0)
    head = _HEADS[decision.capability] if propensity == 1.0 else _head(decision.capability, propensity)
    return head + (bytes((len(ids),)) if len(ids) < _ONE_BYTE else varint(len(ids))) + bytes(numbers)


def _four(numbers: list[int]) -> tuple[int, ...]:
    return (*varint(numbers[0]), *numbers[1:])


def pack(
    candidates: Sequence[Candidate],
    *,
    capability: Capability = Capability.TEXT,
    propensity: float = 1.0,
    rules: tuple[int, ...] = (),
) -> bytes:
    """The blob of these candidates.

    Raises:
        ValueError: a quality, cost or speed is not in 0..1.
    """
    return _pack(candidates, capability, propensity, rules, has_factors=False)


def _pack(
    candidates: Sequence[Candidate],
    capability: Capability,
    propensity: float,
    rules: tuple[int, ...],
    *,
    has_factors: bool,
) -> bytes:
    numbers: list[int] = []
    add = numbers.append
    count, all_ranked = 0, True
    # This runs once a call, so it takes one pass over what nearly always comes in order: ranked first, best first.
    for candidate in candidates:
        rank, offering_id = candidate.rank, candidate.offering_id
        if offering_id < 0x80:
            add(offering_id)
        else:
            numbers += varint(offering_id)
        if rank is None:
            all_ranked = False
            add(candidate.excluded.code if candidate.excluded else 0)
            if candidate.excluded is Exclusion.RULE:
                numbers += varint(2 * abs(candidate.rule) + (candidate.rule < 0))
            continue
        count += 1
        if rank != count or not all_ranked:
            return _pack(_in_order(candidates), capability, propensity, rules, has_factors=has_factors)
        add(int(candidate.quality * STEPS + 0.5))
        add(int(candidate.cost * STEPS + 0.5))
        add(int(candidate.speed * STEPS + 0.5))
        if has_factors:
            add(_packed_factor(candidate.factor))
        elif candidate.factor != 1.0:
            return _pack(candidates, capability, propensity, rules, has_factors=True)
    return _head(capability, propensity, rules, has_factors=has_factors) + varint(count) + bytes(numbers)


def _head(
    capability: Capability, propensity: float, rules: tuple[int, ...] = (), *, has_factors: bool = False
) -> bytes:
    head = _CAPABILITY_CODES[capability] | (_FACTORS_FOLLOW if has_factors else 0)
    follows = b""
    if propensity != 1.0:
        head, follows = head | _PROPENSITY_FOLLOWS, _PROPENSITY.pack(propensity)
    if rules:
        head, follows = head | _RULES_FOLLOW, follows + varint(sum(1 << (number - 1) for number in set(rules)))
    return bytes((head,)) + follows


def _packed_factor(factor: float) -> int:
    steps = round(math.log2(factor) * _STEPS_A_DOUBLING) if factor > 0 else -_FACTOR_OF_ONE
    return min(max(_FACTOR_OF_ONE + steps, 0), STEPS)


def _in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The ranked ones first and best first, their ranks counted from 1 without gaps."""
    ranked = [(candidate.rank, place, candidate) for place, candidate in enumerate(candidates) if candidate.rank]
    excluded = [candidate for candidate in candidates if not candidate.rank]
    counted = [replace(candidate, rank=rank) for rank, (_, _, candidate) in enumerate(sorted(ranked), start=1)]
    return counted + [replace(candidate, rank=None) for candidate in excluded]


def unpack(blob: bytes, snapshot: Snapshot, policy: Policy) -> tuple[Candidate, ...]:
    """The candidates in a blob, the ranked ones first.

    Names come from the snapshot; the utility is made anew from the policy's weights, so it carries the rounding of
    its parts. An offering that the snapshot does not have is named by its number.

    Raises:
        RecordUnreadable: the bytes are no such blob.
    """
    return tuple(_read(blob, snapshot, policy).candidates)


def unpack_decision(blob: bytes, snapshot: Snapshot, policy: Policy, *, task_id: int) -> Decision:
    """The whole decision in a blob.

    Raises:
        RecordUnreadable: the bytes are no such blob.
    """
    return replace(_read(blob, snapshot, policy), task_id=task_id)


def _read(blob: bytes, snapshot: Snapshot, policy: Policy) -> Decision:
    names = {offering.offering_id: offering.name for offering in snapshot.offerings}
    try:
        head, position = blob[0], 1
        propensity = 1.0
        rules: tuple[int, ...] = ()
        if head & _PROPENSITY_FOLLOWS:
            (propensity,) = _PROPENSITY.unpack_from(blob, position)
            position += _PROPENSITY.size
        if head & _RULES_FOLLOW:
            bits, position = read_varint(blob, position)
            rules = tuple(number for number in range(1, bits.bit_length() + 1) if bits >> (number - 1) & 1)
        has_factors = bool(head & _FACTORS_FOLLOW)
        ranked, position = _read_ranked(blob, position, names, policy.weighing(rules), has_factors=has_factors)
        return Decision(
            task_id=0,
            capability=_CAPABILITIES[head & ~_FLAGS],
            policy=policy.name,
            policy_version=policy.version,
            policy_id=policy.policy_id,
            snapshot_id=snapshot.snapshot_id,
            snapshot_version=snapshot.version,
            candidates=(*ranked, *_read_excluded(blob, position, names, policy)),
            propensity=propensity,
            rules=rules,
        )
    except (ValueError, KeyError, IndexError, struct.error) as error:
        raise RecordUnreadable("list of candidates", str(error)) from error


def _read_ranked(
    blob: bytes, position: int, names: dict[int, str], objective: Objective, *, has_factors: bool
) -> tuple[list[Candidate], int]:
    quality_share, cost_share, speed_share = objective.shares()
    count, position = read_varint(blob, position)
    ranked = []
    factor = 1.0
    # A hostile count ends at the end of the bytes: each turn takes four of them or raises.
    for rank in range(1, count + 1):
        offering_id, position = read_varint(blob, position)
        quality, cost, speed = (blob[position + part] / STEPS for part in range(3))
        position += 3
        if has_factors:
            factor = 2 ** ((blob[position] - _FACTOR_OF_ONE) / _STEPS_A_DOUBLING)
            position += 1
        candidate = Candidate(
            offering_id=offering_id,
            offering=names.get(offering_id, f"offering {offering_id}"),
            rank=rank,
            utility=factor * (quality_share * quality + cost_share * cost + speed_share * speed),
            quality=quality,
            cost=cost,
            speed=speed,
            factor=factor,
        )
        ranked.append(candidate)
    return ranked, position


def _read_excluded(blob: bytes, position: int, names: dict[int, str], policy: Policy) -> list[Candidate]:
    excluded = []
    while position < len(blob):
        offering_id, position = read_varint(blob, position)
        code = blob[position]
        position += 1
        reason = Exclusion.from_code(code) if code else None
        rule, told = 0, ""
        if reason is Exclusion.RULE:
            packed, position = read_varint(blob, position)
            rule, told = _read_rule(packed, policy)
        name = names.get(offering_id, f"offering {offering_id}")
        excluded.append(Candidate(offering_id=offering_id, offering=name, excluded=reason, reason=told, rule=rule))
    return excluded


def _read_rule(packed: int, policy: Policy) -> tuple[int, str]:
    """The number of a rule that excluded, negative where it could not be evaluated, and what it has against it."""
    number, failed = packed >> 1, bool(packed & 1)
    told = policy.rules[number - 1].told(failed=failed) if 0 < number <= len(policy.rules) else ""
    return -number if failed else number, told
