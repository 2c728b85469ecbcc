"""Figures seen from straight above: shoulders and heads, and the long shadows that tell who they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.anatomy import POSES, Place, limb, look_of
from blocks.sketch.animals import ANIMALS
from blocks.sketch.critters import draw_butterfly
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.figures import Character
    from blocks.sketch.pencil import Point, Sheet

SUN = (0.82, -0.36)
"""Where shadows fall, for each unit of height."""
SHADE = 0.62


def cast_shadow(sheet: Sheet, points: list[Point], height: float) -> None:
    """The shadow of a flat form at a height above the ground, in units."""
    moved = [(x + SUN[0] * height, y + SUN[1] * height) for x, y in points]
    sheet.area(moved, SHADE, alpha=0.5)


def draw_from_above(sheet: Sheet, who: Character, x: float, y: float, pose_name: str, facing: int) -> None:
    """Somebody seen from above: shoulders and head, and a shadow that has their shape."""
    look = look_of(who.name, who.kind)
    match who.kind:
        case "bird":
            _bird(sheet, x, y, facing)
        case "whale":
            _whale(sheet, x, y, facing)
        case "owl":
            _bird(sheet, x, y, facing)
        case "butterfly" | "bee":
            draw_butterfly(sheet, Place(x=x, foot=y + 7, high=14 if who.kind == "butterfly" else 6), look.coat_shade)
        case "fish":
            _whale(sheet, x, y, facing, 0.4)
        case kind if kind in ANIMALS:
            _animal(sheet, x, y, facing, 6.0 + 10 * min(1.0, ANIMALS[kind].height * who.size), look.coat_shade)
        case _:
            size = (1.1 if look.child else 1.5) * min(1.3, max(0.6, who.size))
            _cast_figure(sheet, x, y, pose_name, 26 * size)
            stride = 3.4 * size if pose_name in {"walk", "run"} else 0.0
            for side, ahead in ((-1, stride), (1, -stride)):
                sheet.shape(
                    oval(x + facing * (1 + ahead), y + side * 2.1 * size, 2.6 * size, 1.3 * size), 0.75, width=0.42
                )
                hand = (x + facing * (2.5 - ahead), y + side * 6.4 * size)
                sheet.shape(
                    limb(
                        [(x, y + side * 4.4 * size), (x + facing * 1.5, y + side * 6.6 * size), hand],
                        (2.4 * size, 1.9 * size),
                    ),
                    look.coat_shade,
                    width=0.42,
                )
            boxy = who.kind == "robot"
            body = (
                [(x - 2.6, y - 5.4), (x + 2.6, y - 5.4), (x + 2.6, y + 5.4), (x - 2.6, y + 5.4)]
                if boxy
                else oval(x, y, 3.4 * size, 6.2 * size)
            )
            sheet.shape(body, 0.22 if boxy else look.coat_shade, width=0.55, passes=2)
            head = oval(x + facing * 0.8, y, 3.1 * size, 2.9 * size)
            sheet.shape(head, 0.12 if boxy else look.hair_shade, width=0.5, passes=2)
            if boxy:
                for side in (-1, 1):
                    sheet.line([(x + facing, y + side * 1.6), (x + facing * 3, y + side * 3.4)], width=0.5)
                    sheet.area(oval(x + facing * 3.2, y + side * 1.2, 0.7, 0.7), 0, colour=sheet.palette.glow)


def draw_umbrella_from_above(sheet: Sheet, x: float, y: float, shade: float) -> None:
    """An umbrella, which is all that is seen of whoever stands under it."""
    rim = [(x + 10 * math.cos(k * math.pi / 4), y + 9 * math.sin(k * math.pi / 4)) for k in range(8)]
    cast_shadow(sheet, rim, 12)
    for index, corner in enumerate(rim):
        panel = [(x, y), corner, rim[(index + 1) % 8]]
        sheet.shape(panel, shade + (0.14 if index % 2 else 0.0), width=0.42)
    sheet.area(oval(x, y, 0.9, 0.9), 0.95)


def _cast_figure(sheet: Sheet, x: float, y: float, pose_name: str, length: float) -> None:
    pose = POSES.get(pose_name, POSES["stand"])

    def cast(point: Point) -> Point:
        across, up = point
        return x + SUN[0] * up * length + across * length * 0.5, y + SUN[1] * up * length + across * length * 0.9

    tone = sheet.palette.tone(SHADE)
    for joints, wide in ((pose.far_leg, 0.075), (pose.near_leg, 0.075), (pose.far_arm, 0.05), (pose.near_arm, 0.05)):
        sheet.area(
            limb([cast(joint) for joint in joints], (wide * length, wide * length * 0.7)), 0, colour=tone, alpha=0.75
        )
    torso = [(-0.1, 0.82), (0.1, 0.82), (0.08, 0.5), (-0.08, 0.5)]
    sheet.area(smooth([cast(point) for point in torso], closed=True), 0, colour=tone, alpha=0.85)
    sheet.area(oval(*cast(pose.head), 0.075 * length, 0.06 * length, turn=-0.4), 0, colour=tone, alpha=0.85)


def _bird(sheet: Sheet, x: float, y: float, facing: int) -> None:
    form = [
        (7, 0),
        (3, -2),
        (1, -3),
        (-3, -13),
        (-5, -12),
        (-3, -3),
        (-9, -2),
        (-9, 2),
        (-3, 3),
        (-5, 12),
        (-3, 13),
        (1, 3),
        (3, 2),
    ]
    outline = smooth([(x + facing * dx, y + dy) for dx, dy in form], closed=True, steps=3)
    cast_shadow(sheet, outline, 22)
    sheet.shape(outline, 0.1, width=0.55, passes=2)
    for side in (-1, 1):
        for number in range(4):
            sheet.line(
                [
                    (x + facing * (-number - 0.5), y + side * (4 + number * 2)),
                    (x - facing * 4.5, y + side * (4 + number * 2.3)),
                ],
                width=0.3,
                dark=0.5,
            )


def _animal(sheet: Sheet, x: float, y: float, facing: int, size: float, shade: float) -> None:
    body = smooth(
        [
            (x + facing * dx * size, y + dy * size)
            for dx, dy in ((-1.0, 0), (-0.7, -0.34), (0.3, -0.36), (0.75, -0.2), (0.75, 0.2), (0.3, 0.36), (-0.7, 0.34))
        ],
        closed=True,
    )
    cast_shadow(sheet, body, size * 0.5)
    sheet.line(
        smooth(
            [
                (x - facing * size, y),
                (x - facing * size * 1.4, y - size * 0.2),
                (x - facing * size * 1.7, y + size * 0.2),
            ]
        ),
        width=size * 0.16,
    )
    sheet.shape(body, shade, width=0.5, passes=2)
    sheet.shape(oval(x + facing * size * 0.95, y, size * 0.36, size * 0.28), shade, width=0.5)
    sheet.area(oval(x + facing * size * 1.28, y, size * 0.09, size * 0.09), 1.0)
    for side in (-1, 1):
        ear = oval(x + facing * size * 0.86, y + side * size * 0.27, size * 0.2, size * 0.11, turn=side * facing * 0.5)
        sheet.shape(ear, shade + 0.3, width=0.42)


def _whale(sheet: Sheet, x: float, y: float, facing: int, size: float = 1.0) -> None:
    body = [(26, 0), (20, -8), (4, -11), (-14, -6), (-28, -1.6), (-28, 1.6), (-14, 6), (4, 11), (20, 8)]
    fluke = [(-26, 0), (-34, -9), (-41, -12), (-37, 0), (-41, 12), (-34, 9)]
    for fin in ([(8, -9), (0, -20), (-6, -21), (-2, -9)], [(8, 9), (0, 20), (-6, 21), (-2, 9)], fluke, body):
        form = smooth([(x + facing * dx * size, y + dy * size) for dx, dy in fin], closed=True, steps=4)
        if fin is body:
            cast_shadow(sheet, form, 4)
        sheet.shape(form, 0.6, width=0.6, passes=2)
    sheet.area(
        smooth(
            [(x + facing * dx * size, y + dy * size) for dx, dy in ((20, -1), (0, -3), (-22, 0), (0, 1.5))], closed=True
        ),
        0.45,
    )
    for side in (-1, 1):
        sheet.area(oval(x + facing * 19 * size, y + side * 5 * size, 0.8, 0.8), 1.0)
    spout = [(12, 0), (6, -6), (10, -11)]
    sheet.line(smooth([(x + facing * dx * size, y + dy * size) for dx, dy in spout]), width=0.5, dark=0.5)
