"""Heads of people: from an oval with a few strokes, far away, to a drawn face, near."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blocks.sketch.anatomy import Look
    from blocks.sketch.pencil import Point, Sheet

_SKIN = 0.05
_DOTS_FROM, _FACE_FROM = 1.1, 2.6  # half heights of a head, in units, from which eyes, and a whole face, are drawn

_SKULL = (
    (-0.1, 1.24), (0.45, 1.14), (0.83, 0.78), (0.93, 0.3), (0.86, -0.12), (0.8, -0.45), (0.6, -0.92), (0.28, -1.22),
    (-0.08, -1.2), (-0.5, -0.88), (-0.8, -0.42), (-0.95, 0.15), (-0.93, 0.62), (-0.62, 1.05),
)  # fmt: skip
_HAIR: dict[str, tuple[Point, ...]] = {
    "short": ((-0.98, -0.12), (-1.12, 0.45), (-0.95, 1.02), (-0.4, 1.42), (0.3, 1.42), (0.85, 1.08), (1.0, 0.55),
              (0.86, 0.62), (0.62, 0.78), (0.1, 0.72), (-0.45, 0.86), (-0.72, 0.5), (-0.82, 0.1)),
    "messy": ((-0.98, -0.1), (-1.2, 0.35), (-1.05, 0.85), (-1.12, 1.25), (-0.6, 1.3), (-0.35, 1.62), (0.05, 1.36),
              (0.5, 1.58), (0.7, 1.2), (1.08, 1.1), (0.96, 0.6), (0.7, 0.85), (0.35, 0.6), (0.0, 0.84), (-0.4, 0.62),
              (-0.75, 0.5), (-0.82, 0.1)),
    "bob": ((-0.9, -0.75), (-1.25, -0.55), (-1.3, 0.3), (-1.0, 1.1), (-0.35, 1.46), (0.4, 1.42), (0.98, 0.98),
            (1.12, 0.2), (1.02, -0.45), (0.84, -0.4), (0.86, 0.3), (0.66, 0.72), (0.0, 0.82), (-0.5, 0.66), (-0.76, 0.2),
            (-0.78, -0.4)),
    "long": ((-0.75, -1.9), (-1.35, -1.85), (-1.38, -0.6), (-1.3, 0.35), (-1.0, 1.12), (-0.35, 1.46), (0.4, 1.42),
             (0.98, 0.98), (1.1, 0.2), (1.12, -0.6), (1.2, -1.5), (0.9, -1.55), (0.86, -0.5), (0.88, 0.3), (0.6, 0.8),
             (0.05, 0.98), (-0.45, 0.7), (-0.76, 0.2), (-0.72, -0.7)),
    "curly": ((-0.95, -0.3), (-1.3, -0.2), (-1.25, 0.2), (-1.45, 0.5), (-1.15, 0.85), (-1.1, 1.25), (-0.65, 1.3),
              (-0.35, 1.6), (0.1, 1.45), (0.5, 1.58), (0.75, 1.25), (1.12, 1.15), (1.1, 0.75), (1.28, 0.45), (0.98, 0.2),
              (0.82, 0.55), (0.5, 0.72), (0.1, 0.66), (-0.3, 0.8), (-0.68, 0.5), (-0.84, 0.1)),
}  # fmt: skip
_HAIR["bun"] = _HAIR["short"]
_HAIR["ponytail"] = _HAIR["short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A head's place on the sheet: its middle, half its width and height in units, and which way it looks."""

    x: float
    y: float
    wide: float
    high: float
    facing: int = 1
    tilt: float = 0.0

    def at(self, across: float, up: float) -> Point:
        """A point of the head on the sheet; the face spans -1..1 across and -1.25..1.25 up."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        dx, dy = across * self.wide, -up * self.high / 1.25
        return self.x + self.facing * (dx * cos - dy * sin), self.y + dx * sin + dy * cos

    def along(self, points: Sequence[Point]) -> list[Point]:
        """Several points at once."""
        return [self.at(across, up) for across, up in points]


def draw_head(sheet: Sheet, head: Head, look: Look, mood: str, *, back: bool = False) -> None:
    """A person's head, with as much of a face as its size can bear."""
    pen = min(0.9, 0.28 + head.high * 0.035)
    _hair_behind(sheet, head, look, pen)
    if back and look.hair in {"short", "bun", "ponytail", "cap", "bald", "messy"}:
        for side in (-1, 1):
            sheet.shape(oval(*head.at(side * 0.92, -0.1), 0.16 * head.wide, 0.24 * head.high), _SKIN, width=pen)
    skull = smooth(head.along(_SKULL), closed=True, steps=4)
    sheet.area(skull, look.hair_shade if back else _SKIN)
    if not back:
        # The shadow side, under the cheekbone.
        side = smooth(
            head.along([(-0.93, 0.5), (-0.62, 0.2), (-0.55, -0.4), (-0.3, -0.95), (-0.55, -0.9), (-0.85, -0.4)])
        )
        sheet.area(side, 0.22, alpha=0.8)
        if head.high > _FACE_FROM:
            sheet.hatch(side, spacing=max(0.55, head.high * 0.07), dark=0.3, angle=-0.8)
    sheet.line(
        skull,
        width=pen,
        closed=True,
        wobble=min(0.3, 0.02 * head.high + 0.05),
        passes=2 if head.high > _FACE_FROM else 1,
    )
    if back:
        _back_of_head(sheet, head, look, pen)
        return
    if head.high > _FACE_FROM:
        _face(sheet, head, look, mood, pen)
    elif head.high > _DOTS_FROM:
        for across in (-0.05, 0.55):
            sheet.area(oval(*head.at(across, 0.05), 0.1 * head.wide, 0.13 * head.high), 1)
        sheet.line(head.along([(0.1, -0.6), (0.45, -0.6)]), width=0.25, wobble=0.05)
    _hair_before(sheet, head, look, pen)


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
        sheet.area(ear, _SKIN)
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


