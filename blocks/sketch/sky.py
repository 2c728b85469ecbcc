"""What is overhead: tones, sun, moon, stars, clouds, for each time of day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.pencil import Palette, arc, oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Sheet
    from blocks.sketch.scene import Scene

PALETTES: dict[str, Palette] = {
    "day": Palette(),
    "night": Palette(
        paper=(228, 232, 238),
        wash=(128, 138, 156),
        deep=(38, 44, 60),
        ink=(18, 20, 30),
        glow=(255, 226, 150),
        floor=0.2,
    ),
    "dusk": Palette(
        paper=(251, 238, 218),
        wash=(203, 168, 148),
        deep=(84, 64, 72),
        ink=(46, 34, 42),
        glow=(255, 218, 150),
        floor=0.03,
    ),
    "dawn": Palette(
        paper=(251, 243, 233),
        wash=(176, 168, 180),
        deep=(74, 70, 90),
        ink=(42, 38, 52),
        glow=(255, 224, 176),
        floor=0.0,
    ),
}

_SKY = {"day": (0.2, 0.02), "night": (0.86, 0.5), "dusk": (0.5, 0.06), "dawn": (0.36, 0.04)}
_LIT = (255, 252, 240)


def draw_sky(sheet: Sheet, scene: Scene, horizon: float) -> None:
    """The sky down to the horizon, with what hangs in it."""
    top, bottom = _SKY[scene.light]
    gloomy = bool(scene.weather & {"storm", "rain"})
    if scene.ground == "space":
        top, bottom = 0.98, 0.8
    if gloomy:
        top, bottom = min(1.0, top + 0.3), min(0.9, bottom + 0.18)
    sheet.gradient(0, max(1.0, horizon), top, bottom)
    dark = scene.light == "night" or scene.ground == "space"
    if dark and not gloomy:
        _stars(sheet, horizon, many="stars" in scene.things or scene.ground == "space")
    # Across from the first landmark, so that no tower stands in the moon.
    side = -1 if scene.seed & 1 else 1
    x = sheet.width * (0.5 + 0.3 * side)
    if "planet" in scene.things or (scene.ground == "space" and scene.seed & 2):
        _planet(sheet, sheet.width - x, max(16.0, horizon * 0.38))
    if "moon" in scene.things or (dark and not gloomy and "lighthouse" not in scene.things):
        _moon(sheet, x, max(12.0, horizon * 0.28), 6.5)
    elif "sun" in scene.things or scene.light in {"dusk", "dawn"}:
        low = scene.light in {"dusk", "dawn"}
        _sun(sheet, x, horizon - 9 if low else max(14.0, horizon * 0.3), 8.0, low=low)
    if gloomy:
        _clouds(sheet, scene, horizon, shade=0.72, count=6)
    elif scene.ground not in {"space", "desert"} and ("clouds" in scene.things or scene.light == "day"):
        _clouds(sheet, scene, horizon, shade=0.0, count=3)
    if "birds" in scene.things or scene.ground in {"sea", "shore"}:
        _distant_birds(sheet, horizon)


def _stars(sheet: Sheet, horizon: float, *, many: bool) -> None:
    for _ in range(110 if many else 55):
        x, y = sheet.hand.uniform(0, sheet.width), sheet.hand.uniform(0, horizon * 0.88)
        size = sheet.hand.choice((0.16, 0.2, 0.28, 0.4))
        sheet.area(oval(x, y, size, size, points=8), 0, colour=_LIT, alpha=sheet.hand.uniform(0.5, 1.0))
        if size == 0.4:
            for dx, dy in ((1.1, 0), (0, 1.1)):
                sheet.line([(x - dx, y - dy), (x + dx, y + dy)], width=0.16, dark=0.8, wobble=0, colour=_LIT)


def _moon(sheet: Sheet, x: float, y: float, radius: float) -> None:
    sheet.glow(x, y, radius * 4.2, 0.5, (210, 218, 232))
    sheet.area(oval(x, y, radius, radius, points=40), 0, colour=_LIT)
    for dx, dy, size in ((-0.3, -0.2, 0.22), (0.25, 0.3, 0.3), (0.35, -0.35, 0.14), (-0.35, 0.42, 0.14)):
        sheet.area(oval(x + dx * radius, y + dy * radius, size * radius, size * radius * 0.9), 0.2, alpha=0.35)
    sheet.line(oval(x, y, radius, radius, points=40), width=0.35, dark=0.45, closed=True)


def _sun(sheet: Sheet, x: float, y: float, radius: float, *, low: bool) -> None:
    sheet.glow(x, y, radius * (6 if low else 4), 0.75 if low else 0.5)
    sheet.area(oval(x, y, radius, radius, points=40), 0, colour=(255, 248, 222))
    sheet.line(oval(x, y, radius, radius, points=40), width=0.4, dark=0.6, closed=True, passes=2)
    if not low:
        for number in range(12):
            angle = number / 12 * math.tau + 0.1
            near, far = radius * 1.3, radius * (1.75 if number % 2 else 2.1)
            ends = [
                (x + near * math.cos(angle), y + near * math.sin(angle)),
                (x + far * math.cos(angle), y + far * math.sin(angle)),
            ]
            sheet.line(ends, width=0.4, dark=0.6)


def _planet(sheet: Sheet, x: float, y: float) -> None:
    sheet.shape(oval(x, y, 13, 13, points=44), 0.35, width=0.5, passes=2)
    shadow = [*arc(x, y, 13, 13, -1.1, 2.0, 20), *reversed(arc(x - 4, y - 3, 12, 12, -1.0, 1.9, 20))]
    sheet.area(shadow, 0.9, alpha=0.7)
    for shift in (-5, 0.5, 5.5):
        half = math.sqrt(max(0.0, 169 - shift * shift)) * 0.95
        sheet.line(smooth([(x - half, y + shift), (x, y + shift + 2), (x + half, y + shift)]), width=0.4, dark=0.4)
    sheet.line(oval(x, y, 21, 4.5, turn=-0.25, points=40), width=0.55, dark=0.8, closed=True, colour=_LIT)


def _clouds(sheet: Sheet, scene: Scene, horizon: float, *, shade: float, count: int) -> None:
    for number in range(count):
        x = sheet.width * (number + sheet.hand.uniform(0.1, 0.9)) / count
        y = sheet.hand.uniform(0.06, 0.42) * max(30.0, horizon)
        size = sheet.hand.uniform(7, 13) * (1.5 if shade else 1.0)
        crest = [(x - size, y)]
        bumps = sheet.hand.randint(3, 5)
        for bump in range(bumps):
            middle = x - size + (bump + 0.5) * 2 * size / bumps
            rise = size * sheet.hand.uniform(0.28, 0.5) * (1 - abs(bump - (bumps - 1) / 2) / bumps)
            crest += arc(middle, y - rise * 0.3, size / bumps * 1.15, rise, math.pi * 1.05, math.pi * 1.95, 7)
        crest.append((x + size, y))
        outline = [*crest, (x + size * 0.5, y + size * 0.1), (x - size * 0.5, y + size * 0.12)]
        light = scene.light == "day" and not shade
        sheet.area(outline, shade, alpha=0.85 if light else 0.6)
        sheet.line(crest, width=0.4, dark=0.5 if light else 0.65)
        if shade:
            sheet.hatch(outline, angle=0.3, spacing=1.4, dark=0.4)


def _distant_birds(sheet: Sheet, horizon: float) -> None:
    x, y = sheet.hand.uniform(0.2, 0.8) * sheet.width, max(10.0, horizon * 0.45)
    for _ in range(3):
        x, y = x + sheet.hand.uniform(4, 9), y + sheet.hand.uniform(-4, 4)
        size = sheet.hand.uniform(1.2, 2.0)
        wings = [
            (x - size, y - size * 0.3),
            (x - size * 0.4, y - size * 0.55),
            (x, y),
            (x + size * 0.4, y - size * 0.55),
            (x + size, y - size * 0.3),
        ]
        sheet.line(smooth(wings), width=0.32, dark=0.7, wobble=0.05)
