"""What lies on tables and stands in kitchens and markets: cup, kettle, pot, bread, stove, stall; and a violin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.furniture import box
from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Point, Sheet


def _steam(sheet: Sheet, x: float, foot: float, high: float) -> None:
    for shift in (-0.16, 0.0, 0.16):
        curl = [
            (x + (shift + lean) * high, foot - up * high)
            for lean, up in ((0, 0), (0.06, 0.14), (-0.04, 0.28), (0.04, 0.44))
        ]
        sheet.line(smooth(curl), width=0.3 + high * 0.004, dark=0.3)


def draw_cup(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A cup that steams, on its saucer."""
    sheet.shape(oval(x, foot - high * 0.03, high * 0.52, high * 0.07), 0.08, width=0.45)
    sheet.line(arc(x + high * 0.34, foot - high * 0.34, high * 0.16, high * 0.15, -1.6, 1.8), width=0.4 + high * 0.012)
    body = [
        (x - high * 0.34, foot - high * 0.6),
        (x - high * 0.3, foot - high * 0.2),
        (x - high * 0.16, foot - high * 0.03),
        (x + high * 0.16, foot - high * 0.03),
        (x + high * 0.3, foot - high * 0.2),
        (x + high * 0.34, foot - high * 0.6),
    ]
    sheet.shape(smooth(body, steps=4), 0.04, width=0.5, passes=2)
    sheet.hatch([*body[3:], (x + high * 0.1, foot - high * 0.5)], spacing=max(0.8, high * 0.05), dark=0.35)
    sheet.shape(oval(x, foot - high * 0.6, high * 0.34, high * 0.08), 0.6, width=0.45)
    _steam(sheet, x, foot - high * 0.68, high * 0.75)


