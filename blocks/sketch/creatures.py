"""Figures that are no people: robot, astronaut, bird, dog, cat, whale."""

from __future__ import annotations

import math
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
    barrel = [(nx - wide * 0.9, ny - 0.0), (nx + wide * 0.9, ny - 0.0), (nx + wide * 1.02, ny - 0.1), (hx + wide * 0.9, hy - 0.0),
              (hx + wide * 0.5, hy - 0.035), (hx - wide * 0.5, hy - 0.035), (hx - wide * 0.9, hy), (nx - wide * 1.02, ny - 0.1)]  # fmt: skip
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
    for start, end in zip(joints, joints[1:], strict=False):
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
    corners = [(x - wide, y - tall * 0.6), (x - wide, y + tall * 0.55), (x - wide * 0.7, y + tall), (x + wide * 0.7, y + tall),
               (x + wide, y + tall * 0.55), (x + wide, y - tall * 0.6), (x + wide * 0.75, y - tall), (x - wide * 0.75, y - tall)]  # fmt: skip
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
    sheet.shape(smooth(place.along(plate), closed=True, steps=3), 0.72, width=pen * 0.9)
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


def draw_bird(sheet: Sheet, place: Place, pose_name: str, shade: float) -> None:
    """A bird on its feet, or with spread wings where it runs, waves or flies. Its height is from feet to crown."""
    pen, high = place.pen, place.high
    flying = pose_name in {"run", "wave", "fly"}
    if not flying:
        for across in (-0.03, 0.08):
            sheet.line(place.along([(across, 0.24), (across + 0.02, 0.02), (across + 0.12, 0.0)]), width=pen * 1.2)
    tail = [(-0.3, 0.42), (-0.85, 0.22), (-0.8, 0.38), (-0.32, 0.56)]
    sheet.shape(smooth(place.along(tail), closed=True, steps=3), shade + 0.25, width=pen)
    body = [(-0.4, 0.46), (-0.2, 0.24), (0.1, 0.2), (0.34, 0.36), (0.36, 0.6), (0.18, 0.74), (-0.12, 0.66)]
    form = smooth(place.along(body), closed=True, steps=4)
    sheet.shape(form, shade, width=pen, passes=2)
    sheet.shape(oval(*place.at(0.27, 0.8), 0.2 * high, 0.19 * high), shade, width=pen)
    sheet.area(oval(*place.at(0.2, 0.7), 0.15 * high, 0.12 * high), shade)
    beak = [(0.45, 0.86), (0.68, 0.77), (0.44, 0.73)]
    sheet.shape(place.along(beak), 0.6, width=pen)
    eye = place.at(0.34, 0.85)
    sheet.area(oval(*eye, 0.036 * high, 0.036 * high), 1.0)
    sheet.area(oval(eye[0] - 0.01 * high, eye[1] - 0.012 * high, 0.011 * high, 0.011 * high), 0, colour=(255, 255, 250))
    wing = [(0.2, 0.6), (-0.02, 0.66), (-0.35, 0.5), (-0.62, 0.3), (-0.3, 0.3), (0.05, 0.32)]
    if flying:
        wing = [(0.2, 0.6), (0.12, 1.0), (-0.2, 1.4), (-0.55, 1.5), (-0.42, 1.1), (-0.3, 0.75), (-0.12, 0.5)]
    folded = smooth(place.along(wing), closed=True, steps=4)
    sheet.shape(folded, shade + 0.22, width=pen)
    sheet.hatch(folded, angle=0.35, spacing=max(0.7, high * 0.05), dark=0.5)


def draw_dog(sheet: Sheet, place: Place, pose_name: str, shade: float, *, cat: bool = False) -> None:
    """A dog, or a cat, from its side. Its height is from paws to ears."""
    pen, high = place.pen, place.high
    stride = 0.16 if pose_name in {"walk", "run"} else 0.0
    tail = (
        [(-0.58, 0.6), (-0.78, 0.8), (-0.8, 1.05), (-0.68, 1.12)]
        if cat
        else [(-0.58, 0.62), (-0.76, 0.72), (-0.88, 0.92)]
    )
    sheet.shape(limb(place.along(tail), (0.09 * high, 0.05 * high)), shade, width=pen)
    for hip, shift, tone in ((-0.4, stride, 0.2), (0.34, -stride, 0.2), (-0.5, -stride, 0.0), (0.42, stride, 0.0)):
        leg = [(hip, 0.5), (hip - 0.05 + shift * 0.3, 0.26), (hip + shift, 0.03)]
        sheet.shape(limb(place.along(leg), (0.17 * high, 0.1 * high, 0.085 * high)), shade + tone, width=pen)
    body = [(-0.6, 0.58), (-0.5, 0.36), (-0.1, 0.4), (0.3, 0.32), (0.54, 0.46), (0.54, 0.68), (0.2, 0.7), (-0.4, 0.72)]
    form = smooth(place.along(body), closed=True, steps=4)
    sheet.shape(form, shade, width=pen, passes=2)
    belly = [(-0.5, 0.4), (-0.1, 0.42), (0.3, 0.34), (0.5, 0.45), (0.3, 0.5), (-0.3, 0.52)]
    sheet.hatch(place.along(belly), spacing=max(0.7, high * 0.035), dark=0.4)
    neck = [(0.34, 0.5), (0.44, 0.74), (0.5, 0.85), (0.7, 0.8), (0.58, 0.48)]
    sheet.area(smooth(place.along(neck), closed=True, steps=3), shade)
    _muzzle(sheet, place, shade, cat=cat)
    if not cat:
        collar = smooth(place.along([(0.38, 0.7), (0.5, 0.64), (0.62, 0.66)]))
        sheet.line(collar, width=pen * 2.2)


