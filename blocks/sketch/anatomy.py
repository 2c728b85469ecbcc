"""Where the parts of a figure go: its place on the sheet, poses, limbs, and the look that goes with a name."""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.sketch.pencil import smooth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blocks.sketch.pencil import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A figure's place: feet at (x, foot), so many units high. ``facing`` is 1 to the right, -1 to the left.

    ``taper`` narrows it upwards, as a camera near the ground sees it; ``squash`` shortens it, as one above does.
    """

    x: float
    foot: float
    high: float
    facing: int = 1
    taper: float = 0.0
    squash: float = 1.0

    def at(self, across: float, up: float) -> Point:
        """A point of the figure on the sheet; ``across`` and ``up`` are shares of its height."""
        wide = self.high * (1 - self.taper * up)
        return self.x + self.facing * across * wide, self.foot - up * self.high * self.squash

    def along(self, points: Sequence[Point]) -> list[Point]:
        """Several points at once."""
        return [self.at(across, up) for across, up in points]

    @property
    def pen(self) -> float:
        """The width of a contour, in units: bolder for what is near."""
        return min(0.95, 0.3 + self.high * 0.0035)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Joints in shares of the height, facing right. ``far`` limbs are behind the body, ``near`` before it."""

    head: Point = (0.012, 0.918)
    neck: Point = (0.0, 0.835)
    hip: Point = (0.0, 0.52)
    far_arm: tuple[Point, Point, Point] = ((0.075, 0.805), (0.115, 0.655), (0.125, 0.515))
    near_arm: tuple[Point, Point, Point] = ((-0.085, 0.805), (-0.125, 0.655), (-0.105, 0.51))
    far_leg: tuple[Point, Point, Point] = ((0.045, 0.52), (0.065, 0.27), (0.07, 0.025))
    near_leg: tuple[Point, Point, Point] = ((-0.045, 0.52), (-0.05, 0.27), (-0.065, 0.015))


