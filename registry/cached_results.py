"""Results that are kept to be given again: each under the digest of all that it is an answer to, until it expires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from registry.clock import now_us
from registry.dialects import insert_into, stepped
from registry.tables import cached_results

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store

MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedResult:
    """A kept result. ``digest`` is a SHA-256 in hex, ``content`` whatever whoever kept it makes of it."""

    digest: str
    workspace: str
    content: bytes
    created_us: int
    expires_us: int


class CachedResults:
    """The results there are. Every method raises ``StoreError`` where the database cannot be used.

    Example:
        >>> async def known(results: CachedResults, digest: str) -> bool:
        ...     return bool(await results.find([digest]))
    """

    def __init__(self, store: Store, clock: Clock, *, most_rows: int = MOST_ROWS) -> None:
        self._store = store
        self._clock = clock
        self._most_rows = most_rows

    async def find(self, digests: Collection[str]) -> dict[str, CachedResult]:
        """Those of the results that are there and have not expired, by digest."""
        wanted = cached_results.c.digest.in_(stepped(digests))
        statement = select(cached_results).where(wanted, cached_results.c.expires_us > now_us(self._clock))
        async with self._store.read() as connection:
            rows = await connection.execute(statement)
            return {row.digest: CachedResult(**row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's public name

    async def keep(self, results: Iterable[CachedResult]) -> None:
        """Keep results; one of the same digest is replaced."""
        rows = [
            {
                "digest": one.digest, "workspace": one.workspace, "content": one.content,
                "created_us": one.created_us, "expires_us": one.expires_us,
            }
            for one in {one.digest: one for one in results}.values()
        ]  # fmt: skip
        if not rows:
            return

        async def work(connection: AsyncConnection) -> None:
            insert = insert_into(connection, cached_results)
            new = {name: insert.excluded[name] for name in ("content", "created_us", "expires_us")}
            await connection.execute(insert.on_conflict_do_update(index_elements=["digest"], set_=new), rows)

        await self._store.write_at_once(work)

    async def prune(self) -> int:
        """Remove what has expired, and of the rest what expires first where there is too much; how many went."""
        async with self._store.write() as connection:
            expired = cached_results.c.expires_us <= now_us(self._clock)
            gone = (await connection.execute(delete(cached_results).where(expired))).rowcount
            count = await connection.scalar(select(func.count()).select_from(cached_results)) or 0
            if count > self._most_rows:
                first = (
                    select(cached_results.c.digest)
                    .order_by(cached_results.c.expires_us, cached_results.c.digest)
                    .limit(count - self._most_rows)
                )
                gone += (
                    await connection.execute(delete(cached_results).where(cached_results.c.digest.in_(first)))
                ).rowcount
        return gone
