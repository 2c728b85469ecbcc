"""Pages as a real process over a made-up world, and a browser to look at them."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dashboards.visitors import COOKIE
from registry import Store

sys.path.insert(0, str(Path(__file__).parent))

from worlds import make_world

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
READY_SECONDS = 60


class Pages:
    """A running process of pages: where it listens, what is in its world, and the way to a login."""

    def __init__(self, home, port, process, world) -> None:
        self.home, self.port, self.process, self.world = home, port, process, world
        self.url = f"http://127.0.0.1:{port}"
        self.database_url = f"sqlite:///{home}/turnout.db"

    def log_in(self, key):
        """The cookie that a key gets."""
        answer = httpx.post(f"{self.url}/login", data={"key": key}, headers={"origin": self.url}, timeout=30)
        return answer.cookies[COOKIE]

    def client(self, key):
        """An HTTP client that has logged in."""
        return httpx.Client(base_url=self.url, cookies={COOKIE: self.log_in(key)}, timeout=30)

    def in_store(self, work):
        """Do something in the database that the pages read; ``work`` is given the store."""

        async def doing():
            store = await Store.open(self.database_url)
            try:
                return await work(store)
            finally:
                await store.close()

        return apart(doing)


def apart(work):
    """Run something asynchronous in a thread of its own: Playwright keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result(120)


def environment(home, **more):
    return {**os.environ, "TURNOUT_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


@contextmanager
def serving(home, world=None, **more):
    """The pages of a data directory."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "dashboards", "--port", "0", "--ready-fd", str(writing)]
    log = (home / "pages.log").open("w")
    with (
        log,
        subprocess.Popen(command, env=environment(home, **more), pass_fds=[writing], stderr=log) as process,
    ):  # fmt: skip
        os.close(writing)
        try:
            with os.fdopen(reading) as ready:
                port = int(ready.readline() or 0)
            assert port, (home / "pages.log").read_text()
            yield Pages(home, port, process, world)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def prepare(home, **world):
    """A data directory with a made-up world in it."""

    async def making():
        store = await Store.open(f"sqlite:///{home}/turnout.db")
        try:
            return await make_world(store, **world)
        finally:
            await store.close()

    return apart(making)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages over 130 runs of a day, for a file of tests."""
    home = tmp_path_factory.mktemp("pages")
    world = prepare(home, count=130, days=0.9, items_each=2)
    with serving(home, world) as running:
        yield running


@pytest.fixture(scope="module")
def browser():
    """Chromium, started once for a file of tests."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not found:
        sentence = "no Chromium on this machine: sudo apt-get install -y chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=found, args=arguments)
        yield chromium
        chromium.close()
