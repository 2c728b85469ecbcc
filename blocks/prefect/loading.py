"""Fetching a secret out of a saved Prefect block."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from prefect.blocks.core import Block
from prefect.exceptions import PrefectException
from pydantic import SecretStr, ValidationError

from blocks.errors import CredentialMissing
from blocks.prefect.credentials import ServiceCredentials

LOAD_SECONDS = 30.0


async def load_secret(reference: str, name: str) -> str:
    """The secret in the block of that name, a ``ServiceCredentials`` unless the name says ``slug/name``.

    Raises:
        CredentialMissing: there is no such block, it bears no secret, or Prefect's server cannot be asked.
    """
    try:
        async with asyncio.timeout(LOAD_SECONDS):
            # Where no server is configured Prefect starts one of its own, which takes long: hence the bound.
            block = await (Block.aload(name) if "/" in name else ServiceCredentials.aload(name))
    except TimeoutError as error:
        raise CredentialMissing(reference, f"Prefect's server did not answer within {LOAD_SECONDS:g} s") from error
    except (httpx.HTTPError, PrefectException, RuntimeError, OSError) as error:
        raise CredentialMissing(reference, f"Prefect's server cannot be asked ({type(error).__name__})") from error
    except ValidationError as error:
        # Not chained: pydantic quotes what the block holds.
        raise CredentialMissing(reference, f"the block does not fit its type ({error.error_count()} faults)") from None
    except ValueError as error:
        raise CredentialMissing(reference, f"save a Prefect block called {name}") from error
    secret = _secret_of(block)
    if not secret:
        raise CredentialMissing(reference, "the block holds no secret text")
    return secret


def _secret_of(block: Any) -> str | None:
    """What ``get_secret`` of ours or ``get`` of Prefect's own Secret block gives, if it is text."""
    for getter in ("get_secret", "get"):
        method = getattr(block, getter, None)
        if callable(method):
            value = method()
            value = value.get_secret_value() if isinstance(value, SecretStr) else value
            return value.strip() if isinstance(value, str) else None
    return None
