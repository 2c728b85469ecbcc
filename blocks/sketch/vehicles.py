"""What carries people: boat, ship, car, train, bicycle, rocket, each by foot and height."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.furniture import box
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Point, Sheet


def draw_boat(sheet: Sheet, x: float, foot: float, high: float, *, facing: int = 1, lit: bool = False) -> None:
    """A small boat with a sail; ``lit``, with a lamp at its mast."""

    def at(across: float, up: float) -> Point:
        return x + across * high * facing, foot - up * high

    hull = [at(-0.55, 0.2), at(-0.42, 0.0), at(0.42, 0.0), at(0.68, 0.27), at(0.0, 0.17)]
    main = [at(0.06, 0.24), at(0.07, 0.98), at(-0.46, 0.3)]
    jib = [at(0.12, 0.28), at(0.1, 0.88), at(0.56, 0.3)]
    for sail, tone in ((main, 0.04), (jib, 0.16)):
        form = [
            sail[0],
            sail[1],
            ((sail[1][0] + sail[2][0]) / 2 - 0.06 * high * facing, (sail[1][1] + sail[2][1]) / 2),
            sail[2],
        ]
        sheet.shape(form, tone, width=0.45)
        sheet.hatch([form[0], form[1], form[2]], spacing=1.5, dark=0.25)
    sheet.line([at(0.08, 0.17), at(0.08, 1.04)], width=0.6)
    if lit:
        sheet.glow(*at(0.08, 1.06), high * 0.55, 0.95)
        sheet.shape(oval(*at(0.08, 1.06), high * 0.05, high * 0.06), 0, width=0.4)
    outline = smooth(hull[:4], steps=4)
    sheet.shape([*outline, at(0.0, 0.18)], 0.6, width=0.5, passes=2)
    sheet.line([at(-0.5, 0.14), at(0.0, 0.1), at(0.58, 0.18)], width=0.36, dark=0.6, colour=sheet.palette.paper)
    for reach, drop in ((0.75, 0.02), (0.95, 0.07), (0.6, 0.11)):
        sheet.line(
            smooth(
                [at(-reach, -drop), at(-reach * 0.3, -drop - 0.02), at(reach * 0.4, -drop + 0.01), at(reach, -drop)]
            ),
            width=0.32,
            dark=0.45,
        )


def draw_ship(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A steamer with two decks and a funnel."""
    hull = [
        (x - high, foot - high * 0.3),
        (x - high * 0.85, foot),
        (x + high * 0.85, foot),
        (x + high * 1.15, foot - high * 0.38),
    ]
    deck = [
        (x - high * 0.7, foot - high * 0.32),
        (x - high * 0.7, foot - high * 0.55),
        (x + high * 0.55, foot - high * 0.55),
        (x + high * 0.6, foot - high * 0.33),
    ]
    upper = [
        (x - high * 0.35, foot - high * 0.55),
        (x - high * 0.35, foot - high * 0.74),
        (x + high * 0.3, foot - high * 0.74),
        (x + high * 0.35, foot - high * 0.55),
    ]
    funnel = [
        (x - high * 0.15, foot - high * 0.74),
        (x - high * 0.17, foot - high * 1.05),
        (x + high * 0.08, foot - high * 1.05),
        (x + high * 0.1, foot - high * 0.74),
    ]
    for form, tone in ((funnel, 0.5), (upper, 0.1), (deck, 0.06), (hull, 0.62)):
        sheet.shape(form, tone, width=0.45)
    for number in range(7):
        sheet.area(oval(x - high * 0.58 + number * high * 0.17, foot - high * 0.43, high * 0.03, high * 0.03), 0.8)
    smoke = [
        (x - high * 0.05, foot - high * 1.08),
        (x - high * 0.2, foot - high * 1.3),
        (x - high * 0.5, foot - high * 1.35),
        (x - high * 0.8, foot - high * 1.55),
    ]
    sheet.line(smooth(smoke), width=0.9, dark=0.35, passes=2)


