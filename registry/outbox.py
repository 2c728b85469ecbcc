"""Events, written in the same transaction as the state that they tell of, and sent on from there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from registry.clock import now_us
from registry.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from registry.clock import Clock
    from registry.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: ``turnout.run.done``, and to what. ``content`` must be fit for JSON, and no secret."""

    kind: str
    subject: str
    content: Mapping[str, Any] = field(default_factory=dict)
    workspace: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event in the outbox; ``created_us`` in microseconds since 1970."""

    event_id: int
    event: Event
    created_us: int


async def append(connection: AsyncConnection, created_us: int, *events: Event) -> None:
    """Put events into the outbox, within the caller's transaction: they are there if and only if it commits."""
    rows = [
        {
            "kind": event.kind,
            "subject": event.subject,
            "content": dict(event.content),
            "created_us": created_us,
            "workspace": event.workspace,
        }
        for event in events
    ]
    if rows:
        await connection.execute(insert(outbox), rows)


class Outbox:
    """The events that wait to be sent.

    Example:
        >>> async def send_all(outbox: Outbox) -> None:
        ...     events = await outbox.unsent(limit=100)
        ...     await outbox.mark_delivered([stored.event_id for stored in events])
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def append(
        self,
        connection: AsyncConnection,
        kind: str,
        subject: str,
        content: Mapping[str, Any] | None = None,
        *,
        workspace: str = "default",
    ) -> None:
        """Put an event into the outbox, within the caller's transaction."""
        event = Event(kind=kind, subject=subject, content=content or {}, workspace=workspace)
        await append(connection, now_us(self._clock), event)

    async def unsent(self, limit: int = 100) -> tuple[StoredEvent, ...]:
        """The oldest events that nobody has marked as delivered, in the order they were written.

        Raises:
            StoreError: the database cannot be used.
        """
        statement = select(outbox).where(outbox.c.delivered_us.is_(None)).order_by(outbox.c.event_id).limit(limit)
        async with self._store.read() as connection:
            return tuple(
                StoredEvent(
                    event_id=row.event_id,
                    event=Event(kind=row.kind, subject=row.subject, content=row.content, workspace=row.workspace),
                    created_us=row.created_us,
                )
                for row in await connection.execute(statement)
            )

    async def count(self, kind: str, subject: str, since_us: int) -> int:
        """How many events of a kind, of one subject, there were since a moment.

        Raises:
            StoreError: the database cannot be used.
        """
        where = (outbox.c.kind == kind, outbox.c.subject == subject, outbox.c.created_us >= since_us)
        async with self._store.read() as connection:
            return int(await connection.scalar(select(func.count()).where(*where)) or 0)

    async def mark_delivered(self, event_ids: Collection[int]) -> None:
        """Note that these were sent; the first time counts.

        Raises:
            StoreError: the database cannot be used.
        """
        if not event_ids:
            return
        statement = (
            update(outbox)
            .where(outbox.c.event_id.in_(event_ids), outbox.c.delivered_us.is_(None))
            .values(delivered_us=now_us(self._clock))
        )
        async with self._store.write() as connection:
            await connection.execute(statement)
