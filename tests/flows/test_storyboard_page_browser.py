"""The page in a real browser: what people see, hear read out, print, and reach with their keys.

Screenshots go to ``screenshots/``. ``DOCS_PAGE=out/storyboard.html`` before the test command takes the picture of the
docs, ``docs/storyboard.png``, anew from that page.
"""

import hashlib
import io
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from blocks.sketch import Sketch
from blocks.sketch.page import _RARE
from flows.storyboard import (
    Analysis,
    Character,
    DecisionRow,
    Panel,
    Scene,
    Shot,
    Storyboard,
    Style,
    read_thought,
)
from flows.storyboard.page import render_page
from flows.storyboard.pictures import picture_jobs, picture_request
from flows.storyboard.vocabulary import CameraMotion, ShotType, TimeOfDay
from flows.storyboard.words import Credit

pytestmark = pytest.mark.chromium

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
OUT_OF_USE = "disabled: ollama, openai, mistral, deepinfra, together, perplexity"
SHOTS = (
    ("The old woman climbs the stairs of the lighthouse and lights the lamp.", ShotType.WIDE, CameraMotion.PAN_RIGHT),
    ("A small robot is thrown onto the rocks.", ShotType.MEDIUM, CameraMotion.FOLLOW),
    ("The old woman covers the lamp with her hands.", ShotType.CLOSE_UP, CameraMotion.PUSH_IN),
    ("The first boat comes into the bay.", ShotType.EXTREME_WIDE, CameraMotion.PULL_OUT),
)
ENGLISH = (
    "Every night an old woman climbs the stairs of the lighthouse and lights the lamp. One night a storm throws a "
    "small robot onto the rocks. The old woman covers the lamp with her hands. In spring the first boat comes into "
    "the bay."
)
ARABIC = (
    "كل ليلة تصعد امرأة عجوز درج المنارة وتضيء المصباح. ذات ليلة تقذف العاصفة روبوتاً صغيراً على الصخور. تغطي المرأة "
    "المصباح بيديها. في الربيع يدخل أول قارب إلى الخليج."
)
HOSTILE = (
    "<script>alert(1)</script> \"><img src=x onerror=alert(2)> <a href='javascript:alert(3)'>go</a> "
    "</style><svg onload=alert(4)> {{ 7 * 7 }} javascript:alert(5)"
)


@pytest.fixture(scope="module")
def browser():
    """Chromium, started once for these tests."""
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


class Seen:
    """A page that is open, and what it did that it should not: requests, messages in the console, dialogs."""

    def __init__(self, browser, file, *, width=1280, height=900, scheme="light"):
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.requests, self.messages, self.dialogs = [], [], []
        self.context.route("**/*", lambda route: self._ask(route, file.as_uri()))
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("dialog", self._dismiss)
        self.page.goto(file.as_uri(), wait_until="load")

    def _ask(self, route, own):
        if route.request.url == own:
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def _dismiss(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def picture(self, name, *, whole=True):
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=whole)


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a storyboard's page: call it with the storyboard's parts and the browser's."""
    seen = []

    def open_page(board_and_pictures, **window):
        file = tmp_path / f"page-{len(seen)}.html"
        file.write_text(render_page(*board_and_pictures), encoding="utf-8")
        seen.append(Seen(browser, file, **window))
        return seen[-1]

    yield open_page
    for one in seen:
        one.context.close()


def storyboard(text=ENGLISH, sentences=None, *, described=None, title="The Lighthouse Keeper"):
    """A storyboard from scripted answers, its pictures drawn by the sketch service."""
    thought = read_thought(text)
    sentences = sentences or [f"{part.strip(' .')}." for part in text.split(". ")][:4]
    scene = Scene(
        scene_id="scene-01", order=1, source_text=thought.text, setting="the lighthouse", time_of_day=TimeOfDay.NIGHT
    )
    characters = (
        Character(name="old woman", looks="old woman, tall, with grey hair in a braid and a long green dress"),
        Character(name="small robot", looks="small robot, round, with red enamel and a cracked glass front"),
    )
    shots = tuple(
        Shot(
            shot_id=f"shot-0{number}",
            number=number,
            scene_id=scene.scene_id,
            source_text=sentence,
            description=f"{described} {number}" if described else description,
            shot_type=shot_type,
            camera_motion=motion,
            characters=tuple(who.name for who in characters if who.name.split()[-1] in description),
            credits=(
                Credit(
                    field="description",
                    origin="source" if number == 3 else "model",
                    offering="local/smollm2-135m-instruct",
                ),
            ),
        )
        for number, (sentence, (description, shot_type, motion)) in enumerate(
            zip(sentences, SHOTS, strict=True), start=1
        )
    )
    style = Style(phrase="ink and wash, soft blurred edges, warm lamplight, muted greens and browns")
    sketch = Sketch()
    requests = [picture_request(job) for job in picture_jobs(shots, (scene,), characters, style)]
    pictures = {request.item: sketch.draw(request) for request in requests}
    panels = tuple(
        Panel(
            shot_id=shot_id, digest=hashlib.sha256(content).hexdigest(), media_type="image/png", width=768, height=432,
            offering="sketch/sketch", task_id=1, latency_ms=180, cost_nanousd=0,
        )
        for shot_id, content in pictures.items()
    )  # fmt: skip
    board = Storyboard(
        thought=thought,
        analysis=Analysis(
            title=described or title,
            summary=described or "A keeper of a lighthouse finds somebody to talk to.",
            themes=(described or "light", "the sea", "language"),
            mood="hopeful",
        ),
        style=style,
        characters=characters,
        scenes=(scene,),
        shots=shots,
        panels=panels,
        decisions=decisions(described),
    )
    return board, pictures