def draw_car(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A small car."""
    body = [(-1.5, 0.18), (-1.5, 0.5), (-1.0, 0.58), (-0.6, 0.98), (0.35, 1.0), (0.85, 0.6), (1.4, 0.5), (1.5, 0.2)]
    form = [(x + across * high, foot - up * high) for across, up in body]
    sheet.shape(form, 0.3, width=0.55, passes=2)
    for pane in (
        [(-0.85, 0.6), (-0.55, 0.9), (-0.15, 0.92), (-0.15, 0.6)],
        [(-0.05, 0.6), (-0.05, 0.92), (0.3, 0.92), (0.66, 0.6)],
    ):
        sheet.shape([(x + across * high, foot - up * high) for across, up in pane], 0.05, width=0.4)
    for across in (-0.9, 0.9):
        sheet.shape(oval(x + across * high, foot - high * 0.2, high * 0.25, high * 0.25), 0.85, width=0.5)
        sheet.shape(oval(x + across * high, foot - high * 0.2, high * 0.11, high * 0.11), 0.2, width=0.36)
    sheet.glow(x + 1.45 * high, foot - high * 0.42, high * 0.5, 0.6)


def draw_train(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A carriage and an engine."""
    for start, length in ((-2.6, 1.7), (-0.8, 2.2)):
        sheet.shape(box(x + start * high, foot, 0, length * high, high * 0.2, high), 0.34, width=0.5, passes=2)
        count = int(length / 0.42)
        for window in range(count):
            sheet.shape(
                box(x + (start + 0.15 + window * 0.42) * high, foot, 0, high * 0.28, high * 0.52, high * 0.82),
                0.04,
                width=0.36,
            )
        for wheel in (0.3, length - 0.3):
            sheet.shape(oval(x + (start + wheel) * high, foot - high * 0.14, high * 0.14, high * 0.14), 0.8, width=0.4)
    sheet.line([(x - 4 * high, foot), (x + 4 * high, foot)], width=0.5)


def draw_bicycle(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A bicycle that leans on nothing."""
    radius = high * 0.34

    def at(across: float, up: float) -> Point:
        return x + across * high, foot - up * high

    for across in (-0.55, 0.55):
        sheet.line(oval(*at(across, 0.34), radius, radius), width=0.7, closed=True, passes=2)
        for spoke in range(6):
            angle = spoke * math.pi / 6
            dx, dy = radius * math.cos(angle), radius * math.sin(angle)
            middle = at(across, 0.34)
            sheet.line([(middle[0] - dx, middle[1] - dy), (middle[0] + dx, middle[1] + dy)], width=0.22, dark=0.4)
    frame = ((-0.55, 0.34), (-0.05, 0.34), (0.38, 0.78), (-0.24, 0.78), (-0.05, 0.34), (-0.24, 0.78), (-0.55, 0.34))
    sheet.line([at(*point) for point in frame], width=0.8, passes=2)
    sheet.line([at(0.55, 0.34), at(0.36, 0.86), at(0.34, 0.98), at(0.18, 0.98)], width=0.8)
    sheet.line([at(-0.24, 0.78), at(-0.27, 0.9)], width=0.7)
    sheet.line([at(-0.4, 0.92), at(-0.14, 0.9)], width=1.4)


def draw_rocket(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A rocket that rises on its fire."""
    base = foot - high * 0.24

    def at(across: float, up: float) -> Point:
        return x + across * high, base - up * high * 0.76

    sheet.glow(x, base + high * 0.12, high * 0.5, 0.9)
    for size, colour in ((1.0, (240, 176, 92)), (0.62, (250, 208, 120)), (0.34, (255, 243, 200))):
        flame = [(x - high * 0.1 * size, base), (x - high * 0.06 * size, base + high * 0.14 * size),
                 (x, base + high * 0.26 * size), (x + high * 0.06 * size, base + high * 0.14 * size),
                 (x + high * 0.1 * size, base)]  # fmt: skip
        sheet.area(smooth(flame, steps=3), 0, colour=colour)
    for side in (-1, 1):
        fin = [at(side * 0.1, 0.34), at(side * 0.26, 0.1), at(side * 0.25, -0.06), at(side * 0.1, 0.03)]
        sheet.shape(fin, 0.65, width=0.5)
    hull = [at(-0.11, 0.0), at(-0.145, 0.4), at(-0.1, 0.78), at(0.0, 1.0), at(0.1, 0.78), at(0.145, 0.4), at(0.11, 0.0)]
    form = smooth(hull, steps=4)
    sheet.shape(form, 0.08, width=0.55, passes=2)
    sheet.hatch([at(0.04, 0.0), at(0.06, 0.8), at(0.1, 0.78), at(0.145, 0.4), at(0.11, 0.0)], spacing=1.2, dark=0.4)
    sheet.shape([at(-0.1, 0.78), at(0.0, 1.0), at(0.1, 0.78)], 0.6, width=0.45)
    sheet.shape(oval(*at(0.0, 0.58), high * 0.055, high * 0.055), 0.7, width=0.6)
