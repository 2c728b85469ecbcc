"""Animals on four legs, each by its build: how long, how high, which head, ears, tail, and what it wears on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.sketch.anatomy import limb
from blocks.sketch.headgear import draw_ears, draw_horns, draw_trunk
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.anatomy import Place
    from blocks.sketch.pencil import Point, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What tells one kind from another. Lengths are shares of the height, the animal facing right.

    ``length`` is half the body's; ``head`` is the middle of the skull, ``skull`` its radius; ``snout`` is how far the
    muzzle reaches beyond the skull and how thick it is, in skulls.
    """

    length: float
    back: float
    belly: float
    leg: float
    head: Point
    skull: float
    snout: tuple[float, float]
    ears: str
    tail: str
    shade: float
    rise: float = 0.0
    wears: frozenset[str] = frozenset()


def _build(*wears: str, **parts: object) -> Build:
    return Build(wears=frozenset(wears), **parts)  # type: ignore[arg-type]  # the table below names each part


BUILDS: dict[str, Build] = {
    "fox": _build("bib", length=0.5, back=0.62, belly=0.36, leg=0.085, head=(0.6, 0.74), skull=0.16,
                  snout=(1.25, 0.42), ears="pointed", tail="brush", shade=0.42),
    "wolf": _build("ruff", length=0.5, back=0.7, belly=0.38, leg=0.1, head=(0.62, 0.84), skull=0.14,
                   snout=(1.15, 0.6), ears="pointed", tail="bushy", shade=0.55),
    "bear": _build(length=0.58, back=0.8, belly=0.27, leg=0.2, head=(0.7, 0.76), skull=0.17,
                   snout=(0.75, 0.75), ears="round", tail="none", shade=0.72, rise=0.1),
    "horse": _build("mane", length=0.42, back=0.62, belly=0.4, leg=0.075, head=(0.6, 0.9), skull=0.085,
                    snout=(1.9, 0.85), ears="leaf", tail="flow", shade=0.5),
    "deer": _build("antlers", "bib", length=0.34, back=0.52, belly=0.35, leg=0.05, head=(0.46, 0.74), skull=0.066,
                   snout=(1.3, 0.6), ears="leaf", tail="stub", shade=0.36),
    "goat": _build("horns", "beard", length=0.42, back=0.66, belly=0.38, leg=0.075, head=(0.58, 0.84), skull=0.1,
                   snout=(1.1, 0.7), ears="leaf", tail="stub", shade=0.12),
    "sheep": _build("wool", length=0.5, back=0.84, belly=0.34, leg=0.075, head=(0.64, 0.76), skull=0.12,
                    snout=(0.9, 0.8), ears="leaf", tail="none", shade=0.04),
    "cow": _build("horns", "patches", length=0.56, back=0.78, belly=0.34, leg=0.1, head=(0.76, 0.84), skull=0.125,
                  snout=(1.0, 0.95), ears="leaf", tail="tuft", shade=0.08),
    "pig": _build("disc", length=0.58, back=0.84, belly=0.3, leg=0.12, head=(0.68, 0.66), skull=0.2,
                  snout=(0.55, 0.6), ears="leaf", tail="curl", shade=0.14),
    "elephant": _build("trunk", length=0.5, back=0.86, belly=0.36, leg=0.17, head=(0.6, 0.76), skull=0.2,
                       snout=(0.0, 0.8), ears="fan", tail="tuft", shade=0.45, rise=0.06),
    "camel": _build("hump", length=0.4, back=0.66, belly=0.44, leg=0.07, head=(0.7, 0.92), skull=0.08,
                    snout=(1.3, 0.85), ears="leaf", tail="tuft", shade=0.3),
    "lion": _build("great mane", length=0.5, back=0.68, belly=0.36, leg=0.12, head=(0.58, 0.78), skull=0.16,
                   snout=(0.6, 0.8), ears="round", tail="tuft", shade=0.26),
    "big cat": _build("stripes", length=0.56, back=0.68, belly=0.36, leg=0.12, head=(0.66, 0.82), skull=0.15,
                      snout=(0.55, 0.8), ears="round", tail="long", shade=0.3),
    "mouse": _build(length=0.54, back=0.68, belly=0.12, leg=0.09, head=(0.64, 0.44), skull=0.24,
                    snout=(0.8, 0.3), ears="large", tail="long", shade=0.34, rise=0.06),
    "animal": _build(length=0.5, back=0.7, belly=0.36, leg=0.12, head=(0.6, 0.8), skull=0.16,
                     snout=(0.8, 0.6), ears="round", tail="long", shade=0.4),
}  # fmt: skip


