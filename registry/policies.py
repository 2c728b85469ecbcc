"""Policies: how routing chooses, by name and version; a version never changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import insert, select

from registry.clock import now_us
from registry.dialects import POLICIES_TURN, take_turn
from registry.errors import NotFound, RecordUnreadable
from registry.outbox import Event, append
from registry.tables import policies
from registry.words import Hedge, Objective, Policy

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store
    from registry.words import Capability

DEFAULT = "default"

# What ships. A name with a capability behind it stands in for the plain name where that capability is asked for.
SHIPPED = (
    Policy(name=DEFAULT, objective=Objective(quality=0.7, speed=0.2, cost=0.1)),
    Policy(name=f"{DEFAULT}-image", objective=Objective(quality=0.8, speed=0.1, cost=0.1)),
    Policy(name=f"{DEFAULT}-video", objective=Objective(quality=0.9, speed=0.05, cost=0.05), deadline_seconds=900.0),
)


class _ObjectiveJson(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quality: float
    cost: float
    speed: float


class _HedgeJson(BaseModel):
    model_config = ConfigDict(extra="forbid")

    calls_share: float = Field(default=Hedge().calls_share, ge=0, le=1)
    cost_share: float = Field(default=Hedge().cost_share, ge=0, le=1)


class _PolicyJson(BaseModel):
    """A policy as it stands in its JSON column."""

    model_config = ConfigDict(extra="forbid")

    objective: _ObjectiveJson
    deadline_seconds: float = Field(gt=0)
    budget_nanousd: int | None = Field(default=None, ge=0)
    on_refusal: Literal["next", "end"] = "next"
    strategy: str = "objective"
    options: dict[str, JsonValue] = {}
    hedge: _HedgeJson = _HedgeJson()
    priority: Literal["high", "normal", "low"] = "normal"


_LATER = {"strategy": "objective", "options": {}, "hedge": _HedgeJson().model_dump(), "priority": "normal"}


class Policies:
    """The policies there are. Every method raises ``StoreError`` where the database cannot be used.

    Example:
        >>> async def prefer_quality(policies: Policies) -> Policy:
        ...     return await policies.put(Policy(name="careful", objective=Objective(quality=1, cost=0, speed=0)))
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._loaded: dict[int, Policy] = {}

    async def get(self, name: str = DEFAULT) -> Policy:
        """The latest version of a policy.

        Raises:
            NotFound: there is no policy of that name.
        """
        async with self._store.read() as connection:
            policy = await _latest(connection, name)
            if policy is None:
                raise NotFound("policy", name, await connection.scalars(select(policies.c.name).distinct()))
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
        """
        async with self._store.write() as connection:
            return await put_policy(connection, policy, now_us(self._clock))

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
            self._loaded[policy_id] = _from_row(row)
        return self._loaded[policy_id]


async def put_policy(connection: AsyncConnection, policy: Policy, at_us: int) -> Policy:
    """Keep a policy, within the caller's transaction; see :meth:`Policies.put`."""
    await take_turn(connection, POLICIES_TURN)
    latest = await _latest(connection, policy.name)
    content = _to_json(policy)
    if latest is not None and _to_json(latest) == content:
        return latest
    version = 1 if latest is None else latest.version + 1
    # The version is part of the digest: a policy may return to what it said two versions ago, as a new version.
    digest = hashlib.sha256(f"{version}:{json.dumps(content, sort_keys=True)}".encode()).hexdigest()
    values = {"name": policy.name, "version": version, "digest": digest, "content": content, "created_us": at_us}
    policy_id = await connection.scalar(insert(policies).values(**values).returning(policies.c.policy_id))
    event = Event(kind="turnout.policy.put", subject=policy.name, content={"version": version})
    await append(connection, at_us, event)
    return replace(policy, version=version, policy_id=int(policy_id or 0))


async def _latest(connection: AsyncConnection, name: str) -> Policy | None:
    statement = select(policies).where(policies.c.name == name).order_by(policies.c.version.desc()).limit(1)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _from_row(row)


def _to_json(policy: Policy) -> dict[str, Any]:
    content = asdict(policy)
    for name in ("name", "version", "policy_id"):
        del content[name]
    whole = _PolicyJson.model_validate(content).model_dump(mode="json")
    # What came later is left out where it says nothing: what was stored before stays the version that it is.
    return {name: value for name, value in whole.items() if name not in _LATER or value != _LATER[name]}


def _from_row(row: Row[Any]) -> Policy:
    try:
        content = _PolicyJson.model_validate(row.content)
        return Policy(
            name=row.name,
            version=row.version,
            policy_id=row.policy_id,
            objective=Objective(**content.objective.model_dump()),
            deadline_seconds=content.deadline_seconds,
            budget_nanousd=content.budget_nanousd,
            on_refusal=content.on_refusal,
            strategy=content.strategy,
            options=content.options,
            hedge=Hedge(**content.hedge.model_dump()),
            priority=content.priority,
        )
    except ValueError as error:
        raise RecordUnreadable("policy", f"policy {row.policy_id}: {error}") from error
