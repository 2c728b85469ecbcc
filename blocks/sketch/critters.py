"""Small animals, and those that fly or swim: rabbit, squirrel, hedgehog, turtle, frog, owl, butterfly, bee, fish."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.anatomy import limb
from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.anatomy import Place
    from blocks.sketch.pencil import Sheet


def _eye(sheet: Sheet, place: Place, across: float, up: float, size: float) -> None:
    x, y = place.at(across, up)
    high = place.high
    sheet.area(oval(x, y, size * high, size * 1.1 * high), 1.0)
    sheet.area(oval(x - size * 0.3 * high, y - size * 0.35 * high, size * 0.32 * high, size * 0.32 * high, points=8), 0,
               colour=(255, 255, 250))  # fmt: skip


def draw_rabbit(sheet: Sheet, place: Place, shade: float) -> None:
    """A rabbit that sits; its height is up to its ears."""
    pen, high = place.pen, place.high
    sheet.shape(oval(*place.at(-0.36, 0.16), 0.09 * high, 0.09 * high), 0.0, width=pen)
    body = [(-0.34, 0.06), (-0.34, 0.3), (-0.12, 0.46), (0.12, 0.42), (0.22, 0.2), (0.16, 0.03), (-0.1, 0.01)]
    sheet.shape(smooth(place.along(body), closed=True, steps=4), shade, width=pen, passes=2)
    haunch = [(-0.26, 0.06), (-0.26, 0.22), (-0.1, 0.28), (0.02, 0.16), (-0.02, 0.04)]
    sheet.line(smooth(place.along(haunch)), width=pen, dark=0.7)
    for foot in (-0.08, 0.16):
        sheet.shape(oval(*place.at(foot, 0.025), 0.12 * high, 0.035 * high), shade, width=pen)
    for lean, tone in ((0.16, 0.15), (0.0, 0.0)):
        ear = [(0.14 + lean * 0.4, 0.6), (0.06 + lean, 0.82), (0.02 + lean * 1.3, 1.0)]
        sheet.shape(limb(place.along(ear), (0.07 * high, 0.12 * high, 0.05 * high)), shade + tone, width=pen)
    sheet.shape(oval(*place.at(0.2, 0.52), 0.17 * high, 0.145 * high), shade, width=pen, passes=2)
    sheet.area(oval(*place.at(0.3, 0.46), 0.07 * high, 0.06 * high), max(0.0, shade - 0.15))
    _eye(sheet, place, 0.24, 0.56, 0.03)
    sheet.area(oval(*place.at(0.365, 0.5), 0.02 * high, 0.016 * high), 0.9)
    for drop in (0.0, -0.03):
        sheet.line(place.along([(0.32, 0.48 + drop), (0.46, 0.49 + drop * 1.6)]), width=pen * 0.5, dark=0.6)


def draw_squirrel(sheet: Sheet, place: Place, shade: float) -> None:
    """A squirrel that sits before its tail."""
    pen, high = place.pen, place.high
    tail = [(-0.1, 0.04), (-0.42, 0.12), (-0.5, 0.5), (-0.34, 0.86), (-0.1, 0.98), (0.0, 0.84), (-0.16, 0.74),
            (-0.24, 0.5), (-0.14, 0.26)]  # fmt: skip
    form = smooth(place.along(tail), closed=True, steps=4)
    sheet.shape(form, min(1.0, shade + 0.12), width=pen, passes=2)
    sheet.hatch(form, angle=1.2, spacing=max(0.7, high * 0.05), dark=0.4)
    body = [(-0.2, 0.04), (-0.2, 0.26), (-0.04, 0.5), (0.12, 0.5), (0.16, 0.24), (0.12, 0.03)]
    sheet.shape(smooth(place.along(body), closed=True, steps=4), shade, width=pen, passes=2)
    sheet.area(oval(*place.at(0.08, 0.26), 0.06 * high, 0.16 * high), 0.02)
    sheet.shape(
        limb(place.along([(0.04, 0.42), (0.16, 0.34), (0.24, 0.4)]), (0.07 * high, 0.05 * high)), shade, width=pen
    )
    sheet.shape(oval(*place.at(0.06, 0.03), 0.14 * high, 0.035 * high), shade, width=pen)
    for across in (0.02, 0.12):
        ear = [(across - 0.04, 0.68), (across - 0.01, 0.84), (across + 0.05, 0.7)]
        sheet.shape(place.along(ear), shade + 0.1, width=pen)
    face = [(-0.04, 0.6), (0.02, 0.72), (0.14, 0.72), (0.28, 0.58), (0.2, 0.5), (0.04, 0.5)]
    sheet.shape(smooth(place.along(face), closed=True, steps=4), shade, width=pen, passes=2)
    _eye(sheet, place, 0.13, 0.63, 0.028)
    sheet.area(oval(*place.at(0.275, 0.58), 0.018 * high, 0.015 * high), 1.0)


def draw_hedgehog(sheet: Sheet, place: Place, shade: float) -> None:
    """A hedgehog: spines over a small face."""
    pen, high = place.pen, place.high
    face = [(0.4, 0.5), (0.66, 0.4), (0.98, 0.22), (0.96, 0.12), (0.6, 0.06), (0.3, 0.08)]
    sheet.shape(smooth(place.along(face), closed=True, steps=4), max(0.0, shade - 0.35), width=pen, passes=2)
    for across in (-0.45, 0.0, 0.5):
        sheet.shape(oval(*place.at(across, 0.04), 0.1 * high, 0.05 * high), 0.4, width=pen)
    coat = arc(-0.08, 0.08, 0.72, 0.82, math.pi, 0.0, 16)
    back = [(x, 0.08 + (y - 0.08)) for x, y in coat]
    spines: list[tuple[float, float]] = []
    for index, (across, up) in enumerate(back):
        reach = 1.16 if index % 2 else 1.0
        spines.append((-0.08 + (across + 0.08) * reach, 0.08 + abs(up - 0.08) * reach))
    sheet.shape(place.along(spines), shade, width=pen, passes=2)
    for index in range(26):
        angle = math.pi * (0.06 + 0.88 * ((index * 7) % 26) / 26)
        near = 0.35 + 0.5 * ((index * 11) % 26) / 26
        start = (-0.08 + 0.7 * near * math.cos(angle), 0.08 + 0.78 * near * math.sin(angle))
        end = (start[0] + 0.12 * math.cos(angle) - 0.04, start[1] + 0.12 * math.sin(angle))
        sheet.line(place.along([start, end]), width=pen * 0.9, dark=0.75)
    _eye(sheet, place, 0.68, 0.28, 0.04)
    sheet.area(oval(*place.at(0.98, 0.18), 0.05 * high, 0.045 * high), 1.0)


def draw_turtle(sheet: Sheet, place: Place, shade: float) -> None:
    """A turtle on its four feet."""
    pen, high = place.pen, place.high
    for across in (-0.62, 0.5):
        foot = [(across, 0.36), (across + 0.06, 0.16), (across + 0.1, 0.04)]
        sheet.shape(limb(place.along(foot), (0.3 * high, 0.24 * high, 0.24 * high)), shade, width=pen)
    sheet.shape(place.along([(-0.9, 0.34), (-1.16, 0.2), (-0.86, 0.22)]), shade, width=pen)
    neck = [(0.72, 0.4), (1.0, 0.52), (1.16, 0.66)]
    sheet.shape(limb(place.along(neck), (0.26 * high, 0.22 * high)), shade, width=pen)
    sheet.shape(oval(*place.at(1.24, 0.72), 0.22 * high, 0.18 * high), shade, width=pen, passes=2)
    shell = [(-1.0, 0.3), (-0.86, 0.66), (-0.4, 0.96), (0.2, 0.98), (0.68, 0.7), (0.86, 0.32), (0.0, 0.24)]
    form = smooth(place.along(shell), closed=True, steps=4)
    sheet.shape(form, shade + 0.26, width=pen, passes=2)
    for across, up in ((-0.5, 0.6), (-0.06, 0.66), (0.4, 0.58)):
        plate = [(across + 0.2 * math.cos(k * math.pi / 3), up + 0.2 * math.sin(k * math.pi / 3)) for k in range(6)]
        sheet.line(place.along(plate), width=pen * 0.9, dark=0.7, closed=True)
    sheet.line(smooth(place.along([(-0.98, 0.36), (0.0, 0.32), (0.85, 0.38)])), width=pen)
    _eye(sheet, place, 1.3, 0.78, 0.045)
    sheet.line(smooth(place.along([(1.44, 0.68), (1.34, 0.64), (1.24, 0.65)])), width=pen * 0.8)


def draw_frog(sheet: Sheet, place: Place, shade: float) -> None:
    """A frog that sits."""
    pen, high = place.pen, place.high
    hind = [(-0.5, 0.06), (-0.62, 0.34), (-0.3, 0.5), (-0.02, 0.3), (-0.1, 0.06)]
    body = [(-0.46, 0.1), (-0.36, 0.46), (0.06, 0.86), (0.42, 0.86), (0.6, 0.66), (0.5, 0.44), (0.3, 0.08)]
    sheet.shape(smooth(place.along(body), closed=True, steps=4), shade, width=pen, passes=2)
    sheet.shape(smooth(place.along(hind), closed=True, steps=4), shade + 0.1, width=pen)
    sheet.shape(
        limb(place.along([(0.24, 0.44), (0.28, 0.2), (0.36, 0.03)]), (0.18 * high, 0.12 * high)), shade, width=pen
    )
    for across in (-0.3, 0.4):
        sheet.shape(oval(*place.at(across, 0.03), 0.2 * high, 0.04 * high), shade + 0.1, width=pen)
    sheet.area(oval(*place.at(0.44, 0.52), 0.1 * high, 0.12 * high), max(0.0, shade - 0.2))
    sheet.shape(oval(*place.at(0.26, 0.92), 0.14 * high, 0.13 * high), shade, width=pen)
    _eye(sheet, place, 0.29, 0.93, 0.075)
    sheet.line(smooth(place.along([(0.6, 0.7), (0.4, 0.64), (0.2, 0.7)])), width=pen)


def draw_owl(sheet: Sheet, place: Place, shade: float, *, flying: bool) -> None:
    """An owl from the front, on its feet, or with its wings spread."""
    pen, high = place.pen, place.high
    if flying:
        for side in (-1, 1):
            wing = [(side * 0.26, 0.66), (side * 0.8, 0.92), (side * 1.2, 0.8), (side * 0.9, 0.5), (side * 0.24, 0.36)]
            sheet.shape(smooth(place.along(wing), closed=True, steps=4), shade + 0.15, width=pen, passes=2)
    for across in (-0.12, 0.12):
        sheet.line(place.along([(across, 0.14), (across, 0.0)]), width=pen * 2)
    body = [
        (-0.28, 0.76),
        (-0.36, 0.42),
        (-0.22, 0.1),
        (0.0, 0.04),
        (0.22, 0.1),
        (0.36, 0.42),
        (0.28, 0.76),
        (0.0, 0.9),
    ]
    sheet.shape(smooth(place.along(body), closed=True, steps=4), shade, width=pen, passes=2)
    sheet.area(oval(*place.at(0.0, 0.36), 0.2 * high, 0.26 * high), max(0.0, shade - 0.25))
    for row in range(4):
        for column in range(-1 - row % 2, 2):
            middle = column * 0.11 + (0.055 if row % 2 else 0.0)
            level = 0.5 - row * 0.09
            sheet.line(place.along([(middle - 0.035, level), (middle, level - 0.035), (middle + 0.035, level)]),
                       width=pen * 0.7, dark=0.6)  # fmt: skip
    for side in (-1, 1):
        ear = [(side * 0.3, 0.76), (side * 0.32, 1.0), (side * 0.1, 0.86)]
        sheet.shape(place.along(ear), shade + 0.1, width=pen)
        sheet.shape(oval(*place.at(side * 0.135, 0.72), 0.135 * high, 0.135 * high), max(0.0, shade - 0.28), width=pen)
        sheet.area(oval(*place.at(side * 0.135, 0.72), 0.085 * high, 0.085 * high), 0, colour=sheet.palette.glow)
        _eye(sheet, place, side * 0.135, 0.72, 0.052)
        if not flying:
            fold = [(side * 0.3, 0.62), (side * 0.4, 0.4), (side * 0.24, 0.12), (side * 0.2, 0.34)]
            sheet.shape(smooth(place.along(fold), closed=True, steps=3), shade + 0.15, width=pen)
    sheet.shape(place.along([(-0.045, 0.66), (0.045, 0.66), (0.0, 0.56)]), 0.75, width=pen)


def draw_butterfly(sheet: Sheet, place: Place, shade: float) -> None:
    """A butterfly with open wings."""
    pen, high = place.pen, place.high
    for side in (-1, 1):
        upper = [(side * 0.04, 0.56), (side * 0.3, 0.98), (side * 0.74, 1.0), (side * 0.7, 0.62), (side * 0.3, 0.46)]
        lower = [(side * 0.04, 0.5), (side * 0.38, 0.46), (side * 0.56, 0.2), (side * 0.34, 0.02), (side * 0.1, 0.3)]
        for wing, tone in ((lower, 0.16), (upper, 0.0)):
            form = smooth(place.along(wing), closed=True, steps=4)
            sheet.shape(form, shade + tone, width=pen * 1.2, passes=2)
        for across, up, size in ((0.46, 0.78, 0.09), (0.32, 0.24, 0.06)):
            sheet.shape(oval(*place.at(side * across, up), size * high, size * high), 0, width=pen * 0.8)
        feeler = [(side * 0.02, 0.76), (side * 0.1, 0.98), (side * 0.2, 1.08)]
        sheet.line(smooth(place.along(feeler)), width=pen)
    sheet.shape(oval(*place.at(0.0, 0.48), 0.05 * high, 0.3 * high), 0.85, width=pen)


def draw_bee(sheet: Sheet, place: Place) -> None:
    """A bee in flight."""
    pen, high = place.pen, place.high
    for lean in (-0.34, 0.06):
        sheet.shape(
            oval(*place.at(lean, 0.92), 0.2 * high, 0.34 * high, turn=place.facing * 0.4), 0, width=pen, alpha=0.8
        )
    body = oval(*place.at(0.0, 0.45), 0.62 * high, 0.36 * high)
    sheet.area(body, 0, colour=sheet.palette.glow)
    for across in (-0.36, -0.08, 0.2):
        band = [(across, 0.1), (across - 0.04, 0.45), (across, 0.8), (across + 0.13, 0.79), (across + 0.1, 0.45),
                (across + 0.13, 0.11)]  # fmt: skip
        sheet.area(smooth(place.along(band), closed=True, steps=3), 0.95)
    sheet.line(body, width=pen, closed=True, passes=2)
    _eye(sheet, place, 0.48, 0.54, 0.07)
    sheet.line(smooth(place.along([(0.5, 0.72), (0.68, 0.92), (0.8, 0.9)])), width=pen)


def draw_fish(sheet: Sheet, place: Place, shade: float) -> None:
    """A fish that leaps, with the drops it throws up."""
    pen, high = place.pen, place.high
    tail = [(-0.62, 0.42), (-1.04, 0.72), (-0.96, 0.34), (-1.1, 0.0), (-0.62, 0.28)]
    sheet.shape(smooth(place.along(tail), closed=True, steps=3), shade + 0.2, width=pen)
    fin = [(-0.2, 0.74), (0.0, 1.0), (0.3, 0.94), (0.34, 0.72)]
    sheet.shape(smooth(place.along(fin), closed=True, steps=3), shade + 0.2, width=pen)
    body = [
        (-0.72, 0.36),
        (-0.3, 0.68),
        (0.3, 0.8),
        (0.78, 0.64),
        (0.98, 0.46),
        (0.76, 0.26),
        (0.2, 0.12),
        (-0.36, 0.18),
    ]
    sheet.shape(smooth(place.along(body), closed=True, steps=4), shade, width=pen, passes=2)
    belly = [(-0.4, 0.24), (0.2, 0.16), (0.74, 0.28), (0.84, 0.38), (0.2, 0.34)]
    sheet.area(smooth(place.along(belly), closed=True, steps=3), max(0.0, shade - 0.3))
    sheet.line(smooth(place.along([(0.56, 0.7), (0.46, 0.48), (0.56, 0.24)])), width=pen)
    for row in range(3):
        for step in range(4):
            middle = place.at(-0.34 + step * 0.2 + (row % 2) * 0.1, 0.34 + row * 0.13)
            sheet.line(arc(*middle, 0.07 * high, 0.06 * high, -1.4, 1.4, 6), width=pen * 0.6, dark=0.45)
    _eye(sheet, place, 0.72, 0.54, 0.06)
    sheet.line(smooth(place.along([(0.97, 0.44), (0.86, 0.4), (0.8, 0.42)])), width=pen * 0.8)
    for across, up in ((-0.9, -0.14), (-0.5, -0.24), (-1.2, -0.06), (-0.2, -0.16)):
        sheet.shape(oval(*place.at(across, up), 0.03 * high, 0.05 * high), 0, width=pen * 0.6)
