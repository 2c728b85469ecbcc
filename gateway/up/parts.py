"""The parts of a running house, as data: how each is started, when it is ready, how long it may take to end."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from registry import this_process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registry import Home, Settings

REPOSITORY = Path(__file__).parents[2]
HOUSE_VARIABLE = "TURNOUT_UP_PROCESS"  # by it the worker knows the flow runs of its house
PREFECT_START_SECONDS = 150.0  # a fresh database takes 20 to 70 s to set up on a busy machine

# Many records a transaction, and looking for late runs less often. Not TASK_RUN_RECORDER_FLUSH_INTERVAL: with 0.5
# instead of its default the recorder spins and keeps a whole core busy.
_PREFECT_SETTINGS = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "20",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "20",
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "30",
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "15",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process. ``says_ready`` parts write their port to a file descriptor; of others ``answers`` is asked.

    ``command`` is made with the file descriptor (or None). ``stop_seconds`` is how long it may take to end.
    """

    name: str
    command: Callable[[int | None], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    says_ready: bool = False
    answers: Callable[[], bool] | None = None
    start_seconds: float = 60.0
    stop_seconds: float = 8.0
    directory: Path = REPOSITORY


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefectAccess:
    """Where Prefect's server is and how it lets us in; ``is_ours`` where we start it."""

    port: int
    url: str
    password: str
    is_ours: bool

    def environment(self) -> dict[str, str]:
        """What Prefect's clients read."""
        told = {"PREFECT_API_URL": self.url}
        return told | ({"PREFECT_API_AUTH_STRING": self.password} if self.password else {})

    def answers(self) -> bool:
        """Whether the server answers, to our password."""
        request = urllib.request.Request(f"{self.url}/admin/version")  # noqa: S310 - http, from our own settings
        if self.password:
            told = base64.b64encode(self.password.encode()).decode()
            request.add_header("Authorization", f"Basic {told}")
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - see above
                return True
        except (urllib.error.URLError, OSError):
            return False


def prefect_access(home: Home, port: int) -> PrefectAccess:
    """Prefect's server: the one that ``PREFECT_API_URL`` names, else ours at ``port``, with its password kept."""
    configured = os.environ.get("PREFECT_API_URL")
    if configured:
        password = os.environ.get("PREFECT_API_AUTH_STRING", "")
        return PrefectAccess(port=0, url=configured.rstrip("/"), password=password, is_ours=False)
    return PrefectAccess(
        port=port, url=f"http://127.0.0.1:{port}/api", password=_kept_password(password_file(home)), is_ours=True
    )


def password_file(home: Home) -> Path:
    """Where the password of our Prefect server is kept, readable by this account only."""
    return home.prefect / "password"


def _kept_password(path: Path) -> str:
    try:
        kept = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        kept = ""
    if not kept:
        kept = f"turnout:{secrets.token_urlsafe(24)}"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(kept)
    return kept


def prefect_part(home: Home, access: PrefectAccess) -> Part:
    """Our Prefect server: own home, own password, loopback only, its pages on."""
    own = {
        **_PREFECT_SETTINGS,
        "PREFECT_HOME": str(home.prefect),
        "PREFECT_SERVER_API_AUTH_STRING": access.password,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://127.0.0.1:{access.port}",
        "PREFECT_UI_API_URL": access.url,
    }
    return Part(
        name="prefect",
        command=lambda _: [sys.executable, "-m", "gateway.prefect_server.child", str(access.port), str(os.getpid())],
        environment=own,
        answers=access.answers,
        start_seconds=PREFECT_START_SECONDS,
    )


def worker_part(home: Home, access: PrefectAccess) -> Part:
    """A worker that runs what is deployed, with this process's settings."""
    own = {"PREFECT_HOME": str(home.prefect), "DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "WARNING"}
    own[HOUSE_VARIABLE] = this_process()
    return Part(
        name="worker",
        command=lambda _: [sys.executable, "-m", "gateway.up.worker", str(os.getpid())],
        environment={**own, **access.environment()},
        stop_seconds=15.0,  # it has its flow runs note that they were interrupted
    )


def gateway_part(settings: Settings, port: int) -> Part:
    """The HTTP API."""
    return Part(
        name="gateway",
        command=lambda ready: [
            sys.executable, "-m", "gateway.http", "--host", settings.gateway_host, "--port", str(port),
            "--ready-fd", str(ready), "--parent", str(os.getpid()),
        ],
        says_ready=True,
        stop_seconds=settings.drain_seconds + 6.0,
    )  # fmt: skip


def pages_part(settings: Settings, port: int, access: PrefectAccess | None) -> Part:
    """The pages. They show Prefect's logs where there is a server of Prefect's."""
    return Part(
        name="pages",
        command=lambda ready: [
            sys.executable, "-m", "dashboards", "--host", settings.gateway_host, "--port", str(port),
            "--ready-fd", str(ready), "--parent", str(os.getpid()),
        ],
        environment={} if access is None else access.environment(),
        says_ready=True,
    )  # fmt: skip


def deployments_digest() -> str:
    """What ``prefect.yaml`` and our arrangements say now: they are put on the server when it changes."""
    digest = hashlib.sha256()
    for path in (REPOSITORY / "prefect.yaml", Path(__file__).with_name("arranging.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
