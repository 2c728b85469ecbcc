"""Access keys: what a caller shows Turnout. Made once, kept as a digest, listed, revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select, update

from registry.budgets import checked_amount, put_budget, read_budgets
from registry.clock import MICROSECONDS_PER_SECOND, now_us
from registry.errors import EntryInvalid, KeyRefused, NotFound
from registry.tables import access_keys
from registry.words import format_usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.budgets import Budget
    from registry.clock import Clock
    from registry.store import Store

Scope = Literal["call", "read", "admin"]
Window = Literal["day", "month"]
SCOPES: frozenset[str] = frozenset({"call", "read", "admin"})

TRUSTED_SECONDS = 5.0
"""How long a key that was looked up is trusted before it is looked up again: how long a revoked one may still work."""

_USE_WRITTEN_EACH_US = 60 * MICROSECONDS_PER_SECOND
_PREFIX_BYTES = 6
_SECRET_BYTES = 32
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """An access key as it is kept: everything but the key itself. Times are in microseconds since 1970.

    ``prefix`` is the key's open part, by which people name it. ``scopes``: ``call`` has work done, ``read`` sees runs
    and figures, ``admin`` changes the registry. ``budget_nanousd`` in each ``budget_window`` is what its principal may
    spend, with all of its keys together; None where it has no budget.
    """

    key_id: int
    name: str
    prefix: str
    scopes: frozenset[str]
    workspace: str
    principal: str
    created_us: int
    expires_us: int | None
    last_used_us: int | None
    revoked_us: int | None
    budget_nanousd: int | None = None
    budget_window: Window = "month"

    @property
    def owner(self) -> str:
        """In whose name its calls are accounted: ``workspace/principal``."""
        return f"{self.workspace}/{self.principal}"

    def may(self, scope: Scope) -> bool:
        """Whether the key opens that door; ``admin`` opens all."""
        return scope in self.scopes or "admin" in self.scopes


class AccessKeys:
    """The access keys there are. Every method raises ``StoreError`` where the database cannot be used.

    A key is ``tk_PREFIX_SECRET`` with 256 random bits. The database holds its SHA-256: there is nothing to guess in a
    random key, so a slow hash would protect nothing and cost each request.

    Example:
        >>> async def let_in(keys: AccessKeys) -> None:
        ...     made, key = await keys.create("notebook", scopes=("call",))
        ...     assert (await keys.verify(key)).prefix == made.prefix
        ...     await keys.revoke(made.prefix)
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._trusted: dict[str, tuple[AccessKey, float]] = {}

    async def create(
        self,
        name: str,
        *,
        scopes: Iterable[str] = ("call", "read"),
        workspace: str = "default",
        principal: str = "local",
        budget_nanousd: int | None = None,
        budget_window: Window = "month",
        expires_us: int | None = None,
    ) -> tuple[AccessKey, str]:
        """Make a key; what it is, and the key itself, which nobody can be told again.

        A budget becomes one of its principal, whose days and months are those of UTC.

        Raises:
            EntryInvalid: the name is empty or too long, a scope is none, the budget is below zero, or the principal has
                another one already.
        """
        wanted = sorted(set(scopes))
        if not name.strip() or len(name) > 100:
            raise EntryInvalid("name", "it takes 1 to 100 characters")
        if not wanted or not SCOPES.issuperset(wanted):
            raise EntryInvalid("scopes", f"there are {', '.join(sorted(SCOPES))}, and at least one is wanted")
        if budget_nanousd is not None:
            checked_amount(budget_nanousd)
        prefix = secrets.token_hex(_PREFIX_BYTES)
        key = f"tk_{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        values = {
            "name": name.strip(),
            "prefix": prefix,
            "digest": _digest(key),
            "scopes": wanted,
            "workspace": workspace,
            "principal": principal,
            "created_us": now_us(self._clock),
            "expires_us": expires_us,
        }
        async with self._store.write() as connection:
            if budget_nanousd is not None:
                await _put_budget(connection, f"{workspace}/{principal}", budget_nanousd, budget_window, self._clock)
            await connection.execute(insert(access_keys).values(**values))
        return await self._named(prefix), key

    async def verify(self, key: str) -> AccessKey:
        """Whose key this is. What was looked up is trusted for some seconds.

        Raises:
            KeyRefused: it is no key, unknown, revoked or expired.
        """
        parts = key.split("_", 2)
        if len(parts) != 3 or parts[0] != "tk" or len(key) > _LONGEST_KEY or not key.isascii():
            raise KeyRefused("malformed")
        digest = _digest(key)
        found, until = self._trusted.get(digest, (None, 0.0))
        # A clock that was set back must not make the trust last longer: a key may have been revoked.
        if found is None or not 0 < until - self._clock() <= TRUSTED_SECONDS:
            found = await self._look_up(parts[1], digest)
            self._trusted[digest] = (found, self._clock() + TRUSTED_SECONDS)
        if found.revoked_us is not None:
            raise KeyRefused("revoked")
        if found.expires_us is not None and now_us(self._clock) >= found.expires_us:
            raise KeyRefused("expired")
        return found

    async def list(self) -> tuple[AccessKey, ...]:
        """All keys, the newest first, those revoked too."""
        async with self._store.read() as connection:
            rows = (await connection.execute(select(access_keys).order_by(access_keys.c.key_id.desc()))).all()
            held = {budget.name: budget for budget in await read_budgets(connection) if _is_of_keys(budget)}
        return tuple(_with_budget(_from_row(row), held) for row in rows)

    async def get(self, prefix: str) -> AccessKey:
        """The key of that open part, as it stands in lists or begins the key itself.

        Raises:
            NotFound: no key has that prefix.
        """
        return await self._named(_open_part(prefix))

    async def revoke(self, prefix: str) -> AccessKey:
        """Close a key's doors for good. Other processes learn of it within :data:`TRUSTED_SECONDS`.

        Raises:
            NotFound: no key has that prefix.
        """
        wanted = _open_part(prefix)
        statement = (
            update(access_keys)
            .where(access_keys.c.prefix == wanted, access_keys.c.revoked_us.is_(None))
            .values(revoked_us=now_us(self._clock))
        )
        async with self._store.write() as connection:
            await connection.execute(statement)
        self._trusted.clear()
        return await self._named(wanted)

    async def _look_up(self, prefix: str, digest: str) -> AccessKey:
        self._forget_old()
        async with self._store.read() as connection:
            row = (await connection.execute(select(access_keys).where(access_keys.c.prefix == prefix))).one_or_none()
        if row is None or not hmac.compare_digest(row.digest, digest):
            raise KeyRefused("unknown")
        found = _from_row(row)
        at_us = now_us(self._clock)
        if found.revoked_us is None and at_us - (found.last_used_us or 0) > _USE_WRITTEN_EACH_US:
            used = update(access_keys).where(access_keys.c.key_id == found.key_id).values(last_used_us=at_us)
            async with self._store.write() as connection:
                await connection.execute(used)
        return found

    def _forget_old(self) -> None:
        """Let go of keys that nobody has shown for a while."""
        now = self._clock()
        self._trusted = {digest: entry for digest, entry in self._trusted.items() if entry[1] > now}

    async def _named(self, prefix: str) -> AccessKey:
        found = await self.list()
        key = next((one for one in found if one.prefix == prefix), None)
        if key is None:
            raise NotFound("access key", prefix, [one.prefix for one in found])
        return key


