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

    async def done(self, run_id: int) -> dict[ItemKey, ItemRow]:
        """The items of a run that are done, by stage and item."""
        return {key: row for key, row in (await self.all(run_id)).items() if row.state == "done"}

    async def all(self, run_id: int) -> dict[ItemKey, ItemRow]:
        """All items of a run, by stage and item."""
        statement = select(items).where(items.c.run_id == run_id).order_by(items.c.stage, items.c.item)
        async with self._store.read() as connection:
            rows = [ItemRow(**row) for row in (await connection.execute(statement)).mappings()]
        return {(row.stage, row.item): row for row in rows}

    async def _set(self, run_id: int, stage: str, item: str, **values: Any) -> None:
        where = (items.c.run_id == run_id, items.c.stage == stage, items.c.item == item)
        statement = update(items).where(*where).values(**values, changed_us=now_us(self._clock))
        async with self._store.write() as connection:
            if (await connection.execute(statement)).rowcount != 1:
                raise NotFound("item", f"{stage}/{item} of run {run_id}")
