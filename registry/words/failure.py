"""Why a call failed, in ten classes: what the dispatcher does next depends on nothing else."""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    """The class of a failure. Wire formats map to it in one place each; the dispatcher acts on it.

    * ``TRANSIENT``: the service hiccups (5xx, connection reset, read timeout).
    * ``RATE_LIMITED``: too fast; a later time may be named.
    * ``QUOTA``: the account has run dry.
    * ``CREDENTIALS``: the key is missing, wrong or not allowed.
    * ``UNAVAILABLE_MODEL``: the model is gone, or not in this region.
    * ``TOO_LONG``: the input exceeds the context window.
    * ``REFUSED``: a content policy or safety stop.
    * ``INVALID_OUTPUT``: truncated, empty, not JSON, against its schema, or failed a critical check.
    * ``CALLER_FAULT``: the request itself is wrong, the same everywhere.
    * ``CANCELLED``: the caller went away, or the deadline or the budget is spent.
    """

    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    CREDENTIALS = "credentials"
    UNAVAILABLE_MODEL = "unavailable_model"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    INVALID_OUTPUT = "invalid_output"
    CALLER_FAULT = "caller_fault"
    CANCELLED = "cancelled"

    __hash__ = str.__hash__  # as quick as a text; that of enumerations is a function in Python

    @property
    def code(self) -> int:
        """The class as the small number that the ledger stores (1 to 10; 0 stands for success)."""
        return _CODES[self]

    @classmethod
    def from_code(cls, code: int) -> FailureClass | None:
        """The class that a ledger number stands for; None for 0, success.

        Raises:
            KeyError: the number stands for nothing.
        """
        return None if code == 0 else _BY_CODE[code]


# Written out: these numbers are in people's databases, and must not move when a line above does.
_CODES = {
    FailureClass.TRANSIENT: 1,
    FailureClass.RATE_LIMITED: 2,
    FailureClass.QUOTA: 3,
    FailureClass.CREDENTIALS: 4,
    FailureClass.UNAVAILABLE_MODEL: 5,
    FailureClass.TOO_LONG: 6,
    FailureClass.REFUSED: 7,
    FailureClass.INVALID_OUTPUT: 8,
    FailureClass.CALLER_FAULT: 9,
    FailureClass.CANCELLED: 10,
}
_BY_CODE = {code: failure for failure, code in _CODES.items()}
