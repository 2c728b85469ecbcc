"""The pages in a real browser: login, both schemes, filters, paging, live figures, switching a service, trouble.

Screenshots go to ``screenshots/``. ``DOCS_PAGES=1`` before the test command takes the pictures of the docs,
``docs/pages-*.png``, anew.
"""

import os
import re
import shutil
import sqlite3
import time
from contextlib import suppress

import pytest
from conftest import ROOT, SCREENSHOTS, apart, prepare, serving
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from sqlalchemy import insert, select
from worlds import make_real_run

from dashboards.visitors import COOKIE
from registry import Catalogue, now_us
from registry.run_reads import RunFilter, RunReads
from registry.tables import rollups

pytestmark = pytest.mark.chromium

# Playwright's own selectors see through open shadow roots; these read text the same way.
TEXT = """() => { const told = []; const walk = (root) => { for (const node of root.childNodes) {
  if (node.nodeType === 3) { told.push(node.textContent) }
  if (node.nodeType === 1 && !['STYLE', 'SCRIPT'].includes(node.tagName)) {
    if (node.shadowRoot) { walk(node.shadowRoot) } else { walk(node) } } } };
  walk(document.body); return told.join(' ') }"""


class Seen:
    """A page that is open, and what it did that it should not."""

    def __init__(self, browser, pages, *, key=None, scheme="light", width=1280, height=900):
        self.pages = pages
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        if key is not None:
            self.context.add_cookies([{"name": COOKIE, "value": pages.log_in(key), "url": pages.url}])
            self.context.add_cookies([{"name": "turnout_system", "value": scheme, "url": pages.url}])
        self.page = self.context.new_page()
        self.faults, self.foreign = [], []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._asked)

    def _heard(self, message):
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

    def _dialog(self, dialog):
        self.faults.append(dialog.message)
        dialog.dismiss()

    def _asked(self, request):
        if not request.url.startswith((f"{self.pages.url}/", "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, path):
        self.page.goto(f"{self.pages.url}{path}")
        self.page.wait_for_selector(".status >> text=/as of \\d/", timeout=20_000)
        return self

    def text(self):
        return re.sub(r"\s+", " ", self.page.evaluate(TEXT))

    def rows(self):
        return self.page.locator(".tabulator-row").count()

    def picture(self, name, *, docs=False):
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        if docs and os.environ.get("DOCS_PAGES"):
            shutil.copyfile(path, ROOT / "docs" / f"{name}.png")


@pytest.fixture
def seen(browser, pages):
    """Opens a window; at the end none of them may have complained, or asked another server."""
    windows = []

    def window(of=pages, **options):
        windows.append(Seen(browser, of, **options))
        return windows[-1]

    yield window
    for one in windows:
        one.context.close()
    assert [one.faults for one in windows if one.faults] == []
    assert [one.foreign for one in windows if one.foreign] == []


@pytest.fixture
def ada(seen, pages):
    """A window of somebody who may change services."""
    return seen(key=pages.world.admin)


def test_a_key_that_is_typed_leads_to_the_page_that_was_asked_for(seen, pages):
    window = seen()
    window.page.goto(f"{pages.url}/services")
    window.page.fill("#key", pages.world.reader)
    window.page.keyboard.press("Enter")
    window.page.wait_for_url("**/services")
    window.page.wait_for_selector("text=Latest failures")
    window.page.click("text=Log out")
    window.page.wait_for_url("**/login")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_whole_in_light_and_in_dark(seen, pages, scheme):
    window = seen(key=pages.world.admin, scheme=scheme)
    window.open("/runs")
    world = pages.world
    told = window.text()
    assert f"Calls {world.calls:,}" in told
    assert f"Runs {world.runs}" in told
    assert window.page.locator("canvas").count() >= 3
    window.page.wait_for_timeout(600)  # for the picture: React fades things in
    window.picture(f"pages-runs{'' if scheme == 'light' else '-dark'}", docs=scheme == "light")
    window.open(f"/run?id={world.runs - 1}")
    window.page.wait_for_selector("text=Why this service")
    window.picture(f"pages-plain-run-{scheme}")
    window.open("/services")
    assert "together" in window.text()
    assert window.page.locator(".strip i").count() == 48 * 5
    window.page.wait_for_timeout(600)
    window.picture(f"pages-services{'' if scheme == 'light' else '-dark'}", docs=scheme == "light")
    background = window.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background)[:3])) > 380) is (scheme == "light")