def decisions(others=None):
    work = [("analysis", item) for item in ("title", "summary", "themes")]
    work += [("shots", f"shot-0{number}") for number in range(1, 5)]
    rows = [
        DecisionRow(
            stage=stage, item=item, offering="local/smollm2-135m-instruct", runners_up=(others or OUT_OF_USE,),
            latency_ms=4321.0, cost_nanousd=0, score=1.0,
        )
        for stage, item in work
    ]  # fmt: skip
    rows += [
        DecisionRow(
            stage="pictures", item=f"shot-0{number}", offering="sketch/sketch",
            runners_up=("deepinfra/flux: rate_limited", "openai/gpt-image-2: ranked 2, dearer"), latency_ms=180.0,
            cost_nanousd=0, score=1.0,
        )
        for number in range(1, 5)
    ]  # fmt: skip
    return tuple(rows)


@pytest.fixture(scope="module")
def english():
    return storyboard()


@pytest.fixture(scope="module")
def arabic():
    return storyboard(ARABIC, title="حارسة المنارة")


@pytest.fixture(scope="module")
def hostile():
    return storyboard(HOSTILE, [f"{HOSTILE} {number}" for number in range(4)], described=HOSTILE)


# WCAG 2.2, 1.4.3: relative luminance, and the ratio of text to what is behind it. Large text may have 3 instead of 4.5.
TOO_FAINT = """() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b]
    .map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let looked = 0;
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [a, b] = [light(channels(style.color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    looked += 1;
    if (ratio < (large ? 3 : 4.5)) faint.push([node.textContent.trim().slice(0, 40), ratio]);
  }
  return { looked, faint };
}"""
SHOWN = "elements => elements.every(e => e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true}))"
UNFOLD = "() => document.querySelectorAll('details').forEach(one => { one.open = true; })"
FOCUSED = "() => { const at = document.activeElement; return at === document.body ? '' : at.outerHTML.slice(0, 60); }"


def test_the_page_asks_nobody_and_complains_of_nothing(opened, english):
    seen = opened(english)
    seen.page.evaluate(UNFOLD)
    seen.page.mouse.wheel(0, 4000)
    assert seen.requests == []
    assert seen.messages == []


def test_the_guard_of_these_tests_sees_a_request_that_leaves_the_page(opened, english):
    seen = opened(english)
    seen.page.evaluate("() => fetch('http://203.0.113.7/').catch(() => null)")
    seen.page.evaluate("() => { location.href = 'http://203.0.113.7/'; }")
    seen.page.wait_for_timeout(100)
    assert seen.requests or seen.messages


def test_every_picture_is_there_and_told_in_words(opened, english):
    facts = opened(english).page.eval_on_selector_all(
        "img", "all => all.map(i => [i.alt, i.complete, i.naturalWidth, i.naturalHeight, i.clientWidth])"
    )
    assert len(facts) == 4
    for alt, complete, width, height, shown in facts:
        assert alt.endswith(".")
        assert (complete, width, height) == (True, 768, 432)
        assert shown > 200
    assert len({alt for alt, *_ in facts}) == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(opened, english, scheme):
    seen = opened(english, scheme=scheme)
    seen.picture(f"storyboard-{scheme}")
    seen.page.evaluate(UNFOLD)
    found = seen.page.evaluate(TOO_FAINT)
    assert found["looked"] > 60
    assert found["faint"] == []


