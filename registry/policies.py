"""Policies: how routing chooses, by name and version; a version never changes.

What a request itself asks for (other weights, a target) makes a policy of its own, kept by its content under the name
of the policy it stands in for and ``+request``: so a decision names what it was really made by.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from registry.clock import now_us
from registry.dialects import POLICIES_TURN, take_turn
from registry.errors import NotFound, PolicyInvalid, RecordUnreadable
from registry.outbox import Event, append
from registry.policy_json import PolicyJson, check_conditions, check_name, policy_to_json
from registry.tables import policies
from registry.words import Objective, Policy, Target

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store
    from registry.words import Capability

DEFAULT = "default"
WISHED = "+request"  # the end of the names of policies that requests made for themselves
MOST_WISHES = 10_000  # kept for one policy; weights in whole hundredths alone make 5,151
_MOST_REMEMBERED = 4_096

# What ships. A name with a capability behind it stands in for the plain name where that capability is asked for.
SHIPPED = (
    Policy(name=DEFAULT, objective=Objective(quality=0.7, speed=0.2, cost=0.1)),
    Policy(name=f"{DEFAULT}-image", objective=Objective(quality=0.8, speed=0.1, cost=0.1)),
    Policy(name=f"{DEFAULT}-video", objective=Objective(quality=0.9, speed=0.05, cost=0.05), deadline_seconds=900.0),
)


class Policies:
    """The policies there are. Every method raises ``StoreError`` where the database cannot be used.

    Example:
        >>> async def prefer_quality(policies: Policies) -> Policy:
        ...     return await policies.put(Policy(name="careful", objective=Objective(quality=1, cost=0, speed=0)))
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        most_wishes: int = MOST_WISHES,
        most_remembered: int = _MOST_REMEMBERED,
    ) -> None:
        self._store = store
        self._clock = clock
        self._most_wishes = most_wishes
        self._most_remembered = most_remembered
        self._loaded: dict[int, Policy] = {}
        self._wished: dict[tuple[int, Objective | None, Target | None], Policy] = {}

    async def list(self) -> tuple[Policy, ...]:
        """The latest version of every policy, by name; those that requests made for themselves left out.

        Raises:
            RecordUnreadable: one is damaged.
        """
        latest = select(func.max(policies.c.policy_id)).group_by(policies.c.name)
        statement = select(policies).where(policies.c.policy_id.in_(latest)).order_by(policies.c.name)
        async with self._store.read() as connection:
            rows = (await connection.execute(statement)).all()
        return tuple(_from_row(row) for row in rows if not row.name.endswith(WISHED))

    async def get(self, name: str = DEFAULT) -> Policy:
        """The latest version of a policy.

        Raises:
            NotFound: there is no policy of that name.
        """
        async with self._store.read() as connection:
            policy = None if name.endswith(WISHED) else await _latest(connection, name)
            if policy is None:
                known = await connection.scalars(select(policies.c.name).distinct())
                raise NotFound("policy", name, [one for one in known if not one.endswith(WISHED)])
        return policy

    async def for_task(self, name: str, capability: Capability) -> Policy:
        """The latest version of ``name-capability`` where there is one, else of ``name``.

        Raises:
            NotFound: there is neither.
        """
        async with self._store.read() as connection:
            policy = await _latest(connection, f"{name}-{capability}")
        return policy or await self.get(name)

    async def put(self, policy: Policy) -> Policy:
        """Keep a policy. What its latest version says already stays that version; anything else becomes the next.

        Returns:
            The policy with its version and id; those that were passed in do not count.

        Raises:
            PolicyInvalid: a value or a rule of it makes no sense.
        """
        check_name(policy.name)
        async with self._store.write() as connection:
            return await put_policy(connection, policy, now_us(self._clock))

    async def wished(self, policy: Policy, objective: Objective | None, target: Target | None) -> Policy:
        """The policy as a request's own weights or target change it; itself where the request has none.

        A wish that was seen before costs a look into memory. Weights are kept in whole hundredths, so that the
        same wish in other words is the same policy.

        Raises:
            PolicyInvalid: requests have wished for too many different things of this policy already.
        """
        if objective is None and target is None:
            return policy
        key = (policy.policy_id, objective, target)
        found = self._wished.get(key)
        if found is None:
            wanted = _as_wished(policy, objective, target)
            async with self._store.write() as connection:
                found = await _put_wished(connection, wanted, now_us(self._clock), self._most_wishes)
            if len(self._wished) >= self._most_remembered:
                self._wished.pop(next(iter(self._wished)))
            self._wished[key] = found
        return found

    async def load(self, policy_id: int) -> Policy:
        """The policy, at the version, that an old decision was made by.

        Raises:
            NotFound: there is none with that id.
            RecordUnreadable: it is damaged.
        """
        if policy_id not in self._loaded:
            async with self._store.read() as connection:
                rows = await connection.execute(select(policies).where(policies.c.policy_id == policy_id))
                row = rows.one_or_none()
            if row is None:
                raise NotFound("policy", policy_id)
            found = _from_row(row)
            if len(self._loaded) >= self._most_remembered:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[policy_id] = found
        return self._loaded[policy_id]


