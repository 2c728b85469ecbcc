"""Animals: bird, dog, cat, whale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch.anatomy import limb
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.anatomy import Place
    from blocks.sketch.pencil import Sheet


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
        x, y = place.at(across, 0.9)
        sheet.area(oval(x, y, 0.025 * high, 0.028 * high), 1.0)
        glint = oval(x - 0.008 * high, y - 0.009 * high, 0.008 * high, 0.008 * high, points=8)
        sheet.area(glint, 0, colour=(255, 255, 250))
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