def test_light_and_dark_are_two_looks(opened, english):
    light, dark = (
        opened(english, scheme=scheme).page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    )
    assert light != dark


@pytest.mark.parametrize("which", ["english", "arabic", "hostile"])
def test_a_telephone_shows_the_page_without_scrolling_sideways(opened, which, request):
    seen = opened(request.getfixturevalue(which), width=390, height=844)
    seen.picture(f"storyboard-narrow-{which}")
    seen.page.evaluate(UNFOLD)
    assert seen.page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_an_arabic_thought_runs_from_right_to_left(opened, arabic):
    seen = opened(arabic)
    seen.picture("storyboard-arabic")
    direction = "all => all.map(one => getComputedStyle(one).direction)"
    for part in ("h1", "ol", "figure", "blockquote", ".thought"):
        assert set(seen.page.eval_on_selector_all(part, direction)) == {"rtl"}, part
    assert seen.page.evaluate("() => getComputedStyle(document.querySelector('.summary')).textAlign") == "right"
    lefts = seen.page.eval_on_selector_all(".panel", "all => all.map(one => one.getBoundingClientRect().left)")
    assert lefts[0] > lefts[1] > lefts[2]
    # What Turnout itself says is English, and stays so.
    assert set(seen.page.eval_on_selector_all(".by, td, .shot", direction)) == {"ltr"}


def test_the_tab_key_reaches_everything_that_can_be_opened_or_scrolled_in_order(opened, english):
    page = opened(english).page
    stops = "all => all.filter(one => one.checkVisibility()).map(one => one.outerHTML.slice(0, 60))"
    expected = page.eval_on_selector_all("a[href], button, summary, [tabindex='0']", stops)
    reached = []
    for _ in range(len(expected) + 1):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert reached[: len(expected)] == expected
    assert len(expected) == 3
    assert reached[-1] == ""


def test_a_disclosure_opens_by_key_and_shows_where_the_focus_is(opened, english):
    page = opened(english).page
    page.focus("summary")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.locator("table.each").is_visible()
    page.keyboard.press("Tab")
    assert "Every decision" in page.evaluate(FOCUSED)


def test_paper_shows_what_the_screen_folds_away(opened, english):
    page = opened(english).page
    assert not page.eval_on_selector_all(".thought, table.each td", SHOWN)
    page.emulate_media(media="print")
    for part in ("h1", "img", "blockquote", ".by", "table td", ".thought"):
        assert page.locator(part).count(), part
        assert page.eval_on_selector_all(part, SHOWN), part
    assert page.eval_on_selector(".thought", "one => one.getBoundingClientRect().height") > 20
    assert page.evaluate(TOO_FAINT)["faint"] == []


def test_a_hostile_thought_is_text_and_nothing_else(opened, hostile):
    seen = opened(hostile)
    page = seen.page
    page.evaluate(UNFOLD)
    for picture in page.locator("img").all():
        picture.hover()
    assert (seen.requests, seen.dialogs, seen.messages) == ([], [], [])
    assert page.locator("script, svg, a, iframe, img[src='x']").count() == 0
    handlers = "all => all.flatMap(one => one.getAttributeNames()).filter(name => name.startsWith('on'))"
    assert page.eval_on_selector_all("*", handlers) == []
    for part in ("h1", ".summary", ".description", "blockquote", ".thought", ".others"):
        assert HOSTILE in page.locator(part).first.inner_text(), part
    assert HOSTILE in page.locator("img").first.get_attribute("alt")


def test_each_line_below_a_panel_says_one_thing(opened, english):
    boxes = opened(english).page.eval_on_selector_all(
        ".by > span", "all => all.map(one => [one.textContent.split(':')[0], one.getClientRects().length])"
    )
    assert boxes == [["Words", 1], ["Picture", 1]] * 4


# Median cut loses what is rare: the red of the arrows and of the label, and the page's own accent.
RARE = [*(value for colour in _RARE for value in colour), 138, 75, 22]


def small_png(picture, target):
    common = picture.quantize(160, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    palette.putpalette([*common.getpalette()[: 160 * 3], *RARE])
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(target, optimize=True)


def test_the_picture_in_the_docs_is_small_and_taken_from_a_page(browser):
    target = ROOT / "docs" / "storyboard.png"
    if page := os.environ.get("DOCS_PAGE"):
        seen = Seen(browser, Path(page).resolve(), width=1140, height=1160)
        small_png(Image.open(io.BytesIO(seen.page.screenshot())).convert("RGB"), target)
        seen.context.close()
    with Image.open(target) as picture:
        assert picture.width == 1140
    assert target.stat().st_size < 250_000
