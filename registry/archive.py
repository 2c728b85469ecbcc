"""The backup's file: a tar.gz of a manifest, one copy of the database and the assets; written whole, read warily."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import re
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry.errors import ArchiveInvalid

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".tar.gz"

_MANIFEST = "manifest.json"
_DATABASE = "database"
_ASSET = re.compile(r"assets/([0-9a-f]{2})/(\1[0-9a-f]{62})")
_ASSET_NAME = re.compile(r"[0-9a-f]{64}")
_LARGEST_MANIFEST_BYTES = 65_536
_CHUNK_BYTES = 1 << 20
# Pictures are compressed already, and a database shrinks well at any level.
_GZIP_LEVEL = 3


class Manifest(BaseModel):
    """What a backup says of itself. ``sha256`` and ``size_bytes`` are the database copy's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1] = 1
    made_at: str
    dialect: Literal["sqlite", "postgresql"]
    schema_version: str = Field(min_length=1, max_length=100)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)
    assets: int = Field(ge=0)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup, taken apart and found whole: where its database copy and its assets lie now."""

    manifest: Manifest
    database: Path
    assets: Path


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def assets_in(directory: Path | None) -> tuple[Path, ...]:
    """The asset files of a directory, without what is being written there."""
    if directory is None or not directory.is_dir():
        return ()
    return tuple(path for path in sorted(directory.glob("??/*")) if _ASSET_NAME.fullmatch(path.name))


def pack(archive: Path, manifest: Manifest, database: Path, assets: tuple[Path, ...]) -> None:
    """Write a backup under a temporary name, bring it safely to disk, then give it its name.

    Raises:
        OSError: it cannot be written, or something bears its name already; nothing is left behind.
    """
    partial = archive.with_name(f".{archive.name}.{os.getpid()}.partial")
    handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with (
                gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as zipped,
                tarfile.open(fileobj=zipped, mode="w") as tar,
            ):
                _add_text(tar, _MANIFEST, manifest.model_dump_json(indent=2))
                tar.add(database, _DATABASE, filter=_anonymous)
                for asset in assets:
                    tar.add(asset, f"assets/{asset.name[:2]}/{asset.name}", filter=_anonymous)
            file.flush()
            os.fsync(file.fileno())
        if archive.exists():
            raise FileExistsError(errno.EEXIST, "something bears that name already", str(archive))
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)


def unpack(archive: Path, directory: Path) -> Unpacked:
    """Take a backup apart into an empty directory and check every byte of it.

    Nothing is written but under the names that a backup of ours has: a path that leads elsewhere, a link or a device
    is refused, and so is a file whose digest is not what it should be.

    Raises:
        ArchiveInvalid: it is no backup of ours, or damaged.
        OSError: it cannot be read, or there is no room.
    """
    try:
        with gzip.open(archive) as zipped, tarfile.open(fileobj=zipped, mode="r|") as tar:
            members = iter(tar)
            manifest = _read_manifest(tar, next(members, None), archive)
            unpacked = Unpacked(manifest, directory / _DATABASE, directory / "assets")
            for member in members:
                _write_member(tar, member, unpacked, archive)
            while zipped.read(_CHUNK_BYTES):
                continue  # to the end, where the checksum of the whole stands
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveInvalid(str(archive), "it is damaged, or no backup at all") from error
    _check(unpacked, archive)
    return unpacked


def _add_text(tar: tarfile.TarFile, name: str, content: str) -> None:
    data = content.encode()
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o600
    tar.addfile(member, io.BytesIO(data))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Who made a backup, and with which rights, is nobody's business."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _read_manifest(tar: tarfile.TarFile, member: tarfile.TarInfo | None, archive: Path) -> Manifest:
    if member is None or member.name != _MANIFEST or not member.isreg() or member.size > _LARGEST_MANIFEST_BYTES:
        raise ArchiveInvalid(str(archive), "it does not begin with Turnout's manifest")
    source = tar.extractfile(member)
    content = source.read() if source else b""
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise ArchiveInvalid(str(archive), f"its manifest is not one of ours ({field}: {message})") from error


def _write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, unpacked: Unpacked, archive: Path) -> None:
    asset = _ASSET.fullmatch(member.name)
    if not member.isreg() or not (asset or member.name == _DATABASE):
        raise ArchiveInvalid(str(archive), f"it holds {member.name!r}, which no backup of ours does")
    target = unpacked.assets / asset[1] / asset[2] if asset else unpacked.database
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = tar.extractfile(member)
    if source is None or target.exists():
        raise ArchiveInvalid(str(archive), f"it holds {member.name!r} twice")
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        shutil.copyfileobj(source, file)


def _check(unpacked: Unpacked, archive: Path) -> None:
    if not unpacked.database.exists():
        raise ArchiveInvalid(str(archive), "it holds no database")
    if file_sha256(unpacked.database) != unpacked.manifest.sha256:
        raise ArchiveInvalid(str(archive), "its database is not the one that was backed up")
    assets = assets_in(unpacked.assets)
    if len(assets) != unpacked.manifest.assets:
        raise ArchiveInvalid(str(archive), f"it holds {len(assets)} assets, not {unpacked.manifest.assets}")
    for asset in assets:
        if file_sha256(asset) != asset.name:
            raise ArchiveInvalid(str(archive), f"the asset {asset.name[:12]}… has changed")
