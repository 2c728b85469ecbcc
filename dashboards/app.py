"""The application: pages, login, the CSV file and static files behind the guard."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import panel as pn
import panel_material_ui  # noqa: F401 - it registers its static files, and that counts only before add_applications
from fastapi import FastAPI, Request
from panel.io.fastapi import add_applications
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from dashboards.frames.runs import RunsFilter, csv_of_runs
from dashboards.guard import LOOPBACK_NAMES, VISITOR_HEADER, Guard
from dashboards.login import Login
from dashboards.look.shell import make_page
from dashboards.pages.run import run_page, run_questions
from dashboards.pages.runs import runs_page, runs_questions
from dashboards.pages.services import services_page, services_questions
from dashboards.pages.session import Address, Session, current_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from panel.viewable import Viewable

    from dashboards.guard import App, Receive, Scope, Send
    from dashboards.pages.session import House
    from dashboards.refresher import Question
    from registry import AccessKeys, Settings

PREPARE_SECONDS = 2.0
UNUSED_CHECK_MS = 5_000
UNUSED_LIFETIME_MS = 10_000
_FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2f5bd7"/>'
    '<path d="M7 21h8c5 0 5-10 10-10M7 11h18" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKind:
    """A page: its title, the path that the navigation shows as the present one, what it asks first, who builds it."""

    title: str
    active: str
    questions: Callable[[Address], tuple[Question, ...]]
    build: Callable[[Session], list[Viewable]]


_PAGES = {
    "/runs": PageKind(title="Runs", active="/runs", questions=runs_questions, build=runs_page),
    "/run": PageKind(title="Run", active="/runs", questions=run_questions, build=run_page),
    "/services": PageKind(title="Services", active="/services", questions=services_questions, build=services_page),
}


class Prepared:
    """Reads what a page will ask before it is built, so that its figures stand in it from the start."""

    def __init__(self, app: App, house: House) -> None:
        self._app = app
        self._refresher = house.refresher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        kind = _PAGES.get(scope.get("path", "")) if scope["type"] == "http" else None
        if kind is not None:
            given = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), max_num_fields=30))
            with suppress(TimeoutError):  # then they come when they have come
                async with asyncio.timeout(PREPARE_SECONDS):
                    await asyncio.gather(*map(self._refresher.ask, kind.questions(Address(given))))
        await self._app(scope, receive, send)


def make_app(house: House, keys: AccessKeys, signing_key: bytes) -> Guard:
    """The ASGI application, with its guard around it. ``signing_key`` signs the sessions' tokens."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    login = Login(keys, house.visitors)
    for path, answering, method in (
        ("/login", login.show, "GET"),
        ("/login", login.log_in, "POST"),
        ("/logout", login.log_out, "POST"),
        ("/healthz", _health, "GET"),
        ("/favicon.svg", _favicon, "GET"),
        ("/", _home, "GET"),
        ("/runs.csv", _csv(house), "GET"),
    ):
        app.add_route(path, answering, methods=[method])
    _add_pages(app, house, signing_key)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    return Guard(Prepared(app, house), hosts=allowed_hosts(house.settings), visitors=house.visitors)


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """The names by which the pages may be called."""
    named = [name.strip().lower() for name in settings.public_hosts.split(",")]
    return LOOPBACK_NAMES | {settings.gateway_host.lower()} | frozenset(filter(None, named))


def _add_pages(app: FastAPI, house: House, signing_key: bytes) -> None:
    # What a page needs, once for the process: Tabulator's files; no notifications, which would load more.
    pn.extension("tabulator", template=None)
    pn.config.throttled = True
    add_applications(
        {path: _builder(house, kind) for path, kind in _PAGES.items()},
        app=app,
        title={path: kind.title for path, kind in _PAGES.items()},
        secret_key=signing_key,
        sign_sessions=True,
        # The token stands in the page, so it bears neither the login's cookie nor the browser's headers.
        include_headers=[VISITOR_HEADER.title()],
        include_cookies=["turnout_theme", "turnout_system"],
        check_unused_sessions_milliseconds=UNUSED_CHECK_MS,
        unused_session_lifetime_milliseconds=UNUSED_LIFETIME_MS,
    )


def _builder(house: House, kind: PageKind) -> Callable[[], Any]:
    def build() -> Any:
        session = Session(house)
        scheme = session.scheme()
        page = make_page(kind.title, kind.active, kind.build(session), visitor=session.visitor_name, scheme=scheme)
        current_document().template_variables.update(scheme=scheme)
        return page

    return build


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _favicon(_: Request) -> Response:
    return Response(_FAVICON, media_type="image/svg+xml", headers={"cache-control": "max-age=86400"})


async def _home(_: Request) -> Response:
    return RedirectResponse("/runs", status_code=303)


def _csv(house: House) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        given = request.query_params
        wanted = RunsFilter(
            range=given.get("range", ""),
            state=given.get("state", ""),
            pipeline=given.get("pipeline", "")[:300],
            text=given.get("text", "")[:300],
        )
        return StreamingResponse(
            csv_of_runs(house.sources.runs, house.sources.clock, wanted),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": 'attachment; filename="turnout-runs.csv"'},
        )

    return answer
