"""A caller's trace goes on through the gateway, for whole answers and for streams."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from routing.tracing import Tracing

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def exporter(gateway):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    gateway.runtime.tracing = Tracing(provider.get_tracer("turnout"))
    yield exporter
    gateway.runtime.tracing = None


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_with_a_traceparent_stands_in_that_trace(client, exporter, stream):
    body = {"messages": [{"role": "user", "content": "Say it."}], "stream": stream}
    answer = client.post("/v1/chat/completions", json=body, headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    assert answer.status_code == 200
    client.post("/v1/chat/completions", json=body)
    traces = [f"{span.context.trace_id:032x}" for span in exporter.get_finished_spans()]
    assert traces.count(TRACE) == 2  # the request and its call
    assert len(set(traces)) == 2
