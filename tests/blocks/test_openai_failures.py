"""The failure map of the OpenAI-compatible wire format: every case, and that it is complete."""

import json
from datetime import UTC, datetime

import pytest

from blocks.wire.openai_failures import NOT_PRODUCED
from blocks.wire.openai_replies import Asked, failure_of_answer
from registry.words import FailureClass

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECRET = "zk9-Q7vnR2mWx8LpT4yB"


def error(message="", **facts):
    return {"error": {"message": message, **facts}}


CASES = [
    # quota
    (402, {}, FailureClass.QUOTA),
    (429, error("You exceeded your current quota", code="insufficient_quota"), FailureClass.QUOTA),
    (400, error("Your credit balance is too low to access the API", type="invalid_request_error"), FailureClass.QUOTA),
    (403, error("Insufficient Balance"), FailureClass.QUOTA),
    # too long
    (400, error("too much", code="context_length_exceeded"), FailureClass.TOO_LONG),
    (400, error("request (6031 tokens) exceeds the available context size (2048 tokens)",
                type="exceed_context_size_error", code=400), FailureClass.TOO_LONG),
    (400, error("This model's maximum context length is 8192 tokens."), FailureClass.TOO_LONG),
    (422, error("Prompt is too long"), FailureClass.TOO_LONG),
    (429, error("Request too large for small-1 on tokens per min: Limit 10000, Requested 25000",
                code="rate_limit_exceeded"), FailureClass.TOO_LONG),
    (413, b"", FailureClass.TOO_LONG),
    # refused
    (400, error("no", innererror={"code": "ResponsibleAIPolicyViolation"}), FailureClass.REFUSED),
    (400, error("Your request was rejected by our safety system.", type="invalid_request_error"), FailureClass.REFUSED),
    (403, error("Your input was flagged by moderation."), FailureClass.REFUSED),
    (451, b"", FailureClass.REFUSED),
    # credentials
    (401, b"", FailureClass.CREDENTIALS),
    (403, b"", FailureClass.CREDENTIALS),
    (400, [error("API key not valid. Please pass one.", status="INVALID_ARGUMENT")], FailureClass.CREDENTIALS),
    (400, error("x", code="invalid_api_key"), FailureClass.CREDENTIALS),
    # the model
    (404, b"<html>", FailureClass.UNAVAILABLE_MODEL),
    (404, {"detail": "Not Found"}, FailureClass.UNAVAILABLE_MODEL),
    (410, b"", FailureClass.UNAVAILABLE_MODEL),
    (400, error("The model `gpt-0` does not exist", type="invalid_request_error"), FailureClass.UNAVAILABLE_MODEL),
    (400, error("The model x has been decommissioned", code="model_decommissioned"), FailureClass.UNAVAILABLE_MODEL),
    (403, error("x", code="unsupported_country_region_territory"), FailureClass.UNAVAILABLE_MODEL),
    (301, b"", FailureClass.UNAVAILABLE_MODEL),
    (405, b"", FailureClass.UNAVAILABLE_MODEL),
    # the pace
    (429, b"", FailureClass.RATE_LIMITED),
    (429, error("slow down", code="rate_limit_exceeded", type="tokens"), FailureClass.RATE_LIMITED),
    (503, error("Rate limit reached"), FailureClass.RATE_LIMITED),
    (400, [error("x", code=429, status="RESOURCE_EXHAUSTED")], FailureClass.RATE_LIMITED),
    # passing
    *[(status, b"", FailureClass.TRANSIENT) for status in (408, 409, 425, 500, 502, 503, 504, 520, 529, 599)],
    (500, error("boom", type="server_error"), FailureClass.TRANSIENT),
    (503, error("Loading model", type="unavailable_error", code=503), FailureClass.TRANSIENT),
    (502, b"<html><title>Bad Gateway</title></html>", FailureClass.TRANSIENT),
    (500, b"Internal Server Error", FailureClass.TRANSIENT),
    (500, b'{"error": {"mess', FailureClass.TRANSIENT),
    (418, b"", FailureClass.TRANSIENT),
    # the output
    (400, error("x", code="json_validate_failed"), FailureClass.INVALID_OUTPUT),
    (400, error("JSON schema error at #: unrecognized type banana", type="invalid_request_error"),
     FailureClass.INVALID_OUTPUT),
    # the request
    (400, b"", FailureClass.CALLER_FAULT),
    (422, {"detail": [{"msg": "field required"}]}, FailureClass.CALLER_FAULT),
    (400, error("Unsupported parameter: 'max_tokens' is not supported with this model.",
                code="unsupported_parameter"), FailureClass.CALLER_FAULT),
    (400, {"object": "error", "message": "temperature must be at most 2", "code": 400}, FailureClass.CALLER_FAULT),
    (400, {"error": "bad"}, FailureClass.CALLER_FAULT),
]  # fmt: skip


def failure_of(status, body, headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure_of_answer(status, headers or {}, content, Asked(service="trial", now=NOW, secret=SECRET))


@pytest.mark.parametrize(("status", "body", "expected"), CASES)
def test_each_error_falls_into_its_class(status, body, expected):
    failure = failure_of(status, body)
    assert failure.failure is expected
    assert failure.status == status
    assert failure.message.startswith("trial: ")


def test_the_map_is_complete():
    # Answers with status 200 are tested in test_openai_replies.py; here alone every class but these is reached.
    produced = {expected for _, _, expected in CASES}
    assert produced | NOT_PRODUCED.keys() == set(FailureClass)
    assert not produced & NOT_PRODUCED.keys()
    assert all(NOT_PRODUCED.values())


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_has_a_class_that_is_no_success(status):
    assert failure_of(status, b"").failure in set(FailureClass) - NOT_PRODUCED.keys()


def test_the_wait_that_was_asked_for_goes_along():
    assert failure_of(429, b"", {"retry-after": "7"}).retry_after_seconds == 7
    assert failure_of(503, b"", {"retry-after": "7"}).retry_after_seconds == 7
    assert failure_of(429, error("Please try again in 6s.")).retry_after_seconds == 6
    assert failure_of(429, b"", {"retry-after": "soon"}).retry_after_seconds is None
    assert failure_of(401, b"", {"retry-after": "7"}).retry_after_seconds is None


def test_the_message_is_the_providers_and_hides_the_key():
    failure = failure_of(401, error(f"Incorrect API key provided: {SECRET}", code=f"bad_{SECRET}"))
    assert failure.message == "trial: Incorrect API key provided: [hidden]"
    assert SECRET not in repr(vars(failure))


def test_a_redirect_names_its_host_and_nothing_more():
    failure = failure_of(302, b"", {"location": "https://login.example/?token=sesame"})
    assert failure.message == "trial: the endpoint redirects to login.example (status 302); it has to be set right"


def test_an_html_page_is_named_by_its_title():
    assert failure_of(502, b"<html><title>Bad Gateway</title>").message.endswith("an HTML page (Bad Gateway)")