def draw_kettle(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A kettle that sings."""
    spout = [
        (x + high * 0.3, foot - high * 0.2),
        (x + high * 0.56, foot - high * 0.34),
        (x + high * 0.66, foot - high * 0.6),
        (x + high * 0.58, foot - high * 0.62),
        (x + high * 0.44, foot - high * 0.46),
        (x + high * 0.28, foot - high * 0.42),
    ]
    sheet.shape(smooth(spout, closed=True, steps=3), 0.45, width=0.45)
    sheet.line(arc(x, foot - high * 0.56, high * 0.32, high * 0.4, math.pi, math.tau), width=0.6 + high * 0.02)
    body = [
        (x - high * 0.42, foot - high * 0.02),
        (x - high * 0.44, foot - high * 0.3),
        (x - high * 0.2, foot - high * 0.58),
        (x + high * 0.2, foot - high * 0.58),
        (x + high * 0.44, foot - high * 0.3),
        (x + high * 0.42, foot - high * 0.02),
    ]
    form = smooth(body, steps=4)
    sheet.shape(form, 0.4, width=0.5, passes=2)
    sheet.hatch([*form[len(form) // 2 :], (x + high * 0.1, foot)], spacing=max(0.8, high * 0.04), dark=0.4)
    sheet.shape(oval(x, foot - high * 0.59, high * 0.2, high * 0.045), 0.5, width=0.4)
    sheet.shape(oval(x, foot - high * 0.65, high * 0.045, high * 0.045), 0.8, width=0.4)
    _steam(sheet, x + high * 0.7, foot - high * 0.66, high * 0.6)


def draw_pot(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A pot with a spoon in it."""
    sheet.line([(x + high * 0.1, foot - high * 0.55), (x + high * 0.42, foot - high * 1.0)], width=0.6 + high * 0.02)
    for side in (-1, 1):
        sheet.line(arc(x + side * high * 0.5, foot - high * 0.42, high * 0.12, high * 0.07, 0, math.tau), width=0.6)
    body = [
        (x - high * 0.5, foot - high * 0.56),
        (x - high * 0.46, foot - high * 0.1),
        (x - high * 0.34, foot),
        (x + high * 0.34, foot),
        (x + high * 0.46, foot - high * 0.1),
        (x + high * 0.5, foot - high * 0.56),
    ]
    sheet.shape(smooth(body, steps=3), 0.5, width=0.5, passes=2)
    sheet.shape(oval(x, foot - high * 0.56, high * 0.5, high * 0.09), 0.2, width=0.45)
    _steam(sheet, x - high * 0.1, foot - high * 0.66, high * 0.8)


def draw_bread(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A loaf with three cuts."""
    loaf = [
        (x - high * 0.9, foot),
        (x - high * 0.95, foot - high * 0.35),
        (x - high * 0.5, foot - high * 0.68),
        (x + high * 0.5, foot - high * 0.7),
        (x + high * 0.95, foot - high * 0.36),
        (x + high * 0.9, foot),
    ]
    form = smooth(loaf, steps=4)
    sheet.area(form, 0, colour=(216, 186, 122))
    sheet.line(form, width=0.5, closed=True, passes=2)
    for shift in (-0.45, 0.0, 0.45):
        cut = [(x + (shift - 0.1) * high, foot - high * 0.3), (x + (shift + 0.12) * high, foot - high * 0.58)]
        sheet.line(cut, width=0.5 + high * 0.02, dark=0.6)
    sheet.hatch([loaf[0], loaf[1], (x, foot - high * 0.2), loaf[5]], spacing=max(0.8, high * 0.07), dark=0.3)


def draw_stove(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """An iron stove with its pipe and a kettle on it."""
    wide = high * 0.42
    sheet.shape(box(x, foot, wide * 0.5, wide * 0.8, high * 0.7, high * 2.2), 0.6, width=0.45)
    sheet.shape(box(x, foot, -wide, wide, high * 0.08, high * 0.72), 0.62, width=0.55, passes=2)
    sheet.shape(box(x, foot, -wide * 1.12, wide * 1.12, high * 0.7, high * 0.78), 0.75, width=0.45)
    glow = box(x, foot, -wide * 0.6, wide * 0.6, high * 0.2, high * 0.5)
    sheet.area(glow, 0, colour=(240, 176, 92))
    sheet.line(glow, width=0.5, closed=True)
    for share in (-0.3, 0.0, 0.3):
        sheet.line([(x + share * wide, foot - high * 0.2), (x + share * wide, foot - high * 0.5)], width=0.5)
    for side in (-0.8, 0.8):
        sheet.line([(x + side * wide, foot), (x + side * wide, foot - high * 0.1)], width=1.0)
    draw_kettle(sheet, x - wide * 0.4, foot - high * 0.78, high * 0.34)


def draw_stall(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A market stall: a striped roof over a table of fruit."""
    wide = high * 0.62
    for side in (-1, 1):
        sheet.line([(x + side * wide * 0.9, foot), (x + side * wide * 0.9, foot - high * 0.82)], width=0.7)
    sheet.shape(box(x, foot, -wide, wide, high * 0.06, high * 0.4), 0.34, width=0.5)
    for number in range(9):
        fruit = (x - wide * 0.85 + number * wide * 0.21, foot - high * (0.43 + 0.03 * (number % 2)))
        sheet.shape(oval(*fruit, high * 0.045, high * 0.045), (0.1, 0.5, 0.75)[number % 3], width=0.35)
    stripes = 6
    for number in range(stripes):
        left, right = (x - wide * 1.1 + wide * 2.2 * (number + edge) / stripes for edge in (0, 1))
        top_left, top_right = (x - wide * 0.85 + wide * 1.7 * (number + edge) / stripes for edge in (0, 1))
        hem: list[Point] = arc((left + right) / 2, foot - high * 0.78, (right - left) / 2, high * 0.06, 0, math.pi, 7)
        cloth = [(top_left, foot - high), (top_right, foot - high), *hem]
        sheet.shape(cloth, 0.02 if number % 2 else 0.55, width=0.4)


def draw_violin(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A violin that leans, with its bow."""

    def at(across: float, up: float) -> Point:
        return x + (across + (up - 0.5) * 0.28) * high, foot - up * high

    half = [(0.0, 0.0), (0.16, 0.03), (0.19, 0.15), (0.11, 0.26), (0.14, 0.36), (0.12, 0.46), (0.0, 0.5)]
    outline = [at(a, u) for a, u in half] + [at(-a, u) for a, u in reversed(half[1:-1])]
    sheet.line([at(0.34, 0.02), at(0.3, 0.95)], width=0.3 + high * 0.012)
    form = smooth(outline, closed=True, steps=4)
    sheet.area(form, 0, colour=(216, 186, 122))
    sheet.line(form, width=0.5, closed=True, passes=2)
    sheet.shape([at(-0.025, 0.3), at(-0.02, 0.88), at(0.02, 0.88), at(0.025, 0.3)], 0.85, width=0.4)
    sheet.line(smooth([at(0, 0.86), at(0.05, 0.95), at(-0.02, 0.99), at(-0.03, 0.94)]), width=0.4 + high * 0.02)
    for side in (-0.08, 0.08):
        sheet.line(smooth([at(side, 0.28), at(side * 0.8, 0.22), at(side, 0.16)]), width=0.4)