def _muzzle(sheet: Sheet, place: Place, shade: float, *, cat: bool) -> None:
    pen, high = place.pen, place.high
    if cat:
        for ear in ([(0.44, 0.95), (0.42, 1.16), (0.56, 1.04)], [(0.62, 1.05), (0.72, 1.17), (0.76, 0.97)]):
            sheet.shape(place.along(ear), shade + 0.2, width=pen)
        face = [(0.42, 0.84), (0.46, 1.0), (0.6, 1.06), (0.76, 0.98), (0.8, 0.84), (0.62, 0.72)]
    else:
        face = [
            (0.4, 0.84),
            (0.46, 1.0),
            (0.62, 1.02),
            (0.74, 0.92),
            (0.96, 0.86),
            (0.97, 0.76),
            (0.72, 0.72),
            (0.5, 0.7),
        ]
    sheet.shape(smooth(place.along(face), closed=True, steps=4), shade, width=pen)
    if not cat:
        ear = [(0.48, 0.99), (0.4, 0.9), (0.4, 0.7), (0.5, 0.68), (0.56, 0.86)]
        sheet.shape(smooth(place.along(ear), closed=True, steps=3), shade + 0.3, width=pen)
        sheet.area(oval(*place.at(0.955, 0.84), 0.035 * high, 0.03 * high), 1.0)
        sheet.line(smooth(place.along([(0.95, 0.78), (0.85, 0.755), (0.76, 0.78)])), width=pen * 0.8)
    for across in (0.66,) if not cat else (0.56, 0.7):
        sheet.area(oval(*place.at(across, 0.9), 0.025 * high, 0.028 * high), 1.0)
    if cat:
        sheet.area(oval(*place.at(0.64, 0.82), 0.02 * high, 0.015 * high), 0.9)
        for side in (-1, 1):
            for slope in (0.03, -0.02):
                sheet.line(
                    place.along([(0.64 + side * 0.04, 0.81), (0.64 + side * 0.26, 0.81 + slope)]),
                    width=pen * 0.5,
                    dark=0.6,
                )


def draw_whale(sheet: Sheet, place: Place, shade: float) -> None:
    """A whale at the surface. Its height is from the water to its back."""
    pen, high = place.pen, place.high
    fluke = [(-1.5, 0.5), (-1.95, 1.05), (-1.6, 0.95), (-1.35, 1.2), (-1.25, 0.55)]
    sheet.shape(smooth(place.along(fluke), closed=True, steps=4), shade + 0.1, width=pen)
    body = [
        (-1.6, 0.35),
        (-0.9, 0.55),
        (-0.2, 0.95),
        (0.6, 1.0),
        (1.2, 0.7),
        (1.4, 0.3),
        (1.2, 0.02),
        (0.0, -0.06),
        (-1.0, 0.04),
    ]
    form = smooth(place.along(body), closed=True, steps=5)
    sheet.shape(form, shade, width=pen, passes=2)
    belly = [(-0.6, 0.05), (0.3, 0.28), (1.3, 0.2), (1.15, 0.02), (0.0, -0.04)]
    sheet.area(smooth(place.along(belly), closed=True, steps=3), max(0.0, shade - 0.25))
    for rise in (0.06, 0.12, 0.18):
        sheet.line(smooth(place.along([(0.0, rise * 0.6), (0.6, rise), (1.2, rise * 0.9)])), width=pen * 0.7, dark=0.5)
    sheet.area(oval(*place.at(0.95, 0.42), 0.04 * high, 0.04 * high), 1.0)
    for side in (-0.18, 0.0, 0.18):
        spout = [(0.5, 1.0), (0.5 + side * 0.6, 1.35), (0.5 + side * 2, 1.42 - abs(side))]
        sheet.line(smooth(place.along(spout)), width=pen, dark=0.6)


def draw_helmet(sheet: Sheet, x: float, y: float, radius: float, pen: float) -> None:
    """The bowl of a space suit, around a head that has been drawn."""
    sheet.area(oval(x, y, radius, radius), 0.0, alpha=0.25)
    sheet.line(oval(x, y, radius, radius * 1.02), width=pen * 1.3, closed=True, passes=2)
    sheet.line(arc(x, y, radius * 0.8, radius * 0.8, -2.7, -1.9), width=pen * 1.6, dark=0.5)
    sheet.line(arc(x, y + radius * 0.9, radius * 1.05, radius * 0.32, 0.1, math.pi - 0.1), width=pen * 1.5)
