"""Names as small numbers: the ledger's stages, items and owners, each kept once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select

from registry.dialects import insert_into, stepped
from registry.tables import names as names_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.store import Store

LONGEST_NAME = 200
NO_NAME = 0
_BATCH = 500
_SUFFIX_DIGITS = 16


def fitting(name: str) -> str:
    """The name as the table can hold it: no longer than 200 characters, and nothing that PostgreSQL refuses.

    A longer one is cut, and keeps apart from its like by the beginning of its SHA-256.
    """
    if not name.isascii() or "\x00" in name:
        name = name.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_SUFFIX_DIGITS]
    return f"{name[: LONGEST_NAME - _SUFFIX_DIGITS - 1]}~{digest}"


class Names:
    """Gives each name a number, the same one in every process that shares the database. The empty name is 0.

    What was looked up once stays in memory, in both directions; past ``most_cached`` names the memory starts anew.
    """

    def __init__(self, store: Store, *, most_cached: int = 10_000) -> None:
        self._store = store
        self._most_cached = most_cached
        # Read on the ledger's path: a plain dict, by the name as the caller wrote it.
        self.known: dict[str, int] = {"": NO_NAME}
        self._texts: dict[int, str] = {NO_NAME: ""}

    async def intern(self, names: Iterable[str]) -> Mapping[str, int]:
        """The numbers of these names; new names get one.

        Raises:
            StoreError: the database cannot be used.
        """
        wanted = set(names)
        missing = {name: fitting(name) for name in wanted if name not in self.known}
        if not missing:
            return {name: self.known[name] for name in wanted}
        numbers = await self._find(set(missing.values()))
        new = set(missing.values()) - numbers.keys()
        if new:
            await self._add(new)
            numbers |= await self._find(new)
        found = {name: numbers[fit] for name, fit in missing.items()}
        answer = {name: self.known[name] for name in wanted - missing.keys()} | found
        self._remember(found, missing)
        return answer

    async def texts(self, name_ids: Iterable[int]) -> Mapping[int, str]:
        """The names behind these numbers; a number that is nobody's stays away.

        Raises:
            StoreError: the database cannot be used.
        """
        wanted = set(name_ids)
        missing = sorted(wanted - self._texts.keys())
        found: dict[int, str] = {}
        for start in range(0, len(missing), _BATCH):
            statement = select(names_table).where(names_table.c.name_id.in_(stepped(missing[start : start + _BATCH])))
            async with self._store.read() as connection:
                found |= {row.name_id: row.name for row in await connection.execute(statement)}
        answer = {name_id: self._texts[name_id] for name_id in wanted if name_id in self._texts} | found
        if len(self._texts) + len(found) > self._most_cached:
            self._texts = {NO_NAME: ""}
        self._texts |= dict(list(found.items())[: self._most_cached])
        return answer

    async def _find(self, names: Collection[str]) -> dict[str, int]:
        wanted = sorted(names)
        found: dict[str, int] = {}
        async with self._store.read() as connection:
            for start in range(0, len(wanted), _BATCH):
                statement = select(names_table).where(names_table.c.name.in_(stepped(wanted[start : start + _BATCH])))
                found |= {row.name: row.name_id for row in await connection.execute(statement)}
        return found

    async def _add(self, names: Collection[str]) -> None:
        # In one order everywhere: two processes that add the same names wait for each other, never in a circle.
        rows = [{"name": name} for name in sorted(names)]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert_into(connection, names_table).on_conflict_do_nothing(), rows)

        await self._store.write_at_once(work)

    def _remember(self, found: Mapping[str, int], as_kept: Mapping[str, str]) -> None:
        if len(self.known) + len(found) > self._most_cached:
            self.known = {"": NO_NAME}
        if len(self._texts) + len(found) > self._most_cached:
            self._texts = {NO_NAME: ""}
        self.known.update(found)
        self._texts.update((number, as_kept[name]) for name, number in found.items())
