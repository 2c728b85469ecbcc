"""What is underfoot and around: sea, shore, field, road, city, forest, mountains, desert, snow, room, space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.nature import draw_conifer, draw_tree
from blocks.sketch.pencil import smooth

if TYPE_CHECKING:
    from blocks.sketch.camera import Camera
    from blocks.sketch.pencil import Point, Sheet
    from blocks.sketch.scene import Scene


_ROADS = frozenset({"road", "field", "mountains", "desert", "snow", "forest"})


def draw_ground(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    """The far distance and the ground, for the scene's setting."""
    draw = {
        "sea": _sea,
        "shore": _shore,
        "city": _city,
        "forest": _forest,
        "mountains": _mountains,
        "desert": _desert,
        "snow": _snow,
        "space": _space,
    }.get(scene.ground, _field)
    draw(sheet, scene, camera)
    if scene.ground in _ROADS and {"road", "river"} & {scene.ground, *scene.things}:
        _road(sheet, scene, camera, water="river" in scene.things)


def _ridge(sheet: Sheet, base: float, rise: float, steps: int, *, jagged: bool = False) -> list[Point]:
    hand = sheet.hand
    points = [
        (
            sheet.width * index / steps,
            base - rise * hand.uniform(0.25, 1.0) * (1.0 if index % 2 or not jagged else 0.35),
        )
        for index in range(steps + 1)
    ]
    crest = points if jagged else smooth(points, steps=5)
    return [(-2, base), (-2, crest[0][1]), *crest, (sheet.width + 2, crest[-1][1]), (sheet.width + 2, base)]


def _far_hills(sheet: Sheet, horizon: float, *, rise: float = 9.0, shade: float = 0.16) -> None:
    ridge = _ridge(sheet, horizon + 1, rise, 6)
    sheet.area(ridge, shade)
    sheet.line(ridge[1:-1], width=0.3, dark=0.4)


def _plain(sheet: Sheet, horizon: float, near: float, far: float) -> None:
    sheet.gradient(horizon, 100, far, near, streak=0.03)
    if horizon > 0:
        sheet.line([(-2, horizon), (sheet.width + 2, horizon)], width=0.36, dark=0.6, wobble=0.3)


