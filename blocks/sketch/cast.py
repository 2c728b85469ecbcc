"""Who is there: where figures stand in each kind of shot, how large, in which pose, and what they carry."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from blocks.sketch.anatomy import POSES, Look, Place, look_of
from blocks.sketch.animals import ANIMALS
from blocks.sketch.from_above import draw_from_above, draw_umbrella_from_above
from blocks.sketch.pencil import oval
from blocks.sketch.people import draw_person, head_of
from blocks.sketch.props import PROPS, draw_lantern_itself
from blocks.sketch.robots import draw_helmet, draw_robot

if TYPE_CHECKING:
    from blocks.sketch.camera import Camera
    from blocks.sketch.figures import Character
    from blocks.sketch.pencil import Sheet
    from blocks.sketch.scene import Scene

# How high each kind of person stands beside a grown one.
_HEIGHTS = {"robot": 0.97, "child": 0.64, "boy": 0.7, "girl": 0.7, "old woman": 0.92, "old man": 0.98, "woman": 0.96}
# What a figure carries, its height beside a grown person, and where its foot is from the hand, in the same measure.
_CARRIED = {"lantern": (0.17, -0.15), "umbrella": (0.72, -0.2), "book": (0.1, 0.0), "letter": (0.13, 0.02),
            "balloon": (0.75, 0.0), "flowers": (0.2, 0.02), "kite": (0.9, -0.4), "violin": (0.4, -0.2)}  # fmt: skip
_SUIT = Look(
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
_ANIMALS_STAND = 0.72
"""How high the tallest animal stands where there are only animals, beside a grown person, if it can be so."""
_FACE = 30.0
"""The radius of an animal's face in a close-up, in units."""
_LOWEST_CROWN = 52.0
"""How far down the crown of the smallest may be in a medium shot."""
_NEAR = frozenset({"close-up", "extreme close-up", "medium", "over-the-shoulder"})


def framed(camera: Camera, scene: Scene) -> Camera:
    """A medium shot goes by the tallest who are in it: a camera comes down to a child, and nearer to small animals."""
    # Not all the way down to a small robot: that is how one sees that it is small.
    people = [_HEIGHTS.get(who.kind, 1.0) * max(who.size, 0.8) for who in scene.characters if who.kind not in ANIMALS]
    tallest = max(people, default=1.0)
    if scene.shot == "medium":
        person = camera.person / tallest
        return replace(camera, person=person, crown=camera.foot - person)
    if scene.shot in {"wide", "low-angle"} and scene.characters and not people:
        person = camera.person * min(1.9, max(1.0, _ANIMALS_STAND / max(map(figure_height, scene.characters))))
        return replace(camera, person=person, crown=camera.foot - person * camera.squash)
    return camera


def figure_height(who: Character) -> float:
    """How high somebody stands beside a grown person."""
    usual = ANIMALS[who.kind].height if who.kind in ANIMALS else _HEIGHTS.get(who.kind, 1.0)
    return usual * who.size


def held_by(scene: Scene) -> str:
    """What the first figure carries, empty where nothing is there to carry or nobody with hands."""
    if not scene.characters or scene.characters[0].kind in ANIMALS or scene.shot not in {"wide", "low-angle", "medium"}:
        return ""
    return next((thing for thing in scene.things if thing in _CARRIED), "")


def draw_cast(sheet: Sheet, scene: Scene, camera: Camera) -> None:
    """Everybody, the farthest first."""
    people = list(scene.characters)
    if scene.shot == "over-the-shoulder":
        for other in people[1:2]:
            _figure(sheet, scene, camera, other, sheet.width * 0.62, 1.0, -1)
        _shoulder(sheet, scene, people[0])
        return
    people = people[: {"close-up": 1, "extreme close-up": 1, "medium": 3}.get(scene.shot, 4)]
    for index, (share, scale, facing) in enumerate(_blocking(scene, len(people))):
        _figure(sheet, scene, camera, people[index], sheet.width * share, scale, facing, turn=index)


def draw_cast_from_above(sheet: Sheet, scene: Scene) -> None:
    """Everybody, in a row, for the bird's-eye view."""
    count = min(4, len(scene.characters))
    for index, who in enumerate(scene.characters[:4]):
        x = sheet.width * (0.5 + (index - (count - 1) / 2) * 0.16)
        y = 58.0 + (5.0 if index % 2 else -4.0)
        pose = scene.pose if index == 0 or scene.pose in {"walk", "run"} else "stand"
        if "umbrella" in scene.things and who.kind not in ANIMALS:
            draw_umbrella_from_above(sheet, x, y, look_of(who.name, who.kind).coat_shade)
            continue
        draw_from_above(sheet, who, x, y, pose, 1 if index < count / 2 or scene.pose in {"walk", "run"} else -1)


def _blocking(scene: Scene, count: int) -> list[tuple[float, float, int]]:
    """Where figures stand (share of the width), how near, and which way they face."""
    side = 1 if scene.seed & 1 else -1
    if scene.shot in {"close-up", "extreme close-up"}:
        return [(0.5 - 0.04 * side, 1.0, side)]
    spread = 1.0 if scene.shot in {"medium", "low-angle"} else 0.72
    if count == 1:
        return [(0.5 - 0.1 * side, 1.0, side)]
    if count == 2:
        return [(0.5 - 0.17 * spread, 1.0, 1), (0.5 + 0.16 * spread, 0.97, -1)]
    if count > 2 and scene.shot not in _NEAR and all(who.kind in ANIMALS for who in scene.characters):
        # They are longer than they are high.
        return [(0.4, 0.84, 1), (0.64, 0.88, -1), (0.16, 1.0, 1), (0.86, 1.0, -1)][:count]
    if count == 3:
        return [(0.5, 0.86, -side), (0.5 - 0.24 * spread, 1.0, 1), (0.5 + 0.24 * spread, 0.98, -1)]
    return [(0.4, 0.82, 1), (0.6, 0.82, -1), (0.5 - 0.3 * spread, 1.0, 1), (0.5 + 0.28 * spread, 1.0, -1)]


