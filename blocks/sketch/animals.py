"""The table of animals: how large each is, where its face is, how it fills near shots, and who draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.sketch import critters
from blocks.sketch.beasts import BUILDS, draw_beast
from blocks.sketch.creatures import draw_bird, draw_dog, draw_whale

if TYPE_CHECKING:
    from collections.abc import Callable

    from blocks.sketch.anatomy import Place
    from blocks.sketch.pencil import Point, Sheet

    Draw = Callable[[Sheet, Place, str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Animal:
    """A kind of animal. ``height`` is its own beside a grown person's; in a wide shot it is ``lift`` such heights up.

    ``face`` is the middle of its face and ``skull`` that face's radius, in shares of the animal's height; ``medium``
    is how high it stands in a medium shot, in units. ``draw`` takes the sheet, the place, the pose, and a shade that
    is its owner's own, in 0..1.
    """

    height: float
    face: Point
    skull: float
    medium: float
    draw: Draw
    lift: float = 0.0


def _beast(kind: str, height: float, medium: float) -> Animal:
    build = BUILDS[kind]

    def draw(sheet: Sheet, place: Place, pose_name: str, shade: float) -> None:
        draw_beast(sheet, place, kind, pose_name, (shade - 0.35) * 0.3)

    (x, y), reach = build.head, build.snout[0]
    face = (x + build.skull * reach * 0.5, y)
    return Animal(height=height, face=face, skull=build.skull * (1 + reach * 0.25), medium=medium, draw=draw)


ANIMALS: dict[str, Animal] = {
    "bird": Animal(height=0.2, face=(0.3, 0.8), skull=0.2, medium=34, lift=0,
                   draw=lambda sheet, place, pose, shade: draw_bird(sheet, place, pose, 0.1 + shade * 0.6)),
    "dog": Animal(height=0.4, face=(0.62, 0.88), skull=0.24, medium=54, draw=draw_dog),
    "cat": Animal(height=0.24, face=(0.62, 0.9), skull=0.2, medium=40,
                  draw=lambda sheet, place, pose, shade: draw_dog(sheet, place, pose, shade, cat=True)),
    "whale": Animal(height=1.3, face=(0.3, 0.5), skull=0.5, medium=46,
                    draw=lambda sheet, place, _, __: draw_whale(sheet, place, 0.45)),
    "fox": _beast("fox", 0.38, 52),
    "wolf": _beast("wolf", 0.52, 58),
    "bear": _beast("bear", 0.8, 78),
    "horse": _beast("horse", 1.12, 84),
    "deer": _beast("deer", 0.98, 84),
    "goat": _beast("goat", 0.5, 58),
    "sheep": _beast("sheep", 0.48, 54),
    "cow": _beast("cow", 0.86, 82),
    "pig": _beast("pig", 0.42, 50),
    "elephant": _beast("elephant", 1.6, 88),
    "camel": _beast("camel", 1.3, 86),
    "lion": _beast("lion", 0.66, 66),
    "big cat": _beast("big cat", 0.56, 60),
    "mouse": _beast("mouse", 0.15, 34),
    "animal": _beast("animal", 0.46, 54),
    "rabbit": Animal(height=0.3, face=(0.2, 0.56), skull=0.22, medium=52,
                     draw=lambda sheet, place, _, shade: critters.draw_rabbit(sheet, place, shade * 0.6)),
    "squirrel": Animal(height=0.24, face=(0.12, 0.6), skull=0.18, medium=50,
                       draw=lambda sheet, place, _, shade: critters.draw_squirrel(sheet, place, 0.3 + shade * 0.3)),
    "hedgehog": Animal(height=0.15, face=(0.55, 0.3), skull=0.42, medium=34,
                       draw=lambda sheet, place, _, shade: critters.draw_hedgehog(sheet, place, 0.5 + shade * 0.3)),
    "turtle": Animal(height=0.18, face=(1.15, 0.66), skull=0.3, medium=34,
                     draw=lambda sheet, place, _, shade: critters.draw_turtle(sheet, place, 0.15 + shade * 0.4)),
    "frog": Animal(height=0.14, face=(0.3, 0.8), skull=0.36, medium=36,
                   draw=lambda sheet, place, _, shade: critters.draw_frog(sheet, place, 0.2 + shade * 0.4)),
    "owl": Animal(height=0.28, face=(0.0, 0.72), skull=0.3, medium=56,
                  draw=lambda sheet, place, pose, shade: critters.draw_owl(
                      sheet, place, 0.3 + shade * 0.4, flying=pose in {"run", "wave"})),
    "butterfly": Animal(height=0.16, face=(0.0, 0.6), skull=0.6, medium=30, lift=3.4,
                        draw=lambda sheet, place, _, shade: critters.draw_butterfly(sheet, place, 0.1 + shade)),
    "bee": Animal(height=0.08, face=(0.2, 0.5), skull=0.6, medium=18, lift=9.0,
                  draw=lambda sheet, place, _, __: critters.draw_bee(sheet, place)),
    "fish": Animal(height=0.22, face=(0.5, 0.5), skull=0.5, medium=36, lift=0.5,
                   draw=lambda sheet, place, _, shade: critters.draw_fish(sheet, place, 0.2 + shade * 0.4)),
}  # fmt: skip