def draw_beast(sheet: Sheet, place: Place, kind: str, pose_name: str, shift: float = 0.0) -> None:
    """An animal from its side; its height is from paws to ears. ``shift`` makes one lighter or darker than its kind."""
    build = BUILDS[kind]
    shade = min(0.85, max(0.0, build.shade + shift))
    _tail(sheet, place, build, shade)
    _legs(sheet, place, build, shade, 0.15 if pose_name in {"walk", "run"} else 0.0)
    body = _body(build)
    form = smooth(place.along(body), closed=True, steps=4)
    sheet.shape(form, shade, width=place.pen, passes=2)
    _coat(sheet, place, build, shade, form)
    _neck(sheet, place, build, shade)
    _head(sheet, place, build, shade)


def _body(build: Build) -> list[Point]:
    long, back, belly = build.length, build.back, build.belly
    if "hump" in build.wears:
        return [
            (-long, back - 0.05),
            (-long * 0.95, belly + 0.08),
            (-long * 0.3, belly),
            (long * 0.5, belly - 0.02),
            (long, belly + 0.08),
            (long, back - 0.04),
            (long * 0.45, back + 0.02),
            (long * 0.05, back + 0.2),
            (-long * 0.4, back + 0.05),
        ]
    deep = back - belly
    return [
        (-long, back - deep * 0.4),
        (-long * 0.88, belly + deep * 0.25),
        (-long * 0.3, belly + deep * 0.16),
        (long * 0.35, belly),
        (long * 0.85, belly + deep * 0.12),
        (long * 1.04, belly + deep * 0.55),
        (long * 0.66, back + build.rise),
        (-long * 0.05, back - 0.025),
        (-long * 0.7, back + 0.01),
    ]


def _legs(sheet: Sheet, place: Place, build: Build, shade: float, stride: float) -> None:
    long, wide, high = build.length, build.leg, place.high
    hoof = build.ears == "leaf" and "wool" not in build.wears
    for hip, shift, tone in ((-0.68, stride, 0.16), (0.62, -stride, 0.16), (-0.84, -stride, 0.0), (0.8, stride, 0.0)):
        top, knee = (hip * long, build.belly + 0.12), (hip * long - 0.02 + shift * 0.4, build.belly * 0.5)
        foot = (hip * long + shift, 0.02)
        thigh = wide * (1.9 if hip < 0 else 1.5)
        outline = limb(place.along([top, knee, foot]), (thigh * high, wide * high, wide * 0.85 * high))
        sheet.shape(outline, min(1.0, shade + tone), width=place.pen)
        toe = oval(*place.at(foot[0] + wide * 0.25, 0.02), wide * 0.7 * high, 0.024 * high)
        sheet.area(toe, 0.9 if hoof else min(1.0, shade + tone + 0.12))