def _figure(
    sheet: Sheet, scene: Scene, camera: Camera, who: Character, x: float, scale: float, facing: int, turn: int = 0
) -> None:
    place = _place(scene, camera, who, (x, scale, facing))
    held = held_by(scene) if turn == 0 else ""
    pose = _pose(scene, turn, held)
    if scene.shot not in _NEAR:
        sheet.area(oval(place.x + place.high * 0.06, place.foot, place.high * 0.2, place.high * 0.03), 0.7, alpha=0.4)
        if pose == "sit":
            seat = place.along([(-0.13, 0.0), (-0.11, 0.235), (0.075, 0.235), (0.09, 0.0)])
            sheet.shape(seat, 0.4, width=place.pen)
            sheet.hatch(seat, spacing=1.2, dark=0.4)
    if held == "umbrella":
        _carry(sheet, place, pose, held)
    if held == "lantern":
        sheet.glow(*place.at(*POSES[pose].far_arm[2]), place.high * 0.5, 0.9)
    draw_character(sheet, scene, who, place, pose)
    if held and held != "umbrella":
        _carry(sheet, place, pose, held)


def _place(scene: Scene, camera: Camera, who: Character, standing: tuple[float, float, int]) -> Place:
    x, scale, facing = standing
    high = camera.person * figure_height(who) * scale
    foot = camera.foot_at(scale)
    if scene.shot in _NEAR and who.kind in ANIMALS:
        x, foot, high = _animal_near(scene, who, x, facing)
    elif scene.shot in {"close-up", "extreme close-up"}:
        high = max(high, camera.person * 0.85)
        eyes = 0.936 if who.kind == "robot" else 0.92
        foot = camera.crown + high if scene.shot == "close-up" else 44 + eyes * high
    elif scene.shot in _NEAR:
        # However small they are beside the others, their face is in the frame.
        lowest = _LOWEST_CROWN if len(scene.characters) > 1 else _LOWEST_CROWN * 0.55
        foot = min(camera.foot + (1 - scale) * 8, lowest + high)
    elif scene.shot == "low-angle":
        foot = camera.foot + (1 - scale) * 8
    if who.kind in ANIMALS and scene.shot not in _NEAR:
        foot -= ANIMALS[who.kind].lift * high
    return Place(x=x, foot=foot, high=high, facing=facing, taper=camera.taper, squash=camera.squash)


def _animal_near(scene: Scene, who: Character, x: float, facing: int) -> tuple[float, float, float]:
    """Where an animal is in a near shot (x, foot, height): its face fills a close-up, all of it a medium shot."""
    animal = ANIMALS[who.kind]
    if scene.shot in {"medium", "over-the-shoulder"}:
        high = animal.medium * min(1.15, max(0.8, who.size))
        across = 0.25 * high * facing if animal.medium > 70 else 0.0
        return x - across, 97.0 - min(animal.lift, 1.0) * 34, high
    high = _FACE / animal.skull * (2.2 if scene.shot == "extreme close-up" else 1.0)
    return x - facing * high * animal.face[0], 50 + animal.face[1] * high, high


def _pose(scene: Scene, turn: int, held: str) -> str:
    if scene.shot in {"close-up", "extreme close-up"}:
        return "stand"
    if held == "lantern" and scene.pose != "sit":
        return "reach"
    if held and scene.pose not in {"sit", "reach"}:
        return "carry"
    at_rest = ("ease", "stand") if scene.seed & 8 else ("stand", "ease")
    kept = {"reach", "wave", "look up"} if scene.shot in _NEAR else {"walk", "run", "sit"} if turn else {scene.pose}
    return scene.pose if scene.pose in kept and scene.pose != "stand" else at_rest[turn % 2]


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
        case kind if kind in ANIMALS:
            ANIMALS[kind].draw(sheet, place, pose, look.coat_shade)
        case "astronaut":
            draw_person(sheet, place, _SUIT, pose, scene.mood, back=back)
            head = head_of(place, POSES.get(pose, POSES["stand"]), _SUIT)
            draw_helmet(sheet, head.x, head.y, head.high * 1.5, place.pen)
        case _:
            draw_person(sheet, place, look, pose, scene.mood, back=back)


def _shoulder(sheet: Sheet, scene: Scene, who: Character) -> None:
    """The one over whose shoulder we look: large, dark, from behind, cut by the frame."""
    if who.kind in ANIMALS:
        place = Place(x=sheet.width * 0.1, foot=112, high=90, facing=1)
    else:
        place = Place(x=sheet.width * 0.17, foot=272, high=250, facing=1)
    # Against the light: what is nearest is darkest.
    palette, sheet.palette = sheet.palette, replace(sheet.palette, floor=min(0.6, sheet.palette.floor + 0.4))
    draw_character(sheet, scene, who, place, "stand", back=True)
    sheet.palette = palette
