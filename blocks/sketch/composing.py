"""A scene put on a sheet, from the sky to the nearest figure: who stands where, how large, and what is left out."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from blocks.sketch import landmarks, nature, vehicles
from blocks.sketch.anatomy import POSES, Look, Place, look_of
from blocks.sketch.camera import CAMERAS, Camera
from blocks.sketch.creatures import draw_bird, draw_dog, draw_helmet, draw_robot, draw_whale
from blocks.sketch.ground import draw_ground, draw_peaks
from blocks.sketch.pencil import Sheet, oval
from blocks.sketch.people import draw_person, head_of
from blocks.sketch.plan import draw_from_above, draw_plan
from blocks.sketch.props import PROPS, draw_lantern_itself
from blocks.sketch.room import draw_room
from blocks.sketch.sky import PALETTES, draw_sky, draw_weather

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blocks.sketch.scene import Character, Scene

# How high each kind stands beside a grown person.
_HEIGHTS = {"robot": 0.97, "child": 0.64, "boy": 0.7, "girl": 0.7, "bird": 0.2, "dog": 0.4, "cat": 0.24, "whale": 1.3,
            "old woman": 0.92, "old man": 0.98, "woman": 0.96}  # fmt: skip
# What a figure carries, its height beside a grown person, and where its foot is from the hand, in the same measure.
_CARRIED = {"lantern": (0.17, -0.15), "umbrella": (0.72, -0.2), "book": (0.1, 0.0), "letter": (0.13, 0.02),
            "balloon": (0.75, 0.0), "flowers": (0.2, 0.02), "kite": (0.9, -0.4)}  # fmt: skip
# What fills the frame in a close-up: the shares of an animal's height at which its head is, and how much larger it is drawn.
_ANIMAL_CLOSE = {"bird": (0.8, 2.4), "dog": (0.88, 1.9), "cat": (0.9, 2.1), "whale": (0.5, 0.8)}


def compose(scene: Scene, width: float, scale: float) -> Sheet:
    """The scene on a sheet ``width`` units wide and 100 high, at ``scale`` pixels a unit."""
    hand = random.Random(scene.seed)  # noqa: S311 - a drawing
    camera = _framed(CAMERAS[scene.shot], scene)
    sheet = Sheet(width, scale, PALETTES[scene.light], hand)
    if scene.shot == "bird's-eye":
        draw_plan(sheet, scene)
        _cast_from_above(sheet, scene)
        draw_weather(sheet, scene)
        return sheet
    if scene.ground == "room":
        draw_room(sheet, scene, camera)
    else:
        draw_sky(sheet, scene, camera.horizon if scene.ground != "space" else max(68.0, camera.horizon))
        if camera.depth > 0:
            draw_ground(sheet, scene, camera)
    if camera.depth > 0:
        _stage(sheet, scene, camera)
    _haze(sheet, scene, camera)
    _cast(sheet, scene, camera)
    draw_weather(sheet, scene)
    return sheet


def _framed(camera: Camera, scene: Scene) -> Camera:
    """A medium shot goes by the tallest who are in it: a camera comes down to a child."""
    tallest = max(
        (_HEIGHTS.get(who.kind, 1.0) for who in scene.characters if who.kind not in _ANIMAL_CLOSE), default=1.0
    )
    if scene.shot != "medium":
        return camera
    person = camera.person / tallest
    return replace(camera, person=person, crown=camera.foot - person)


def _haze(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    """Near shots throw their surroundings out of focus: on paper, they are drawn fainter."""
    faint = {"medium": 0.2, "over-the-shoulder": 0.2, "close-up": 0.46}.get(scene.shot, 0.0)
    if faint:
        ring = [(0.0, 0.0), (sheet.width, 0.0), (sheet.width, sheet.height), (0.0, sheet.height)]
        sheet.area(ring, 0.34 if scene.light == "night" else 0.02, alpha=faint)


# ---- what stands around ---------------------------------------------------------------------------------------------


def _stage(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    things = [thing for thing in _things(scene) if scene.ground != "room" or thing in PROPS]
    lit = scene.light in {"night", "dusk"}
    places = _slots(sheet, scene)
    behind = max(camera.horizon, 0.0) + 3.5
    for thing in things:
        _draw_behind(sheet, scene, camera, thing, next(places), behind, lit=lit)
    near = [thing for thing in things if thing in PROPS and thing != _held(scene)][:3]
    if scene.shot == "close-up":
        near = near[:1] if scene.characters else []
    spots = (0.8, 0.17, 0.93) if scene.seed & 1 else (0.2, 0.83, 0.07)
    for thing, share in zip(near, spots, strict=False):
        draw, size, above = PROPS[thing]
        person = min(camera.person, 96.0)
        foot = min(camera.foot_at(0.88), 95.0)
        draw(sheet, sheet.width * share, foot - above * person * 0.9, size * person * 0.95)


def _things(scene: Scene) -> list[str]:
    """The things, as they are in that setting: a lamp in the street is a street lamp."""
    outdoors = scene.ground != "room"
    return ["street lamp" if thing == "lamp" and outdoors else thing for thing in scene.things]


def _held(scene: Scene) -> str:
    """What the first figure carries, empty where nothing is there to carry or nobody with hands."""
    if (
        not scene.characters
        or scene.characters[0].kind in _ANIMAL_CLOSE
        or scene.shot not in {"wide", "low-angle", "medium"}
    ):
        return ""
    return next((thing for thing in scene.things if thing in _CARRIED), "")


def _slots(sheet: Sheet, scene: Scene) -> Iterator[float]:
    shares = [0.77, 0.2, 0.93, 0.07, 0.6, 0.4] if scene.seed & 1 else [0.22, 0.8, 0.06, 0.92, 0.4, 0.62]
    return iter([sheet.width * share for share in shares])


def _draw_behind(sheet: Sheet, scene: Scene, camera: Camera, thing: str, x: float, behind: float, *, lit: bool) -> None:
    high = camera.landmark
    match thing:
        case "lighthouse":
            landmarks.draw_lighthouse(
                sheet, x, behind + 5, high, lit=lit or "storm" in scene.weather, taper=camera.taper
            )
        case "house" | "church":
            landmarks.draw_house(sheet, x, behind + 6, high * 0.55, lit=lit, church=thing == "church")
        case "houses":
            for shift, size in ((-0.24, 0.3), (0.05, 0.36), (0.3, 0.28)):
                landmarks.draw_house(sheet, x + shift * high * 1.6, behind + 4, high * size, lit=lit)
        case "tower":
            landmarks.draw_tower(sheet, x, behind + 4, high * 0.85)
        case "tree":
            nature.draw_tree(sheet, x, behind + 9, high * 0.95, bare=scene.ground == "snow" or "snow" in scene.weather)
        case "trees" if scene.ground not in {"forest", "snow"}:
            for number in range(6):
                nature.draw_conifer(
                    sheet, x + (number - 2.5) * high * 0.16, behind + 2, high * sheet.hand.uniform(0.35, 0.6), 0.3
                )
        case "peaks" if scene.ground != "mountains":
            draw_peaks(sheet, behind - 2, high * 0.5)
        case "rocks" | "island":
            nature.draw_rocks(sheet, x, behind + 8, high * 0.2)
        case "boat" | "ship" if scene.ground in {"sea", "shore", "field"}:
            draw = vehicles.draw_boat if thing == "boat" else vehicles.draw_ship
            draw(sheet, x, behind + 7, high * (0.42 if thing == "boat" else 0.3))
        case "bridge":
            landmarks.draw_bridge(sheet, behind + 5, high * 0.36)
        case "street lamp":
            landmarks.draw_street_lamp(sheet, x, behind + 16, high * 0.95, lit=lit)
        case _:
            return


# ---- who is there ---------------------------------------------------------------------------------------------------


def _cast(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    people = list(scene.characters)
    if not people:
        if scene.shot in {"close-up", "extreme close-up", "medium", "over-the-shoulder"}:
            _still_life(sheet, scene)
        return
    if scene.shot == "over-the-shoulder":
        others = people[1:] or people[:1]
        _figure(sheet, scene, camera, others[0], sheet.width * 0.62, 1.0, -1)
        _shoulder(sheet, scene, people[0])
        return
    most = {"close-up": 1, "extreme close-up": 1, "medium": 3}.get(scene.shot, 4)
    people = people[:most]
    for index, (share, scale, facing) in enumerate(_blocking(scene, len(people))):
        _figure(sheet, scene, camera, people[index], sheet.width * share, scale, facing, turn=index)


def _blocking(scene: Scene, count: int) -> list[tuple[float, float, int]]:
    """Where figures stand (share of the width), how near, and where they face: towards each other, or into the frame."""
    side = 1 if scene.seed & 1 else -1
    if scene.shot in {"close-up", "extreme close-up"}:
        return [(0.5 - 0.04 * side, 1.0, side)]
    spread = 1.0 if scene.shot in {"medium", "low-angle"} else 0.72
    if count == 1:
        return [(0.5 - 0.1 * side, 1.0, side)]
    if count == 2:
        return [(0.5 - 0.17 * spread, 1.0, 1), (0.5 + 0.16 * spread, 0.97, -1)]
    if count == 3:
        return [(0.5, 0.86, -side), (0.5 - 0.24 * spread, 1.0, 1), (0.5 + 0.24 * spread, 0.98, -1)]
    return [(0.4, 0.82, 1), (0.6, 0.82, -1), (0.5 - 0.3 * spread, 1.0, 1), (0.5 + 0.28 * spread, 1.0, -1)]


def _figure(
    sheet: Sheet, scene: Scene, camera: Camera, who: Character, x: float, scale: float, facing: int, turn: int = 0
) -> None:
    near = scene.shot in {"close-up", "extreme close-up", "medium", "over-the-shoulder"}
    high = camera.person * _HEIGHTS.get(who.kind, 1.0) * scale
    foot = camera.foot_at(scale)
    if near and who.kind in _ANIMAL_CLOSE:
        x, foot, high = _animal_near(scene, who, x, facing)
    elif scene.shot in {"close-up", "extreme close-up"}:
        high = max(high, camera.person * 0.85)
        eyes = 0.936 if who.kind == "robot" else 0.92
        foot = camera.crown + high if scene.shot == "close-up" else 44 + eyes * high
    elif near or scene.shot == "low-angle":
        foot = camera.foot + (1 - scale) * 8
    place = Place(x=x, foot=foot, high=high, facing=facing, taper=camera.taper, squash=camera.squash)
    held = _held(scene) if turn == 0 else ""
    pose = _pose(scene, turn, held)
    if not near:
        sheet.area(oval(place.x + place.high * 0.06, place.foot, place.high * 0.2, place.high * 0.03), 0.7, alpha=0.4)
    if pose == "sit" and not near:
        seat = place.along([(-0.13, 0.0), (-0.11, 0.235), (0.075, 0.235), (0.09, 0.0)])
        sheet.shape(seat, 0.4, width=place.pen)
        sheet.hatch(seat, spacing=1.2, dark=0.4)
    if held == "umbrella":
        _carry(sheet, place, pose, held)
    if held == "lantern":
        hand = place.at(*POSES[pose].far_arm[2])
        sheet.glow(*hand, place.high * 0.5, 0.9)
    draw_character(sheet, scene, who, place, pose)
    if held and held != "umbrella":
        _carry(sheet, place, pose, held)


def _animal_near(scene: Scene, who: Character, x: float, facing: int) -> tuple[float, float, float]:
    """Where an animal is in a near shot (x, foot, height): its head fills a close-up, all of it a medium shot."""
    share, larger = _ANIMAL_CLOSE[who.kind]
    if scene.shot in {"medium", "over-the-shoulder"}:
        high = {"bird": 34.0, "cat": 40.0, "dog": 54.0}.get(who.kind, 46.0)
        return x, 97.0, high
    high = 74.0 * larger * (2.2 if scene.shot == "extreme close-up" else 1.0)
    return x - facing * high * {"bird": 0.3, "dog": 0.62, "cat": 0.62}.get(who.kind, 0.3), 52 + share * high, high


def _pose(scene: Scene, turn: int, held: str) -> str:
    if held == "lantern" and scene.pose != "sit":
        return "reach"
    if held and scene.pose not in {"sit", "reach"}:
        return "carry"
    if held and scene.pose == "sit":
        return "sit"
    if scene.shot in {"close-up", "extreme close-up"}:
        return "stand"
    if scene.shot in {"medium", "over-the-shoulder"} and scene.pose not in {"reach", "wave", "look up"}:
        return ("ease", "stand")[turn % 2]
    if turn == 0 or scene.pose in {"walk", "run", "sit"}:
        return scene.pose if scene.pose != "stand" or not scene.seed & 8 else "ease"
    return ("stand", "ease")[turn % 2]


def _carry(sheet: Sheet, place: Place, pose: str, thing: str) -> None:
    size, above = _CARRIED[thing]
    hand = POSES.get(pose, POSES["stand"]).far_arm[2]
    x, y = place.at(*hand)
    draw = draw_lantern_itself if thing == "lantern" else PROPS[thing][0]
    draw(sheet, x, y - above * place.high, size * place.high)


def draw_character(sheet: Sheet, scene: Scene, who: Character, place: Place, pose: str, *, back: bool = False) -> None:
    """Somebody at a place, in a pose, as their kind is drawn."""
    look = look_of(who.name, who.kind)
    match who.kind:
        case "robot":
            draw_robot(sheet, place, pose, scene.mood, random.Random(who.name), back=back)  # noqa: S311 - a drawing
        case "bird":
            draw_bird(sheet, place, pose, 0.1 + look.coat_shade * 0.6)
        case "dog" | "cat":
            draw_dog(sheet, place, pose, look.coat_shade, cat=who.kind == "cat")
        case "whale":
            draw_whale(sheet, place, 0.45)
        case "astronaut":
            suited = Look(
                hair="short",
                hair_shade=0.8,
                coat="sweater",
                coat_shade=0.04,
                legs_shade=0.06,
                extra="",
                child=False,
                beard=False,
                glasses=False,
            )
            draw_person(sheet, place, suited, pose, scene.mood, back=back)
            head = head_of(place, POSES.get(pose, POSES["stand"]), suited)
            draw_helmet(sheet, head.x, head.y, head.high * 1.5, place.pen)
        case _:
            draw_person(sheet, place, look, pose, scene.mood, back=back)


def _shoulder(sheet: Sheet, scene: Scene, who: Character) -> None:
    """The one over whose shoulder we look: large, dark, from behind, cut by the frame."""
    if who.kind in _ANIMAL_CLOSE:
        place = Place(x=sheet.width * 0.1, foot=112, high=90, facing=1)
    else:
        place = Place(x=sheet.width * 0.17, foot=272, high=250, facing=1)
    # Against the light: what is nearest is darkest.
    palette, sheet.palette = sheet.palette, replace(sheet.palette, floor=min(0.6, sheet.palette.floor + 0.4))
    draw_character(sheet, scene, who, place, "stand", back=True)
    sheet.palette = palette


def _cast_from_above(sheet: Sheet, scene: Scene) -> None:
    count = min(4, len(scene.characters))
    for index, who in enumerate(scene.characters[:4]):
        x = sheet.width * (0.5 + (index - (count - 1) / 2) * 0.16)
        y = 58.0 + (5.0 if index % 2 else -4.0)
        pose = scene.pose if index == 0 or scene.pose in {"walk", "run"} else "stand"
        draw_from_above(sheet, who, x, y, pose, 1 if index < count / 2 or scene.pose in {"walk", "run"} else -1)


def _still_life(sheet: Sheet, scene: Scene) -> None:
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
        vehicles.draw_boat(sheet, x, foot + 4, size)
    elif "lighthouse" in scene.things:
        landmarks.draw_lighthouse(sheet, x, foot + 22, size * 1.3, lit=lit)
    elif "house" in scene.things:
        landmarks.draw_house(sheet, x - size * 0.2, foot + 6, size, lit=lit)
    elif {"tree", "trees"} & set(scene.things):
        nature.draw_tree(sheet, x, foot + 8, size * 1.15)
    else:
        nature.draw_rocks(sheet, x, foot + 4, size * 0.7)