def _tail(sheet: Sheet, place: Place, build: Build, shade: float) -> None:
    x, y, high, pen = -build.length, build.back - 0.06, place.high, place.pen
    match build.tail:
        case "brush":
            brush = [
                (x + 0.06, y),
                (x - 0.22, y - 0.02),
                (x - 0.5, y - 0.12),
                (x - 0.74, y - 0.1),
                (x - 0.56, y - 0.27),
                (x - 0.24, y - 0.24),
                (x + 0.04, y - 0.1),
            ]
            sheet.shape(smooth(place.along(brush), closed=True, steps=4), shade, width=pen, passes=2)
            tip = [(x - 0.52, y - 0.12), (x - 0.74, y - 0.1), (x - 0.56, y - 0.27), (x - 0.5, y - 0.2)]
            sheet.shape(smooth(place.along(tip), closed=True, steps=3), 0.0, width=pen * 0.7)
        case "bushy":
            path = [(x + 0.04, y), (x - 0.2, y - 0.12), (x - 0.3, y - 0.36)]
            sheet.shape(limb(place.along(path), (0.08 * high, 0.19 * high, 0.06 * high)), shade, width=pen)
        case "flow":
            path = [(x + 0.03, y), (x - 0.12, y - 0.06), (x - 0.17, y - 0.42)]
            hair = limb(place.along(path), (0.06 * high, 0.12 * high, 0.04 * high))
            sheet.shape(hair, 0.85, width=pen)
        case "tuft" | "long":
            path = [(x + 0.02, y), (x - 0.16, y - 0.06), (x - 0.2, y - 0.34)]
            if build.tail == "long":
                path = [(x + 0.02, y - 0.06), (x - 0.3, y - 0.14), (x - 0.5, y + 0.04), (x - 0.62, y + 0.18)]
            sheet.shape(limb(place.along(path), (0.055 * high, 0.04 * high)), shade, width=pen)
            if build.tail == "tuft":
                sheet.area(oval(*place.at(x - 0.2, y - 0.36), 0.045 * high, 0.07 * high), 0.85)
        case "curl":
            curl = [(x, y), (x - 0.1, y + 0.05), (x - 0.13, y - 0.04), (x - 0.06, y - 0.03), (x - 0.12, y + 0.09)]
            sheet.line(smooth(place.along(curl)), width=pen * 2)
        case "stub":
            sheet.shape(oval(*place.at(x - 0.02, y + 0.02), 0.06 * high, 0.045 * high), 0.05, width=pen)
        case _:
            pass


def _coat(sheet: Sheet, place: Place, build: Build, shade: float, form: list[Point]) -> None:
    """What the body wears: shading under the belly, wool, patches, stripes."""
    long, back, belly, high = build.length, build.back, build.belly, place.high
    under = [
        (-long * 0.9, belly + 0.12),
        (-long * 0.2, belly + 0.07),
        (long * 0.5, belly + 0.03),
        (long * 0.95, belly + 0.13),
        (long * 0.4, belly + 0.14),
        (-long * 0.4, belly + 0.16),
    ]
    sheet.hatch(place.along(under), spacing=max(0.7, high * 0.03), dark=0.4)
    if "wool" in build.wears:
        for index in range(0, len(form), 2):
            sheet.shape(oval(*form[index], 0.085 * high, 0.08 * high, points=12), shade, width=place.pen * 0.8)
        sheet.area(form, shade)
        for across, up in ((-0.3, 0.62), (0.0, 0.52), (0.3, 0.66), (-0.1, 0.72), (0.15, 0.44)):
            curl = [(across - 0.06, up), (across, up - 0.05), (across + 0.06, up), (across + 0.02, up + 0.04)]
            sheet.line(smooth(place.along(curl)), width=place.pen * 0.7, dark=0.5)
    if "patches" in build.wears:
        for across, up, wide, tall in ((-0.34, 0.64, 0.17, 0.1), (0.2, 0.6, 0.13, 0.12), (-0.05, 0.46, 0.08, 0.06)):
            sheet.area(oval(*place.at(across, up), wide * high, tall * high, turn=0.3), 0.78)
    if "stripes" in build.wears:
        for step in range(6):
            across = -long * 0.75 + step * long * 0.3
            stripe = [(across, back - 0.02), (across + 0.03, back - 0.12), (across - 0.01, back - 0.2)]
            sheet.line(smooth(place.along(stripe)), width=place.pen * 2.2, dark=0.7)


