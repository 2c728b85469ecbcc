"""Heads of people: from an oval with a few strokes, far away, to a drawn face, near."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch.hair import (
    DOTS_FROM,
    FACE_FROM,
    SKIN,
    SKULL,
    Head,
    draw_back_of_head,
    draw_hair_before,
    draw_hair_behind,
)
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.anatomy import Look
    from blocks.sketch.pencil import Sheet


def draw_head(sheet: Sheet, head: Head, look: Look, mood: str, *, back: bool = False) -> None:
    """A person's head, with as much of a face as its size can bear."""
    pen = min(0.9, 0.28 + head.high * 0.035)
    draw_hair_behind(sheet, head, look, pen)
    if back and look.hair in {"short", "bun", "ponytail", "cap", "bald", "messy"}:
        for side in (-1, 1):
            sheet.shape(oval(*head.at(side * 0.92, -0.1), 0.16 * head.wide, 0.24 * head.high), SKIN, width=pen)
    skull = smooth(head.along(SKULL), closed=True, steps=4)
    sheet.area(skull, look.hair_shade if back else SKIN)
    if not back:
        # The shadow side, under the cheekbone.
        shaded = smooth(
            head.along([(-0.93, 0.5), (-0.62, 0.2), (-0.55, -0.4), (-0.3, -0.95), (-0.55, -0.9), (-0.85, -0.4)])
        )
        sheet.area(shaded, 0.22, alpha=0.8)
        if head.high > FACE_FROM:
            sheet.hatch(shaded, spacing=max(0.55, head.high * 0.07), dark=0.3, angle=-0.8)
    sheet.line(
        skull,
        width=pen,
        closed=True,
        wobble=min(0.3, 0.02 * head.high + 0.05),
        passes=2 if head.high > FACE_FROM else 1,
    )
    if back:
        draw_back_of_head(sheet, head, look, pen)
        return
    if head.high > FACE_FROM:
        _face(sheet, head, look, mood, pen)
    elif head.high > DOTS_FROM:
        for across in (-0.05, 0.55):
            sheet.area(oval(*head.at(across, 0.05), 0.1 * head.wide, 0.13 * head.high), 1)
        sheet.line(head.along([(0.1, -0.6), (0.45, -0.6)]), width=0.25, wobble=0.05)
    draw_hair_before(sheet, head, look, pen)


def _face(sheet: Sheet, head: Head, look: Look, mood: str, pen: float) -> None:
    # The cross that one finds the features by stays visible, faintly, as in any first sketch.
    sheet.line(smooth(head.along([(0.24, 1.15), (0.42, 0.4), (0.44, -0.3), (0.26, -1.15)])), width=pen * 0.5, dark=0.16)
    sheet.line(smooth(head.along([(-0.9, 0.1), (0.1, -0.02), (0.86, 0.08)])), width=pen * 0.5, dark=0.16)
    if look.beard:
        _beard(sheet, head, look, pen)
    for across, size in ((-0.2, 1.0), (0.58, 0.86)):
        _eye(sheet, head, across, size, mood, pen)
    nose = smooth(head.along([(0.38, 0.0), (0.52, -0.28), (0.56, -0.42), (0.42, -0.5), (0.3, -0.47)]))
    sheet.line(nose, width=pen * 0.75, wobble=min(0.3, 0.012 * head.high))
    curve = {"glad": 0.12, "sad": -0.1, "angry": -0.06, "afraid": -0.02}.get(mood, 0.03)
    mouth = [(0.02, -0.78 + curve), (0.28, -0.8 - curve * 0.5), (0.4, -0.79 - curve * 0.5), (0.62, -0.76 + curve)]
    if mood == "afraid":
        sheet.shape(oval(*head.at(0.36, -0.82), 0.13 * head.wide, 0.12 * head.high), 0.8, width=pen * 0.7)
    else:
        sheet.line(smooth(head.along(mouth)), width=pen * 0.85, wobble=min(0.3, 0.012 * head.high))
        sheet.line(smooth(head.along([(0.22, -0.95), (0.36, -0.98), (0.48, -0.94)])), width=pen * 0.5, dark=0.45)
    ear = smooth(head.along([(-0.84, 0.12), (-1.02, 0.16), (-1.06, -0.15), (-0.94, -0.42), (-0.82, -0.32)]), steps=4)
    if look.hair in {"short", "bun", "ponytail", "cap", "bald", "messy"}:
        sheet.area(ear, SKIN)
        sheet.line(ear, width=pen * 0.8)
        sheet.line(smooth(head.along([(-0.9, 0.05), (-0.98, -0.05), (-0.92, -0.25)])), width=pen * 0.5, dark=0.5)
    if look.glasses:
        for across, size in ((-0.2, 0.36), (0.58, 0.3)):
            sheet.line(oval(*head.at(across, 0.02), size * head.wide, 0.27 * head.high), width=pen * 0.7, closed=True)
        sheet.line(head.along([(0.16, 0.06), (0.28, 0.06)]), width=pen * 0.7)
        sheet.line(head.along([(-0.56, 0.06), (-0.9, 0.1)]), width=pen * 0.6)