def _sea(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    _plain(sheet, camera.horizon, 0.42, 0.24)
    rough = bool(scene.weather & {"storm", "wind"})
    _waves(sheet, camera.horizon, 100.0, rough=rough)


def _waves(sheet: Sheet, top: float, bottom: float, *, rough: bool) -> None:
    hand = sheet.hand
    start = max(0.0, top)
    for row in range(15):
        share = ((row + 0.6) / 15) ** 1.7
        y = start + (bottom - start) * share
        length = 3 + 22 * share
        height = (0.25 + 1.5 * share) * (2.4 if rough else 1.0)
        x = hand.uniform(-length, 0)
        while x < sheet.width:
            crests = 2 if hand.random() < 0.4 else 1
            path: list[Point] = []
            for crest in range(crests):
                left = x + crest * length * 0.6
                path += [(left, y), (left + length * 0.3, y - height), (left + length * 0.6, y)]
            if rough and share > 0.15:
                sheet.area(smooth(path), 0.1, alpha=0.6)
            sheet.line(smooth(path), width=0.22 + 0.35 * share, dark=0.3 + 0.3 * share, wobble=0.1)
            x += length * hand.uniform(1.2, 3.0)


def _shore(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    _sea(sheet, scene, camera)
    start = max(0.0, camera.horizon)
    line = start + (100 - start) * 0.42
    edge: list[Point] = [
        (sheet.width * index / 8, line + sheet.hand.uniform(-2.5, 2.5) + 9 * math.sin(index / 8 * math.pi))
        for index in range(9)
    ]
    bank = smooth([(-3, edge[0][1]), *edge, (sheet.width + 3, edge[-1][1])])
    sheet.area([*bank, (sheet.width + 3, 103), (-3, 103)], 0.1)
    sheet.line(bank, width=0.5, dark=0.75, passes=2)
    sheet.line([(x, y - 1.6) for x, y in bank], width=0.3, dark=0.35)
    for _ in range(26):
        x, y = sheet.hand.uniform(0, sheet.width), sheet.hand.uniform(line + 14, 99)
        size = sheet.hand.uniform(0.8, 3.4)
        sheet.line(smooth([(x - size, y), (x, y - size * 0.3), (x + size, y)]), width=0.3, dark=0.35)


def _field(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    if camera.horizon > 8:
        _far_hills(sheet, camera.horizon)
        if scene.seed & 4 and camera.depth > 0.3:
            _tree_line(sheet, camera.horizon + 1)
    if "snow" in scene.weather:
        _plain(sheet, camera.horizon, 0.0, 0.1)
        return
    _plain(sheet, camera.horizon, 0.26, 0.08)
    _tufts(sheet, max(0.0, camera.horizon))


def _tufts(sheet: Sheet, start: float, count: int = 60) -> None:
    hand = sheet.hand
    for _ in range(count):
        share = hand.random() ** 0.7
        x, y, size = hand.uniform(0, sheet.width), start + 2 + (98 - start) * share, 0.5 + 3.2 * share
        for lean in (-0.5, 0.05, 0.6):
            blade = [(x, y), (x + lean * size * 0.5, y - size * 0.6), (x + lean * size, y - size * 0.9)]
            sheet.line(smooth(blade, steps=3), width=0.2 + 0.16 * share, dark=0.45, wobble=0.05)


def _tree_line(sheet: Sheet, base: float) -> None:
    x = -2.0
    crest: list[Point] = [(-3, base)]
    while x < sheet.width + 3:
        step = sheet.hand.uniform(1.4, 3.2)
        crest += [(x, base - sheet.hand.uniform(2, 4.5)), (x + step * 0.6, base - sheet.hand.uniform(1.5, 3))]
        x += step
    crest.append((sheet.width + 3, base))
    sheet.area(smooth(crest, steps=3), 0.4)
    sheet.line(smooth(crest, steps=3)[2:-2], width=0.26, dark=0.45)


def _road(sheet: Sheet, scene: Scene, camera: Camera, *, water: bool) -> None:
    """A road, or a river, over whatever ground there is."""
    start = max(-30.0, camera.horizon)
    far, near = (0.42, 0.52) if scene.seed & 1 else (0.58, 0.48)
    bend = 30.0 if scene.seed & 1 else -30.0
    edge_left: list[Point] = []
    edge_right: list[Point] = []
    # Its width grows with the distance below the horizon, as a level band's does; so do its bends.
    for share in (0.0, 0.06, 0.14, 0.26, 0.42, 0.62, 0.82, 1.0):
        y = start + share * (103 - start)
        x = sheet.width * (far + (near - far) * share) + bend * math.sin(1.4 * math.tau * share**0.5) * (0.12 + share)
        half = 0.6 + sheet.width * 0.15 * share
        edge_left.append((x - half, y))
        edge_right.append((x + half, y))
    edge_left, edge_right = smooth(edge_left), smooth(edge_right)
    sheet.area([*edge_left, *reversed(edge_right)], 0.34 if water else 0.06)
    sheet.line(edge_left, width=0.5, dark=0.7, passes=2)
    sheet.line(edge_right, width=0.5, dark=0.7, passes=2)
    if water:
        for _ in range(16):
            index = sheet.hand.randrange(4, len(edge_left) - 2)
            (left, y), (right, _) = edge_left[index], edge_right[index]
            x, size = sheet.hand.uniform(left, right), (right - left) * 0.08
            sheet.line(smooth([(x - size, y), (x, y - size * 0.16), (x + size, y)]), width=0.34, dark=0.45)
        return
    middle = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(edge_left, edge_right, strict=True)]
    for index in range(2, len(middle) - 2, 3):
        sheet.line(middle[index : index + 2], width=0.3 + index * 0.03, dark=0.5)


def _city(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    horizon = camera.horizon
    night = scene.light in {"night", "dusk"}
    if horizon > 8:
        for layer, shade in ((0, 0.2), (1, 0.36)):
            _blocks(sheet, horizon + 1, camera.landmark * (0.95 - 0.25 * layer), shade, lit=night and layer == 1)
    _plain(sheet, horizon, 0.32, 0.18)
    middle, start = sheet.width * 0.5, max(-20.0, horizon)
    for reach in (-1.3, -0.62, 0.62, 1.3):
        sheet.line([(middle + reach * 3, start), (middle + reach * sheet.width * 0.62, 103)], width=0.4, dark=0.55)
    for number in range(5):
        y = start + (100 - start) * (0.16 + 0.2 * number)
        sheet.line([(middle, y), (middle, y + 3 + number * 1.6)], width=0.3 + number * 0.14, dark=0.45)


def _blocks(sheet: Sheet, base: float, tallest: float, shade: float, *, lit: bool) -> None:
    hand = sheet.hand
    x = -3.0
    while x < sheet.width:
        wide, high = hand.uniform(7, 15), tallest * hand.uniform(0.3, 1.0)
        form = [(x, base), (x, base - high), (x + wide, base - high), (x + wide, base)]
        sheet.shape(form, shade, width=0.34, dark=0.6)
        side = [(x + wide * 0.7, base), (x + wide * 0.7, base - high), (x + wide, base - high), (x + wide, base)]
        sheet.hatch(side, angle=1.2, spacing=1.3, dark=0.25)
        for row in range(int(high // 4.5)):
            for column in range(int(wide // 3)):
                if hand.random() < 0.62:
                    wx, wy = x + 1.1 + column * 3, base - high + 2 + row * 4.5
                    pane = [(wx, wy), (wx + 1.3, wy), (wx + 1.3, wy + 2), (wx, wy + 2)]
                    glowing = lit and hand.random() < 0.45
                    sheet.area(pane, shade + 0.28, colour=sheet.palette.glow if glowing else None, alpha=0.9)
        if hand.random() < 0.35:
            sheet.line([(x + wide / 2, base - high), (x + wide / 2, base - high - hand.uniform(3, 7))], width=0.32)
        x += wide + hand.uniform(-0.5, 2.5)


def _forest(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    horizon = camera.horizon
    if horizon > 8:
        for layer, shade in ((0, 0.16), (1, 0.32)):
            for number in range(13 - layer * 3):
                x = sheet.width * (number + sheet.hand.uniform(0, 0.8)) / (13 - layer * 3)
                draw_conifer(sheet, x, horizon + 2 + layer * 3, camera.landmark * sheet.hand.uniform(0.5, 0.85), shade)
    _plain(sheet, horizon, 0.34, 0.2)
    _tufts(sheet, max(0.0, horizon), 40)
    if camera.depth > 0.5 and horizon > 8:
        for x, size in ((sheet.width * 0.04, 1.25), (sheet.width * 0.95, 1.4)):
            draw_tree(sheet, x, 90.0, camera.landmark * size, bare=scene.weather >= {"snow"})


def _mountains(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    horizon = camera.horizon
    if horizon > 8:
        draw_peaks(sheet, horizon, camera.landmark * 0.75)
    _field(sheet, scene, camera)


def draw_peaks(sheet: Sheet, base: float, rise: float) -> None:
    """A range of mountains with lit and shaded sides."""
    hand = sheet.hand
    for layer, shade in ((0, 0.1), (1, 0.24)):
        x = -10.0 + layer * 8
        while x < sheet.width:
            wide = hand.uniform(34, 54)
            top = (x + wide * hand.uniform(0.42, 0.58), base - rise * hand.uniform(0.6, 1.0) * (1 - 0.3 * layer))
            left, right = (x, base + 1), (x + wide, base + 1)
            jag = [
                left,
                ((left[0] + top[0]) / 2 - 2, (left[1] + top[1]) / 2 + 1),
                top,
                ((right[0] + top[0]) / 2 + 2, (right[1] + top[1]) / 2 - 1.5),
                right,
            ]
            sheet.shape(jag, shade, width=0.42, dark=0.7)
            spine = [top, (top[0] + 2, top[1] + rise * 0.2), (top[0] - 1, top[1] + rise * 0.42), (top[0] + 3, base + 1)]
            shaded = [*spine, right, jag[3]]
            sheet.area(shaded, shade + 0.2, alpha=0.8)
            sheet.hatch(shaded, angle=0.9, spacing=1.6, dark=0.35)
            sheet.line(spine, width=0.3, dark=0.5)
            x += wide * hand.uniform(0.5, 0.75)


def _desert(sheet: Sheet, _scene: Scene, camera: Camera) -> None:
    _plain(sheet, camera.horizon, 0.22, 0.06)
    start = max(0.0, camera.horizon)
    for number in range(4):
        y = start + (100 - start) * (0.06 + 0.24 * number)
        top = sheet.width * sheet.hand.uniform(0.2, 0.8)
        crest = smooth(
            [(-4, y + 5), (top - 28, y + 2), (top, y - 5 - number), (top + 30, y + 3), (sheet.width + 4, y + 5)]
        )
        sheet.area([*crest, (sheet.width + 4, 103), (-4, 103)], 0.06 + 0.03 * number)
        lee = smooth(
            [(top, y - 5 - number), (top + 6, y + 3), (top + 2, y + 12), (top + 22, y + 14), (top + 30, y + 3)]
        )
        sheet.area(lee, 0.34, alpha=0.6)
        sheet.line(crest, width=0.42, dark=0.6)


def _snow(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    if camera.horizon > 8:
        if "trees" in scene.things or scene.seed & 1:
            for number in range(9):
                x = sheet.width * (number + sheet.hand.uniform(0, 0.8)) / 9
                draw_conifer(sheet, x, camera.horizon + 2, camera.landmark * sheet.hand.uniform(0.3, 0.55), 0.3)
        else:
            _far_hills(sheet, camera.horizon, rise=14, shade=0.1)
    _plain(sheet, camera.horizon, 0.0, 0.1)
    for number in range(5):
        y = max(0.0, camera.horizon) + 6 + number * 9
        drift = smooth(
            [
                (-3, y + 3),
                (sheet.width * sheet.hand.uniform(0.2, 0.4), y),
                (sheet.width * 0.7, y + 4),
                (sheet.width + 3, y + 1),
            ]
        )
        sheet.line(drift, width=0.32, dark=0.3)


def _space(sheet: Sheet, _scene: Scene, camera: Camera) -> None:
    base = max(62.0, camera.horizon)
    ground = smooth(
        [(-3, base + 3), (sheet.width * 0.3, base - 1), (sheet.width * 0.7, base), (sheet.width + 3, base + 4)]
    )
    sheet.area([*ground, (sheet.width + 3, 103), (-3, 103)], 0.3)
    sheet.line(ground, width=0.5, dark=0.8)
    for _ in range(9):
        share = sheet.hand.random()
        x, y, size = sheet.hand.uniform(0, sheet.width), base + 5 + (93 - base) * share, 1.5 + 6 * share
        rim = smooth([(x - size, y), (x, y - size * 0.3), (x + size, y), (x, y + size * 0.32)], closed=True)
        sheet.area(rim, 0.55)
        sheet.line(rim, width=0.35, dark=0.6, closed=True)