async def put_policy(connection: AsyncConnection, policy: Policy, at_us: int) -> Policy:
    """Keep a policy, within the caller's transaction; see :meth:`Policies.put`."""
    content = policy_to_json(policy)
    check_conditions(policy)
    await take_turn(connection, POLICIES_TURN)
    latest = await _latest(connection, policy.name)
    if latest is not None and policy_to_json(latest) == content:
        return latest
    version = 1 if latest is None else latest.version + 1
    # The version is part of the digest: a policy may return to what it said two versions ago, as a new version.
    kept = await _insert(connection, replace(policy, version=version), content, _digest(version, content), at_us)
    event = Event(kind="turnout.policy.put", subject=policy.name, content={"version": version})
    await append(connection, at_us, event)
    return kept


def _as_wished(policy: Policy, objective: Objective | None, target: Target | None) -> Policy:
    """A request's weights stand in for the policy's weights and target; its target for the policy's target."""
    if objective is not None:
        quality, cost, speed = (round(share, 2) for share in objective.shares())
        policy = replace(policy, objective=Objective(quality=quality, cost=cost, speed=speed), target=None)
    if target is not None:
        policy = replace(policy, target=target)
    return replace(policy, name=f"{policy.name}{WISHED}")


async def _put_wished(connection: AsyncConnection, policy: Policy, at_us: int, most_wishes: int) -> Policy:
    content = policy_to_json(policy)
    digest = _digest(0, content)
    await take_turn(connection, POLICIES_TURN)
    same = select(policies).where(policies.c.name == policy.name, policies.c.digest == digest)
    row = (await connection.execute(same)).one_or_none()
    if row is not None:
        return _from_row(row)
    latest = await connection.scalar(select(func.max(policies.c.version)).where(policies.c.name == policy.name)) or 0
    if latest >= most_wishes:
        problem = f"requests have wished for {latest:,} different things already; give them policies of their own"
        raise PolicyInvalid(policy.name, (), problem)
    return await _insert(connection, replace(policy, version=latest + 1), content, digest, at_us)


def _digest(version: int, content: dict[str, Any]) -> str:
    return hashlib.sha256(f"{version}:{json.dumps(content, sort_keys=True)}".encode()).hexdigest()


async def _insert(
    connection: AsyncConnection, policy: Policy, content: dict[str, Any], digest: str, at_us: int
) -> Policy:
    values = {"name": policy.name, "version": policy.version, "digest": digest, "content": content, "created_us": at_us}
    policy_id = await connection.scalar(insert(policies).values(**values).returning(policies.c.policy_id))
    return replace(policy, policy_id=int(policy_id or 0))


async def _latest(connection: AsyncConnection, name: str) -> Policy | None:
    statement = select(policies).where(policies.c.name == name).order_by(policies.c.version.desc()).limit(1)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _from_row(row)


def _from_row(row: Row[Any]) -> Policy:
    try:
        return PolicyJson.model_validate(row.content).policy(row.name, row.version, row.policy_id)
    except (ValueError, PolicyInvalid) as error:
        raise RecordUnreadable("policy", f"policy {row.policy_id}: {error}") from error
