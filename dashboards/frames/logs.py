"""Prefect's logs of a run, from the server that the environment names, bounded in time and size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from dashboards.errors import LogsUnavailable
from registry import to_us

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_LINES = 200  # what Prefect gives at once
TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER_BYTES = 4_000_000
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
_FLOW_RUN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a log: when, how grave, what."""

    at_us: int
    level: int
    message: str

    @property
    def level_name(self) -> str:
        """The level as it is called."""
        return next((name for name, number in reversed(LEVELS.items()) if self.level >= number), "DEBUG")


class PrefectLogs:
    """Reads logs of flow runs from Prefect's server.

    Args:
        environment: where ``PREFECT_API_URL`` and ``PREFECT_API_AUTH_STRING`` stand.
        transport: carries the requests; httpx's own where left out.
    """

    def __init__(self, environment: Mapping[str, str], *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = environment.get("PREFECT_API_URL", "").rstrip("/")
        self._password = environment.get("PREFECT_API_AUTH_STRING", "")
        self._transport = transport

    async def read(self, flow_run_id: str | None, *, least_level: int = 0, text: str = "") -> tuple[LogLine, ...]:
        """The latest lines of a flow run, oldest first; those of a level and up, with a text in them.

        Raises:
            LogsUnavailable: there are none to be had; the message says why.
        """
        if flow_run_id is None:
            raise LogsUnavailable("This run was not started through a Prefect server, so Prefect has no log of it.")
        if not self._url:
            raise LogsUnavailable(
                "No Prefect server is named here. Start everything with `turnout up`, or set PREFECT_API_URL."
            )
        if not _FLOW_RUN.fullmatch(flow_run_id):
            raise LogsUnavailable("The name that Prefect's run should have is damaged.")
        asked = {
            "logs": {"flow_run_id": {"any_": [flow_run_id]}, "level": {"ge_": least_level}},
            "sort": "TIMESTAMP_DESC",
            "limit": MOST_LINES,
        }
        lines = [_line(one) for one in await self._ask(asked) if isinstance(one, dict)]
        wanted = text.casefold()
        return tuple(line for line in reversed(lines) if wanted in line.message.casefold())

    async def _ask(self, asked: dict[str, Any]) -> list[Any]:
        user, _, password = self._password.partition(":")
        auth = httpx.BasicAuth(user, password) if self._password else None
        try:
            async with (
                httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT_SECONDS, auth=auth, trust_env=False) as to,
                to.stream("POST", f"{self._url}/logs/filter", json=asked) as answer,
            ):
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST_ANSWER_BYTES:
                        raise LogsUnavailable("Prefect's log of this run is too long to be shown here.")
                if answer.status_code in {401, 403}:
                    raise LogsUnavailable("Prefect's server asks for another password (PREFECT_API_AUTH_STRING).")
                if answer.is_error:
                    raise LogsUnavailable(f"Prefect's server answered with status {answer.status_code}.")
                told = httpx.Response(200, content=body).json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            problem = str(error) or type(error).__name__
            raise LogsUnavailable(f"Prefect's server at {self._url} does not answer ({problem}).") from error
        return told if isinstance(told, list) else []


def _line(told: dict[str, Any]) -> LogLine:
    try:
        at_us = to_us(datetime.fromisoformat(str(told.get("timestamp"))))
    except ValueError:
        at_us = 0
    level = told.get("level")
    return LogLine(at_us=at_us, level=level if isinstance(level, int) else 0, message=str(told.get("message", "")))
