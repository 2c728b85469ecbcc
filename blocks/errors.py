"""The errors of this room.

::

    BlockError
    ├── ServiceFailure        a call failed; its class says what to do next
    ├── CredentialMissing     a reference leads to no secret
    ├── UnknownServiceKind    no block speaks for services of that kind
    └── ScriptEnded           a scripted fake was called more often than its script has steps
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.words import FailureClass, Usage


class BlockError(Exception):
    """Anything that goes wrong in ``blocks``."""


class ServiceFailure(BlockError):
    """A call to a service failed.

    ``retry_after_seconds`` is the wait that the provider asked for. ``status`` is the HTTP status, where there was one.
    ``provider_code`` is the provider's own word for it. ``usage`` is what the failed call consumed, where known.
    ``was_sent`` is False where the service has certainly never seen the request, so that it cannot have been billed.
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
        was_sent: bool = True,
    ) -> None:
        # All positional arguments go up, so that the error survives pickling between processes.
        super().__init__(failure, message)
        self.failure = failure
        self.message = message
        self.status = status
        self.provider_code = provider_code
        self.retry_after_seconds = retry_after_seconds
        self.usage = usage
        self.was_sent = was_sent

    def __str__(self) -> str:
        return f"{self.message} ({self.failure})"


class CredentialMissing(BlockError):
    """A credential reference leads to no secret; ``reference`` is safe to show."""

    def __init__(self, reference: str, hint: str) -> None:
        super().__init__(reference, hint)
        self.reference = reference
        self.hint = hint

    def __str__(self) -> str:
        return f"no credential at {self.reference!r}: {self.hint}"


class UnknownServiceKind(BlockError):
    """No block speaks for services of that kind."""

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(kind, known)
        self.kind = kind
        self.known = known

    def __str__(self) -> str:
        return f"no block speaks for services of kind {self.kind!r}; there are {', '.join(self.known)}"


class ScriptEnded(BlockError):
    """A scripted fake with ``then="error"`` was called more often than its script has steps."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self.steps = steps

    def __str__(self) -> str:
        return f"the script has {self.steps} steps, and the service was called once more"