def _open_part(key: str) -> str:
    return key.removeprefix("tk_").split("_", 1)[0]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _from_row(row: Row[Any]) -> AccessKey:
    facts = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    facts.pop("digest")
    facts["scopes"] = frozenset(facts["scopes"])
    return AccessKey(**facts)


def _is_of_keys(budget: Budget) -> bool:
    return budget.scope == "key" and budget.period != "total"


def _with_budget(key: AccessKey, held: Mapping[str, Budget]) -> AccessKey:
    budget = held.get(key.owner)
    if budget is None:
        return key
    return replace(key, budget_nanousd=budget.amount_nanousd, budget_window="day" if budget.per == "day" else "month")


async def _put_budget(connection: AsyncConnection, owner: str, amount: int, window: Window, clock: Clock) -> None:
    for budget in await read_budgets(connection):
        same = (budget.scope, budget.name, budget.period) == ("key", owner, window)
        if same and budget.amount_nanousd != amount:
            held = f"{format_usd(budget.amount_nanousd)} a {window}, which all keys of {owner} share"
            change = f"`turnout budgets set key:{owner} AMOUNT --per {window}` changes it"
            raise EntryInvalid("budget", f"there is one of {held}; {change}")
        if same:
            return
    await put_budget(connection, "key", owner, amount, window, "UTC", now_us(clock))
