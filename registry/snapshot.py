"""Snapshots: the catalogue as decisions saw it, each kept once, and a watch that keeps the present one at hand."""

from __future__ import annotations

import asyncio
import logging
import zlib
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select

from registry.clock import now_us
from registry.dialects import insert_into
from registry.errors import NotFound, RecordUnreadable, RegistryError
from registry.snapshot_json import digest_of, snapshot_from_bytes, snapshot_to_bytes
from registry.tables import snapshots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.catalogue import Catalogue
    from registry.clock import Clock
    from registry.store import Store
    from registry.words import Offering, Snapshot

logger = logging.getLogger(__name__)

# A catalogue of 10,000 offerings takes some 5 MB; what claims to be larger is no snapshot of ours.
_LARGEST_BYTES = 200_000_000


class Snapshots:
    """The snapshots that decisions were made on, each kept once."""

    def __init__(self, store: Store, clock: Clock, *, most_cached: int = 16) -> None:
        self._store = store
        self._clock = clock
        self._most_cached = most_cached
        self._loaded: dict[int, Snapshot] = {}

    async def keep(self, offerings: Iterable[Offering], version: int) -> Snapshot:
        """The snapshot of these offerings, stored if it is new.

        Raises:
            StoreError: the database cannot be used.
        """
        content = snapshot_to_bytes(offerings)
        snapshot_id = await self._find(digest_of(content))
        if snapshot_id is None:
            row = {"digest": digest_of(content), "version": version, "content": zlib.compress(content)}
            async with self._store.write() as connection:
                statement = insert_into(connection, snapshots).values(**row, created_us=now_us(self._clock))
                await connection.execute(statement.on_conflict_do_nothing())
            snapshot_id = await self._find(digest_of(content))
        return snapshot_from_bytes(content, snapshot_id=snapshot_id or 0, version=version)

    async def load(self, snapshot_id: int) -> Snapshot:
        """The snapshot that an old decision was made on, at the version at which it was first seen.

        Raises:
            NotFound: there is none with that id.
            RecordUnreadable: it is damaged.
            StoreError: the database cannot be used.
        """
        if snapshot_id in self._loaded:
            return self._loaded[snapshot_id]
        async with self._store.read() as connection:
            rows = await connection.execute(select(snapshots).where(snapshots.c.snapshot_id == snapshot_id))
            row = rows.one_or_none()
        if row is None:
            raise NotFound("snapshot", snapshot_id)
        content = _decompressed(row.content)
        if digest_of(content) != row.digest:
            raise RecordUnreadable("snapshot", f"snapshot {snapshot_id} does not have the digest that it bears")
        snapshot = snapshot_from_bytes(content, snapshot_id=snapshot_id, version=row.version)
        if len(self._loaded) >= self._most_cached:
            self._loaded.pop(next(iter(self._loaded)))
        self._loaded[snapshot_id] = snapshot
        return snapshot

    async def _find(self, digest: str) -> int | None:
        async with self._store.read() as connection:
            found: int | None = await connection.scalar(
                select(snapshots.c.snapshot_id).where(snapshots.c.digest == digest)
            )
        return found


class Follower(Protocol):
    """Whoever wants to know of cool-downs that other processes tell of."""

    async def follow(self, version: int) -> None:
        """Take in that cool-downs are at this version; nearly always it is the one that is known already.

        Raises:
            RegistryError: the database cannot be used; the same version is told again.
        """


class SnapshotWatch:
    """Keeps the present snapshot at hand: asks for the catalogue's version each second, and swaps when it moved.

    ``current`` is immutable and may be held for the length of a decision. When the database cannot be asked, the last
    one stays. ``follower`` is told the version of cool-downs, which comes with the same answer.

    Example:
        >>> async def count_offerings(catalogue: Catalogue, clock: Clock) -> int:
        ...     watch = SnapshotWatch(catalogue, clock)
        ...     await watch.start()
        ...     count = len(watch.current.offerings)
        ...     await watch.stop()
        ...     return count
    """

    def __init__(
        self, catalogue: Catalogue, clock: Clock, *, poll_seconds: float = 1.0, follower: Follower | None = None
    ) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._follower = follower
        self._current: Snapshot | None = None
        self._next_price_us: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    @property
    def current(self) -> Snapshot:
        """The present snapshot.

        Raises:
            RuntimeError: the watch was never started.
        """
        if self._current is None:
            raise RuntimeError("the watch has no snapshot yet: start it first")
        return self._current

    async def start(self) -> None:
        """Read the first snapshot and begin to watch.

        Raises:
            StoreError: the database cannot be used.
        """
        await self._read()
        if self._follower is not None:
            await self._follower.follow((await self._catalogue.versions())[1])
        if self._task is None:
            self._task = asyncio.create_task(self._keep_watching(), name="turnout-snapshot-watch")

    async def stop(self) -> None:
        """Stop watching; ``current`` stays as it is."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def refresh(self) -> bool:
        """Look now, and swap if the catalogue has moved or a dated price has come into force; whether it did.

        Raises:
            RegistryError: the database cannot be used, or what it holds cannot be read.
        """
        version, of_cooldowns = await self._catalogue.versions()
        price_is_due = self._next_price_us is not None and now_us(self._clock) >= self._next_price_us
        moved = price_is_due or version != self.current.version
        if moved:
            await self._read()
        if self._follower is not None:
            await self._follower.follow(of_cooldowns)
        return moved

    async def _read(self) -> None:
        self._next_price_us = await self._catalogue.next_price_us()
        self._current = await self._catalogue.read_snapshot()

    async def _keep_watching(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.refresh()
            except (RegistryError, OSError) as error:
                if not self._failing:
                    logger.warning("the catalogue cannot be read, the last snapshot stays in use: %s", error)
                self._failing = True
            else:
                if self._failing:
                    logger.warning("the catalogue can be read again")
                self._failing = False


def _decompressed(content: bytes) -> bytes:
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(content, _LARGEST_BYTES)
    except zlib.error as error:
        raise RecordUnreadable("snapshot", str(error)) from error
    if not unpacker.eof:
        raise RecordUnreadable("snapshot", "it is cut short, or too large")
    return plain
