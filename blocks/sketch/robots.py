"""Figures in metal: robots, and the helmet that makes an astronaut."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from blocks.sketch.anatomy import POSES, limb
from blocks.sketch.pencil import arc, oval, smooth

if TYPE_CHECKING:
    import random

    from blocks.sketch.anatomy import Place
    from blocks.sketch.pencil import Point, Sheet

_NEAR = 40.0


def draw_robot(
    sheet: Sheet, place: Place, pose_name: str, mood: str, pick: random.Random, *, back: bool = False
) -> None:
    """A robot: a box with lenses on a barrel. ``pick`` settles what tells it from other robots."""
    pose = POSES.get(pose_name, POSES["stand"])
    pen, high = place.pen, place.high
    wide = pick.uniform(0.125, 0.16)
    shade, antennae, round_head = pick.choice((0.12, 0.25, 0.35)), pick.choice((1, 2)), pick.random() < 0.5
    for joints, tone in ((pose.far_leg, 0.2), (pose.far_arm, 0.18)):
        _jointed(sheet, place, joints, shade + tone)
    _jointed(sheet, place, pose.near_leg, shade)
    (nx, ny), (hx, hy) = pose.neck, pose.hip
    for joints in (pose.far_leg, pose.near_leg):
        fx, fy = joints[2]
        foot = [(fx - 0.045, fy - 0.02), (fx - 0.035, fy + 0.035), (fx + 0.035, fy + 0.04), (fx + 0.085, fy - 0.02)]
        sheet.shape(place.along(foot), 0.55, width=pen)
    sheet.shape(
        place.along([(nx - 0.03, ny - 0.02), (nx - 0.03, ny + 0.03), (nx + 0.03, ny + 0.03), (nx + 0.03, ny - 0.02)]),
        0.5,
        width=pen,
    )
    barrel = [
        (nx - wide * 0.9, ny - 0.0),
        (nx + wide * 0.9, ny - 0.0),
        (nx + wide * 1.02, ny - 0.1),
        (hx + wide * 0.9, hy - 0.0),
        (hx + wide * 0.5, hy - 0.035),
        (hx - wide * 0.5, hy - 0.035),
        (hx - wide * 0.9, hy),
        (nx - wide * 1.02, ny - 0.1),
    ]
    outline = smooth(place.along(barrel), closed=True, steps=3)
    sheet.shape(outline, shade, width=pen, passes=2)
    dark_side = [
        (nx + wide * 0.35, ny - 0.02),
        (nx + wide * 0.9, ny - 0.03),
        (nx + wide, ny - 0.1),
        (hx + wide * 0.85, hy),
        (hx + wide * 0.3, hy - 0.02),
    ]
    sheet.area(place.along(dark_side), shade + 0.18, alpha=0.7)
    sheet.hatch(place.along(dark_side), spacing=max(0.8, high * 0.018), dark=0.35)
    if not back:
        _chest(sheet, place, pose.neck, wide)
    for across, up in ((nx - wide, ny - 0.03), (nx + wide * 0.95, ny - 0.03)):
        sheet.shape(oval(*place.at(across, up), 0.032 * high, 0.032 * high), shade + 0.2, width=pen)
    _jointed(sheet, place, pose.near_arm, shade)
    _robot_head(sheet, place, pose.head, mood, (shade, antennae, round_head), back=back)


def _jointed(sheet: Sheet, place: Place, joints: tuple[Point, ...], shade: float) -> None:
    high, pen = place.high, place.pen
    for start, end in pairwise(joints):
        tube = limb(
            [place.at(*start), place.at((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), place.at(*end)],
            (0.042 * high,) * 2,
        )
        sheet.shape(tube, shade, width=pen)
        if high > _NEAR:
            for share in (0.3, 0.5, 0.7):
                x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
                sheet.line(place.along([(x - 0.02, y - 0.004), (x + 0.02, y + 0.004)]), width=pen * 0.6, dark=0.5)
    sheet.shape(oval(*place.at(*joints[1]), 0.029 * high, 0.029 * high), shade + 0.15, width=pen)
    sheet.shape(oval(*place.at(*joints[2]), 0.03 * high, 0.03 * high), shade + 0.25, width=pen)


def _chest(sheet: Sheet, place: Place, neck: Point, wide: float) -> None:
    pen, high = place.pen, place.high
    x, y = neck
    panel = [
        (x - wide * 0.55, y - 0.07),
        (x + wide * 0.5, y - 0.07),
        (x + wide * 0.48, y - 0.17),
        (x - wide * 0.53, y - 0.17),
    ]
    sheet.shape(place.along(panel), 0.02, width=pen * 0.8)
    for number in range(3):
        spot = place.at(x - wide * 0.3 + wide * 0.3 * number, y - 0.1)
        sheet.shape(oval(*spot, 0.012 * high, 0.012 * high), 0.3 + 0.3 * number, width=pen * 0.6)
    sheet.line(place.along([(x - wide * 0.4, y - 0.145), (x + wide * 0.35, y - 0.145)]), width=pen * 0.7, dark=0.6)
    sheet.line(place.along([(x - wide * 0.8, y - 0.22), (x + wide * 0.8, y - 0.22)]), width=pen * 0.7, dark=0.6)
    for across in (-0.75, -0.25, 0.25, 0.75):
        sheet.area(oval(*place.at(x + wide * across, y - 0.245), 0.005 * high, 0.005 * high), 0.9)


def _robot_head(sheet: Sheet, place: Place, at: Point, mood: str, make: tuple[float, int, bool], *, back: bool) -> None:
    shade, antennae, round_head = make
    x, y = at[0], at[1] + 0.005
    pen, high = place.pen, place.high
    wide, tall = 0.09, 0.072
    for number in range(antennae):
        across = x + (0 if antennae == 1 else (-0.05, 0.05)[number])
        tip = place.at(across + 0.012, y + tall + 0.062)
        sheet.line([place.at(across, y + tall * 0.9), tip], width=pen * 1.2)
        sheet.shape(oval(*tip, 0.012 * high, 0.012 * high), 0.6, width=pen)
    for side in (-1, 1):
        sheet.shape(oval(*place.at(x + side * wide * 1.03, y), 0.017 * high, 0.03 * high), shade + 0.25, width=pen)
    corners = [
        (x - wide, y - tall * 0.6),
        (x - wide, y + tall * 0.55),
        (x - wide * 0.7, y + tall),
        (x + wide * 0.7, y + tall),
        (x + wide, y + tall * 0.55),
        (x + wide, y - tall * 0.6),
        (x + wide * 0.75, y - tall),
        (x - wide * 0.75, y - tall),
    ]
    form = smooth(place.along(corners), closed=True, steps=4) if round_head else place.along(corners)
    sheet.shape(form, shade, width=pen * 1.1, passes=2)
    cheek = [
        (x + wide * 0.45, y + tall * 0.9),
        (x + wide * 0.95, y + tall * 0.5),
        (x + wide * 0.95, y - tall * 0.6),
        (x + wide * 0.5, y - tall * 0.9),
    ]
    sheet.area(place.along(cheek), shade + 0.2, alpha=0.7)
    sheet.hatch(place.along(cheek), spacing=max(0.7, high * 0.012), dark=0.35)
    if back:
        sheet.line(place.along([(x - wide * 0.6, y), (x + wide * 0.6, y)]), width=pen)
        return
    _lenses(sheet, place, (x, y), (wide, tall), mood)


def _lenses(sheet: Sheet, place: Place, at: Point, size: Point, mood: str) -> None:
    (x, y), (wide, tall) = at, size
    pen, high = place.pen, place.high
    plate = [
        (x - wide * 0.72, y + tall * 0.62),
        (x + wide * 0.84, y + tall * 0.62),
        (x + wide * 0.84, y - tall * 0.25),
        (x - wide * 0.72, y - tall * 0.25),
    ]
    sheet.shape(smooth(place.along(plate), closed=True, steps=10), 0.72, width=pen * 0.9)
    for across in (x - wide * 0.28, x + wide * 0.44):
        eye = place.at(across, y + tall * 0.18)
        lid = {"glad": 0.018, "sad": 0.016, "asleep": 0.004}.get(mood, 0.0225) * high
        sheet.glow(*eye, 0.06 * high, 0.55)
        sheet.area(oval(*eye, 0.0225 * high, lid), 0, colour=sheet.palette.glow)
        sheet.line(oval(*eye, 0.0235 * high, lid * 1.05), width=pen * 0.8, closed=True)
        if high > _NEAR:
            sheet.area(oval(*eye, 0.011 * high, lid * 0.5), 0.95)
            sheet.area(
                oval(eye[0] - 0.006 * high, eye[1] - 0.007 * high, 0.004 * high, 0.004 * high),
                0,
                colour=(255, 255, 250),
            )
    curve = {"glad": 0.012, "sad": -0.012}.get(mood, 0.0)
    mouth = [
        (x - wide * 0.3, y - tall * 0.62 + curve),
        (x + wide * 0.1, y - tall * 0.64 - curve),
        (x + wide * 0.5, y - tall * 0.62 + curve),
    ]
    sheet.line(smooth(place.along(mouth)), width=pen * 1.1)
    if high > _NEAR:
        for share in (0.2, 0.5, 0.8):
            across = x - wide * 0.3 + wide * 0.8 * share
            sheet.line(place.along([(across, y - tall * 0.52), (across, y - tall * 0.74)]), width=pen * 0.7, dark=0.6)
        for across, up in ((-0.82, 0.75), (0.8, 0.75), (-0.82, -0.72), (0.78, -0.72)):
            sheet.area(oval(*place.at(x + wide * across, y + tall * up), 0.005 * high, 0.005 * high), 0.85)


def draw_helmet(sheet: Sheet, x: float, y: float, radius: float, pen: float) -> None:
    """The bowl of a space suit, around a head that has been drawn."""
    sheet.area(oval(x, y, radius, radius), 0.0, alpha=0.25)
    sheet.line(oval(x, y, radius, radius * 1.02), width=pen * 1.3, closed=True, passes=2)
    sheet.line(arc(x, y, radius * 0.8, radius * 0.8, -2.7, -1.9), width=pen * 1.6, dark=0.5)
    sheet.line(arc(x, y + radius * 0.9, radius * 1.05, radius * 0.32, 0.1, math.pi - 0.1), width=pen * 1.5)