def _neck(sheet: Sheet, place: Place, build: Build, shade: float) -> None:
    (hx, hy), skull, long = build.head, build.skull, build.length
    upper = [
        (long * 0.42, build.back + build.rise * 0.7),
        ((long * 0.5 + hx) / 2, (build.back + hy) / 2 + skull * 0.55),
        (hx - skull * 0.5, hy + skull * 0.7),
    ]
    lower = [
        (hx + skull * 0.1, hy - skull * 0.75),
        ((long * 0.95 + hx) / 2, (build.belly + hy) / 2 + 0.04),
        (long * 0.99, build.belly + (build.back - build.belly) * 0.4),
    ]
    top, under = smooth(place.along(upper)), smooth(place.along(lower))
    if "great mane" in build.wears:
        sheet.shape(
            oval(*place.at(hx - skull * 0.4, hy - skull * 0.3), skull * 2.0 * place.high, skull * 2.05 * place.high),
            min(1.0, shade + 0.4),
            width=place.pen,
            passes=2,
        )
        return
    sheet.area([*top, *under, place.at(long * 0.6, build.belly + 0.2)], shade)
    for edge in (top, under):
        sheet.line(edge, width=place.pen, passes=2)
    if build.wears & {"bib", "ruff"}:
        deep = build.back - build.belly
        bib = [
            (hx + skull * 0.2, hy - skull * 0.75),
            (long * 1.0, build.belly + deep * 0.45),
            (long * 0.84, build.belly + deep * 0.2),
            (hx - skull * 0.5, hy - skull * 0.8),
        ]
        sheet.area(smooth(place.along(bib), closed=True, steps=3), 0.03 if "bib" in build.wears else 0.2)
    if "mane" in build.wears:
        mane = [*upper, (hx - skull * 1.5, hy + skull * 0.1), (long * 0.5, build.back - 0.08)]
        hair = smooth(place.along(mane), closed=True, steps=3)
        sheet.shape(hair, 0.85, width=place.pen)


def _head(sheet: Sheet, place: Place, build: Build, shade: float) -> None:
    (hx, hy), skull = build.head, build.skull
    reach, thick = build.snout
    pen, high = place.pen, place.high
    drop = 0.85 if reach > 1 and build.ears == "leaf" else 0.3  # long faces hang down
    tip = (hx + skull * (0.8 + reach), hy - skull * drop * (0.6 + reach * 0.4))
    face = [
        (hx - skull, hy),
        (hx - skull * 0.3, hy + skull * 0.95),
        (hx + skull * 0.6, hy + skull * 0.6),
        ((hx + skull * 0.8 + tip[0]) / 2, (hy + skull * 0.3 + tip[1] + thick * skull * 0.4) / 2),
        (tip[0], tip[1] + thick * skull * 0.35),
        (tip[0] - skull * 0.05, tip[1] - thick * skull * 0.55),
        (hx + skull * 0.4, hy - skull * 0.85),
        (hx - skull * 0.6, hy - skull * 0.75),
    ]
    draw_ears(sheet, place, build.ears, (hx, hy), skull, shade, far=True)
    draw_horns(sheet, place, build.wears, (hx, hy), skull)
    tone = 0.78 if "wool" in build.wears else shade
    sheet.shape(smooth(place.along(face), closed=True, steps=4), tone, width=pen, passes=2)
    if "bib" in build.wears:
        jaw = [face[6], face[5], (tip[0], tip[1]), (hx + skull * 0.5, hy - skull * 0.35)]
        sheet.area(smooth(place.along(jaw), closed=True, steps=3), 0.0)
    draw_ears(sheet, place, build.ears, (hx, hy), skull, tone, far=False)
    if "trunk" in build.wears:
        draw_trunk(sheet, place, (hx, hy), skull, shade)
    else:
        nose = 0.3 if "disc" in build.wears else 0.17
        sheet.area(
            oval(
                *place.at(tip[0] - skull * 0.03, tip[1] + thick * skull * 0.12),
                skull * nose * high,
                skull * (0.34 if "disc" in build.wears else 0.15) * high,
            ),
            0.3 if "disc" in build.wears else 1.0,
        )
        mouth = [(tip[0] - skull * 0.1, tip[1] - thick * skull * 0.22), (hx + skull * 0.75, hy - skull * 0.45)]
        sheet.line(place.along(mouth), width=pen * 0.7, dark=0.7)
    eye = place.at(hx + skull * 0.38, hy + skull * 0.22)
    sheet.area(oval(*eye, skull * 0.14 * high, skull * 0.16 * high), 1.0)
    glint = (eye[0] - skull * 0.04 * high, eye[1] - skull * 0.05 * high)
    sheet.area(oval(*glint, skull * 0.045 * high, skull * 0.045 * high, points=8), 0, colour=(255, 255, 250))
    if "beard" in build.wears:
        beard = [
            (tip[0] - skull * 0.5, tip[1] - skull * 0.4),
            (tip[0] - skull * 0.7, tip[1] - skull * 1.5),
            (hx + skull * 0.4, hy - skull * 0.8),
        ]
        sheet.shape(place.along(beard), 0.1, width=pen * 0.8)
