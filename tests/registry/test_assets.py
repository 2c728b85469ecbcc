"""Assets: the same content is kept once, in whole or not at all, and a damaged file is told from a good one."""

from __future__ import annotations

import asyncio
import hashlib
import time

import pytest
from sqlalchemy import func, select

from registry.assets import Assets
from registry.errors import AssetDamaged, AssetMissing, NotFound
from registry.tables import assets as assets_table
from registry.words import Media

PICTURE = Media(content=b"\x89PNG and so on", media_type="image/png", width=768, height=432)


@pytest.fixture
def assets(store, tmp_path):
    return Assets(store, tmp_path / "assets", time.time)


async def test_a_file_is_read_back_as_it_was_put(assets):
    digest = await assets.put(PICTURE)
    assert digest == hashlib.sha256(PICTURE.content).hexdigest()
    assert assets.path(digest).parent.name == digest[:2]
    assert await assets.read(digest) == PICTURE


async def test_the_same_content_is_kept_once_however_many_put_it_at_once(assets, store, tmp_path):
    digests = await asyncio.gather(*(assets.put(PICTURE, principal=f"p{number}") for number in range(8)))
    assert len(set(digests)) == 1
    assert [path.name for path in (tmp_path / "assets").rglob("*") if path.is_file()] == [digests[0]]
    async with store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(assets_table)) == 1


async def test_a_missing_or_damaged_file_is_a_clear_error_and_putting_it_again_mends_it(assets):
    digest = await assets.put(PICTURE)
    assets.path(digest).write_bytes(PICTURE.content[:-1])
    with pytest.raises(AssetDamaged, match="is damaged"):
        await assets.read(digest)
    assets.path(digest).unlink()
    with pytest.raises(AssetMissing, match="is gone"):
        await assets.read(digest)
    await assets.put(PICTURE)
    assert await assets.read(digest) == PICTURE


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "0" * 63, "G" * 64, "0" * 64])
async def test_what_was_never_stored_is_not_found(assets, digest):
    with pytest.raises(NotFound, match="asset"):
        await assets.read(digest)


async def test_a_directory_that_cannot_be_made_leaves_neither_row_nor_file(store, tmp_path):
    (tmp_path / "assets").write_text("a file where the directory should be")
    with pytest.raises(OSError, match="assets"):
        await Assets(store, tmp_path / "assets", time.time).put(PICTURE)
    async with store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(assets_table)) == 0
