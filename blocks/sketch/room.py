"""Indoors: walls, floor, and the window that shows what time it is outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch.pencil import oval

if TYPE_CHECKING:
    from blocks.sketch.camera import Camera
    from blocks.sketch.pencil import Point, Sheet
    from blocks.sketch.scene import Scene

_WALL = {"day": 0.1, "dawn": 0.16, "dusk": 0.3, "night": 0.5}


def draw_room(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    """A room, by the camera's height in it."""
    wall = _WALL[scene.light]
    if camera.depth <= 0:
        sheet.gradient(0, 100, wall + 0.1, wall + 0.18)
        return
    floor = min(84.0, camera.horizon + 26) if camera.horizon > 0 else 6.0
    if camera.horizon > 88:
        floor = 97.0
    left, right = sheet.width * 0.13, sheet.width * 0.89
    sheet.gradient(0, 100, wall + 0.1, wall)
    sheet.gradient(floor, 100, wall + 0.2, wall + 0.1, streak=0.03)
    sheet.area([(-2, -2), (left, 8), (left, floor), (-2, 101)], wall + 0.2, alpha=0.8)
    sheet.area([(sheet.width + 2, -2), (right, 8), (right, floor), (sheet.width + 2, 101)], wall + 0.28, alpha=0.8)
    sheet.hatch(
        [(sheet.width + 2, -2), (right, 8), (right, floor), (sheet.width + 2, 101)], angle=1.2, spacing=2.2, dark=0.22
    )
    for ends in (
        [(left, 6), (left, floor)], [(right, 6), (right, floor)], [(left - 1, floor), (right + 1, floor)],
        [(left, floor), (-2, 101)], [(right, floor), (sheet.width + 2, 101)], [(left, 7), (right, 7)],
        [(left, 7), (-2, -4)], [(right, 7), (sheet.width + 2, -4)],
    ):  # fmt: skip
        sheet.line(ends, width=0.42, dark=0.6)
    middle = sheet.width / 2
    for number in range(-6, 7):
        start = middle + number * (right - left) / 13
        sheet.line([(start, floor), (middle + (start - middle) * 2.6, 102)], width=0.26, dark=0.28)
    side = 0.3 if scene.seed & 1 else 0.7
    size = camera.landmark * 0.3
    draw_window(sheet, scene, left + (right - left) * side, min(floor - size - 8, 14 + size), size)
    if not {"window", "mirror"} & set(scene.things) and camera.depth > 0.5:
        _picture(sheet, left + (right - left) * (1 - side), 24.0, size * 0.4)


def draw_window(sheet: Sheet, scene: Scene, x: float, y: float, half: float) -> None:
    """A window around a point, half its height given."""
    wide = half * 0.8
    pane = [(x - wide, y - half), (x + wide, y - half), (x + wide, y + half), (x - wide, y + half)]
    night = scene.light == "night"
    sheet.area(pane, 0.88 if night else 0.0)
    if night:
        sheet.area(oval(x + wide * 0.42, y - half * 0.45, half * 0.17, half * 0.17), 0, colour=(255, 252, 240))
        for dx, dy in ((-0.6, -0.7), (-0.3, -0.2), (0.6, 0.1), (-0.65, 0.3), (0.1, -0.75)):
            sheet.area(oval(x + dx * wide, y + dy * half, 0.25, 0.25, points=8), 0, colour=(255, 252, 240))
    else:
        sheet.area(pane, 0, colour=sheet.palette.glow, alpha=0.35)
        light: list[Point] = [(x - wide, y + half), (x + wide, y + half), (x + wide * 2.8, 100), (x + wide * 0.2, 100)]
        sheet.area(light, 0, colour=(255, 252, 238), alpha=0.35)
    hills = [
        (x - wide, y + half * 0.55),
        (x - wide * 0.2, y + half * 0.25),
        (x + wide * 0.4, y + half * 0.5),
        (x + wide, y + half * 0.3),
        (x + wide, y + half),
        (x - wide, y + half),
    ]
    sheet.area(hills, 0.7 if night else 0.22)
    if scene.weather & {"rain", "storm"}:
        sheet.hatch(pane, angle=1.3, spacing=1.2, dark=0.5, colour=(228, 232, 238) if night else None)
    sheet.line(pane, width=0.8, closed=True, passes=2)
    sheet.line([(x, y - half), (x, y + half)], width=0.6)
    sheet.line([(x - wide, y - half * 0.1), (x + wide, y - half * 0.1)], width=0.6)
    sill = [
        (x - wide * 1.15, y + half),
        (x + wide * 1.15, y + half),
        (x + wide * 1.2, y + half * 1.12),
        (x - wide * 1.2, y + half * 1.12),
    ]
    sheet.shape(sill, 0.15, width=0.5)
    for side in (-1, 1):
        curtain = [
            (x + side * wide * 1.35, y - half * 1.15),
            (x + side * wide * 0.82, y - half * 1.1),
            (x + side * wide * 1.02, y),
            (x + side * wide * 1.1, y + half * 1.2),
            (x + side * wide * 1.5, y + half * 1.2),
        ]
        sheet.shape(curtain, 0.3, width=0.45)
        sheet.hatch(curtain, angle=1.5, spacing=1.2, dark=0.4)
    sheet.line([(x - wide * 1.5, y - half * 1.14), (x + wide * 1.5, y - half * 1.14)], width=0.7)


def _picture(sheet: Sheet, x: float, y: float, half: float) -> None:
    frame = [
        (x - half, y - half * 0.8),
        (x + half, y - half * 0.8),
        (x + half, y + half * 0.8),
        (x - half, y + half * 0.8),
    ]
    sheet.shape(frame, 0.05, width=0.7, passes=2)
    sheet.line(
        [
            (x - half * 0.7, y + half * 0.35),
            (x - half * 0.2, y - half * 0.2),
            (x + half * 0.2, y + half * 0.2),
            (x + half * 0.7, y - half * 0.1),
        ],
        width=0.36,
        dark=0.6,
    )
