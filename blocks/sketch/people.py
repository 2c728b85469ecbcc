"""People, from head to foot: mannequins with clothes, drawn from the far limbs to the near ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from blocks.sketch.anatomy import POSES, limb
from blocks.sketch.faces import draw_head
from blocks.sketch.hair import Head
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.anatomy import Look, Place, Pose
    from blocks.sketch.pencil import Point, Sheet

_SKIN = 0.05
_NEAR = 40.0  # from this height in units on, folds and buttons are drawn


def draw_person(sheet: Sheet, place: Place, look: Look, pose_name: str, mood: str, *, back: bool = False) -> None:
    """A person at a place, in a pose."""
    pose = POSES.get(pose_name, POSES["stand"])
    thick = 1.25 if look.child else 1.0
    _leg(sheet, place, pose.far_leg, look, thick, shade=0.12)
    _arm(sheet, place, pose.far_arm, look, thick, shade=0.1)
    _leg(sheet, place, pose.near_leg, look, thick, shade=0.0)
    _neck(sheet, place, pose)
    torso = _torso(pose, look, thick, sitting=pose_name == "sit")
    outline = smooth(place.along(torso), closed=True, steps=4)
    sheet.area(outline, look.coat_shade)
    _shade_side(sheet, place, torso, look)
    sheet.line(outline, width=place.pen, closed=True, passes=2, wobble=min(0.35, 0.1 + place.high * 0.0012))
    if place.high > _NEAR and not back:
        _folds(sheet, place, pose, look)
    if look.extra == "bag" and pose_name != "run":
        _bag(sheet, place, pose)
    _arm(sheet, place, pose.near_arm, look, thick, shade=0.0)
    tilt = -0.28 if pose_name == "look up" else 0.1 if mood in {"sad", "asleep"} else 0.0
    head = head_of(place, pose, look, tilt=tilt)
    draw_head(sheet, head, look, mood, back=back)
    if look.extra == "scarf":
        _scarf(sheet, place, pose)


def head_of(place: Place, pose: Pose, look: Look, *, tilt: float = 0.0) -> Head:
    """Where a person's head is; children's are larger."""
    size = 1.3 if look.child else 1.0
    x, y = place.at(pose.head[0], pose.head[1] - (0.012 if look.child else 0))
    shrink = 1 - place.taper * pose.head[1]
    return Head(
        x=x,
        y=y,
        wide=0.056 * size * place.high * shrink,
        high=0.077 * size * place.high * (0.5 + 0.5 * place.squash),
        facing=place.facing,
        tilt=tilt * place.facing,
    )


def _torso(pose: Pose, look: Look, thick: float, *, sitting: bool) -> list[Point]:
    neck, hip = pose.neck, pose.hip
    shoulder = 0.098 * (0.9 if look.child else 1.0)
    left, right = (neck[0] - shoulder, neck[1] - 0.025), (neck[0] + shoulder * 0.92, neck[1] - 0.028)
    waist_y = neck[1] - (neck[1] - hip[1]) * 0.66
    lean = (neck[0] + hip[0]) / 2
    waist = 0.068 * thick
    top: list[Point] = [(neck[0] - 0.03, neck[1] + 0.012), (neck[0] + 0.03, neck[1] + 0.012), right]
    if sitting:
        seat = hip[1] - 0.05
        return [*top, (lean + waist * 1.15, waist_y), (hip[0] + 0.1, hip[1] + 0.04), (hip[0] + 0.09, seat),
                (hip[0] - 0.1, seat), (lean - waist * 1.2, waist_y), left]  # fmt: skip
    hem, flare = {"dress": (0.27, 0.135), "coat": (0.33, 0.118), "jacket": (0.47, 0.088)}.get(look.coat, (0.49, 0.082))
    if look.child and look.coat == "dress":
        hem = 0.3
    return [
        *top,
        (lean + waist * (0.9 if look.coat == "dress" else 1.15), waist_y),
        (hip[0] + flare * thick, hem),
        (hip[0] + flare * 0.3, hem - 0.014),
        (hip[0] - flare * 0.5, hem - 0.012),
        (hip[0] - flare * thick, hem + 0.004),
        (lean - waist * (0.9 if look.coat == "dress" else 1.15), waist_y),
        left,
    ]


def _shade_side(sheet: Sheet, place: Place, torso: list[Point], look: Look) -> None:
    middle = sum(across for across, _ in torso) / len(torso)
    side = [(across if across > middle else middle + (across - middle) * 0.1 + 0.025, up) for across, up in torso]
    form = place.along(side)
    sheet.area(smooth(form, closed=True, steps=3), min(1.0, look.coat_shade + 0.16), alpha=0.75)
    if place.high > 14:
        sheet.hatch(form, spacing=max(0.8, place.high * 0.018), dark=0.3, width=0.25 + place.high * 0.001)


def _arm(sheet: Sheet, place: Place, joints: tuple[Point, ...], look: Look, thick: float, shade: float) -> None:
    high = place.high
    (ex, ey), (wx, wy) = joints[1], joints[2]
    reach = 0.033 / (math.hypot(wx - ex, wy - ey) or 1.0)
    hand = place.at(wx + (wx - ex) * reach, wy + (wy - ey) * reach)
    sheet.shape(oval(*hand, 0.021 * high * thick, 0.025 * high), _SKIN + shade, width=place.pen * 0.8)
    sleeve = limb(place.along(joints), (0.062 * high * thick, 0.05 * high * thick, 0.042 * high * thick))
    sheet.shape(sleeve, min(1.0, look.coat_shade + shade), width=place.pen, wobble=min(0.35, 0.1 + high * 0.001))
    if high > _NEAR:
        elbow = place.at(*joints[1])
        fold = 0.022 * high
        sheet.line([(elbow[0] - fold, elbow[1] - fold * 0.4), (elbow[0] + fold * 0.8, elbow[1] + fold * 0.3)], dark=0.5)
        sheet.line([(elbow[0] - fold, elbow[1] + fold * 0.6), (elbow[0] + fold * 0.5, elbow[1] + fold)], dark=0.4)


def _leg(sheet: Sheet, place: Place, joints: tuple[Point, ...], look: Look, thick: float, shade: float) -> None:
    high = place.high
    ankle = joints[2]
    shoe = [
        (ankle[0] - 0.028, ankle[1] + 0.03),
        (ankle[0] - 0.03, ankle[1] - 0.022),
        (ankle[0] + 0.075, ankle[1] - 0.022),
        (ankle[0] + 0.06, ankle[1] + 0.005),
        (ankle[0] + 0.02, ankle[1] + 0.03),
    ]
    sheet.shape(place.along(shoe), 0.75, width=place.pen * 0.9)
    bare = look.coat == "dress"
    widths = (0.07, 0.05, 0.034) if bare else (0.088, 0.068, 0.056)
    form = limb(place.along(joints), tuple(width * high * thick for width in widths))
    tone = _SKIN + 0.12 + shade if bare else min(1.0, look.legs_shade + shade)
    sheet.shape(form, tone, width=place.pen, wobble=min(0.35, 0.1 + high * 0.001))


def _neck(sheet: Sheet, place: Place, pose: Pose) -> None:
    (nx, ny), (hx, hy) = pose.neck, pose.head
    column = [(nx - 0.026, ny - 0.01), (hx - 0.03, hy - 0.045), (hx + 0.022, hy - 0.05), (nx + 0.028, ny - 0.01)]
    sheet.shape(place.along(column), 0.2, width=place.pen * 0.8)


def _folds(sheet: Sheet, place: Place, pose: Pose, look: Look) -> None:
    neck, hip = pose.neck, pose.hip
    pen = place.pen
    if look.coat in {"coat", "jacket"}:
        middle = [(neck[0] + 0.012, neck[1] - 0.03), (neck[0] + 0.03, neck[1] - 0.15), (hip[0] + 0.03, hip[1] - 0.02)]
        sheet.line(smooth(place.along(middle)), width=pen, dark=0.7)
        for side in (-1, 1):
            lapel = [
                (neck[0] + 0.028 * side, neck[1] + 0.01),
                (neck[0] + 0.058 * side, neck[1] - 0.06),
                (neck[0] + 0.02, neck[1] - 0.12),
            ]
            sheet.line(place.along(lapel), width=pen * 0.9)
        for number in range(3):
            button = place.at(neck[0] + 0.045, neck[1] - 0.16 - 0.055 * number)
            sheet.area(oval(*button, 0.006 * place.high, 0.006 * place.high), 0.95)
    else:
        collar = [
            (neck[0] - 0.045, neck[1] - 0.005),
            (neck[0] + 0.006, neck[1] - 0.035),
            (neck[0] + 0.045, neck[1] - 0.008),
        ]
        sheet.line(smooth(place.along(collar)), width=pen)
        sheet.line(smooth(place.along([(a, u - 0.014) for a, u in collar])), width=pen * 0.6, dark=0.5)
    for start, end in (
        ((-0.06, -0.18), (-0.02, -0.26)),
        ((0.05, -0.2), (0.02, -0.27)),
        ((-0.055, -0.1), (-0.03, -0.17)),
    ):
        fold = [(neck[0] + start[0], neck[1] + start[1]), (neck[0] + end[0], neck[1] + end[1])]
        sheet.line(place.along(fold), width=pen * 0.6, dark=0.4)


def _scarf(sheet: Sheet, place: Place, pose: Pose) -> None:
    x, y = pose.neck
    wrap = [
        (x - 0.052, y + 0.022),
        (x + 0.0, y + 0.008),
        (x + 0.055, y + 0.026),
        (x + 0.05, y - 0.018),
        (x, y - 0.034),
        (x - 0.055, y - 0.012),
    ]
    tail = [
        (x - 0.03, y - 0.018),
        (x - 0.075, y - 0.1),
        (x - 0.11, y - 0.19),
        (x - 0.065, y - 0.2),
        (x - 0.035, y - 0.11),
        (x - 0.005, y - 0.03),
    ]
    for form in (tail, wrap):
        outline = smooth(place.along(form), closed=True, steps=3)
        sheet.shape(outline, 0.7, width=place.pen)
        sheet.hatch(outline, angle=0.5, spacing=max(0.7, place.high * 0.014), dark=0.5)


def _bag(sheet: Sheet, place: Place, pose: Pose) -> None:
    x, y = pose.hip
    strap = [(pose.neck[0] + 0.07, pose.neck[1] - 0.01), (x - 0.02, y + 0.14), (x - 0.1, y + 0.03)]
    sheet.line(smooth(place.along(strap)), width=place.pen * 1.3)
    body = [(x - 0.155, y + 0.04), (x - 0.045, y + 0.035), (x - 0.04, y - 0.06), (x - 0.15, y - 0.055)]
    sheet.shape(place.along(body), 0.5, width=place.pen)
    sheet.line(place.along([(x - 0.15, y + 0.005), (x - 0.1, y - 0.01), (x - 0.043, y + 0.003)]), width=place.pen * 0.8)
