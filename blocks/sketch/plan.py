"""The bird's-eye view: ground and things as they look from straight above, with shadows that tell their height."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from blocks.sketch.from_above import SHADE, SUN, cast_shadow
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.pencil import Sheet
    from blocks.sketch.scene import Scene


def draw_plan(sheet: Sheet, scene: Scene) -> None:
    """Everything but the figures."""
    grounds = {"sea": _water, "shore": _coast, "city": _roofs, "room": _floor, "forest": _woods, "space": _craters}
    ground = grounds.get(scene.ground)
    if ground is not None:
        ground(sheet, scene)
    else:
        _fields(sheet, bare=scene.ground in {"desert", "snow"} or "snow" in scene.weather)
    if scene.ground in {"road", "field", "mountains", "desert", "snow", "forest"} and {"road", "river"} & {
        scene.ground,
        *scene.things,
    }:
        _band(sheet, scene, water="river" in scene.things)
    spots = [(0.2, 0.24), (0.8, 0.74), (0.82, 0.2), (0.16, 0.78), (0.5, 0.12), (0.52, 0.9)]
    if scene.seed & 1:
        spots = [(1 - across, down) for across, down in spots]
    things = [thing for thing in scene.things if thing in _FROM_ABOVE]
    for thing, (across, down) in zip(things, spots, strict=False):
        _FROM_ABOVE[thing](sheet, sheet.width * across, 100 * down)


def _fields(sheet: Sheet, *, bare: bool) -> None:
    sheet.gradient(0, 100, 0.1, 0.16, streak=0.03)
    if bare:
        for number in range(7):
            y = 8 + number * 14
            dune = smooth([(-3, y), (sheet.width * 0.25, y - 4), (sheet.width * 0.55, y + 3), (sheet.width + 3, y - 2)])
            sheet.line(dune, width=0.36, dark=0.35)
        return
    hand = sheet.hand
    lean = sheet.width * 0.08
    cuts = [-0.15, 0.14 + hand.uniform(0, 0.1), 0.42 + hand.uniform(0, 0.1), 0.7 + hand.uniform(0, 0.1), 1.2]
    rows = [-4.0, 34 + hand.uniform(-6, 6), 68 + hand.uniform(-6, 6), 104.0]
    for left, right in pairwise(cuts):
        for top, bottom in pairwise(rows):
            plot = [(left * sheet.width + lean, top), (right * sheet.width + lean, top),
                    (right * sheet.width - lean, bottom), (left * sheet.width - lean, bottom)]  # fmt: skip
            sheet.area(plot, hand.choice((0.05, 0.14, 0.22, 0.3)), alpha=0.7)
            if hand.random() < 0.7:
                sheet.hatch(plot, angle=hand.choice((0.2, 0.9, 1.5, -0.7)), spacing=hand.uniform(2.2, 4.0), dark=0.24)
            sheet.line(plot, width=0.4, dark=0.45, closed=True)
    for _ in range(9):
        _tree(
            sheet,
            hand.uniform(0, sheet.width),
            hand.choice((rows[1], rows[2])) + hand.uniform(-3, 3),
            hand.uniform(3, 5),
        )


def _band(sheet: Sheet, scene: Scene, *, water: bool) -> None:
    """A road or a river, from corner to corner."""
    middle = [(-6.0, 30.0), (sheet.width * 0.3, 58.0), (sheet.width * 0.6, 50.0), (sheet.width + 6, 84.0)]
    if scene.seed & 2:
        middle = [(x, 100 - y) for x, y in middle]
    path = smooth(middle, steps=9)
    half = 8.0
    left, right = [(x, y - half) for x, y in path], [(x, y + half) for x, y in path]
    sheet.area([*left, *reversed(right)], 0.34 if water else 0.03)
    for edge in (left, right):
        sheet.line(edge, width=0.55, dark=0.75, passes=2)
    for index in range(1, len(path) - 2, 2):
        sheet.line(path[index : index + 2], width=0.4, dark=0.45)


def _water(sheet: Sheet, scene: Scene) -> None:
    sheet.gradient(0, 100, 0.44, 0.3, streak=0.05)
    _ripples(sheet, 120, rough=bool(scene.weather & {"storm", "wind"}))


def _ripples(sheet: Sheet, count: int, *, rough: bool) -> None:
    hand = sheet.hand
    for _ in range(count):
        x, y, size = hand.uniform(-4, sheet.width), hand.uniform(0, 100), hand.uniform(3, 8) * (1.5 if rough else 1)
        crest = [(x, y), (x + size * 0.3, y - size * 0.16), (x + size * 0.6, y), (x + size, y - size * 0.18)]
        sheet.line(smooth(crest), width=0.32, dark=hand.uniform(0.25, 0.55))


def _coast(sheet: Sheet, scene: Scene) -> None:
    _water(sheet, scene)
    lean = 1 if scene.seed & 1 else -1
    middle = sheet.width * 0.5
    edge = smooth(
        [
            (middle + lean * 34, -4),
            (middle + lean * 8, 26),
            (middle + lean * 18, 52),
            (middle - lean * 12, 78),
            (middle - lean * 4, 104),
        ]
    )
    far = sheet.width + 6 if lean > 0 else -6.0
    sheet.area([*edge, (far, 104), (far, -4)], 0.06)
    for shift, width in ((0.0, 0.6), (-2.2, 0.4), (-4.6, 0.3)):
        sheet.line([(x + lean * shift, y) for x, y in edge], width=width, dark=0.6, passes=1 if shift else 2)
    for _ in range(50):
        x, y = sheet.hand.uniform(0, sheet.width), sheet.hand.uniform(0, 100)
        if (x - middle) * lean > 36:
            sheet.area(oval(x, y, 0.3, 0.22, points=7), 0.6)


def _roofs(sheet: Sheet, scene: Scene) -> None:
    sheet.gradient(0, 100, 0.12, 0.08, streak=0.02)
    hand = sheet.hand
    lit = scene.light in {"night", "dusk"}
    street = 15.0
    across = [sheet.width * 0.5 - street / 2 - 62, sheet.width * 0.5 - street / 2 - 30, sheet.width * 0.5 + street / 2,
              sheet.width * 0.5 + street / 2 + 34, sheet.width * 0.5 + street / 2 + 66]  # fmt: skip
    for left in across:
        for top in (-14.0, 14.0, 60.0, 86.0):
            wide, deep, height = hand.uniform(24, 29), hand.uniform(20, 25), hand.uniform(5, 12)
            base = [(left, top), (left + wide, top), (left + wide, top + deep), (left, top + deep)]
            cast_shadow(sheet, base, height)
            roof = [(x - SUN[0] * height * 0.3, y - SUN[1] * height * 0.3) for x, y in base]
            sheet.shape(base, 0.5, width=0.4)
            sheet.shape(roof, hand.choice((0.12, 0.22, 0.32)), width=0.45, passes=2)
            inner = [
                (roof[0][0] + 2, roof[0][1] + 2),
                (roof[1][0] - 2, roof[1][1] + 2),
                (roof[2][0] - 2, roof[2][1] - 2),
                (roof[3][0] + 2, roof[3][1] - 2),
            ]
            sheet.line(inner, width=0.3, dark=0.5, closed=True)
            vent = (inner[0][0] + hand.uniform(3, wide - 10), inner[0][1] + hand.uniform(3, deep - 10))
            sheet.shape(
                [vent, (vent[0] + 4, vent[1]), (vent[0] + 4, vent[1] + 3), (vent[0], vent[1] + 3)], 0.5, width=0.36
            )
            if lit:
                sheet.glow(left + wide, top + deep, 7, 0.5)
    for number in range(9):
        y = number * 12.0
        sheet.line([(sheet.width / 2, y), (sheet.width / 2, y + 5)], width=0.5, dark=0.5)
    for number in range(5):
        stripe = sheet.width / 2 - street / 2 + 1.5 + number * 3
        sheet.area([(stripe, 52), (stripe + 1.5, 52), (stripe + 1.5, 58), (stripe, 58)], 0.5)


def _floor(sheet: Sheet, scene: Scene) -> None:
    sheet.gradient(0, 100, 0.2, 0.26, streak=0.02)
    for number in range(13):
        y = number * 8.5
        sheet.line([(-2, y), (sheet.width + 2, y)], width=0.3, dark=0.4)
        for _ in range(3):
            x = sheet.hand.uniform(0, sheet.width)
            sheet.line([(x, y), (x, y + 8.5)], width=0.28, dark=0.35)
    middle = (sheet.width * 0.5, 55.0)
    for size, shade in ((34, 0.38), (30, 0.08), (26, 0.2)):
        sheet.shape(oval(*middle, size, size * 0.8, points=40), shade, width=0.45)
    wall = [(-2, -2), (sheet.width + 2, -2), (sheet.width + 2, 7), (-2, 7)]
    sheet.shape(wall, 0.7, width=0.6)
    if scene.light != "night":
        sheet.area(
            [(sheet.width * 0.2, 7), (sheet.width * 0.36, 7), (sheet.width * 0.46, 60), (sheet.width * 0.3, 60)],
            0,
            colour=(255, 250, 232),
            alpha=0.5,
        )


def _woods(sheet: Sheet, _scene: Scene) -> None:
    sheet.gradient(0, 100, 0.24, 0.3, streak=0.03)
    hand = sheet.hand
    middle = sheet.width * 0.5
    for row in range(8):
        for column in range(12):
            x = sheet.width * (column + hand.uniform(0, 1)) / 12
            y = 100 * (row + hand.uniform(0, 1)) / 8
            # A clearing, for whoever is there.
            if ((x - middle) / (sheet.width * 0.22)) ** 2 + ((y - 56) / 27) ** 2 > 1:
                _tree(sheet, x, y, hand.uniform(5, 8.5))


def _craters(sheet: Sheet, _scene: Scene) -> None:
    sheet.gradient(0, 100, 0.3, 0.4, streak=0.03)
    for _ in range(14):
        x, y, size = sheet.hand.uniform(0, sheet.width), sheet.hand.uniform(0, 100), sheet.hand.uniform(2, 9)
        sheet.shape(oval(x, y, size, size * 0.92), 0.5, width=0.45)
        sheet.area(oval(x - size * 0.16, y + size * 0.12, size * 0.8, size * 0.74), 0.3)


# ---- things ---------------------------------------------------------------------------------------------------------


def _tree(sheet: Sheet, x: float, y: float, size: float) -> None:
    ring = [
        (px + sheet.hand.uniform(-0.1, 0.1) * size, py + sheet.hand.uniform(-0.1, 0.1) * size)
        for px, py in oval(x, y, size, size, points=13)
    ]
    crown = smooth(ring, closed=True, steps=3)
    cast_shadow(sheet, crown, size * 1.1)
    sheet.shape(crown, 0.3, width=0.4)
    sheet.area(oval(x - size * 0.25, y + size * 0.2, size * 0.55, size * 0.5), 0.16)
    for angle in (0.4, 1.6, 2.7, 4.0, 5.2):
        sheet.line([(x, y), (x + math.cos(angle) * size * 0.6, y + math.sin(angle) * size * 0.6)], width=0.28, dark=0.4)


def _house(sheet: Sheet, x: float, y: float) -> None:
    base = [(x - 13, y - 8), (x + 13, y - 8), (x + 13, y + 8), (x - 13, y + 8)]
    cast_shadow(sheet, base, 9)
    sheet.shape([base[0], base[1], (x + 13, y), (x - 13, y)], 0.5, width=0.5)
    sheet.shape([(x - 13, y), (x + 13, y), base[2], base[3]], 0.22, width=0.5)
    sheet.hatch([(x - 13, y), (x + 13, y), base[2], base[3]], angle=1.57, spacing=1.6, dark=0.3)
    sheet.shape([(x + 5, y - 5), (x + 8, y - 5), (x + 8, y - 2), (x + 5, y - 2)], 0.6, width=0.4)


def _lighthouse(sheet: Sheet, x: float, y: float) -> None:
    rock = [
        (px + sheet.hand.uniform(-2, 2), py + sheet.hand.uniform(-2, 2)) for px, py in oval(x, y, 17, 14, points=11)
    ]
    sheet.shape(rock, 0.46, width=0.6, passes=2)
    sheet.hatch(rock, angle=0.6, spacing=1.6, dark=0.4)
    tower = [
        (x - 6, y + 1),
        (x + 44 * SUN[0] - 3, y + 44 * SUN[1] + 1),
        (x + 44 * SUN[0] + 3, y + 44 * SUN[1] + 3),
        (x + 6, y + 4),
    ]
    sheet.area(tower, SHADE, alpha=0.5)
    for size, shade in ((8, 0.05), (6.4, 0.55), (4.4, 0.1)):
        sheet.shape(oval(x, y, size, size, points=30), shade, width=0.5)
    sheet.glow(x, y, 10, 0.7)
    sheet.shape(oval(x, y, 2, 2), 0.7, width=0.4)


def _boat(sheet: Sheet, x: float, y: float) -> None:
    hull = [(-12, 0), (-9, -4), (4, -4.4), (13, 0), (4, 4.4), (-9, 4)]
    form = smooth([(x + dx, y + dy) for dx, dy in hull], closed=True)
    cast_shadow(sheet, form, 3)
    sheet.shape(form, 0.55, width=0.6, passes=2)
    sheet.shape(smooth([(x + dx * 0.78, y + dy * 0.72) for dx, dy in hull], closed=True), 0.16, width=0.4)
    for seat in (-5, 0, 5):
        sheet.line([(x + seat, y - 3), (x + seat, y + 3)], width=0.9, dark=0.7)
    for reach, spread in ((22, 5), (32, 9)):
        sheet.line(smooth([(x - reach, y - spread), (x - 13, y - 1.4)]), width=0.4, dark=0.5)
        sheet.line(smooth([(x - reach, y + spread), (x - 13, y + 1.4)]), width=0.4, dark=0.5)


def _rocks(sheet: Sheet, x: float, y: float) -> None:
    for dx, dy, size in ((0, 0, 6), (9, 3, 4), (-7, 5, 3.4)):
        edge = [
            (px + sheet.hand.uniform(-1, 1), py + sheet.hand.uniform(-1, 1))
            for px, py in oval(x + dx, y + dy, size, size * 0.85, points=8)
        ]
        cast_shadow(sheet, edge, size * 0.6)
        sheet.shape(edge, 0.32, width=0.5)


def _table(sheet: Sheet, x: float, y: float) -> None:
    top = [(x - 15, y - 9), (x + 15, y - 9), (x + 15, y + 9), (x - 15, y + 9)]
    cast_shadow(sheet, top, 5)
    sheet.shape(top, 0.1, width=0.6, passes=2)
    sheet.hatch(top, angle=0.02, spacing=2.4, dark=0.25)
    sheet.shape([(x - 7, y - 4), (x - 1, y - 5), (x, y + 3), (x - 6, y + 4)], 0.0, width=0.4)
    sheet.shape(oval(x + 8, y - 2, 2.2, 2.2), 0.0, width=0.45)


def _car(sheet: Sheet, x: float, y: float) -> None:
    body = smooth([(x - 12, y - 5), (x + 11, y - 5), (x + 13, y), (x + 11, y + 5), (x - 12, y + 5)], closed=True)
    cast_shadow(sheet, body, 4)
    sheet.shape(body, 0.4, width=0.6, passes=2)
    sheet.shape([(x - 6, y - 4), (x + 4, y - 4), (x + 4, y + 4), (x - 6, y + 4)], 0.1, width=0.45)


def _fire(sheet: Sheet, x: float, y: float) -> None:
    sheet.glow(x, y, 24, 0.95)
    for angle in (0.3, 1.4, 2.5):
        dx, dy = math.cos(angle) * 6, math.sin(angle) * 6
        sheet.line([(x - dx, y - dy), (x + dx, y + dy)], width=1.6, dark=0.9)
    for size, colour in ((4.0, (240, 176, 92)), (2.4, (255, 240, 190))):
        sheet.area(oval(x, y, size, size), 0, colour=colour)


def _trees(sheet: Sheet, x: float, y: float) -> None:
    for dx, dy, size in ((-9, -3, 6), (4, -6, 5), (8, 5, 7), (-4, 7, 5)):
        _tree(sheet, x + dx, y + dy, size)


def _one_tree(sheet: Sheet, x: float, y: float) -> None:
    _tree(sheet, x, y, 10)


_FROM_ABOVE = {
    "tree": _one_tree, "trees": _trees, "house": _house, "houses": _house, "church": _house, "lighthouse": _lighthouse,
    "boat": _boat, "ship": _boat, "rocks": _rocks, "island": _rocks, "table": _table, "car": _car, "fire": _fire,
    "tower": _lighthouse,
}  # fmt: skip
