"""A decision's candidates in a few bytes: what the ledger keeps of the ranking, and reading it back.

The blob is::

    head        one byte: the capability's code, plus 0x80 when a propensity follows
    propensity  four bytes, a big-endian float; absent when it is 1
    ranked      how many (a varint); then for each, in rank order: offering id (a varint), and one byte each for
                quality, cost and speed: 0..1 in steps of 1/255
    excluded    to the end, for each: offering id (a varint), and one byte: the reason's code

Names, utilities and ranks are not stored: they follow from the snapshot, the policy and the order.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from registry.errors import RecordUnreadable
from registry.varints import read_varint, varint
from registry.words import Candidate, Capability, Decision, Exclusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry.words import Policy, Snapshot

STEPS = 255
_PROPENSITY_FOLLOWS = 0x80
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


def pack_decision(decision: Decision) -> bytes:
    """The blob of a whole decision: capability, propensity and candidates."""
    candidates = decision.candidates
    parts = getattr(candidates, "parts", None)
    if parts is None:
        return pack(candidates, capability=decision.capability, propensity=decision.propensity)
    # As the router holds them, they come in order, and need not be made into what people see.
    numbers: list[int] = []
    add = numbers.append
    ranked = parts()
    for offering_id, quality, cost, speed in ranked:
        if offering_id < 0x80:
            add(offering_id)
        else:
            numbers += varint(offering_id)
        add(int(quality * STEPS + 0.5))
        add(int(cost * STEPS + 0.5))
        add(int(speed * STEPS + 0.5))
    for candidate in candidates.excluded:  # type: ignore[attr-defined]  # beside its parts
        numbers += varint(candidate.offering_id)
        add(candidate.excluded.code if candidate.excluded else 0)
    return _head(decision.capability, decision.propensity) + varint(len(ranked)) + bytes(numbers)


def pack(
    candidates: Sequence[Candidate], *, capability: Capability = Capability.TEXT, propensity: float = 1.0
) -> bytes:
    """The blob of these candidates.

    Raises:
        ValueError: a quality, cost or speed is not in 0..1.
    """
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
            continue
        count += 1
        if rank != count or not all_ranked:
            return pack(_in_order(candidates), capability=capability, propensity=propensity)
        add(int(candidate.quality * STEPS + 0.5))
        add(int(candidate.cost * STEPS + 0.5))
        add(int(candidate.speed * STEPS + 0.5))
    return _head(capability, propensity) + varint(count) + bytes(numbers)


def _head(capability: Capability, propensity: float) -> bytes:
    code = _CAPABILITY_CODES[capability]
    if propensity == 1.0:
        return bytes((code,))
    return bytes((code | _PROPENSITY_FOLLOWS, *_PROPENSITY.pack(propensity)))


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
    return _read(blob, snapshot, policy)[2]


def unpack_decision(blob: bytes, snapshot: Snapshot, policy: Policy, *, task_id: int) -> Decision:
    """The whole decision in a blob.

    Raises:
        RecordUnreadable: the bytes are no such blob.
    """
    capability, propensity, candidates = _read(blob, snapshot, policy)
    return Decision(
        task_id=task_id,
        capability=capability,
        policy=policy.name,
        policy_version=policy.version,
        policy_id=policy.policy_id,
        snapshot_id=snapshot.snapshot_id,
        snapshot_version=snapshot.version,
        candidates=candidates,
        propensity=propensity,
    )


def _read(blob: bytes, snapshot: Snapshot, policy: Policy) -> tuple[Capability, float, tuple[Candidate, ...]]:
    names = {offering.offering_id: offering.name for offering in snapshot.offerings}
    try:
        capability = _CAPABILITIES[blob[0] & ~_PROPENSITY_FOLLOWS]
        position, propensity = 1, 1.0
        if blob[0] & _PROPENSITY_FOLLOWS:
            (propensity,) = _PROPENSITY.unpack_from(blob, position)
            position += _PROPENSITY.size
        ranked, position = _read_ranked(blob, position, names, policy)
        return capability, propensity, (*ranked, *_read_excluded(blob, position, names))
    except (ValueError, KeyError, IndexError, struct.error) as error:
        raise RecordUnreadable("list of candidates", str(error)) from error


def _read_ranked(blob: bytes, position: int, names: dict[int, str], policy: Policy) -> tuple[list[Candidate], int]:
    quality_share, cost_share, speed_share = policy.objective.shares()
    count, position = read_varint(blob, position)
    ranked = []
    # A hostile count ends at the end of the bytes: each turn takes four of them or raises.
    for rank in range(1, count + 1):
        offering_id, position = read_varint(blob, position)
        quality, cost, speed = (blob[position + part] / STEPS for part in range(3))
        position += 3
        candidate = Candidate(
            offering_id=offering_id,
            offering=names.get(offering_id, f"offering {offering_id}"),
            rank=rank,
            utility=quality_share * quality + cost_share * cost + speed_share * speed,
            quality=quality,
            cost=cost,
            speed=speed,
        )
        ranked.append(candidate)
    return ranked, position


def _read_excluded(blob: bytes, position: int, names: dict[int, str]) -> list[Candidate]:
    excluded = []
    while position < len(blob):
        offering_id, position = read_varint(blob, position)
        code = blob[position]
        position += 1
        name = names.get(offering_id, f"offering {offering_id}")
        reason = Exclusion.from_code(code) if code else None
        excluded.append(Candidate(offering_id=offering_id, offering=name, excluded=reason))
    return excluded
