"""What falls between the camera and everything else: fog, rain, lightning, snow, wind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Sheet
    from blocks.sketch.scene import Scene

_LIT = (255, 252, 240)


def draw_weather(sheet: Sheet, scene: Scene) -> None:
    """The weather, outdoors."""
    if scene.ground == "room":
        return
    night = scene.light == "night"
    if "fog" in scene.weather:
        _fog(sheet)
    if "storm" in scene.weather:
        _lightning(sheet, sheet.width * sheet.hand.uniform(0.15, 0.85))
    if scene.weather & {"rain", "storm"}:
        _rain(sheet, night=night)
    if "snow" in scene.weather:
        _snow(sheet, night=night)
    if "wind" in scene.weather:
        _wind(sheet)


def _fog(sheet: Sheet) -> None:
    wide = sheet.width
    for level in range(5):
        y = 40.0 + level * 11
        upper = [(0.0, y), (wide * 0.3, y - 4), (wide * 0.7, y + 3), (wide, y - 2)]
        lower = [(wide, y + 9), (wide * 0.6, y + 12), (wide * 0.2, y + 8), (0.0, y + 11)]
        sheet.area(smooth([*upper, *lower], closed=True), 0, alpha=0.3)


def _rain(sheet: Sheet, *, night: bool) -> None:
    hand = sheet.hand
    colour = (226, 230, 238) if night else None
    for _ in range(150):
        x, y, size = hand.uniform(-5, sheet.width + 10), hand.uniform(-5, 100), hand.uniform(3, 8)
        drop = [(x, y), (x - size * 0.32, y + size)]
        sheet.line(drop, width=0.24, dark=hand.uniform(0.25, 0.6), wobble=0.03, colour=colour)


def _snow(sheet: Sheet, *, night: bool) -> None:
    hand = sheet.hand
    for _ in range(130):
        size = hand.choice((0.3, 0.4, 0.55, 0.8))
        x, y = hand.uniform(0, sheet.width), hand.uniform(0, 100)
        sheet.area(oval(x, y, size, size, points=9), 0, colour=(255, 255, 252), alpha=0.9)
        if not night:
            sheet.line(arc(x, y, size, size, 0.3, 2.4, 5), width=0.2, dark=0.35, wobble=0)


def _wind(sheet: Sheet) -> None:
    hand = sheet.hand
    for _ in range(6):
        x, y, size = hand.uniform(0, sheet.width * 0.8), hand.uniform(15, 80), hand.uniform(14, 30)
        curl = [(x, y), (x + size * 0.6, y - 1.5), (x + size, y), (x + size * 1.05, y - 3.5), (x + size * 0.93, y - 4)]
        sheet.line(smooth(curl), width=0.35, dark=0.4)


def _lightning(sheet: Sheet, x: float) -> None:
    path, y = [(x, 0.0)], 0.0
    while y < 46:
        y += sheet.hand.uniform(4, 9)
        x += sheet.hand.uniform(-5, 5)
        path.append((x, y))
    sheet.glow(path[len(path) // 2][0], 22, 32, 0.35, (240, 244, 250))
    sheet.line(path, width=1.1, dark=1.0, colour=_LIT, wobble=0.1)
    sheet.line([(px + 0.8, py) for px, py in path], width=0.3, dark=0.6)
