"""The other paths: embeddings, models, runs, health, metrics."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from gateway.http.bodies import AUTO, EmbeddingsBody, parsed
from gateway.http.chat import check_model, headers_of, run, until_gone
from gateway.http.problems import Problem
from registry import NotFound, StoreError, from_us
from registry.spending import totals_of_run

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway.http.state import State
    from registry.words import Offering


async def embeddings(request: Request, state: State) -> Response:
    """``POST /v1/embeddings``."""
    key = await state.admitted(request, "call")
    body = parsed(EmbeddingsBody, await request.body())
    task = body.request(key)
    check_model(state, task)
    result = await until_gone(request, state, run(state, task))
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(vector, body.encoding_format)}
        for index, vector in enumerate(result.vectors)
    ]
    tokens = result.usage.input_tokens
    answer = {
        "object": "list",
        "model": result.offering,
        "data": data,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return _json(answer, headers=headers_of(result))


def _vector(vector: tuple[float, ...], encoding: str) -> list[float] | str:
    """The vector as numbers, or as base64 of little-endian 32-bit floats."""
    if encoding == "float":
        return list(vector)
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


async def models(request: Request, state: State) -> Response:
    """``GET /v1/models``: ``auto``, and every offering that may be chosen now."""
    await state.admitted(request, "read")
    usable = [offering for offering in state.runtime.snapshot.offerings if _is_usable(offering)]
    return _json({"object": "list", "data": [_auto(), *map(_model, usable)]})


async def model(request: Request, state: State) -> Response:
    """``GET /v1/models/{name}``."""
    await state.admitted(request, "read")
    name = request.path_params["name"]
    if name == AUTO:
        return _json(_auto())
    offerings = state.runtime.snapshot.offerings
    found = next((offering for offering in offerings if offering.answers_to(name)), None)
    if found is None:
        missing = NotFound("model", name, [offering.name for offering in offerings if _is_usable(offering)])
        raise Problem(404, "model_not_found", str(missing), param="model")
    return _json(_model(found))


def _is_usable(offering: Offering) -> bool:
    return offering.service.enabled and offering.enabled


def _auto() -> dict[str, Any]:
    return {"id": AUTO, "object": "model", "created": 0, "owned_by": "turnout"}


def _model(offering: Offering) -> dict[str, Any]:
    return {
        "id": offering.name,
        "object": "model",
        "created": 0,
        "owned_by": offering.service.name,
        "capabilities": sorted(offering.capabilities),
        "context_window": offering.context_window,
    }


async def a_run(request: Request, state: State) -> Response:
    """``GET /v1/runs/{id}``: how a run stands."""
    key = await state.admitted(request, "read")
    number = request.path_params["number"]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Problem(404, "run_not_found", f"there is no run {number!r}")
    try:
        found = await state.runtime.runs.get(int(number))
    except NotFound as error:
        raise Problem(404, "run_not_found", str(error)) from None
    if found.workspace != key.workspace and not key.may("admin"):
        raise Problem(404, "run_not_found", f"there is no run {number!r}")
    totals = await totals_of_run(state.runtime.store, found.run_id)
    told = {
        "id": found.run_id,
        "pipeline": found.pipeline,
        "state": found.state,
        "message": found.message,
        "output": found.output,
        "started_at": from_us(found.started_us),
        "ended_at": None if found.ended_us is None else from_us(found.ended_us),
        "items": totals.items,
        "calls": totals.calls,
        "failed_calls": totals.failed_calls,
        "cancelled_calls": totals.cancelled_calls,
        "cost_nanousd": totals.cost_nanousd,
        "input_tokens": totals.input_tokens,
        "output_tokens": totals.output_tokens,
    }
    return _json(told)


async def health(request: Request, state: State) -> Response:  # noqa: ARG001 - all routes are called alike
    """``GET /healthz``: the process lives."""
    return _json({"status": "ok"})


async def readiness(request: Request, state: State) -> Response:  # noqa: ARG001 - all routes are called alike
    """``GET /readyz``: work can be taken in."""
    lacking = []
    if state.draining:
        lacking.append("the server is about to end")
    if not any(map(_is_usable, state.runtime.snapshot.offerings)):
        lacking.append("no service is enabled")
    try:
        await state.runtime.catalogue.version()
    except StoreError:
        lacking.append("the database cannot be read")
    if lacking:
        raise Problem(503, "not_ready", "; ".join(lacking), retryable=True, retry_after_seconds=2)
    return _json({"status": "ready"})


async def metrics(request: Request, state: State) -> Response:
    """``GET /metrics``: counts for Prometheus, behind a key that may read."""
    await state.admitted(request, "read")
    return Response(state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _json(value: Any, *, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), media_type="application/json", headers=headers)
