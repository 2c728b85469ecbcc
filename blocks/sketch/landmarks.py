"""What people have built in the open: lighthouse, house, tower, bridge, street lamp, each by foot and height."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Point, Sheet


def draw_lighthouse(sheet: Sheet, x: float, foot: float, high: float, *, lit: bool, taper: float = 0.0) -> None:
    """A lighthouse on its rock; ``lit`` lets its beam sweep."""
    base, top = high * 0.115, high * 0.07 * (1 - taper)
    lamp_y = foot - high * 0.87
    if lit:
        # A beam fades: the same wedge, each time shorter, laid over itself.
        for far in (3.4, 3.0, 2.6, 2.3, 2.0, 1.7, 1.45, 1.2, 1.0, 0.8, 0.6):
            for side, spread in ((-1, 0.1), (1, 0.075)):
                end, wide = x + side * high * far, high * spread * far * 0.62
                beam = [(x, lamp_y - 0.4), (end, lamp_y - wide), (end, lamp_y + wide * 0.8), (x, lamp_y + 0.4)]
                sheet.area(beam, 0, colour=sheet.palette.glow, alpha=0.042)
        sheet.glow(x, lamp_y, high * 0.34, 0.9)
    rock = [
        (x - base * 3.2, foot + high * 0.05),
        (x - base * 2.2, foot - high * 0.05),
        (x - base * 1.2, foot - high * 0.09),
        (x + base * 1.3, foot - high * 0.085),
        (x + base * 2.1, foot - high * 0.03),
        (x + base * 3.4, foot + high * 0.05),
    ]
    sheet.shape(rock, 0.5, width=0.5, passes=2)
    sheet.hatch(rock, angle=0.6, spacing=1.3, dark=0.5)
    bottom, head = foot - high * 0.07, foot - high * 0.8
    sheet.shape([(x - base, bottom), (x - top, head), (x + top, head), (x + base, bottom)], 0.03, width=0.5, passes=2)
    for low, up in ((0.12, 0.3), (0.5, 0.68)):
        bands = [
            _tower_at(x, bottom, head, base, top, low, -1),
            _tower_at(x, bottom, head, base, top, up, -1),
            _tower_at(x, bottom, head, base, top, up, 1),
            _tower_at(x, bottom, head, base, top, low, 1),
        ]
        sheet.area(bands, 0.62)
        sheet.line(bands, width=0.3, closed=True, dark=0.6)
    shadow = [(x + base * 0.3, bottom), (x + top * 0.3, head), (x + top, head), (x + base, bottom)]
    sheet.area(shadow, 0.55, alpha=0.4)
    sheet.hatch(shadow, angle=0.4, spacing=max(0.9, high * 0.022), dark=0.35)
    gallery = [
        (x - top * 1.6, head),
        (x - top * 1.6, head - high * 0.022),
        (x + top * 1.6, head - high * 0.022),
        (x + top * 1.6, head),
    ]
    sheet.shape(gallery, 0.5, width=0.4)
    room = [
        (x - top * 0.85, head - high * 0.022),
        (x - top * 0.85, head - high * 0.115),
        (x + top * 0.85, head - high * 0.115),
        (x + top * 0.85, head - high * 0.022),
    ]
    sheet.area(room, 0.25, colour=sheet.palette.glow if lit else None)
    sheet.line(room, width=0.42, closed=True)
    sheet.line([(x, head - high * 0.022), (x, head - high * 0.115)], width=0.3)
    dome = [
        (x - top * 1.1, head - high * 0.115),
        *arc(x, head - high * 0.115, top, high * 0.06, math.pi, math.tau, 9),
        (x + top * 1.1, head - high * 0.115),
    ]
    sheet.shape(dome, 0.7, width=0.42)
    sheet.line([(x, head - high * 0.17), (x, head - high * 0.21)], width=0.4)
    door = [
        (x - base * 0.28, bottom),
        (x - base * 0.28, bottom - high * 0.06),
        (x, bottom - high * 0.08),
        (x + base * 0.28, bottom - high * 0.06),
        (x + base * 0.28, bottom),
    ]
    sheet.shape(door, 0.75, width=0.36)


def _tower_at(x: float, bottom: float, head: float, base: float, top: float, share: float, side: int) -> Point:
    return x + side * (base + (top - base) * share), bottom + (head - bottom) * share


def draw_house(sheet: Sheet, x: float, foot: float, high: float, *, lit: bool, church: bool = False) -> None:
    """A house with a pitched roof, seen from a corner; a church has a spire."""
    wide = high * 0.62
    wall = high * 0.52
    front = [
        (x - wide * 0.5, foot),
        (x - wide * 0.5, foot - wall),
        (x, foot - high * 0.95),
        (x + wide * 0.5, foot - wall),
        (x + wide * 0.5, foot),
    ]
    deep = wide * 0.85
    side = [
        (x + wide * 0.5, foot),
        (x + wide * 0.5, foot - wall),
        (x + wide * 0.5 + deep, foot - wall * 1.02),
        (x + wide * 0.5 + deep, foot - 0.6),
    ]
    roof = [
        (x + wide * 0.55, foot - wall * 0.95),
        (x, foot - high * 0.97),
        (x + deep, foot - high * 0.95),
        (x + wide * 0.58 + deep, foot - wall * 0.97),
    ]
    if church:
        spire = [
            (x - wide * 0.24, foot - wall),
            (x - wide * 0.24, foot - high * 1.15),
            (x, foot - high * 1.75),
            (x + wide * 0.24, foot - high * 1.15),
            (x + wide * 0.24, foot - wall),
        ]
        sheet.shape(spire, 0.3, width=0.45)
    sheet.shape(side, 0.34, width=0.45)
    sheet.hatch(side, angle=1.1, spacing=1.3, dark=0.3)
    sheet.shape(front, 0.06, width=0.45, passes=2)
    sheet.shape(roof, 0.6, width=0.45)
    sheet.hatch(roof, angle=0.9, spacing=1.2, dark=0.45)
    sheet.line([(x - wide * 0.58, foot - wall * 0.88), (x, foot - high), (x + deep * 0.02, foot - high)], width=0.55)
    for across, up in ((-0.24, 0.3), (0.2, 0.3), (-0.02, 0.66)):
        px, py, size = x + wide * across, foot - high * up, high * 0.085
        pane = [
            (px - size * 0.8, py),
            (px - size * 0.8, py - size * 1.8),
            (px + size * 0.8, py - size * 1.8),
            (px + size * 0.8, py),
        ]
        if lit:
            sheet.glow(px, py - size, size * 4, 0.7)
        sheet.area(pane, 0.65, colour=sheet.palette.glow if lit else None)
        sheet.line(pane, width=0.32, closed=True)
        sheet.line([(px, py), (px, py - size * 1.8)], width=0.24, dark=0.6)
    chimney = [
        (x + deep * 0.62, foot - high * 0.92),
        (x + deep * 0.62, foot - high * 1.12),
        (x + deep * 0.8, foot - high * 1.12),
        (x + deep * 0.8, foot - high * 0.9),
    ]
    sheet.shape(chimney, 0.4, width=0.36)
    smoke = [
        (x + deep * 0.7, foot - high * 1.15),
        (x + deep * 0.85, foot - high * 1.3),
        (x + deep * 0.7, foot - high * 1.42),
        (x + deep * 0.95, foot - high * 1.6),
    ]
    sheet.line(smooth(smoke), width=0.4, dark=0.4)


def draw_tower(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A stone tower with battlements."""
    wide = high * 0.16
    walls = [
        (x - wide, foot),
        (x - wide * 0.9, foot - high * 0.85),
        (x + wide * 0.9, foot - high * 0.85),
        (x + wide, foot),
    ]
    sheet.shape(walls, 0.2, width=0.5, passes=2)
    shadow = [
        (x + wide * 0.2, foot),
        (x + wide * 0.2, foot - high * 0.85),
        (x + wide * 0.9, foot - high * 0.85),
        (x + wide, foot),
    ]
    sheet.area(shadow, 0.45, alpha=0.6)
    sheet.hatch(shadow, angle=0.8, spacing=1.4, dark=0.4)
    crown: list[Point] = [(x - wide * 1.15, foot - high * 0.84)]
    for tooth in range(4):
        left = x - wide * 1.15 + tooth * wide * 0.62
        crown += [
            (left, foot - high),
            (left + wide * 0.36, foot - high),
            (left + wide * 0.36, foot - high * 0.93),
            (left + wide * 0.62, foot - high * 0.93),
        ]
    crown += [(x + wide * 1.15, foot - high * 0.84)]
    sheet.shape(crown, 0.3, width=0.45)
    for up in (0.3, 0.55):
        sheet.area(oval(x - wide * 0.2, foot - high * up, wide * 0.13, high * 0.035), 0.9)
    for _ in range(14):
        sx, sy = sheet.hand.uniform(x - wide * 0.8, x + wide * 0.7), sheet.hand.uniform(foot - high * 0.8, foot)
        sheet.line([(sx, sy), (sx + wide * 0.25, sy)], width=0.26, dark=0.35)


