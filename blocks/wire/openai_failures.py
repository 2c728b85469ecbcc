"""What the errors of OpenAI-compatible services mean: status, typed code and phrase to one class, only here.

A typed code says most, a phrase more than a status: there are services that tell of an empty account with 400, of a
bad key with 400, and of a request that no limit will ever admit with 429.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.errors import ServiceFailure
from blocks.wire.redaction import for_people
from blocks.wire.waiting import wait_seconds
from registry.words import FailureClass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry.words import Usage

NOT_PRODUCED = {
    FailureClass.CANCELLED: "the caller's side ends a call (deadline, budget, going away); no answer says so",
}

# A provider's own words, compared in lower case with code and type of the error object.
_CODES = {
    FailureClass.QUOTA: (
        "insufficient_quota billing_hard_limit_reached billing_not_active billing_error insufficient_balance "
        "insufficient_credits payment_required quota_exceeded credits_exhausted"
    ),
    FailureClass.TOO_LONG: (
        "context_length_exceeded exceed_context_size_error context_window_exceeded request_too_large "
        "model_context_window_exceeded prompt_too_long string_above_max_length"
    ),
    FailureClass.REFUSED: (
        "content_filter content_policy_violation responsibleaipolicyviolation moderation_blocked image_safety "
        "content_policy_error safety refusal"
    ),
    FailureClass.CREDENTIALS: (
        "invalid_api_key authentication_error invalid_authentication invalid_request_authentication permission_denied "
        "permission_error account_deactivated access_denied unauthorized unauthenticated"
    ),
    FailureClass.UNAVAILABLE_MODEL: (
        "model_not_found model_deprecated model_decommissioned model_not_available model_not_supported invalid_model "
        "unsupported_country_region_territory not_found_error deploymentnotfound"
    ),
    FailureClass.RATE_LIMITED: "rate_limit_exceeded rate_limit_error rate_limited too_many_requests "
    "throttled resource_exhausted",
    FailureClass.INVALID_OUTPUT: "json_validate_failed tool_use_failed",
    FailureClass.TRANSIENT: (
        "server_error overloaded_error engine_overloaded internal_error internal_server_error api_error "
        "unavailable_error service_unavailable timeout"
    ),
}
_CLASS_OF_CODE = {code: failure for failure, codes in _CODES.items() for code in codes.split()}

# Checked in this order. Each must be so particular that it cannot stand in a complaint about a parameter.
_PHRASES = tuple(
    (re.compile(pattern), failure)
    for pattern, failure in (
        (r"credit balance|insufficient (?:balance|credits?|funds|quota)", FailureClass.QUOTA),
        (r"exceeded your current quota", FailureClass.QUOTA),
        (r"billing (?:hard )?limit|account (?:has )?(?:run out|is out) of|add (?:more )?credits", FailureClass.QUOTA),
        (r"(?:maximum|available) context (?:length|size)", FailureClass.TOO_LONG),
        (r"context (?:window|length) (?:is )?exceed", FailureClass.TOO_LONG),
        (r"exceeds? the (?:\w+ )*context|(?:prompt|input|request) (?:is )?too (?:long|large)", FailureClass.TOO_LONG),
        (r"reduce the length of the (?:messages|prompt|input)|too many (?:input )?tokens", FailureClass.TOO_LONG),
        (r"content (?:management )?polic|safety (?:system|filter)|flagged (?:as|for|by)", FailureClass.REFUSED),
        (r"(?:api|access) key (?:is )?(?:not valid|invalid|expired|missing)", FailureClass.CREDENTIALS),
        (r"(?:invalid|incorrect|expired|no|missing) api[ _-]?key", FailureClass.CREDENTIALS),
        (r"\bmodel\b.{0,120}?(?:does not exist|not found|not available)", FailureClass.UNAVAILABLE_MODEL),
        (r"\bmodel\b.{0,120}?been (?:decommissioned|retired|deprecated)", FailureClass.UNAVAILABLE_MODEL),
        (r"(?:country|region|territory).{0,40}not supported", FailureClass.UNAVAILABLE_MODEL),
        (r"json schema error|(?:parse|compile) grammar|generate parser for this template", FailureClass.INVALID_OUTPUT),
        (r"rate limit", FailureClass.RATE_LIMITED),
        (r"overloaded|temporarily unavailable|loading model", FailureClass.TRANSIENT),
    )
)  # fmt: skip

_CLASS_OF_STATUS = {
    401: FailureClass.CREDENTIALS,
    402: FailureClass.QUOTA,
    403: FailureClass.CREDENTIALS,
    404: FailureClass.UNAVAILABLE_MODEL,
    405: FailureClass.UNAVAILABLE_MODEL,
    410: FailureClass.UNAVAILABLE_MODEL,
    413: FailureClass.TOO_LONG,
    429: FailureClass.RATE_LIMITED,
    451: FailureClass.REFUSED,
} | dict.fromkeys((400, 406, 411, 412, 414, 415, 416, 417, 422, 431), FailureClass.CALLER_FAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError:
    """An error object, whatever shape it had: its words, and the number that some providers put in for a status."""

    message: str = ""
    codes: tuple[str, ...] = ()
    status: int | None = None


def read_error(value: Any) -> ProviderError | None:
    """The error in a parsed answer; None where there is none.

    Knows ``{"error": {…}}``, ``{"error": "…"}``, ``{"detail": …}`` (FastAPI, vLLM), ``{"object": "error", …}``, and a
    list of one of them (Google).
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    is_bare = value.get("object") == "error" or "detail" in value or "message" in value
    if not error and is_bare and not value.keys() & {"choices", "data"}:
        error = value
    if isinstance(error, str):
        return ProviderError(message=error, codes=(error.lower(),))
    if not isinstance(error, dict):
        return None
    message = error.get("message") or error.get("detail") or error.get("msg") or ""
    words = [error.get(name) for name in ("code", "type", "status")]
    inner = error.get("innererror") or error.get("metadata")
    if isinstance(inner, dict):
        words += [inner.get("code"), inner.get("error_type")]
    number = next((word for word in words if isinstance(word, int) and 400 <= word < 600), None)
    codes = tuple(word.lower() for word in words if isinstance(word, str))
    return ProviderError(message=message if isinstance(message, str) else str(message), codes=codes, status=number)


