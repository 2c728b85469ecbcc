"""What grows and lies in the open: trees, cactuses and rocks, each by foot and height."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch.anatomy import limb
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Point, Sheet


def draw_tree(sheet: Sheet, x: float, foot: float, high: float, *, bare: bool = False) -> None:
    """A broad tree; in winter its branches only."""
    hand = sheet.hand
    thick = high * 0.05
    trunk = [
        (x - thick * 1.5, foot),
        (x - thick * 0.7, foot - high * 0.2),
        (x - thick * 0.6, foot - high * 0.5),
        (x + thick * 0.6, foot - high * 0.5),
        (x + thick * 0.8, foot - high * 0.2),
        (x + thick * 1.7, foot),
    ]
    sheet.shape(trunk, 0.55, width=0.45)
    sheet.hatch(trunk, angle=1.4, spacing=0.9, dark=0.5)
    for lean in (-0.9, -0.4, 0.1, 0.55, 0.95):
        branch = [
            (x, foot - high * 0.42),
            (x + lean * high * 0.14, foot - high * 0.66),
            (x + lean * high * 0.3, foot - high * (0.95 - abs(lean) * 0.15)),
        ]
        sheet.line(smooth(branch), width=0.3 + high * 0.008, dark=0.8)
        if bare:
            twig = branch[1]
            sheet.line([twig, (twig[0] + lean * high * 0.16, twig[1] - high * 0.08)], width=0.4)
    if bare:
        return
    for dx, dy, size in (
        (-0.2, 0.56, 0.19),
        (0.22, 0.58, 0.19),
        (-0.1, 0.78, 0.2),
        (0.13, 0.8, 0.18),
        (0.0, 0.64, 0.24),
    ):
        middle = (x + dx * high, foot - dy * high)
        ring = [
            (px + hand.uniform(-1, 1) * high * 0.018, py + hand.uniform(-1, 1) * high * 0.018)
            for px, py in oval(*middle, size * high, size * high * 0.82, points=13)
        ]
        leaves = smooth(ring, closed=True, steps=3)
        sheet.area(leaves, 0.26)
        sheet.line(leaves[: len(leaves) * 2 // 3], width=0.36, dark=0.6)
        lower = [
            (px + size * high * 0.15, py + size * high * 0.2)
            for px, py in oval(*middle, size * high * 0.7, size * high * 0.55, points=12)
        ]
        sheet.hatch(lower, angle=-0.6, spacing=max(1.0, high * 0.025), dark=0.4)


def draw_conifer(sheet: Sheet, x: float, foot: float, high: float, shade: float) -> None:
    """A fir, for forests: quick, since there are many."""
    hand = sheet.hand
    left: list[Point] = []
    right: list[Point] = []
    for level in range(5):
        share = (level + 1) / 5
        reach = high * 0.2 * share * hand.uniform(0.85, 1.15)
        y = foot - high * (1 - share * 0.88)
        left += [(x - reach, y), (x - reach * 0.55, y - high * 0.02)]
        right += [(x + reach, y + hand.uniform(-0.5, 0.5)), (x + reach * 0.55, y - high * 0.02)]
    form = [(x, foot - high), *left, *reversed(right)]
    sheet.line([(x, foot - high * 0.14), (x, foot)], width=0.9, dark=0.6)
    sheet.area(form, shade)
    sheet.line(form, width=0.3, dark=0.5, closed=True)
    sheet.hatch([(x, foot - high), *reversed(right)], angle=0.5, spacing=1.7, dark=0.3)


def draw_rocks(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A few boulders."""
    hand = sheet.hand
    for dx, size in ((-0.75, 0.7), (0.7, 0.6), (0.0, 1.0)):
        cx, top = x + dx * high, high * size
        edge = [
            (cx - top * 0.75, foot),
            (cx - top * 0.6, foot - top * hand.uniform(0.4, 0.6)),
            (cx - top * 0.1, foot - top),
            (cx + top * 0.45, foot - top * hand.uniform(0.65, 0.85)),
            (cx + top * 0.8, foot),
        ]
        sheet.shape(edge, 0.3, width=0.5, passes=2)
        face = [edge[2], edge[3], edge[4], (cx + top * 0.15, foot), (cx + top * 0.1, foot - top * 0.5)]
        sheet.area(face, 0.55, alpha=0.8)
        sheet.hatch(face, angle=0.7, spacing=1.1, dark=0.45)


def draw_cactus(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A cactus with two arms."""
    for side, low, top in ((-1, 0.36, 0.74), (1, 0.46, 0.86)):
        arm = [
            (x, foot - high * low),
            (x + side * high * 0.22, foot - high * (low + 0.02)),
            (x + side * high * 0.26, foot - high * top),
        ]
        sheet.shape(limb(arm, (high * 0.1, high * 0.11, high * 0.09)), 0.4, width=0.5)
    trunk = limb([(x, foot), (x, foot - high * 0.5), (x, foot - high)], (high * 0.15, high * 0.16, high * 0.13))
    sheet.shape(trunk, 0.4, width=0.5, passes=2)
    for shift in (-0.035, 0.0, 0.035):
        rib = [(x + shift * high, foot - high * 0.04), (x + shift * high, foot - high * 0.95)]
        sheet.line(rib, width=0.3, dark=0.45)