def draw_bridge(sheet: Sheet, foot: float, high: float) -> None:
    """A bridge of three arches, from edge to edge."""
    x, wide = sheet.width / 2, sheet.width * 0.55
    top = foot - high * 0.55
    deck = [
        (x - wide, top),
        (x - wide, top - high * 0.12),
        (x, top - high * 0.2),
        (x + wide, top - high * 0.12),
        (x + wide, foot),
        (x - wide, foot),
    ]
    sheet.area(deck, 0.24)
    for number in (-1, 0, 1):
        middle = x + number * wide * 0.64
        opening = [
            (middle - wide * 0.26, foot + 1),
            *arc(middle, foot, wide * 0.26, high * 0.5, math.pi, math.tau, 12),
            (middle + wide * 0.26, foot + 1),
        ]
        sheet.area(opening, 0.4)
        sheet.line(opening[1:-1], width=0.45, passes=2)
    sheet.line(
        smooth([(x - wide, top - high * 0.12), (x, top - high * 0.2), (x + wide, top - high * 0.12)]),
        width=0.55,
        passes=2,
    )
    for number in range(11):
        px = x - wide + number * wide / 5
        sheet.line([(px, top - high * 0.15), (px, top - high * 0.28)], width=0.36)
    sheet.line(
        smooth([(x - wide, top - high * 0.26), (x, top - high * 0.34), (x + wide, top - high * 0.26)]), width=0.4
    )


