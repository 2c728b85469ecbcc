"""Things that stand near figures or in their hands, and the table of all that there is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch import furniture, nature, vehicles, wares
from blocks.sketch.furniture import box
from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    from collections.abc import Callable

    from blocks.sketch.pencil import Point, Sheet

    Draw = Callable[[Sheet, float, float, float], None]


def draw_lantern(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A lantern with a handle, and its light."""
    sheet.glow(x, foot - high * 0.42, high * 2.6, 0.9)
    draw_lantern_itself(sheet, x, foot, high)


def draw_lantern_itself(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """The lantern without the light that it throws on what is around."""
    sheet.line(arc(x, foot - high * 0.82, high * 0.26, high * 0.24, math.pi, math.tau), width=0.42)
    glass = box(x, foot, -high * 0.26, high * 0.26, high * 0.12, high * 0.7)
    sheet.area(glass, 0, colour=(255, 240, 190))
    sheet.line(glass, width=0.45, closed=True)
    flame = [
        (x, foot - high * 0.58),
        (x + high * 0.09, foot - high * 0.34),
        (x, foot - high * 0.24),
        (x - high * 0.09, foot - high * 0.34),
    ]
    sheet.shape(smooth(flame, closed=True), 0.1, width=0.3)
    sheet.shape(box(x, foot, -high * 0.32, high * 0.32, 0, high * 0.13), 0.7, width=0.42)
    sheet.shape(
        [(x - high * 0.3, foot - high * 0.7), (x, foot - high * 0.86), (x + high * 0.3, foot - high * 0.7)],
        0.7,
        width=0.42,
    )


def draw_fire(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A fire on logs."""
    sheet.glow(x, foot - high * 0.5, high * 2.2, 0.95)
    for lean in (-1, 1):
        log = [
            (x - lean * high * 0.5, foot - high * 0.04),
            (x + lean * high * 0.42, foot - high * 0.2),
            (x + lean * high * 0.46, foot - high * 0.1),
            (x - lean * high * 0.46, foot + high * 0.05),
        ]
        sheet.shape(log, 0.75, width=0.45)
    for size, colour in ((1.0, (240, 176, 92)), (0.7, (250, 208, 120)), (0.4, (255, 243, 200))):
        flame = [
            (x - 0.32 * high * size, foot - high * 0.12),
            (x - 0.3 * high * size, foot - high * 0.45 * size),
            (x - 0.12 * high * size, foot - high * 0.6 * size),
            (x - 0.04 * high * size, foot - high * size),
            (x + 0.12 * high * size, foot - high * 0.62 * size),
            (x + 0.26 * high * size, foot - high * 0.7 * size),
            (x + 0.33 * high * size, foot - high * 0.28 * size),
            (x + 0.2 * high * size, foot - high * 0.08),
        ]
        form = smooth(flame, closed=True, steps=4)
        sheet.area(form, 0, colour=colour)
        sheet.line(form, width=0.4, dark=0.6, closed=True)
    for _ in range(7):
        sheet.area(
            oval(
                x + sheet.hand.uniform(-0.5, 0.5) * high, foot - high * sheet.hand.uniform(0.9, 1.7), 0.3, 0.3, points=8
            ),
            0,
            colour=(250, 200, 110),
        )


def draw_book(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """An open book."""
    for side in (-1, 1):
        page = [
            (x, foot - high * 0.12),
            (x + side * high * 0.5, foot - high * 0.34),
            (x + side * high * 1.05, foot - high * 0.2),
            (x + side * high * 1.05, foot + high * 0.24),
            (x + side * high * 0.5, foot + high * 0.1),
            (x, foot + high * 0.3),
        ]
        sheet.shape(page, 0.0 if side < 0 else 0.1, width=0.45)
        for row in range(4):
            y = foot - high * 0.1 + row * high * 0.1
            sheet.line(
                [(x + side * high * 0.16, y - high * 0.02), (x + side * high * 0.9, y - high * 0.03)],
                width=0.22,
                dark=0.4,
            )


def draw_letter(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A sheet of paper with writing."""
    paper = [
        (x - high * 0.5, foot),
        (x - high * 0.4, foot - high * 0.95),
        (x + high * 0.45, foot - high),
        (x + high * 0.4, foot - high * 0.06),
    ]
    sheet.shape(paper, 0.0, width=0.45)
    for row in range(6):
        y = foot - high * (0.82 - row * 0.12)
        sheet.line(
            [(x - high * 0.3, y), (x + high * sheet.hand.uniform(0.1, 0.32), y - high * 0.02)],
            width=0.26,
            dark=0.55,
            wobble=0.35,
        )


def draw_flowers(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A tuft of flowers."""
    for lean in (-0.7, -0.35, 0.0, 0.35, 0.75):
        tip = (x + lean * high * 0.7, foot - high * (1 - abs(lean) * 0.3))
        sheet.line(smooth([(x + lean * high * 0.2, foot), (x + lean * high * 0.45, foot - high * 0.5), tip]), width=0.4)
        for petal in range(5):
            angle = petal / 5 * math.tau
            sheet.shape(
                oval(
                    tip[0] + math.cos(angle) * high * 0.1,
                    tip[1] + math.sin(angle) * high * 0.1,
                    high * 0.075,
                    high * 0.075,
                    points=9,
                ),
                0.06,
                width=0.3,
            )
        sheet.area(oval(*tip, high * 0.06, high * 0.06, points=9), 0, colour=sheet.palette.glow)


def draw_plant(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A sprout with leaves."""
    sheet.line(smooth([(x, foot), (x + high * 0.04, foot - high * 0.5), (x, foot - high * 0.9)]), width=0.8)
    for up, side in ((0.35, -1), (0.5, 1), (0.7, -1), (0.85, 1)):
        leaf = [
            (x, foot - high * up),
            (x + side * high * 0.22, foot - high * (up + 0.16)),
            (x + side * high * 0.42, foot - high * (up + 0.1)),
            (x + side * high * 0.24, foot - high * (up - 0.03)),
        ]
        form = smooth(leaf, closed=True)
        sheet.shape(form, 0.28, width=0.42)
        sheet.line([leaf[0], leaf[2]], width=0.28, dark=0.5)
    soil = smooth([(x - high * 0.4, foot + 1), (x, foot - high * 0.08), (x + high * 0.4, foot + 1)])
    sheet.shape(soil, 0.6, width=0.45)


def draw_balloon(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """Three balloons on strings."""
    for dx, dy, shade in ((-0.3, 0.85, 0.3), (0.28, 0.9, 0.12), (0.0, 1.1, 0.5)):
        px, py = x + dx * high, foot - dy * high
        sheet.line(
            smooth([(x, foot), (x + dx * high * 0.4, foot - high * 0.4), (px, py + high * 0.2)]), width=0.3, dark=0.6
        )
        sheet.shape(oval(px, py, high * 0.16, high * 0.2), shade, width=0.45, passes=2)
        sheet.area(oval(px - high * 0.06, py - high * 0.08, high * 0.03, high * 0.05), 0.0, alpha=0.9)


def draw_kite(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A kite, high up, on a long string."""
    kx, ky = x + high * 0.7, max(12.0, foot - high * 1.4)
    sheet.line(
        smooth([(x, foot - high * 0.45), (x + high * 0.45, (foot + ky) / 2), (kx, ky + high * 0.16)]),
        width=0.28,
        dark=0.6,
    )
    size = high * 0.2
    diamond = [(kx, ky - size), (kx + size * 0.7, ky), (kx, ky + size * 1.2), (kx - size * 0.7, ky)]
    sheet.shape(diamond, 0.2, width=0.5, passes=2)
    sheet.line([diamond[0], diamond[2]], width=0.36)
    sheet.line([diamond[1], diamond[3]], width=0.36)
    sheet.line(
        smooth(
            [
                (kx, ky + size * 1.2),
                (kx - size * 0.5, ky + size * 1.8),
                (kx + size * 0.2, ky + size * 2.4),
                (kx - size * 0.4, ky + size * 3),
            ]
        ),
        width=0.45,
    )


def draw_umbrella(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """An umbrella."""
    top = foot - high
    sheet.line([(x, top), (x, foot - high * 0.3)], width=0.6)
    canopy = [*arc(x, top + high * 0.3, high * 0.55, high * 0.3, math.pi, math.tau, 14)]
    scallop = [
        point
        for number in range(4, 0, -1)
        for point in reversed(
            arc(
                x - high * 0.55 + (number - 0.5) * high * 0.275,
                top + high * 0.3,
                high * 0.137,
                high * 0.06,
                math.pi,
                math.tau,
                6,
            )
        )
    ]
    sheet.shape([*canopy, *scallop], 0.55, width=0.5, passes=2)
    for lean in (-0.5, 0.0, 0.5):
        sheet.line(
            smooth([(x, top), (x + lean * high * 0.4, top + high * 0.12), (x + lean * high * 0.56, top + high * 0.27)]),
            width=0.32,
            dark=0.6,
        )


def draw_telescope(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A telescope on its tripod."""
    for lean in (-0.35, 0.05, 0.4):
        sheet.line([(x, foot - high * 0.6), (x + lean * high, foot)], width=0.7)
    for start, end, thick in ((-0.4, 0.1, 0.05), (0.05, 0.62, 0.075)):
        tube = [
            (x + start * high, foot - high * (0.6 + start * 0.6) + thick * high),
            (x + start * high - thick * high * 0.6, foot - high * (0.6 + start * 0.6) - thick * high),
            (x + end * high - thick * high * 0.6, foot - high * (0.6 + end * 0.6) - thick * high),
            (x + end * high, foot - high * (0.6 + end * 0.6) + thick * high),
        ]
        sheet.shape(tube, 0.4, width=0.5, passes=2)


def draw_tent(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A tent with its flap open."""
    sheet.shape(
        [
            (x - high * 0.7, foot),
            (x - high * 0.1, foot - high),
            (x + high * 0.9, foot - high * 0.9),
            (x + high * 1.3, foot),
        ],
        0.3,
        width=0.5,
    )
    sheet.shape(
        [(x - high * 0.8, foot), (x - high * 0.1, foot - high), (x + high * 0.55, foot)], 0.1, width=0.5, passes=2
    )
    sheet.shape(
        [(x - high * 0.3, foot), (x - high * 0.1, foot - high * 0.75), (x + high * 0.15, foot)], 0.8, width=0.42
    )


def draw_fence(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A picket fence."""
    for number in range(-5, 6):
        px = x + number * high * 0.45
        sheet.shape(
            [
                (px - high * 0.09, foot),
                (px - high * 0.09, foot - high * 0.82),
                (px, foot - high),
                (px + high * 0.09, foot - high * 0.82),
                (px + high * 0.09, foot),
            ],
            0.08,
            width=0.36,
        )
    for up in (0.3, 0.65):
        sheet.line([(x - high * 2.4, foot - high * up), (x + high * 2.4, foot - high * up)], width=0.7)


def draw_gears(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """Two gears that mesh."""
    for dx, dy, size, shade in ((0.35, 0.78, 0.26, 0.5), (-0.1, 0.42, 0.38, 0.25)):
        ring: list[Point] = []
        for tooth in range(24):
            radius = size * (1.0 if tooth % 4 < 2 else 0.82) * high
            angle = tooth / 24 * math.tau
            ring.append((x + dx * high + radius * math.cos(angle), foot - dy * high + radius * math.sin(angle)))
        sheet.shape(ring, shade, width=0.5, passes=2)
        sheet.shape(oval(x + dx * high, foot - dy * high, size * high * 0.3, size * high * 0.3), 0.0, width=0.45)


def draw_heart(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A heart."""
    form = [(0, 0.0), (-0.42, 0.42), (-0.5, 0.75), (-0.28, 0.98), (0, 0.78), (0.28, 0.98), (0.5, 0.75), (0.42, 0.42)]
    outline = smooth([(x + across * high, foot - up * high) for across, up in form], closed=True)
    sheet.glow(x, foot - high * 0.55, high, 0.5)
    sheet.shape(outline, 0.45, width=0.6, passes=2)
    sheet.hatch(outline, spacing=1.6, dark=0.35)


def draw_crystal(sheet: Sheet, x: float, foot: float, high: float) -> None:
    """A cluster of crystals."""
    sheet.glow(x, foot - high * 0.5, high, 0.5, (214, 228, 244))
    for lean, size in ((-0.4, 0.6), (0.4, 0.7), (0.0, 1.0)):
        tip = (x + lean * high * 0.9, foot - high * size)
        left, right = (
            (x + lean * high * 0.55 - high * 0.14, foot - high * size * 0.7),
            (x + lean * high * 0.55 + high * 0.16, foot - high * size * 0.72),
        )
        base = x + lean * high * 0.3
        sheet.shape(
            [(base - high * 0.1, foot), left, tip, right, (base + high * 0.12, foot)], 0.06, width=0.5, passes=2
        )
        sheet.area([(base, foot), tip, right, (base + high * 0.12, foot)], 0.4, alpha=0.7)
        sheet.line([(base + high * 0.02, foot), tip], width=0.36, dark=0.6)


# What there is: how to draw it, how high it is beside a grown person, and how far above the ground it hangs.
PROPS: dict[str, tuple[Draw, float, float]] = {
    "table": (furniture.draw_table, 0.44, 0.0),
    "chair": (furniture.draw_chair, 0.55, 0.0),
    "lamp": (furniture.draw_lamp, 0.95, 0.0),
    "lantern": (draw_lantern, 0.2, 0.0),
    "fire": (draw_fire, 0.4, 0.0),
    "book": (draw_book, 0.17, 0.05),
    "letter": (draw_letter, 0.24, 0.0),
    "shelf": (furniture.draw_shelf, 1.15, 0.0),
    "bed": (furniture.draw_bed, 0.42, 0.0),
    "door": (furniture.draw_door, 1.2, 0.0),
    "stairs": (furniture.draw_stairs, 0.95, 0.0),
    "flowers": (draw_flowers, 0.24, 0.0),
    "plant": (draw_plant, 0.34, 0.0),
    "balloon": (draw_balloon, 0.9, 0.2),
    "kite": (draw_kite, 0.9, 0.0),
    "umbrella": (draw_umbrella, 0.75, 0.2),
    "clock": (furniture.draw_clock, 0.34, 0.75),
    "screen": (furniture.draw_screen, 0.36, 0.4),
    "telescope": (draw_telescope, 0.75, 0.0),
    "car": (vehicles.draw_car, 0.72, 0.0),
    "train": (vehicles.draw_train, 1.2, 0.0),
    "bicycle": (vehicles.draw_bicycle, 0.5, 0.0),
    "cup": (wares.draw_cup, 0.16, 0.0),
    "kettle": (wares.draw_kettle, 0.24, 0.0),
    "pot": (wares.draw_pot, 0.26, 0.0),
    "bread": (wares.draw_bread, 0.16, 0.0),
    "stove": (wares.draw_stove, 0.7, 0.0),
    "stall": (wares.draw_stall, 1.05, 0.0),
    "violin": (wares.draw_violin, 0.36, 0.0),
    "cactus": (nature.draw_cactus, 0.8, 0.0),
    "tent": (draw_tent, 0.85, 0.0),
    "bench": (furniture.draw_bench, 0.45, 0.0),
    "fence": (draw_fence, 0.5, 0.0),
    "mirror": (furniture.draw_mirror, 0.9, 0.3),
    "gears": (draw_gears, 0.6, 0.1),
    "heart": (draw_heart, 0.36, 0.5),
    "crystal": (draw_crystal, 0.45, 0.0),
}
