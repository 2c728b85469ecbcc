"""Assets: files that models made, each kept once under the SHA-256 of its content."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from registry.clock import now_us
from registry.dialects import insert_into
from registry.errors import AssetDamaged, AssetMissing, NotFound
from registry.tables import assets
from registry.words import Media

if TYPE_CHECKING:
    from registry.clock import Clock
    from registry.store import Store

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Assets:
    """Files by their content: ``ab/abcdef…`` below a directory, and a row for each.

    A file is there in whole or not at all: it is written beside its place, brought to the disk and renamed. What
    cannot be written raises ``OSError``, and leaves neither file nor row; a row that cannot be written, ``StoreError``.

    Example:
        >>> async def keep(assets: Assets, picture: Media) -> bytes:
        ...     digest = await assets.put(picture)
        ...     return (await assets.read(digest)).content
    """

    def __init__(self, store: Store, directory: Path, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def put(self, media: Media, *, workspace: str = "default", principal: str = "local") -> str:
        """Keep a file; its SHA-256. The same content is kept once, and stays whose it was first.

        A file that is there already but damaged is put right.
        """
        digest = hashlib.sha256(media.content).hexdigest()
        await asyncio.to_thread(_write_once, self.path(digest), media.content, digest)
        values = {
            "digest": digest,
            "media_type": media.media_type,
            "size_bytes": len(media.content),
            "width": media.width,
            "height": media.height,
            "created_us": now_us(self._clock),
            "workspace": workspace,
            "principal": principal,
        }
        async with self._store.write() as connection:
            await connection.execute(insert_into(connection, assets).values(**values).on_conflict_do_nothing())
        return digest

    def path(self, digest: str) -> Path:
        """Where the file of that digest lies, if it is there.

        Raises:
            NotFound: it is no SHA-256 in hex, so there can be no such file.
        """
        if not _DIGEST.fullmatch(digest):
            raise NotFound("asset", digest[:80])
        return self._directory / digest[:2] / digest

    async def read(self, digest: str) -> Media:
        """The file of that digest, found to be what was stored.

        Raises:
            NotFound: no such file was ever stored.
            AssetMissing: it was, and is gone.
            AssetDamaged: it is not what was stored.
        """
        path = self.path(digest)
        async with self._store.read() as connection:
            row = (await connection.execute(select(assets).where(assets.c.digest == digest))).one_or_none()
        if row is None:
            raise NotFound("asset", digest)
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise AssetMissing(digest, str(path)) from error
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            raise AssetDamaged(digest, str(path), found)
        return Media(content=content, media_type=row.media_type, width=row.width, height=row.height)


def _write_once(path: Path, content: bytes, digest: str) -> None:
    if _holds(path, digest):
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".half-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    # The rename itself reaches the disk only with the directory.
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _holds(path: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except FileNotFoundError:
        return False
