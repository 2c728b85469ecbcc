"""What stands in rooms: table, chair, lamp, shelf, bed, door, stairs, screen and the like, by foot and height."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Point, Sheet


def box(x: float, foot: float, left: float, right: float, low: float, high: float) -> list[Point]:
    """An upright rectangle around ``x``, from ``low`` to ``high`` above ``foot``."""
    return [(x + left, foot - low), (x + left, foot - high), (x + right, foot - high), (x + right, foot - low)]


def draw_table(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A table with a cup on it."""
    wide = high * 1.1
    for across in (-0.82, 0.78, -0.62, 0.62):
        back = abs(across) < 0.7
        rise = high * 0.16 if back else 0.0
        sheet.shape(
            box(x + across * wide, foot - rise, -high * 0.04, high * 0.04, 0, high * 0.85 - rise), 0.5, width=0.42
        )
    top = [
        (x - wide, foot - high * 0.82),
        (x - wide * 0.75, foot - high),
        (x + wide * 0.78, foot - high),
        (x + wide, foot - high * 0.82),
    ]
    sheet.shape(top, 0.14, width=0.5, passes=2)
    sheet.shape(
        [
            (x - wide, foot - high * 0.82),
            (x + wide, foot - high * 0.82),
            (x + wide, foot - high * 0.74),
            (x - wide, foot - high * 0.74),
        ],
        0.42,
        width=0.45,
    )
    cup = box(x + wide * 0.42, foot - high * 0.9, -high * 0.07, high * 0.07, 0, high * 0.15)
    sheet.shape(cup, 0.02, width=0.4)
    sheet.line(arc(x + wide * 0.42 + high * 0.08, foot - high * 0.97, high * 0.05, high * 0.045, -1.4, 1.4), width=0.36)


