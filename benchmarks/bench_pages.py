"""The pages over 100,000 runs in SQLite: how soon they are ready in a real Chromium, and what following them costs."""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from types import ModuleType

    from playwright.sync_api import Browser, Page

RUNS = 100_000
DAYS = 30.0
OPENINGS = 5
FOLLOWED_SECONDS = 20.0
TICK_SECONDS = 2.0


def _fixtures() -> ModuleType:
    """What the tests of the pages make their worlds and processes with."""
    path = Path(__file__).parents[1] / "tests" / "dashboards" / "conftest.py"
    spec = importlib.util.spec_from_file_location("pages_fixtures", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class _Watched:
    """A window that counts what a page should not do."""

    def __init__(self, browser: Browser, pages: Any, cookie: str) -> None:
        self.faults = self.foreign = 0
        self._url = pages.url
        self._context = browser.new_context(viewport={"width": 1280, "height": 900})
        self._context.add_cookies([{"name": "turnout_pages", "value": cookie, "url": pages.url}])
        self.page: Page = self._context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda _: self._count())
        self.page.on("request", self._asked)

    def open(self, path: str) -> float:
        """Seconds until figures and list stand there."""
        began = time.perf_counter()
        self.page.goto(f"{self._url}{path}", wait_until="commit")
        self.page.wait_for_selector(".status >> text=/as of \\d/", timeout=60_000)
        if path.startswith("/runs"):
            self.page.wait_for_selector(".tabulator-row a", timeout=60_000)
            self.page.locator("canvas").nth(2).wait_for(timeout=60_000)
        return time.perf_counter() - began

    def close(self) -> None:
        self._context.close()

    def _heard(self, message: Any) -> None:
        self.faults += message.type in {"error", "warning"}

    def _count(self) -> None:
        self.faults += 1

    def _asked(self, request: Any) -> None:
        self.foreign += not request.url.startswith((f"{self._url}/", "data:", "blob:"))


def _cpu_ms_a_tick(process: psutil.Process, seconds: float) -> float:
    def used() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    before = used()
    time.sleep(seconds)
    return (used() - before) * 1000 / (seconds / TICK_SECONDS)


def _measure(home: Path, chromium: str) -> dict[str, float]:
    from playwright.sync_api import sync_playwright

    fixtures = _fixtures()
    world = fixtures.prepare(home, count=RUNS, days=DAYS)
    figures: dict[str, float] = {}
    with fixtures.serving(home, world) as pages, sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        cookie, process = pages.log_in(world.reader), psutil.Process(pages.process.pid)
        windows = []
        for name, path in (("runs", "/runs?range=30d"), ("run", f"/run?id={RUNS // 2}"), ("services", "/services")):
            cold, warm = [], []
            for _ in range(OPENINGS):
                windows.append(_Watched(browser, pages, cookie))  # with nothing in its cache
                cold.append(windows[-1].open(path))
                warm.append(windows[-1].open(path))
                windows[-1].close()
            figures[f"pages_{name}_ready_seconds"] = statistics.median(cold)
            figures[f"pages_{name}_ready_again_seconds"] = statistics.median(warm)
        for name, path in (("runs", "/runs?range=30d"), ("services", "/services")):
            windows.append(_Watched(browser, pages, cookie))
            windows[-1].open(path)
            time.sleep(TICK_SECONDS * 2)
            figures[f"pages_{name}_tick_ms"] = _cpu_ms_a_tick(process, FOLLOWED_SECONDS)
            windows[-1].close()
        time.sleep(15)  # for the sessions to end
        figures["pages_idle_tick_ms"] = _cpu_ms_a_tick(process, FOLLOWED_SECONDS / 2)
        figures["pages_console_errors"] = float(sum(window.faults for window in windows))
        figures["pages_outside_requests"] = float(sum(window.foreign for window in windows))
        figures["pages_memory_mb"] = process.memory_info().rss / 1e6
        browser.close()
    return figures


def measure() -> dict[str, float]:
    """Seconds from the address to figures and list on the screen; CPU milliseconds of the server in two seconds.

    Raises:
        RuntimeError: there is no Chromium on this machine.
    """
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("the benchmark of the pages needs Chromium: sudo apt-get install -y chromium")
    with tempfile.TemporaryDirectory() as home:
        return _measure(Path(home), chromium)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:36} {value:10.3f}")
