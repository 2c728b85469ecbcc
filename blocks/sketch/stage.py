"""What stands around: landmarks behind the figures, things beside them, and what near shots of nobody show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch import landmarks, nature, vehicles
from blocks.sketch.ground import draw_peaks
from blocks.sketch.pencil import oval
from blocks.sketch.props import PROPS

if TYPE_CHECKING:
    from collections.abc import Callable

    from blocks.sketch.camera import Camera
    from blocks.sketch.pencil import Sheet
    from blocks.sketch.scene import Scene

    Draw = Callable[[Sheet, Scene, Camera, float, float], None]


# What lies on a table where there is one.
_LAID = frozenset({"cup", "kettle", "pot", "bread", "book", "letter", "plant", "flowers", "violin", "lantern"})


def draw_stage(sheet: Sheet, scene: Scene, camera: Camera, held: str) -> None:
    """Everything but the figures; ``held`` is in somebody's hands, and so does not stand around."""
    things = [thing for thing in _things(scene) if scene.ground != "room" or thing in PROPS]
    shares = (0.77, 0.2, 0.93, 0.07, 0.6, 0.4) if scene.seed & 1 else (0.22, 0.8, 0.06, 0.92, 0.4, 0.62)
    foot = max(camera.horizon, 0.0) + 3.5
    for thing, share in zip(things, shares, strict=False):
        draw = _BEHIND.get(thing)
        if draw is not None:
            draw(sheet, scene, camera, sheet.width * share, foot)
    near = [thing for thing in things if thing in PROPS and thing != held][:3]
    laid = next((thing for thing in near if thing in _LAID), "") if "table" in near else ""
    near = [thing for thing in near if thing != laid]
    if scene.shot == "close-up":
        near = near[:1] if scene.characters else []
    spots = (0.8, 0.17, 0.93) if scene.seed & 1 else (0.2, 0.83, 0.07)
    person, foot = min(camera.person, 96.0), min(camera.foot_at(0.88), 95.0)
    for thing, share in zip(near, spots, strict=False):
        draw_prop, size, above = PROPS[thing]
        x, bottom = sheet.width * share, foot - above * person * 0.9
        draw_prop(sheet, x, bottom, size * person * 0.95)
        if thing == "table" and laid:
            draw_laid, wide, _ = PROPS[laid]
            draw_laid(sheet, x - size * person * 0.3, bottom - size * person * 0.87, wide * person)


def _things(scene: Scene) -> list[str]:
    """The things, as they are in that setting: a lamp in the street is a street lamp, one in the wild a lantern."""
    if scene.ground == "room":
        return list(scene.things)
    lamp = "street lamp" if scene.ground in {"city", "road"} else "lantern"
    return list(dict.fromkeys(lamp if thing == "lamp" else thing for thing in scene.things))


def _is_lit(scene: Scene) -> bool:
    return scene.light in {"night", "dusk"}


