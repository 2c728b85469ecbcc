"""Credentials by reference: the registry holds ``env:NAME`` or ``block:name``, and only here the secret is fetched."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING, NoReturn

from blocks.errors import CredentialMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

MOST_KEPT = 1_000
LIFETIME_SECONDS = 60.0


class CredentialSource:
    """Leads from a reference to its secret.

    ``env:NAME`` is read from the environment each time. ``block:name`` is a Prefect block (``ServiceCredentials`` of
    that name, or ``block:slug/name`` for one of another type); it is loaded when first asked for, and again after a
    minute or after :meth:`forget`. Prefect is imported only then.

    A source does not travel: it cannot be pickled, and shows no value in any text.

    >>> source = CredentialSource({"SOME_API_KEY": "sesame"})
    >>> asyncio.run(source.resolve("env:SOME_API_KEY")) == "sesame"
    True

    Args:
        environment: where ``env:`` references lead; None is the process's.
        clock: seconds that only grow.
        lifetime_seconds: how long a block's secret is kept.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        lifetime_seconds: float = LIFETIME_SECONDS,
    ) -> None:
        self._environment = os.environ if environment is None else environment
        self._clock = clock
        self._lifetime_seconds = lifetime_seconds
        self._kept: dict[str, tuple[float, str | CredentialMissing]] = {}
        self._loading: dict[str, asyncio.Lock] = {}

    async def resolve(self, reference: str | None) -> str | None:
        """The secret that the reference leads to; None for no reference.

        Raises:
            CredentialMissing: it leads nowhere; the hint says what to do.
        """
        if reference is None:
            return None
        scheme, _, name = reference.partition(":")
        if scheme == "env" and name:
            return self._from_environment(reference, name)
        if scheme == "block" and name:
            return await self._from_block(reference, name)
        raise CredentialMissing(reference, "a reference reads env:NAME or block:name")

    async def present(self, reference: str | None) -> bool:
        """Whether the reference leads to a secret. Cheap for ``env:``; a block is loaded once a minute."""
        try:
            await self.resolve(reference)
        except CredentialMissing:
            return False
        return True

    def forget(self, reference: str) -> None:
        """Load the secret anew the next time: the service has just refused it."""
        self._kept.pop(reference, None)

    def _from_environment(self, reference: str, name: str) -> str:
        secret = self._environment.get(name, "").strip()
        if not secret:
            raise CredentialMissing(reference, f"set the environment variable {name}")
        return secret

    async def _from_block(self, reference: str, name: str) -> str:
        async with self._loading.setdefault(reference, asyncio.Lock()):
            kept = self._kept.get(reference)
            if kept is None or self._clock() - kept[0] >= self._lifetime_seconds:
                kept = self._clock(), await _load(reference, name)
                if len(self._kept) >= MOST_KEPT and reference not in self._kept:
                    self._kept.clear()
                    self._loading.clear()
                self._kept[reference] = kept
        _, found = kept
        if isinstance(found, CredentialMissing):
            raise CredentialMissing(found.reference, found.hint)  # a fresh one: tracebacks grow on a kept one
        return found

    def __repr__(self) -> str:
        return f"<CredentialSource, {len(self._kept)} kept>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential source holds secrets and does not travel; make one where it is needed")


async def _load(reference: str, name: str) -> str | CredentialMissing:
    """The block's secret, or why there is none, which is kept for as long: an absent server is not asked each time."""
    from blocks.prefect.loading import load_secret

    try:
        return await load_secret(reference, name)
    except CredentialMissing as missing:
        logger.info("%s", missing)
        return missing
