"""Logging in with an access key and out again: a form that needs no script, and a brake on guessing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from dashboards.guard import cookie_of
from dashboards.visitors import COOKIE, LIFETIME_SECONDS
from registry import KeyRefused, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from dashboards.visitors import Visitors
    from registry import AccessKeys

    Sleep = Callable[[float], Awaitable[None]]

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60.0
FREE_FAILURES = 5
MOST_FAILURES = 30
SLOW_SECONDS = 1.0

_PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in · Turnout</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/favicon.svg">
<style>
:root {{ color-scheme: light dark; --page: #f7f7f5; --card: #fff; --ink: #1c1d1f; --soft: #62656a; --line: #e3e3df;
  --accent: #2f5bd7; --bad: #b3261e; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #131416; --card: #1b1d20; --ink: #ececea; --soft: #9b9fa6;
  --line: #2c2f34; --accent: #8fb0ff; --bad: #ff9a90; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; padding: 16px; }}
main {{ width: 100%; max-width: 380px; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 32px; }}
h1 {{ font-size: 20px; margin: 0 0 4px; font-weight: 600; letter-spacing: -.01em; }}
p {{ margin: 0 0 20px; color: var(--soft); }}
label {{ display: block; font-weight: 500; margin-bottom: 6px; }}
input {{ width: 100%; font: inherit; padding: 9px 12px; border-radius: 8px; border: 1px solid var(--line);
  background: var(--page); color: inherit; }}
button {{ width: 100%; margin-top: 16px; font: inherit; font-weight: 600; padding: 10px; border: 0; border-radius: 8px;
  background: var(--accent); color: var(--card); cursor: pointer; }}
:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
.bad {{ color: var(--bad); margin: 12px 0 0; }}
code {{ font-size: 13px; background: var(--page); border: 1px solid var(--line); border-radius: 5px;
  padding: 1px 5px; }}
small {{ display: block; margin-top: 20px; color: var(--soft); }}
</style><script>
document.cookie = "turnout_system=" + (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")
  + "; path=/; max-age=31536000; samesite=strict";
</script></head><body><main>
<h1>Turnout</h1><p>Log in to see what ran, what it cost, and why.</p>
<form method="post" action="/login"><input type="hidden" name="next" value="{next}">
<label for="key">Access key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus spellcheck="false"
 placeholder="tk_…"{described}>
{problem}<button>Log in</button></form>
<small>No key? On the machine that runs Turnout: <code>turnout keys create NAME</code></small>
</main></body></html>""")


class Login:
    """Answers ``/login`` and ``/logout``.

    After five wrong keys within a minute each further one waits a second, one after the other; after thirty nobody
    gets in for the rest of that minute. Keys have 256 random bits: this is for the log and for peace, not for safety.
    """

    def __init__(
        self,
        keys: AccessKeys,
        visitors: Visitors,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._keys = keys
        self._visitors = visitors
        self._monotonic = monotonic
        self._sleep = sleep
        self._failures: deque[float] = deque(maxlen=MOST_FAILURES)
        self._slow_lane = asyncio.Lock()

    async def show(self, request: Request) -> Response:
        """The form."""
        return _page("", safe_path(request.query_params.get("next", "")))

    async def log_in(self, request: Request) -> Response:
        """Check the key that was typed, and set the cookie."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=4)
        following = safe_path(form.get("next", [""])[0])
        failed = self._failed_lately()
        if failed >= MOST_FAILURES:
            return _page("Too many wrong keys. Wait a minute, then try again.", following, status=429)
        if failed >= FREE_FAILURES:
            async with self._slow_lane:
                await self._sleep(SLOW_SECONDS)
        try:
            key = await self._keys.verify(form.get("key", [""])[0].strip())
        except KeyRefused as error:
            self._failures.append(self._monotonic())
            logger.warning("a login was refused: the key is %s", error.reason)
            told = {"revoked": "This key was revoked.", "expired": "This key has expired."}
            return _page(told.get(error.reason, "No such key."), following, status=401)
        except StoreError as error:
            return _page(f"The key cannot be checked: {error}.", following, status=503)
        if not key.may("read"):
            return _page("This key may not read (its scopes lack “read”).", following, status=403)
        answer = RedirectResponse(following, status_code=303)
        answer.set_cookie(
            COOKIE,
            self._visitors.cookie_for(key),
            max_age=LIFETIME_SECONDS,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    async def log_out(self, request: Request) -> Response:
        """Forget the login."""
        self._visitors.log_out(cookie_of(dict(request.scope["headers"])))
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    def _failed_lately(self) -> int:
        since = self._monotonic() - WINDOW_SECONDS
        return sum(at > since for at in self._failures)


def safe_path(path: str) -> str:
    r"""Where to go after the login: a path on this server, and nothing else.

    >>> safe_path("/runs?state=failed"), safe_path("//evil"), safe_path("https://evil"), safe_path("/\\evil")
    ('/runs?state=failed', '/runs', '/runs', '/runs')
    """
    if not path.startswith("/") or path.startswith("//") or not path.isprintable() or "\\" in path:
        return "/runs"
    return "/runs" if path.startswith(("/login", "/logout")) else path


def _page(problem: str, following: str, status: int = 200) -> HTMLResponse:
    told = Markup('<p class="bad" id="bad" role="alert">{}</p>').format(problem) if problem else ""
    described = Markup(' aria-describedby="bad" aria-invalid="true"') if problem else ""
    return HTMLResponse(_PAGE.format(next=following, problem=told, described=described), status_code=status)