def _eye(sheet: Sheet, head: Head, across: float, size: float, mood: str, pen: float) -> None:
    wide, high = 0.27 * size, {"afraid": 0.2, "glad": 0.12, "sad": 0.12, "angry": 0.11}.get(mood, 0.145)
    slope = {"angry": 0.1, "sad": -0.1, "afraid": -0.08}.get(mood, 0.0) * (1 if across > 0.3 else -1)
    brow = [
        (across - wide * 1.15, 0.32 + slope * -1.0),
        (across, 0.42 + (0.06 if mood == "afraid" else 0)),
        (across + wide * 1.1, 0.33 + slope),
    ]
    sheet.line(smooth(head.along(brow)), width=pen * 1.35, dark=0.8, wobble=min(0.3, 0.012 * head.high))
    if mood == "asleep":
        lid = [(across - wide, 0.02), (across, -0.1), (across + wide, 0.02)]
        sheet.line(smooth(head.along(lid)), width=pen * 1.1)
        return
    upper = smooth(head.along([(across - wide, -0.02), (across, high), (across + wide, 0.0)]), steps=5)
    lower = smooth(head.along([(across + wide, 0.0), (across + 0.02, -high * 0.7), (across - wide, -0.02)]), steps=5)
    sheet.area([*upper, *lower], 0.0, colour=sheet.palette.paper)
    iris = head.at(across + 0.05, 0.02)
    radius = 0.125 * size * head.wide
    sheet.area(oval(*iris, radius, radius * 1.1), 0.75)
    sheet.area(oval(*iris, radius * 0.6, radius * 0.65), 1.0)
    sheet.area(
        oval(iris[0] - radius * 0.35, iris[1] - radius * 0.4, radius * 0.3, radius * 0.3), 0, colour=(255, 253, 247)
    )
    sheet.line(upper, width=pen * 1.15, wobble=min(0.3, 0.01 * head.high))
    sheet.line(lower, width=pen * 0.5, dark=0.5, wobble=min(0.3, 0.01 * head.high))
    if head.high > 12:
        outer = 1 if across > 0.3 else -1
        for turn in (0.45, 0.7, 0.92):
            start = head.at(across + outer * turn * wide, high * (1 - turn * turn))
            end = head.at(across + outer * turn * wide * 1.2, high * (1.1 - turn * turn) + 0.045)
            sheet.line([start, end], width=pen * 0.6, dark=0.7)


def _beard(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    outline = smooth(
        head.along(
            [(-0.82, -0.2), (-0.5, -0.5), (-0.05, -0.62), (0.36, -0.58), (0.66, -0.62), (0.82, -0.35),
             (0.74, -0.95), (0.42, -1.5), (0.05, -1.52), (-0.45, -1.15)]
        ),
        closed=True,
        steps=4,
    )  # fmt: skip
    sheet.area(outline, max(0.12, look.hair_shade * 0.8), alpha=0.9)
    sheet.hatch(outline, angle=-1.35, spacing=max(0.5, head.high * 0.08), dark=0.5, width=pen * 0.6)