def test_the_scheme_that_was_chosen_is_remembered(seen, pages):
    window = seen(key=pages.world.reader).open("/runs")
    window.page.click("[aria-label='Toggle theme']")
    window.page.wait_for_function("document.cookie.includes('turnout_theme=dark')")
    window.open("/services")
    assert window.page.locator(".mui-dark").count() > 0
    assert window.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 20, 22)"


def test_filters_stand_in_the_address_and_survive_a_reload(ada, pages):
    ada.open("/runs?range=7d&state=failed")
    failed = pages.world.by_state["failed"]
    ada.page.wait_for_selector(f"text={failed} run")
    assert ada.rows() == failed
    ada.page.fill("input[type=text]", "503")
    ada.page.keyboard.press("Enter")
    ada.page.wait_for_url("**text=503**")
    found = pages.in_store(count_of_failed_with_503)
    assert 0 < found < failed
    ada.page.wait_for_selector(f"text=/^{found} run/")
    assert ada.rows() == found
    ada.page.reload()
    ada.page.wait_for_selector(f"text=/^{found} run/")
    assert "range=7d" in ada.page.url
    assert "state=failed" in ada.page.url
    assert ada.rows() == found
    assert ada.page.locator("input[type=text]").input_value() == "503"
    href = ada.page.locator("a:has-text('Export CSV')").get_attribute("href")
    assert href == "/runs.csv?range=7d&state=failed&pipeline=&text=503"


async def count_of_failed_with_503(store):
    return await RunReads(store).count(RunFilter(state="failed", text="503"))


def test_pages_of_the_list_are_turned_and_stand_in_the_address(ada, pages):
    ada.open("/runs")
    assert ada.rows() == 50
    ada.page.click("button:has-text('Older')")
    ada.page.wait_for_url("**before=81**")
    ada.page.wait_for_selector(".tabulator-row >> text=80")
    ada.page.reload()
    ada.page.wait_for_selector(".tabulator-row >> text=80")
    ada.page.click("button:has-text('Newer')")
    ada.page.wait_for_selector(".tabulator-row >> text=130")


def test_a_run_is_reached_by_its_link_with_the_keyboard_alone(ada):
    ada.open("/runs")
    ada.page.keyboard.press("Tab")
    assert ada.page.evaluate("document.activeElement.textContent") == "Skip to content"
    link = ada.page.locator(".tabulator-row a").first
    for _ in range(6):  # while the page is still being built, a row may be drawn anew between focus and key
        link.press("Enter")
        with suppress(PlaywrightTimeout):
            ada.page.wait_for_url("**/run?id=130", timeout=5_000)
            break
    assert ada.page.url.endswith("/run?id=130")


def test_a_run_says_why_each_call_went_where_it_went(ada, pages):
    run_id = apart(lambda: make_real_run(pages.home))
    ada.open(f"/run?id={run_id}")
    ada.page.wait_for_selector("text=Why this service for analysis/thought")
    told = ada.text()
    assert "13 of 13" in told
    assert "out/storyboard.html" in told
    assert "chosen first" in told
    assert "retired" not in told  # it has no model that could have been chosen
    ada.page.wait_for_timeout(600)
    ada.picture("pages-run", docs=True)
    ada.page.click("text=Only failed")
    ada.page.wait_for_selector("text=transient")
    row = ada.page.locator(".tabulator-row >> text=transient").first
    row.click()
    ada.page.wait_for_selector("text=/Why this service for shots.shot-/")


def test_hostile_words_are_shown_as_words(ada, pages):
    ada.open("/runs?range=24h&text=script")
    ada.page.wait_for_selector(".tabulator-row")
    assert "<script>alert(1)</script> is no JSON" in ada.text()
    ada.open("/services")
    assert "<script>alert(1)</script> is no JSON" in ada.text()
    ada.open("/runs?text=%3Cimg%20src%3Dx%20onerror%3Dalert(2)%3E&pipeline=%3Cb%3E&state=%22onload%3D%22alert(3)")
    ada.page.wait_for_selector("text=No run is like that")


def test_a_new_call_appears_by_itself_unless_the_page_is_paused(seen, pages):
    window = seen(key=pages.world.reader).open("/runs?range=1h")
    before = calls_told(window)
    pages.in_store(add_call)
    window.page.wait_for_function(f"({TEXT})().replace(/\\s+/g, ' ').includes('Calls {before + 1} ')", timeout=15_000)
    window.page.click("text=Live")
    window.page.wait_for_selector("text=Paused")
    pages.in_store(add_call)
    window.page.wait_for_timeout(3_000)
    assert calls_told(window) == before + 1
    window.page.click("text=Live")
    window.page.wait_for_function(f"({TEXT})().replace(/\\s+/g, ' ').includes('Calls {before + 2} ')", timeout=15_000)