def draw_chair(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A wooden chair."""
    wide = high * 0.24
    for across, rise in ((-1.0, 0.0), (0.9, 0.0), (-0.6, 0.08), (1.2, 0.08)):
        sheet.line([(x + across * wide, foot - high * rise), (x + across * wide, foot - high * 0.45)], width=0.8)
    sheet.shape(
        [
            (x - wide * 1.1, foot - high * 0.44),
            (x - wide * 0.7, foot - high * 0.54),
            (x + wide * 1.3, foot - high * 0.54),
            (x + wide, foot - high * 0.44),
        ],
        0.3,
        width=0.5,
    )
    sheet.line([(x - wide * 0.65, foot - high * 0.5), (x - wide * 0.75, foot - high)], width=0.8)
    sheet.line([(x + wide * 1.2, foot - high * 0.5), (x + wide * 1.2, foot - high)], width=0.8)
    for up in (0.7, 0.83, 0.96):
        sheet.line([(x - wide * 0.7, foot - high * up), (x + wide * 1.2, foot - high * up)], width=0.6)


def draw_lamp(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A standing lamp, always lit: why else would it be told of?"""
    sheet.glow(x, foot - high * 0.84, high * 0.75, 0.85)
    sheet.line([(x, foot), (x, foot - high * 0.75)], width=0.3 + high * 0.014, passes=2)
    sheet.shape(oval(x, foot - high * 0.01, high * 0.13, high * 0.025), 0.6, width=0.42)
    shade = [
        (x - high * 0.19, foot - high * 0.7),
        (x - high * 0.1, foot - high),
        (x + high * 0.1, foot - high),
        (x + high * 0.19, foot - high * 0.7),
    ]
    sheet.area(shade, 0, colour=sheet.palette.glow)
    sheet.line(shade, width=0.5, closed=True, passes=2)
    sheet.hatch(shade, angle=1.4, spacing=1.8, dark=0.25)


def draw_shelf(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A shelf of books."""
    wide = high * 0.36
    sheet.shape(box(x, foot, -wide, wide, 0, high), 0.45, width=0.5, passes=2)
    for row in range(4):
        low, tall = foot - high * (0.05 + row * 0.24), high * 0.2
        sheet.area(box(x, low, -wide * 0.92, wide * 0.92, 0, tall), 0.68)
        spine = x - wide * 0.9
        while spine < x + wide * 0.8:
            thick = high * sheet.hand.uniform(0.022, 0.045)
            sheet.shape(
                box(spine, low, 0, thick, 0, tall * sheet.hand.uniform(0.7, 0.97)),
                sheet.hand.choice((0.05, 0.2, 0.35, 0.5)),
                width=0.3,
                dark=0.7,
            )
            spine += thick + (thick if sheet.hand.random() < 0.12 else 0.1)


def draw_bed(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A bed with a pillow and a blanket."""
    wide = high * 1.9
    sheet.shape(box(x, foot, -wide, -wide * 0.94, 0, high * 1.3), 0.5, width=0.5)
    sheet.shape(box(x, foot, wide * 0.94, wide, 0, high * 0.9), 0.5, width=0.5)
    sheet.shape(box(x, foot, -wide * 0.94, wide * 0.94, high * 0.2, high * 0.62), 0.12, width=0.45)
    blanket = [
        (x - wide * 0.4, foot - high * 0.78),
        (x + wide * 0.94, foot - high * 0.7),
        (x + wide * 0.94, foot - high * 0.14),
        (x + wide * 0.3, foot - high * 0.08),
        (x - wide * 0.46, foot - high * 0.14),
    ]
    sheet.shape(blanket, 0.34, width=0.5, passes=2)
    sheet.hatch(blanket, angle=-0.4, spacing=2.2, dark=0.3)
    pillow = [
        (x - wide * 0.9, foot - high * 0.62),
        (x - wide * 0.86, foot - high * 0.95),
        (x - wide * 0.5, foot - high * 0.92),
        (x - wide * 0.46, foot - high * 0.64),
    ]
    sheet.shape(smooth(pillow, closed=True), 0.0, width=0.45)


def draw_door(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A door with panels."""
    wide = high * 0.23
    sheet.shape(box(x, foot, -wide * 1.15, wide * 1.15, 0, high * 1.03), 0.2, width=0.5)
    sheet.shape(box(x, foot, -wide, wide, 0, high), 0.48, width=0.5, passes=2)
    for low, tall in ((0.08, 0.42), (0.52, 0.92)):
        for left in (-0.8, 0.1):
            sheet.shape(box(x, foot, left * wide, (left + 0.7) * wide, low * high, tall * high), 0.4, width=0.34)
    sheet.shape(oval(x + wide * 0.84, foot - high * 0.47, high * 0.017, high * 0.017), 0.0, width=0.36)


def draw_stairs(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A flight of stairs with a rail, going up to the right."""
    steps = 8
    run, rise = high * 1.3 / steps, high / steps
    for step in range(steps - 1, -1, -1):
        left, low = x - high * 0.65 + step * run, foot - step * rise
        sheet.shape(box(left, low, 0, run * (steps - step), 0, rise), 0.3, width=0.36)
        sheet.shape(
            [
                (left, low - rise),
                (left + run * 0.5, low - rise * 1.35),
                (left + run * 1.5, low - rise * 1.35),
                (left + run, low - rise),
            ],
            0.05,
            width=0.4,
        )
    sheet.line([(x - high * 0.5, foot - high * 0.5), (x + high * 0.85, foot - high * 1.55)], width=0.9, passes=2)
    for step in range(0, steps, 2):
        px = x - high * 0.5 + step * run
        sheet.line([(px, foot - (step + 1) * rise), (px, foot - high * 0.5 - step * run * 0.78)], width=0.45)


def draw_screen(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A screen that shines."""
    sheet.glow(x, foot - high * 0.55, high * 1.1, 0.6, (214, 228, 240))
    sheet.shape(box(x, foot, -high * 0.72, high * 0.72, high * 0.16, high), 0.75, width=0.5, passes=2)
    sheet.area(box(x, foot, -high * 0.64, high * 0.64, high * 0.24, high * 0.92), 0, colour=(232, 240, 246))
    for row in range(5):
        y = foot - high * (0.82 - row * 0.11)
        start = -0.55 + 0.1 * (row % 3)
        sheet.line([(x + start * high, y), (x + sheet.hand.uniform(0.0, 0.5) * high, y)], width=0.4, dark=0.6)
    sheet.shape(box(x, foot, -high * 0.08, high * 0.08, 0, high * 0.16), 0.5, width=0.4)
    sheet.line([(x - high * 0.3, foot), (x + high * 0.3, foot)], width=0.7)


def draw_clock(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A round clock."""
    y, radius = foot - high * 0.5, high * 0.5
    sheet.shape(oval(x, y, radius, radius, points=36), 0.0, width=0.9, passes=2)
    for hour in range(12):
        angle = hour / 12 * math.tau
        sheet.line(
            [
                (x + math.cos(angle) * radius * 0.78, y + math.sin(angle) * radius * 0.78),
                (x + math.cos(angle) * radius * 0.9, y + math.sin(angle) * radius * 0.9),
            ],
            width=0.45,
            wobble=0.03,
        )
    sheet.line([(x, y), (x + radius * 0.3, y - radius * 0.42)], width=0.9)
    sheet.line([(x, y), (x - radius * 0.15, y - radius * 0.72)], width=0.6)
    sheet.area(oval(x, y, radius * 0.06, radius * 0.06), 1.0)


def draw_mirror(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A framed glass, or a painting."""
    sheet.shape(oval(x, foot - high * 0.55, high * 0.3, high * 0.45, points=34), 0.15, width=1.0, passes=2)
    for shift in (-0.08, 0.04):
        sheet.line(
            [(x + (shift - 0.1) * high, foot - high * 0.4), (x + (shift + 0.1) * high, foot - high * 0.75)],
            width=0.4,
            dark=0.4,
        )


def draw_bench(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A bench."""
    for across in (-0.85, 0.85):
        sheet.line([(x + across * high, foot), (x + across * high, foot - high)], width=0.8)
    for up in (0.48, 0.72, 0.92):
        sheet.shape(box(x, foot, -high, high, high * up - high * 0.05, high * up + high * 0.05), 0.35, width=0.42)
