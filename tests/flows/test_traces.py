"""A run that is traced knows its trace, and all that is asked for it stands in that trace; going on is another one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.prefect
ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, json, sys
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

from blocks import Fails, Says, Scripted
from flows.batch.flow import route_batch
from flows.batch.parameters import BatchParameters
from flows.storyboard.flow import storyboard
from flows.storyboard.parameters import StoryboardParameters
from gateway.prefect_server import prefect_server
from registry import FailureClass, Settings
from routing import Runtime, TaskEnded


def answer(call):
    if call.request.messages[-1].content.startswith("Of "):
        return Says("An answer")
    return Fails(FailureClass.CALLER_FAULT, "the provider's secret words")


async def work(here):
    (here / "in.csv").write_text("text\\na lamp\\na ship\\n", encoding="utf-8")
    batch = BatchParameters(
        input_path=here / "in.csv", output_path=here / "out.csv", prompt="Of {{ row.text }}", chunk_rows=1
    )
    settings = Settings.load({"home": here / "home"}, directory=here)
    services = {"local": Scripted(answer)}
    told = {}

    async def note(name, runtime, run_id):
        run = await runtime.runs.get(run_id)
        calls = [row.trace_id.hex() for row in await runtime.decisions.calls_of_run(run_id) if row.trace_id]
        spans = [json.loads(span.to_json()) for span in exporter.get_finished_spans()]
        told[name] = {"run": run_id, "state": run.state, "trace": run.trace_id, "calls": calls, "spans": spans}
        exporter.clear()

    async with prefect_server(here / "prefect"):
        async with Runtime.open(settings, services=services) as runtime:
            run_id = (await route_batch(batch))["run_id"]
            await note("batch", runtime, run_id)
            await route_batch(batch)
            await note("again", runtime, run_id)
            try:
                await storyboard(StoryboardParameters(thought="A lighthouse.", output_directory=here / "out"))
            except TaskEnded:
                await note("storyboard", runtime, (await runtime.runs.list())[0].run_id)
            runtime.tracing = None
            await route_batch(batch)
            await note("untraced", runtime, run_id)
            other = batch.model_copy(update={"prompt": "Of a {{ row.text }}"})
            await note("never", runtime, (await route_batch(other))["run_id"])
    return told


print(json.dumps(asyncio.run(work(Path(sys.argv[1])))))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a process that has set up OpenTelemetry tells of the runs it made; one process for all tests here."""
    here = tmp_path_factory.mktemp("traces")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(here)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def named(told, name):
    return [span for span in told["spans"] if span["name"] == name]


def ours(told):
    """The spans that Turnout makes: Prefect has its own for flows and tasks, in the same trace, with errors' words."""
    return [span for span in told["spans"] if "prefect.run.type" not in span["attributes"]]


def trace_of(span):
    return span["context"]["trace_id"].removeprefix("0x")


def test_a_batch_stands_in_one_trace_that_its_run_and_its_calls_know(told):
    batch = told["batch"]
    (span,) = named(batch, "run route_batch")
    assert span["attributes"] == {"turnout.pipeline": "route_batch", "turnout.run_id": batch["run"]}
    assert batch["trace"] == trace_of(span)
    requests = named(batch, "route text")
    assert [trace_of(one) for one in requests] == 2 * [batch["trace"]]
    assert batch["calls"] == 2 * [batch["trace"]]


def test_a_run_that_goes_on_knows_the_latest_trace_it_was_in(told):
    again = told["again"]
    (span,) = named(again, "run route_batch")
    assert again["run"] == told["batch"]["run"]
    assert again["trace"] == trace_of(span) != told["batch"]["trace"]
    assert told["untraced"]["trace"] == again["trace"]


def test_a_run_that_nobody_traces_knows_no_trace(told):
    never = told["never"]
    assert (never["state"], never["trace"], never["calls"], ours(never)) == ("done", None, [], [])


def test_a_storyboard_that_fails_is_told_by_its_error_alone(told):
    failed = told["storyboard"]
    (span,) = named(failed, "run storyboard")
    assert (failed["state"], failed["trace"]) == ("failed", trace_of(span))
    assert (span["attributes"]["error.type"], span["status"]) == ("TaskEnded", {"status_code": "ERROR"})
    assert {trace_of(one) for one in failed["spans"]} == {failed["trace"]}
    assert {one["name"] for one in ours(failed)} > {"run storyboard", "route text"}
    assert "secret" not in json.dumps(ours(failed))