def calls_told(window):
    return int(re.search(r"Calls ([\d,]+) ", window.text())[1].replace(",", ""))


async def add_call(store):
    async with store.write() as connection:
        offering = (await connection.execute(select(rollups.c.offering_id).limit(1))).scalar_one()
        minute = now_us(time.time) // 60_000_000
        known = await connection.scalar(
            select(rollups.c.calls).where(rollups.c.minute == minute, rollups.c.owner_id == 9)
        )
        row = {
            "minute": minute, "offering_id": offering, "stage_id": 0, "owner_id": 9, "calls": 1, "failures": 0,
            "input_tokens": 1, "output_tokens": 1, "cost_nanousd": 1, "latency_us": 1, "latency_histogram": b"",
        }  # fmt: skip
        if known is None:
            await connection.execute(insert(rollups), row)
        else:
            await connection.execute(
                rollups.update().where(rollups.c.minute == minute, rollups.c.owner_id == 9).values(calls=known + 1)
            )


def test_a_service_is_switched_off_and_on_after_a_question(ada, pages):
    ada.open("/services")
    ada.page.locator("button:has-text('Disable')").first.click()
    ada.page.wait_for_selector("text=From now on routing leaves it out")
    ada.picture("pages-confirm")
    ada.page.keyboard.press("Escape")
    ada.page.wait_for_selector("text=From now on routing leaves it out", state="hidden")
    assert enabled(pages) == {"openai", "mistral", "local", "together"}
    ada.page.locator("button:has-text('Enable')").first.click()
    ada.page.locator("[role=dialog] button:has-text('Enable')").focus()
    ada.page.keyboard.press("Enter")
    ada.page.wait_for_selector("button:has-text('Enable')", state="hidden", timeout=15_000)
    assert "retired" in enabled(pages)
    row = ada.page.locator("button:has-text('Disable')").last
    row.click()
    ada.page.locator("[role=dialog] button:has-text('Disable')").click()
    ada.page.wait_for_selector("button:has-text('Enable')", timeout=15_000)
    assert len(enabled(pages)) == 4


def test_who_may_only_read_cannot_switch_a_service(seen, pages):
    window = seen(key=pages.world.reader).open("/services")
    before = enabled(pages)
    window.page.locator("button:has-text('Disable')").first.click()
    window.page.locator("[role=dialog] button:has-text('Disable')").click()
    window.page.wait_for_selector("text=its scopes lack")
    assert enabled(pages) == before


def enabled(pages):
    async def reading(store):
        return {one.name for one in await Catalogue(store, time.time).services() if one.enabled}

    return pages.in_store(reading)


@pytest.mark.parametrize("path", ["/runs", "/run?id=3", "/services"])
def test_a_narrow_window_does_not_scroll_sideways(seen, pages, path):
    window = seen(key=pages.world.reader, width=400).open(path)
    window.page.wait_for_timeout(500)
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 400
    content = window.page.locator(".main-content")
    assert content.evaluate("element => element.scrollWidth <= element.clientWidth")
    window.picture(f"pages-narrow-{path[1:4]}")


def test_numbers_that_lead_nowhere_are_told_so(ada):
    ada.page.goto(f"{ada.pages.url}/run?id=99999")
    ada.page.wait_for_selector("text=There is no run 99999")
    assert "Timeline" not in ada.text()
    ada.page.goto(f"{ada.pages.url}/run?id=x")
    ada.page.wait_for_selector("text=Which run?")


def test_an_empty_house_says_what_to_do_next(seen, tmp_path):
    world = prepare(tmp_path, count=0)
    with serving(tmp_path, world) as empty:
        window = seen(empty, key=world.reader).open("/runs")
        window.page.wait_for_selector("text=turnout run storyboard")
        window.picture("pages-empty")


def test_a_database_that_cannot_be_read_is_told_and_it_recovers_by_itself(seen, tmp_path):
    world = prepare(tmp_path, count=5, days=0.1)
    with serving(tmp_path, world) as troubled:
        window = seen(troubled, key=world.reader).open("/runs")
        with sqlite3.connect(tmp_path / "turnout.db") as database:
            database.execute("ALTER TABLE rollups RENAME TO elsewhere")
        window.page.wait_for_selector("text=Something is wrong.", timeout=15_000)
        assert "Stale" in window.text()
        window.picture("pages-error")
        with sqlite3.connect(tmp_path / "turnout.db") as database:
            database.execute("ALTER TABLE elsewhere RENAME TO rollups")
        database.close()
        window.page.wait_for_selector("text=Something is wrong.", state="hidden", timeout=15_000)
