"""Requests in OpenTelemetry: a span for each request, one below it for each call, by the GenAI conventions.

Where the process has set up OpenTelemetry's SDK before the runtime starts, and nowhere else: without it nothing is
imported, and a call pays for one comparison. Names, counts, times and failure classes are told; no text of a request or
an answer, no provider's words, no name of an item, no secret.
"""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from registry.words import Capability
from routing.errors import RoutingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from registry.words import Decision, Offering, TaskRequest
    from routing.tries import Outcome

OPERATIONS: Mapping[Capability, str] = {
    Capability.TEXT: "chat",
    Capability.UNDERSTANDING: "chat",
    Capability.SEARCH: "chat",
    Capability.EMBEDDING: "embeddings",
}
"""``gen_ai.operation.name`` of what has a well-known one; the others are ``generate_content``."""

_PARAMS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "seed": "gen_ai.request.seed",
    "max_output_tokens": "gen_ai.request.max_tokens",
}
_NOTHING = nullcontext()
_TRACE_HEADERS = ("traceparent", "tracestate")


class Tracing:
    """Makes the spans of requests."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @classmethod
    def find(cls) -> Tracing | None:
        """Tracing with the SDK that the process has set up; None where it has not."""
        if "opentelemetry.sdk.trace" not in sys.modules:
            return None
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.trace import get_tracer_provider

        provider = get_tracer_provider()
        return cls(provider.get_tracer("turnout")) if isinstance(provider, TracerProvider) else None

    def begin(self, request: TaskRequest) -> Traced:
        """Begin a request's span, below the one that is current."""
        from opentelemetry.trace import SpanKind

        attributes: dict[str, Any] = {
            "gen_ai.operation.name": operation_of(request.capability),
            "turnout.capability": request.capability.value,
            "turnout.policy": request.policy,
            "turnout.workspace": request.workspace,
        }
        if request.stage:
            attributes["turnout.stage"] = request.stage
        if request.run_id:
            attributes["turnout.run_id"] = request.run_id
        span = self._tracer.start_span(
            f"route {request.capability.value}", kind=SpanKind.INTERNAL, attributes=attributes
        )
        return Traced(self._tracer, span, request)


class Traced:
    """One request under way; leaving it ends its span."""

    def __init__(self, tracer: Tracer, span: Span, request: TaskRequest) -> None:
        from opentelemetry.trace import set_span_in_context

        self.span = span
        self.trace_id = span.get_span_context().trace_id.to_bytes(16, "big")
        self._tracer = tracer
        self._request = request
        self._below: Context = set_span_in_context(span)
        self._input_tokens = self._output_tokens = self._cost_nanousd = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.span.is_recording():
            self.span.set_attributes(
                {
                    "gen_ai.usage.input_tokens": self._input_tokens,
                    "gen_ai.usage.output_tokens": self._output_tokens,
                    "turnout.cost_nanousd": self._cost_nanousd,
                }
            )
            if kind is not None and kind is not GeneratorExit:
                self._fail(kind, error)
        self.span.end()

    @contextmanager
    def current(self) -> Iterator[None]:
        """While inside, what others trace stands below this request."""
        from opentelemetry.trace import use_span

        with use_span(self.span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield

    def decided(self, decision: Decision) -> None:
        """Tell of the decision, as an event."""
        if not self.span.is_recording():
            return
        ranked = decision.ranked
        self.span.set_attribute("turnout.task_id", str(decision.task_id))
        self.span.add_event(
            "turnout.decision",
            {
                "turnout.policy": decision.policy,
                "turnout.policy_version": decision.policy_version,
                "turnout.snapshot_version": decision.snapshot_version,
                "turnout.candidates": len(ranked),
                "turnout.excluded": len(decision.candidates) - len(ranked),
                "turnout.first": ranked[0].offering if ranked else "",
                "turnout.propensity": decision.propensity,
            },
        )

    def attempted(self, outcome: Outcome) -> None:
        """Tell of a call that has ended, be it good, failed, beside another one or given up."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        attempt = outcome.attempt
        self._input_tokens += attempt.usage.input_tokens
        self._output_tokens += attempt.usage.output_tokens
        self._cost_nanousd += attempt.cost_nanousd
        ended_ns = time.time_ns()
        attributes = _of_call(self._request, outcome.offering) | {
            "gen_ai.usage.input_tokens": attempt.usage.input_tokens,
            "gen_ai.usage.output_tokens": attempt.usage.output_tokens,
            "turnout.attempt": attempt.number,
            "turnout.offering": attempt.offering,
            "turnout.cost_nanousd": attempt.cost_nanousd,
        }
        if attempt.first_output_ms is not None:
            attributes["turnout.first_output_ms"] = attempt.first_output_ms
        if outcome.reply is not None:
            attributes["gen_ai.response.finish_reasons"] = [outcome.reply.finish_reason]
        if attempt.failure is not None:
            attributes["error.type"] = attempt.failure.value
        span = self._tracer.start_span(
            f"{attributes['gen_ai.operation.name']} {outcome.offering.remote_name}",
            context=self._below,
            kind=SpanKind.CLIENT,
            attributes=attributes,
            start_time=ended_ns - int(attempt.latency_ms * 1_000_000),
        )
        if attempt.failure is not None:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended_ns)

    def given_again(self) -> None:
        """Tell that a kept result was given again."""
        self.span.set_attribute("turnout.cached", value=True)

    def _fail(self, kind: type[BaseException], error: BaseException | None) -> None:
        """The error by its class alone: its words may quote the request."""
        from opentelemetry.trace import Status, StatusCode

        told = kind.__name__
        attempts = getattr(error, "attempts", ()) if isinstance(error, RoutingError) else ()
        if attempts and attempts[-1].failure is not None:
            self.span.set_attribute("turnout.last_failure", attempts[-1].failure.value)
        self.span.set_attribute("error.type", told)
        self.span.set_status(Status(StatusCode.ERROR))


def continued(headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """While inside, requests belong to the trace that a caller's ``traceparent`` names, where there is a valid one."""
    is_traced = "opentelemetry.sdk.trace" in sys.modules and "traceparent" in headers
    return _attached(headers) if is_traced else _NOTHING


@contextmanager
def _attached(headers: Mapping[str, str]) -> Iterator[None]:
    from opentelemetry.context import attach, detach
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier = {name: headers[name] for name in _TRACE_HEADERS if name in headers}
    token = attach(TraceContextTextMapPropagator().extract(carrier))
    try:
        yield
    finally:
        detach(token)


def operation_of(capability: Capability) -> str:
    """What the conventions call such work."""
    return OPERATIONS.get(capability, "generate_content")


def _of_call(request: TaskRequest, offering: Offering) -> dict[str, Any]:
    """What is known of a call before it is made."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": operation_of(request.capability),
        "gen_ai.provider.name": offering.service.name,
        "gen_ai.request.model": offering.remote_name,
    }
    for param, name in _PARAMS.items():
        value = request.params.get(param)
        if isinstance(value, int | float) and not isinstance(value, bool):
            attributes[name] = value
    if offering.service.endpoint:
        try:
            address = urlsplit(offering.service.endpoint)
            host, port = address.hostname, address.port
        except ValueError:  # an endpoint that is none says nothing of where it is
            return attributes
        if host:
            attributes["server.address"] = host
        if port:
            attributes["server.port"] = port
    return attributes
