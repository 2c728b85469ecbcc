"""Heads and their hair: where a head is on the sheet, and what grows or sits on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blocks.sketch.anatomy import Look
    from blocks.sketch.pencil import Point, Sheet

SKIN = 0.05
"""The shade of skin."""
DOTS_FROM, FACE_FROM = 1.1, 2.6
"""Half heights of a head, in units, from which eyes, and a whole face, are drawn."""
SKULL = (
    (-0.1, 1.24), (0.45, 1.14), (0.83, 0.78), (0.93, 0.3), (0.86, -0.12), (0.8, -0.45), (0.6, -0.92), (0.28, -1.22),
    (-0.08, -1.2), (-0.5, -0.88), (-0.8, -0.42), (-0.95, 0.15), (-0.93, 0.62), (-0.62, 1.05),
)  # fmt: skip
_HAIR: dict[str, tuple[Point, ...]] = {
    "short": (
        (-0.98, -0.12),
        (-1.12, 0.45),
        (-0.95, 1.02),
        (-0.4, 1.42),
        (0.3, 1.42),
        (0.85, 1.08),
        (1.0, 0.55),
        (0.86, 0.62),
        (0.62, 0.78),
        (0.1, 0.72),
        (-0.45, 0.86),
        (-0.72, 0.5),
        (-0.82, 0.1),
    ),
    "messy": (
        (-0.98, -0.1),
        (-1.2, 0.35),
        (-1.05, 0.85),
        (-1.12, 1.25),
        (-0.6, 1.3),
        (-0.35, 1.62),
        (0.05, 1.36),
        (0.5, 1.58),
        (0.7, 1.2),
        (1.08, 1.1),
        (0.96, 0.6),
        (0.7, 0.85),
        (0.35, 0.6),
        (0.0, 0.84),
        (-0.4, 0.62),
        (-0.75, 0.5),
        (-0.82, 0.1),
    ),
    "bob": (
        (-0.9, -0.75),
        (-1.25, -0.55),
        (-1.3, 0.3),
        (-1.0, 1.1),
        (-0.35, 1.46),
        (0.4, 1.42),
        (0.98, 0.98),
        (1.12, 0.2),
        (1.02, -0.45),
        (0.84, -0.4),
        (0.86, 0.3),
        (0.66, 0.72),
        (0.0, 0.82),
        (-0.5, 0.66),
        (-0.76, 0.2),
        (-0.78, -0.4),
    ),
    "long": (
        (-0.75, -1.9),
        (-1.35, -1.85),
        (-1.38, -0.6),
        (-1.3, 0.35),
        (-1.0, 1.12),
        (-0.35, 1.46),
        (0.4, 1.42),
        (0.98, 0.98),
        (1.1, 0.2),
        (1.12, -0.6),
        (1.2, -1.5),
        (0.9, -1.55),
        (0.86, -0.5),
        (0.88, 0.3),
        (0.6, 0.8),
        (0.05, 0.98),
        (-0.45, 0.7),
        (-0.76, 0.2),
        (-0.72, -0.7),
    ),
    "curly": (
        (-0.95, -0.3),
        (-1.3, -0.2),
        (-1.25, 0.2),
        (-1.45, 0.5),
        (-1.15, 0.85),
        (-1.1, 1.25),
        (-0.65, 1.3),
        (-0.35, 1.6),
        (0.1, 1.45),
        (0.5, 1.58),
        (0.75, 1.25),
        (1.12, 1.15),
        (1.1, 0.75),
        (1.28, 0.45),
        (0.98, 0.2),
        (0.82, 0.55),
        (0.5, 0.72),
        (0.1, 0.66),
        (-0.3, 0.8),
        (-0.68, 0.5),
        (-0.84, 0.1),
    ),
}
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


def draw_hair_behind(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    """What falls behind the head: bun, tail, long hair, the back of a hood."""
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


def draw_hair_before(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    """What frames the face: fringe, cap, the rim of a hood."""
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
    if head.high > DOTS_FROM:
        _strands(sheet, head, look, pen)


def _strands(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    lighter = look.hair_shade > 0.7
    colour = sheet.palette.tone(look.hair_shade - 0.35) if lighter else None
    for number in range(7 if head.high > FACE_FROM else 3):
        start = -0.75 + number * 0.24
        path = [
            (start, 1.28 - 0.3 * start * start),
            (start * 1.12 - 0.12, 1.0),
            (start * 1.2 - 0.2, 0.8 - 0.1 * number % 0.3),
        ]
        sheet.line(smooth(head.along(path)), width=pen * 0.7, dark=0.5, colour=colour)


def draw_back_of_head(sheet: Sheet, head: Head, look: Look, pen: float) -> None:
    """The head of somebody who looks away."""
    if look.hair in {"cap", "hood", "bald"}:
        dome = smooth(head.along([*SKULL[:5], (0.5, 0.0), (-0.5, 0.0), *SKULL[-4:]]), closed=True, steps=4)
        sheet.shape(dome, SKIN if look.hair == "bald" else look.coat_shade + 0.15, width=pen)
        return
    for number in range(7):
        start = -0.78 + number * 0.26
        path = [(start * 0.6, 1.2 - 0.25 * start * start), (start, 0.5), (start * 0.95, -0.4), (start * 0.7, -1.0)]
        sheet.line(smooth(head.along(path)), width=pen * 0.8, dark=0.3)
    sheet.line(arc(head.x, head.y, head.wide * 0.8, head.high * 0.8, -2.6, -1.9), width=pen, dark=0.3)
