"""Who looks at the pages: a signed cookie for each login, held against the access keys again and again."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry import now_us

if TYPE_CHECKING:
    from pathlib import Path

    from registry import AccessKey, AccessKeys, Clock

COOKIE = "turnout_pages"
LIFETIME_SECONDS = 12 * 3_600
LOOK_SECONDS = 20.0
"""How long the list of keys is trusted: how long a revoked one may still see pages, with the websockets' own look."""

_SECRET_BYTES = 32
_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who has logged in: with which key, and what that key may."""

    key_id: int
    name: str
    is_admin: bool


class Visitors:
    """Writes and reads the cookie ``key id . login time . nonce . signature``.

    Reading raises ``StoreError`` where the database cannot be used, unless it was looked at a moment ago.
    """

    def __init__(self, keys: AccessKeys, clock: Clock, secret: bytes) -> None:
        self._keys = keys
        self._clock = clock
        self._secret = secret
        self._known: dict[int, AccessKey] = {}
        self._known_until = float("-inf")
        self._logged_out: dict[str, int] = {}  # nonce: when the cookie ends anyway

    def cookie_for(self, key: AccessKey) -> str:
        """The cookie of a new login."""
        told = f"{key.key_id}.{now_us(self._clock)}.{secrets.token_urlsafe(12)}"
        return f"{told}.{self._signature(told)}"

    async def visitor(self, cookie: str) -> Visitor | None:
        """Who shows this cookie; None where it is forged, too old, logged out, or its key opens nothing any more."""
        facts = self._read(cookie)
        if facts is None:
            return None
        await self._look()
        return self._allowed(facts[0])

    def name_of(self, key_id: int) -> str:
        """What the key is called; empty for one that is not known."""
        key = self._known.get(key_id)
        return "" if key is None else key.name

    async def is_admin(self, key_id: int) -> bool:
        """Whether that key may change the registry, by the database as it is now."""
        self._known_until = float("-inf")
        await self._look()
        visitor = self._allowed(key_id)
        return visitor is not None and visitor.is_admin

    def log_out(self, cookie: str) -> None:
        """Let that cookie open nothing any more."""
        facts = self._read(cookie)
        if facts is not None:
            at_us = now_us(self._clock)
            self._logged_out = {nonce: end for nonce, end in self._logged_out.items() if end > at_us}
            self._logged_out[facts[1]] = at_us + LIFETIME_SECONDS * _US

    def _read(self, cookie: str) -> tuple[int, str] | None:
        told, _, signature = cookie.rpartition(".")
        if not cookie.isascii() or not hmac.compare_digest(signature, self._signature(told)):
            return None
        key_id, login_us, nonce = told.split(".")
        age_us = now_us(self._clock) - int(login_us)
        if not 0 <= age_us < LIFETIME_SECONDS * _US or nonce in self._logged_out:
            return None
        return int(key_id), nonce

    def _signature(self, told: str) -> str:
        return hmac.new(self._secret, told.encode(), hashlib.sha256).hexdigest()

    async def _look(self) -> None:
        if self._clock() >= self._known_until:
            self._known = {key.key_id: key for key in await self._keys.list()}
            self._known_until = self._clock() + LOOK_SECONDS

    def _allowed(self, key_id: int) -> Visitor | None:
        key = self._known.get(key_id)
        if key is None or key.revoked_us is not None or not key.may("read"):
            return None
        if key.expires_us is not None and now_us(self._clock) >= key.expires_us:
            return None
        return Visitor(key_id=key.key_id, name=key.name, is_admin=key.may("admin"))


def kept_secret(path: Path) -> bytes:
    """The secret that signs cookies: made once, readable by this account only.

    Raises:
        OSError: it can be neither read nor made.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
        if len(secret) >= _SECRET_BYTES:
            return secret
        handle = os.open(path, os.O_WRONLY | os.O_TRUNC, 0o600)  # a crash left it short: no cookie was ever signed
    with os.fdopen(handle, "wb") as file:
        secret = secrets.token_bytes(_SECRET_BYTES)
        file.write(secret)
    return secret