def _lighthouse(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    lit = _is_lit(scene) or "storm" in scene.weather
    landmarks.draw_lighthouse(sheet, x, foot + 5, camera.landmark, lit=lit, taper=camera.taper)


def _house(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    landmarks.draw_house(sheet, x, foot + 6, camera.landmark * 0.55, lit=_is_lit(scene))


def _church(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    landmarks.draw_house(sheet, x, foot + 6, camera.landmark * 0.55, lit=_is_lit(scene), church=True)


def _houses(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    high = camera.landmark
    for shift, size in ((-0.24, 0.3), (0.05, 0.36), (0.3, 0.28)):
        landmarks.draw_house(sheet, x + shift * high * 1.6, foot + 4, high * size, lit=_is_lit(scene))


def _tower(sheet: Sheet, _: Scene, camera: Camera, x: float, foot: float) -> None:
    landmarks.draw_tower(sheet, x, foot + 4, camera.landmark * 0.85)


def _tree(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    bare = scene.ground == "snow" or "snow" in scene.weather
    nature.draw_tree(sheet, x, foot + 9, camera.landmark * 0.95, bare=bare)


def _trees(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    if scene.ground in {"forest", "snow"}:
        return  # they are there already
    high = camera.landmark
    for number in range(6):
        size = high * sheet.hand.uniform(0.35, 0.6)
        nature.draw_conifer(sheet, x + (number - 2.5) * high * 0.16, foot + 2, size, 0.3)


def _peaks(sheet: Sheet, scene: Scene, camera: Camera, _: float, foot: float) -> None:
    if scene.ground != "mountains":
        draw_peaks(sheet, foot - 2, camera.landmark * 0.5)


def _rocks(sheet: Sheet, _: Scene, camera: Camera, x: float, foot: float) -> None:
    nature.draw_rocks(sheet, x, foot + 8, camera.landmark * 0.2)


def _boat(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    if scene.ground in {"sea", "shore", "field"}:
        vehicles.draw_boat(sheet, x, foot + 7, camera.landmark * 0.42, lit=_is_lit(scene))


def _ship(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    if scene.ground in {"sea", "shore", "field"}:
        vehicles.draw_ship(sheet, x, foot + 7, camera.landmark * 0.3)


def _rocket(sheet: Sheet, _: Scene, camera: Camera, x: float, foot: float) -> None:
    vehicles.draw_rocket(sheet, x, foot + 6, min(camera.landmark, 84.0))


def _bridge(sheet: Sheet, _: Scene, camera: Camera, __: float, foot: float) -> None:
    landmarks.draw_bridge(sheet, foot + 5, camera.landmark * 0.36)


def _street_lamp(sheet: Sheet, scene: Scene, camera: Camera, x: float, foot: float) -> None:
    landmarks.draw_street_lamp(sheet, x, foot + 16, camera.landmark * 0.95, lit=_is_lit(scene))


_BEHIND: dict[str, Draw] = {
    "lighthouse": _lighthouse,
    "house": _house,
    "church": _church,
    "houses": _houses,
    "tower": _tower,
    "tree": _tree,
    "trees": _trees,
    "peaks": _peaks,
    "rocks": _rocks,
    "island": _rocks,
    "boat": _boat,
    "ship": _ship,
    "bridge": _bridge,
    "rocket": _rocket,
    "street lamp": _street_lamp,
}


def draw_still_life(sheet: Sheet, scene: Scene) -> None:
    """A near shot of nobody is of a thing: the first that there is, on a table where there is one."""
    things = [thing for thing in scene.things if thing in PROPS and thing != "table"]
    size = {"medium": 46.0, "close-up": 60.0}.get(scene.shot, 88.0)
    x, foot = sheet.width * 0.5, 50 + size * 0.5
    if "table" in scene.things or scene.ground == "room":
        top = [(-3.0, 66.0), (sheet.width + 3, 64.0), (sheet.width + 3, 103.0), (-3.0, 103.0)]
        sheet.area(top, 0.3)
        sheet.hatch(top, angle=0.02, spacing=3.4, dark=0.3)
        sheet.line(top[:2], width=0.7, passes=2)
        foot = max(foot, 82.0)
    lit = scene.light in {"night", "dusk"}
    if things:
        sheet.area(oval(x + size * 0.1, foot, size * 0.6, size * 0.07), 0.8, alpha=0.35)
        PROPS[things[0]][0](sheet, x, foot, size)
    elif "boat" in scene.things:
        vehicles.draw_boat(sheet, x, foot + 4, size, lit=lit)
    elif "rocket" in scene.things:
        vehicles.draw_rocket(sheet, x, foot + 22, size * 1.3)
    elif "lighthouse" in scene.things:
        landmarks.draw_lighthouse(sheet, x, foot + 22, size * 1.3, lit=lit)
    elif "house" in scene.things:
        landmarks.draw_house(sheet, x - size * 0.2, foot + 6, size, lit=lit)
    elif {"tree", "trees"} & set(scene.things):
        nature.draw_tree(sheet, x, foot + 8, size * 1.15)
    elif scene.ground == "room":
        PROPS["cup"][0](sheet, x, foot, size * 0.8)
    else:
        nature.draw_rocks(sheet, x, foot + 4, size * 0.7)