def _hair_behind(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    if look.hair == "bun":
        sheet.shape(oval(*head.at(-0.72, 1.15), 0.45 * head.wide, 0.4 * head.high), look.hair_shade, width=pen)
    if look.hair == "ponytail":
        tail = [(-0.7, 0.9), (-1.35, 0.95), (-1.7, 0.2), (-1.55, -0.9), (-1.35, -1.3), (-1.25, -0.5), (-1.1, 0.3)]
        tuft = smooth(head.along(tail), closed=True, steps=4)
        sheet.shape(tuft, look.hair_shade, width=pen)
    if look.hair == "long":
        back = [(-1.2, 0.6), (-1.4, -0.6), (-1.3, -2.0), (-0.2, -2.15), (1.1, -1.7), (1.1, 0.4), (0.2, 1.3)]
        sheet.shape(smooth(head.along(back), closed=True, steps=4), look.hair_shade, width=pen)
    if look.hair == "hood":
        hood = [(-1.3, -1.1), (-1.5, 0.2), (-1.1, 1.3), (-0.1, 1.75), (0.9, 1.3), (1.2, 0.2), (0.9, -1.1), (0.0, -1.5)]
        sheet.shape(smooth(head.along(hood), closed=True, steps=4), look.coat_shade, width=pen, passes=2)


def _hair_before(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    if look.hair == "hood":
        rim = [(-0.75, -1.2), (-1.05, 0.1), (-0.75, 1.0), (0.05, 1.3), (0.75, 1.0), (0.98, 0.2), (0.75, -1.0)]
        sheet.line(smooth(head.along(rim)), width=pen * 1.2, passes=2)
        return
    if look.hair == "bald":
        return
    if look.hair == "cap":
        dome = [(-1.02, 0.5), (-0.95, 1.1), (-0.3, 1.5), (0.45, 1.42), (0.92, 0.95), (0.98, 0.55)]
        brim = [
            (-1.02, 0.5),
            (0.2, 0.68),
            (0.98, 0.55),
            (1.42, 0.4),
            (1.35, 0.3),
            (0.6, 0.42),
            (-0.3, 0.4),
            (-0.98, 0.28),
        ]
        sheet.shape(smooth(head.along([*dome, (0.2, 0.68)]), closed=True, steps=3), look.coat_shade + 0.2, width=pen)
        sheet.shape(head.along(brim), look.coat_shade + 0.35, width=pen)
        return
    outline = smooth(head.along(_HAIR[look.hair]), closed=True, steps=4)
    sheet.area(outline, look.hair_shade)
    sheet.line(outline, width=pen, closed=True, dark=0.75)
    if head.high > _DOTS_FROM:
        _strands(sheet, head, look, pen)


def _strands(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    lighter = look.hair_shade > 0.7
    colour = sheet.palette.tone(look.hair_shade - 0.35) if lighter else None
    for number in range(7 if head.high > _FACE_FROM else 3):
        start = -0.75 + number * 0.24
        path = [
            (start, 1.28 - 0.3 * start * start),
            (start * 1.12 - 0.12, 1.0),
            (start * 1.2 - 0.2, 0.8 - 0.1 * number % 0.3),
        ]
        sheet.line(smooth(head.along(path)), width=pen * 0.7, dark=0.5, colour=colour)


def _back_of_head(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    if look.hair in {"cap", "hood", "bald"}:
        dome = smooth(head.along([*_SKULL[:5], (0.5, 0.0), (-0.5, 0.0), *_SKULL[-4:]]), closed=True, steps=4)
        sheet.shape(dome, _SKIN if look.hair == "bald" else look.coat_shade + 0.15, width=pen)
        return
    for number in range(7):
        start = -0.78 + number * 0.26
        path = [(start * 0.6, 1.2 - 0.25 * start * start), (start, 0.5), (start * 0.95, -0.4), (start * 0.7, -1.0)]
        sheet.line(smooth(head.along(path)), width=pen * 0.8, dark=0.3)
    sheet.line(arc(head.x, head.y, head.wide * 0.8, head.high * 0.8, -2.6, -1.9), width=pen, dark=0.3)