def draw_street_lamp(sheet: Sheet, x: float, foot: float, high: float, *, lit: bool) -> None:
    """A street lamp."""
    if lit:
        sheet.glow(x, foot - high * 0.93, high * 0.5, 0.85)
        cone = [(x, foot - high * 0.9), (x - high * 0.3, foot), (x + high * 0.3, foot)]
        sheet.area(cone, 0, colour=sheet.palette.glow, alpha=0.2)
    sheet.line([(x, foot), (x, foot - high * 0.86)], width=0.3 + high * 0.016, passes=2)
    head = [
        (x - high * 0.05, foot - high * 0.86),
        (x - high * 0.075, foot - high * 0.98),
        (x + high * 0.075, foot - high * 0.98),
        (x + high * 0.05, foot - high * 0.86),
    ]
    sheet.area(head, 0.1, colour=sheet.palette.glow if lit else None)
    sheet.line(head, width=0.5, closed=True)
    sheet.shape(
        [(x - high * 0.1, foot - high * 0.98), (x, foot - high * 1.05), (x + high * 0.1, foot - high * 0.98)],
        0.8,
        width=0.4,
    )
    sheet.shape(
        [
            (x - high * 0.05, foot),
            (x - high * 0.03, foot - high * 0.08),
            (x + high * 0.03, foot - high * 0.08),
            (x + high * 0.05, foot),
        ],
        0.6,
        width=0.4,
    )