def classify(status: int | None, error: ProviderError) -> FailureClass:
    """The class of an error, by its typed codes, then its phrases, then its status."""
    message = error.message.lower()
    if status == 429 and "request too large" in message:
        return FailureClass.TOO_LONG  # larger than the whole limit: no waiting helps
    for code in error.codes:
        if code in _CLASS_OF_CODE:
            return _CLASS_OF_CODE[code]
    for pattern, failure in _PHRASES:
        if pattern.search(message):
            return failure
    effective = status if status is not None and status >= 300 else error.status
    if effective is not None and 300 <= effective < 400:
        return FailureClass.UNAVAILABLE_MODEL  # what is asked for is not at this address
    # A status that nobody defined is the service's oddity; the next service need not share it.
    return _CLASS_OF_STATUS.get(effective or 0, FailureClass.TRANSIENT)


def failure_from(
    error: ProviderError,
    *,
    service: str,
    now: datetime,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    secret: str | None = None,
    usage: Usage | None = None,
) -> ServiceFailure:
    """The failure that a provider's error stands for, with the wait it asks for and without any secret."""
    failure = classify(status, error)
    may_heal = failure in {FailureClass.RATE_LIMITED, FailureClass.TRANSIENT, FailureClass.QUOTA}
    said = for_people(error.message, secret) or (f"status {status}" if status else "an error without a word")
    return ServiceFailure(
        failure,
        f"{service}: {said}",
        status=status,
        provider_code=for_people(next(iter(error.codes), ""), secret),
        retry_after_seconds=wait_seconds(headers or {}, error.message, now=now) if may_heal else None,
        usage=usage,
    )
