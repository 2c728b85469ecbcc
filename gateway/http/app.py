"""The application: which path is answered by whom, and what it all looks like to OpenAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gateway.http import chat, others
from gateway.http.admission import LOOPBACK_NAMES, Admission
from gateway.http.bodies import ChatBody, EmbeddingsBody
from gateway.http.problems import Problem
from routing.tracing import continued

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic import BaseModel

    from gateway.http.state import State
    from registry import Settings

    Answering = Callable[[Request, State], Awaitable[Response]]

_NOT_HERE = {404: "not_found", 405: "method_not_allowed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path: who answers, what it takes, and what OpenAPI says of it."""

    method: str
    path: str
    answering: Answering
    summary: str
    body: type[BaseModel] | None = None
    is_open: bool = False

    def openapi(self) -> dict[str, Any]:
        """What OpenAPI says beyond path and summary."""
        extra: dict[str, Any] = {} if self.is_open else {"security": [{"accessKey": []}]}
        if self.body is not None:
            schema = self.body.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        return extra


ROUTES = (
    Route(method="POST", path="/v1/chat/completions", answering=chat.chat, body=ChatBody,
          summary="A chat completion, whole or as a stream of server-sent events."),
    Route(method="POST", path="/v1/embeddings", answering=others.embeddings, body=EmbeddingsBody,
          summary="One vector for each text."),
    Route(method="GET", path="/v1/models", answering=others.models, summary="Who can answer: auto, and each offering."),
    Route(method="GET", path="/v1/models/{name:path}", answering=others.model, summary="One of them."),
    Route(method="GET", path="/v1/runs/{number}", answering=others.a_run, summary="How a run stands."),
    Route(method="GET", path="/healthz", answering=others.health, is_open=True, summary="Whether the process lives."),
    Route(method="GET", path="/readyz", answering=others.readiness, is_open=True, summary="Whether work is taken in."),
    Route(method="GET", path="/metrics", answering=others.metrics, summary="Counts for Prometheus."),
)  # fmt: skip


def make_app(state: State, settings: Settings) -> Admission:
    """The ASGI application, with its guards around it."""
    app = FastAPI(
        title="Turnout",
        summary="AI work, routed.",
        version="1",
        docs_url=None,  # its page loads from another host
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    for route in ROUTES:
        app.add_api_route(
            route.path,
            _endpoint(route, state),
            methods=[route.method],
            summary=route.summary,
            openapi_extra=route.openapi(),
            response_model=None,
            name=route.answering.__name__,
        )
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(HTTPException, _answer_http)
    _describe(app)
    return Admission(
        app,
        hosts=allowed_hosts(settings),
        max_body_bytes=settings.max_body_bytes,
        request_seconds=settings.request_seconds,
        metrics=state.metrics,
    )


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """The names by which the server may be called."""
    named = [name.strip().lower() for name in settings.public_hosts.split(",")]
    return LOOPBACK_NAMES | {settings.gateway_host.lower()} | frozenset(filter(None, named))


def _endpoint(route: Route, state: State) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        request.scope["route_path"] = route.path
        with continued(request.headers):
            return await route.answering(request, state)

    return endpoint


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for it
    body, kind = error.body(request.url.path, request.state.request_id)
    headers = {name.decode(): value.decode() for name, value in error.headers()}
    return Response(body, status_code=error.status, media_type=kind.decode(), headers=headers)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    code = _NOT_HERE.get(error.status_code, "http_error")
    answer = await _answer_problem(
        request, Problem(error.status_code, code, f"{request.method} {request.url.path}: {error.detail}")
    )
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _describe(app: FastAPI) -> None:
    """Make the description now, with the schemas that bodies refer to and the kind of key."""
    described = app.openapi()
    components = described.setdefault("components", {})
    components["securitySchemes"] = {"accessKey": {"type": "http", "scheme": "bearer", "description": "tk_…"}}
    schemas = components.setdefault("schemas", {})
    for route in ROUTES:
        if route.body is not None:
            schemas.update(route.body.model_json_schema(ref_template="#/components/schemas/{model}").get("$defs", {}))
    app.openapi_schema = described
