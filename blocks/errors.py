"""The errors of this room.

::

    BlockError
    ├── ServiceFailure        a call failed; its class says what to do next
    ├── CredentialMissing     a reference leads to no secret
    └── UnknownServiceKind    no block speaks for services of that kind
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.words import FailureClass, Usage


class BlockError(Exception):
    """Anything that goes wrong in ``blocks``."""


class ServiceFailure(BlockError):
    """A call to a service failed.

    ``retry_after_seconds`` is the wait that the provider asked for; ``status`` the HTTP status, where there was one;
    ``provider_code`` the provider's own word for it; ``usage`` what the failed call consumed, where that is known.
    The message is for people and never holds a secret.
    """

    def __init__(
        self,
        failure: FailureClass,
        message: str,
        *,
        status: int | None = None,
        provider_code: str = "",
        retry_after_seconds: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.status = status
        self.provider_code = provider_code
        self.retry_after_seconds = retry_after_seconds
        self.usage = usage

    def __str__(self) -> str:
        return f"{self.message} ({self.failure})"


class CredentialMissing(BlockError):
    """A credential reference leads to no secret; ``reference`` is safe to show."""

    def __init__(self, reference: str, hint: str) -> None:
        super().__init__(f"no credential at {reference!r}: {hint}")
        self.reference = reference
        self.hint = hint


class UnknownServiceKind(BlockError):
    """No block speaks for services of that kind."""

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no block speaks for services of kind {kind!r}; there are {', '.join(known)}")
        self.kind = kind