POSES: dict[str, Pose] = {
    "stand": Pose(),
    "ease": Pose(
        near_arm=((-0.085, 0.805), (-0.15, 0.67), (-0.06, 0.56)),
        far_leg=((0.045, 0.52), (0.085, 0.28), (0.075, 0.03)),
    ),
    "walk": Pose(
        head=(0.03, 0.915),
        neck=(0.015, 0.835),
        far_arm=((0.06, 0.8), (-0.02, 0.665), (-0.085, 0.56)),
        near_arm=((-0.06, 0.8), (0.005, 0.65), (0.1, 0.565)),
        far_leg=((0.03, 0.52), (0.105, 0.29), (0.14, 0.03)),
        near_leg=((-0.03, 0.52), (-0.035, 0.28), (-0.155, 0.07)),
    ),
    "run": Pose(
        head=(0.115, 0.895),
        neck=(0.085, 0.815),
        hip=(0.0, 0.52),
        far_arm=((0.115, 0.785), (0.03, 0.68), (-0.06, 0.74)),
        near_arm=((0.035, 0.79), (0.07, 0.64), (0.2, 0.7)),
        far_leg=((0.02, 0.52), (0.17, 0.4), (0.155, 0.17)),
        near_leg=((-0.02, 0.52), (-0.085, 0.3), (-0.28, 0.23)),
    ),
    "reach": Pose(
        head=(0.03, 0.92),
        far_arm=((0.075, 0.805), (0.195, 0.76), (0.315, 0.82)),
        near_arm=((-0.08, 0.805), (-0.13, 0.66), (-0.115, 0.52)),
        far_leg=((0.045, 0.52), (0.095, 0.28), (0.1, 0.03)),
    ),
    "carry": Pose(
        far_arm=((0.08, 0.805), (0.125, 0.68), (0.165, 0.765)),
        far_leg=((0.045, 0.52), (0.085, 0.28), (0.075, 0.03)),
    ),
    "wave": Pose(
        far_arm=((0.075, 0.805), (0.185, 0.86), (0.2, 1.03)),
        near_arm=((-0.085, 0.805), (-0.185, 0.87), (-0.16, 1.03)),
        far_leg=((0.045, 0.52), (0.1, 0.28), (0.105, 0.03)),
        near_leg=((-0.045, 0.52), (-0.09, 0.27), (-0.11, 0.015)),
    ),
    "look up": Pose(head=(-0.012, 0.92), near_arm=((-0.085, 0.805), (-0.135, 0.66), (-0.12, 0.52))),
    "sit": Pose(
        head=(0.06, 0.685),
        neck=(0.03, 0.605),
        hip=(-0.02, 0.29),
        far_arm=((0.1, 0.57), (0.15, 0.44), (0.245, 0.38)),
        near_arm=((-0.05, 0.575), (-0.03, 0.43), (0.12, 0.35)),
        far_leg=((0.03, 0.3), (0.27, 0.31), (0.28, 0.03)),
        near_leg=((-0.02, 0.29), (0.225, 0.29), (0.22, 0.015)),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What makes somebody themselves in every frame. Shades are 0 (paper) to 1 (deep)."""

    hair: str
    hair_shade: float
    coat: str
    coat_shade: float
    legs_shade: float
    extra: str
    child: bool
    beard: bool
    glasses: bool


def look_of(name: str, kind: str) -> Look:
    """The look that goes with a name: the same name looks the same, in whatever frame."""
    seed = int.from_bytes(hashlib.sha256(f"{name.lower()}/{kind}".encode("utf-8", "replace")).digest()[:8])
    pick = random.Random(seed)  # noqa: S311 - a drawing
    girl, old = kind in {"woman", "girl", "old woman"}, kind.startswith("old")
    young = kind in {"child", "boy", "girl"}
    hair = pick.choice(
        ("long", "bun", "bob", "ponytail", "curly") if girl else ("short", "short", "curly", "cap", "messy")
    )
    if kind == "person":
        hair = pick.choice(("short", "bob", "hood", "curly", "cap"))
    if kind == "old woman":
        hair = "bun"
    if kind == "old man":
        hair = pick.choice(("cap", "bald"))
    coat = pick.choice(("dress", "coat", "sweater")) if girl else pick.choice(("coat", "jacket", "sweater"))
    return Look(
        hair=hair,
        hair_shade=0.12 if old else pick.choice((0.35, 0.6, 0.85, 0.95)),
        coat="coat" if kind == "old man" else "dress" if kind in {"girl", "old woman"} else coat,
        coat_shade=pick.choice((0.1, 0.25, 0.42, 0.62)),
        legs_shade=pick.choice((0.3, 0.55, 0.75)),
        extra=pick.choice(("scarf", "", "bag", "", "scarf") if not young else ("scarf", "", "bag")),
        child=young,
        beard=kind == "old man" or (kind == "man" and pick.random() < 0.35),
        glasses=kind != "child" and pick.random() < (0.5 if old else 0.15),
    )


def limb(joints: Sequence[Point], widths: Sequence[float]) -> list[Point]:
    """The outline of a limb along its joints, so wide at each of them, with a rounded end."""
    path = smooth(joints, steps=5)
    left: list[Point] = []
    right: list[Point] = []
    for index, (x, y) in enumerate(path):
        before, after = path[max(0, index - 1)], path[min(len(path) - 1, index + 1)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        span = math.hypot(dx, dy) or 1.0
        share = index / (len(path) - 1) * (len(widths) - 1)
        lower = min(int(share), len(widths) - 2)
        half = (widths[lower] + (widths[lower + 1] - widths[lower]) * (share - lower)) / 2
        left.append((x - dy / span * half, y + dx / span * half))
        right.append((x + dy / span * half, y - dx / span * half))
    return [*left, *_round(path[-2], path[-1], widths[-1]), *reversed(right), *_round(path[1], path[0], widths[0])]


def _round(before: Point, end: Point, width: float) -> list[Point]:
    """The rounded end of a limb, from its left to its right as one looks along it."""
    heading = math.atan2(end[1] - before[1], end[0] - before[0])
    half = width / 2
    turns = (0.28, 0.12, 0.0, -0.12, -0.28)
    return [
        (end[0] + half * math.cos(heading + turn * math.pi), end[1] + half * math.sin(heading + turn * math.pi))
        for turn in turns
    ]
