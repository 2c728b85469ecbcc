"""Many people at once: rows of plain figures behind those who have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch.pencil import oval

if TYPE_CHECKING:
    from blocks.sketch.camera import Camera
    from blocks.sketch.pencil import Sheet

_ROWS = ((0.34, 0.3), (0.46, 0.24), (0.6, 0.16))


def draw_crowd(sheet: Sheet, camera: Camera) -> None:
    """Rows of people across the sheet, the farthest first, fainter the farther they are."""
    hand = sheet.hand
    person = min(camera.person, 60.0)
    foot = camera.foot if camera.person <= 60 else 96.0
    start = max(camera.horizon, 12.0)
    for scale, faint in _ROWS:
        high = person * scale * 1.1
        ground = start + (foot - start) * scale + 2
        x = hand.uniform(-1.0, 0.3) * high * 0.4
        while x < sheet.width + high * 0.3:
            _somebody(sheet, x, ground + hand.uniform(-0.05, 0.05) * high, high * hand.uniform(0.86, 1.08), faint)
            x += high * hand.uniform(0.24, 0.4)


def draw_crowd_from_above(sheet: Sheet) -> None:
    """Heads and shoulders all over the sheet, for the bird's-eye view."""
    hand = sheet.hand
    for row in range(9):
        for column in range(16):
            x = (column + 0.5 + hand.uniform(-0.3, 0.3)) * sheet.width / 16
            y = (row + 0.5 + hand.uniform(-0.3, 0.3)) * sheet.height / 9
            turn, shade = hand.uniform(-0.7, 0.7), hand.choice((0.15, 0.35, 0.55))
            sheet.area(oval(x + 1.2, y - 0.8, 2.6, 1.5, turn=turn, points=12), 0.7, alpha=0.35)
            sheet.shape(oval(x, y, 2.5, 1.3, turn=turn, points=12), shade, width=0.3)
            sheet.shape(oval(x, y, 1.05, 1.05, points=10), hand.choice((0.1, 0.6, 0.85)), width=0.3)


def _somebody(sheet: Sheet, x: float, foot: float, high: float, faint: float) -> None:
    hand = sheet.hand
    shade = hand.choice((0.2, 0.35, 0.5, 0.65)) * (1 - faint) + 0.1
    wide = high * hand.uniform(0.1, 0.13)
    ink = 0.8 - faint
    for side in (-1, 1):
        leg = [(x + side * wide * 0.15, foot - high * 0.45), (x + side * wide * 0.65, foot - high * 0.45)]
        leg += [(x + side * wide * 0.6, foot), (x + side * wide * 0.2, foot)]
        sheet.shape(leg, min(1.0, shade + 0.2), width=0.26, dark=ink, wobble=0.08)
    hem = high * hand.choice((0.28, 0.38, 0.44))
    coat = [
        (x - wide * 0.95, foot - hem),
        (x - wide * 1.15, foot - high * 0.74),
        (x - wide * 0.55, foot - high * 0.83),
        (x + wide * 0.55, foot - high * 0.83),
        (x + wide * 1.15, foot - high * 0.74),
        (x + wide * 0.95, foot - hem),
    ]
    sheet.shape(coat, shade, width=0.3, dark=ink, wobble=0.1)
    for side in (-1, 1):
        arm = [(x + side * wide * 0.72, foot - high * 0.7), (x + side * wide * 0.78, foot - high * 0.48)]
        sheet.line(arm, width=0.24, dark=ink * 0.7, wobble=0.06)
    head = oval(x + hand.uniform(-0.2, 0.2) * wide, foot - high * 0.91, high * 0.062, high * 0.078, points=12)
    sheet.shape(head, 0.05, width=0.3, dark=ink, wobble=0.08)
    hair = head[len(head) // 2 :] if hand.random() < 0.8 else head
    sheet.area(hair, hand.choice((0.25, 0.6, 0.85)))
