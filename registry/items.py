"""Items: what a run has done already, so that it can go on with only what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import null, select, update

from registry.clock import now_us
from registry.dialects import insert_into
from registry.errors import NotFound
from registry.tables import items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.clock import Clock
    from registry.store import Store

ItemState = Literal["pending", "running", "done", "failed", "rejected"]
ItemKey = tuple[str, str]
"""The stage and the item."""

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One item of one stage of a run; ``result`` is what JSON can hold, ``asset_digest`` names a stored file."""

    run_id: int
    stage: str
    item: str
    state: ItemState
    fingerprint: str
    result: Any = None
    asset_digest: str | None = None
    task_id: int | None = None
    message: str = ""
    changed_us: int = 0


class Items:
    """The item ledger. Every method raises ``StoreError`` where the database cannot be used.

    A result may be used again only for the same input, so ``plan`` makes every item pending whose fingerprint is
    another one than before, and ``done`` gives what is left.

    Example:
        >>> async def go_on(items: Items, run_id: int) -> None:
        ...     await items.plan(run_id, [("shots", "shot-1", "abc")])
        ...     if ("shots", "shot-1") not in await items.done(run_id):
        ...         await items.begin(run_id, "shots", "shot-1")
        ...         await items.finish(run_id, "shots", "shot-1", result={"title": "The lamp"})
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def plan(self, run_id: int, planned: Iterable[tuple[str, str, str]]) -> None:
        """Note what there is to do: (stage, item, fingerprint of what goes in).

        What is done with the same fingerprint stays done; everything else becomes pending.
        """
        at_us = now_us(self._clock)
        fresh = {"state": "pending", "message": "", "changed_us": at_us}
        unique = {(stage, item): fingerprint for stage, item, fingerprint in planned}
        rows = [
            {"run_id": run_id, "stage": stage, "item": item, "fingerprint": fingerprint, **fresh}
            for (stage, item), fingerprint in sorted(unique.items())
        ]
        async with self._store.write() as connection:
            insert = insert_into(connection, items)
            statement = insert.on_conflict_do_update(
                index_elements=[items.c.run_id, items.c.stage, items.c.item],
                set_={
                    **fresh,
                    "fingerprint": insert.excluded.fingerprint,
                    "result": null(),
                    "asset_digest": None,
                    "task_id": None,
                },
                where=(items.c.state != "done") | (items.c.fingerprint != insert.excluded.fingerprint),
            )
            for start in range(0, len(rows), _BATCH):
                await connection.execute(statement, rows[start : start + _BATCH])

    async def begin(self, run_id: int, stage: str, item: str) -> None:
        """Note that work on an item has begun.

        Raises:
            NotFound: it was not planned.
        """
        await self._set(run_id, stage, item, state="running", message="")

    async def finish(
        self,
        run_id: int,
        stage: str,
        item: str,
        *,
        result: Any = None,
        asset_digest: str | None = None,
        task_id: int | None = None,
    ) -> None:
        """Note that an item is done, and what came of it.

        Raises:
            NotFound: it was not planned.
        """
        kept = null() if result is None else result
        await self._set(
            run_id, stage, item, state="done", result=kept, asset_digest=asset_digest, task_id=task_id, message=""
        )

    async def fail(
        self,
        run_id: int,
        stage: str,
        item: str,
        message: str,
        *,
        state: Literal["failed", "rejected"] = "failed",
        task_id: int | None = None,
    ) -> None:
        """Note that an item failed, or that its result was rejected, and why.

        Raises:
            NotFound: it was not planned.
        """
        await self._set(run_id, stage, item, state=state, message=message.replace("\x00", "\ufffd"), task_id=task_id)

    async def begin_many(self, run_id: int, stage: str, begun: Iterable[tuple[str, str]]) -> None:
        """Note in one transaction that work begins on items: (item, fingerprint). Those not planned are added.

        This is the intent before a paid call: whatever stands as ``running`` after a crash may have been paid for.
        """
        at_us = now_us(self._clock)
        rows = [
            {
                "run_id": run_id, "stage": stage, "item": item, "state": "running", "fingerprint": seen,
                "message": "", "changed_us": at_us,
            }
            for item, seen in begun
        ]  # fmt: skip
        await self._put(rows, ("state", "fingerprint", "message", "changed_us"))

    async def end_many(self, ended: Iterable[ItemRow]) -> None:
        """Note in one transaction what came of items, as their rows say."""
        at_us = now_us(self._clock)
        rows = [
            {
                "run_id": row.run_id, "stage": row.stage, "item": row.item, "state": row.state,
                "fingerprint": row.fingerprint, "result": null() if row.result is None else row.result,
                "asset_digest": row.asset_digest, "task_id": row.task_id,
                "message": row.message.replace("\x00", "\ufffd"), "changed_us": at_us,
            }
            for row in ended
        ]  # fmt: skip
        await self._put(rows, ("state", "fingerprint", "result", "asset_digest", "task_id", "message", "changed_us"))

    async def between(self, run_id: int, stage: str, first: str, last: str) -> dict[str, ItemRow]:
        """The items of a stage from the name ``first`` to ``last``, by name."""
        where = (items.c.run_id == run_id, items.c.stage == stage, items.c.item >= first, items.c.item <= last)
        async with self._store.read() as connection:
            found = await connection.execute(select(items).where(*where))
            return {row["item"]: ItemRow(**row) for row in found.mappings()}

    async def states_between(self, run_id: int, stage: str, first: str, last: str) -> dict[str, tuple[ItemState, str]]:
        """State and fingerprint of the items of a stage from ``first`` to ``last``, by name."""
        columns = (items.c.item, items.c.state, items.c.fingerprint)
        where = (items.c.run_id == run_id, items.c.stage == stage, items.c.item >= first, items.c.item <= last)
        async with self._store.read() as connection:
            return {
                item: (state, seen) for item, state, seen in await connection.execute(select(*columns).where(*where))
            }

    async def done(self, run_id: int) -> dict[ItemKey, ItemRow]:
        """The items of a run that are done, by stage and item."""
        return {key: row for key, row in (await self.all(run_id)).items() if row.state == "done"}

    async def all(self, run_id: int) -> dict[ItemKey, ItemRow]:
        """All items of a run, by stage and item."""
        statement = select(items).where(items.c.run_id == run_id).order_by(items.c.stage, items.c.item)
        async with self._store.read() as connection:
            rows = [ItemRow(**row) for row in (await connection.execute(statement)).mappings()]
        return {(row.stage, row.item): row for row in rows}

    async def _put(self, rows: list[dict[str, Any]], changed: tuple[str, ...]) -> None:
        if not rows:
            return
        async with self._store.write() as connection:
            insert = insert_into(connection, items)
            statement = insert.on_conflict_do_update(
                index_elements=[items.c.run_id, items.c.stage, items.c.item],
                set_={name: insert.excluded[name] for name in changed},
            )
            for start in range(0, len(rows), _BATCH):
                await connection.execute(statement, rows[start : start + _BATCH])

    async def _set(self, run_id: int, stage: str, item: str, **values: Any) -> None:
        where = (items.c.run_id == run_id, items.c.stage == stage, items.c.item == item)
        statement = update(items).where(*where).values(**values, changed_us=now_us(self._clock))
        async with self._store.write() as connection:
            if (await connection.execute(statement)).rowcount != 1:
                raise NotFound("item", f"{stage}/{item} of run {run_id}")
