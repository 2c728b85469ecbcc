"""The headers by which a service can join the trace that a call belongs to (W3C Trace Context)."""

from __future__ import annotations

import sys


def with_trace(headers: dict[str, str]) -> dict[str, str]:
    """The headers with ``traceparent``, where the process traces; else the very same.

    Baggage is not passed on: it may hold what is nobody else's business.
    """
    if "opentelemetry.sdk.trace" not in sys.modules:
        return headers
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return headers | carrier if carrier else headers
