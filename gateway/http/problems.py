"""What can go wrong, as callers see it: OpenAI's error shape on OpenAI's paths, RFC 9457 elsewhere."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import orjson

from gateway.errors import GatewayError
from registry.words import Exclusion, FailureClass
from routing.errors import AttemptsFailed, NoCandidate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry import KeyRefused

OPENAI_PATHS = ("/v1/chat/", "/v1/embeddings", "/v1/models")

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}

# Status, code, and whether the same request may well work later.
_OF_FAILURE: Mapping[FailureClass, tuple[int, str, bool]] = {
    FailureClass.TRANSIENT: (502, "service_failed", True),
    FailureClass.RATE_LIMITED: (429, "rate_limit_exceeded", True),
    FailureClass.QUOTA: (429, "insufficient_quota", False),
    # The key that was refused is ours, not the caller's: to the caller it is a service that cannot be used.
    FailureClass.CREDENTIALS: (503, "service_credentials", False),
    FailureClass.UNAVAILABLE_MODEL: (404, "model_not_found", False),
    FailureClass.TOO_LONG: (400, "context_length_exceeded", False),
    FailureClass.REFUSED: (400, "content_policy_violation", False),
    FailureClass.INVALID_OUTPUT: (502, "invalid_output", True),
    FailureClass.CALLER_FAULT: (400, "invalid_request", False),
    FailureClass.CANCELLED: (499, "cancelled", True),
}


class Problem(GatewayError):
    """Something that is answered with an error. ``code`` is for programs, the message for people.

    ``retry_after_seconds`` goes out as Retry-After. ``param`` names the part of the request that is at fault.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retryable: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What the answer's head has to say of it."""
        if self.retry_after_seconds is None:
            return []
        return [(b"retry-after", str(max(1, round(self.retry_after_seconds))).encode())]

    def as_openai(self, request_id: str) -> dict[str, Any]:
        """The body in OpenAI's shape."""
        kind = _TYPES.get(self.status, "api_error")
        error = {"message": str(self), "type": kind, "param": self.param, "code": self.code}
        return {"error": {**error, "request_id": request_id}}

    def as_rfc9457(self, request_id: str) -> dict[str, Any]:
        """The body after RFC 9457."""
        return {
            "type": "about:blank",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": str(self),
            "code": self.code,
            "retryable": self.retryable,
            "request_id": request_id,
        }

    def body(self, path: str, request_id: str) -> tuple[bytes, bytes]:
        """The body and its media type, in the shape that callers of ``path`` expect."""
        if path.startswith(OPENAI_PATHS):
            return orjson.dumps(self.as_openai(request_id)), b"application/json"
        return orjson.dumps(self.as_rfc9457(request_id)), b"application/problem+json"


def refused_key(error: KeyRefused) -> Problem:
    """What a caller hears whose key opens no door."""
    hint = "" if error.reason in {"revoked", "expired"} else "; `turnout keys create NAME` makes one"
    return Problem(401, "invalid_api_key", f"{error}{hint}")


def no_key() -> Problem:
    """What a caller hears who shows no key."""
    return Problem(401, "missing_api_key", "show an access key: Authorization: Bearer tk_…")


def problem_of(error: AttemptsFailed | NoCandidate) -> Problem:
    """What a caller hears of work that could not be done."""
    if isinstance(error, NoCandidate):
        return Problem(503, "no_candidate", str(error), retryable=True, retry_after_seconds=5)
    wait = getattr(error, "retry_after_seconds", None)
    refusal = getattr(error, "refusal", None)
    if refusal is not None:
        code = "insufficient_quota" if refusal[0] is Exclusion.BUDGET else "rate_limit_exceeded"
        return Problem(429, code, str(error), retryable=refusal[0] is Exclusion.LIMIT, retry_after_seconds=_whole(wait))
    failure = error.failure
    if failure is None or "deadline" in str(error).split(". ", 1)[0]:
        return Problem(504, "deadline_passed", str(error), retryable=True)
    status, code, retryable = _OF_FAILURE[failure]
    return Problem(
        status,
        code,
        str(error),
        retryable=retryable,
        retry_after_seconds=_whole(wait or 1.0) if status == 429 else None,
    )


def _whole(seconds: float | None) -> int | None:
    """Seconds as a header has them: whole, and at least 1."""
    return None if seconds is None else max(1, ceil(seconds))
