"""What animals wear on their heads: ears, horns, antlers, a trunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.sketch.anatomy import limb
from blocks.sketch.pencil import oval, smooth

if TYPE_CHECKING:
    from blocks.sketch.anatomy import Place
    from blocks.sketch.pencil import Point, Sheet


def draw_ears(sheet: Sheet, place: Place, kind: str, head: Point, skull: float, shade: float, *, far: bool) -> None:
    """The far ear, which the head hides in part, or the near one. ``skull`` is the head's radius."""
    (x, y), pen, high = head, place.pen, place.high
    shift = skull * (0.5 if far else -0.25)
    tone = min(1.0, shade + (0.2 if far else 0.1))
    match kind:
        case "pointed":
            ear = [
                (x + shift - skull * 0.45, y + skull * 0.55),
                (x + shift - skull * 0.35, y + skull * 1.75),
                (x + shift + skull * 0.4, y + skull * 0.8),
            ]
            sheet.shape(place.along(ear), tone, width=pen)
            if not far:
                inner = [(px + (x + shift - px) * 0.4, py + (y + skull * 0.9 - py) * 0.4) for px, py in ear]
                sheet.area(place.along(inner), 0.85)
        case "round" | "large":
            size = skull * (0.62 if kind == "large" else 0.3)
            middle = place.at(x + shift - skull * 0.15, y + skull * (1.15 if kind == "large" else 0.85))
            sheet.shape(oval(*middle, size * high, size * high), tone, width=pen)
            sheet.area(oval(*middle, size * 0.55 * high, size * 0.55 * high), max(0.0, shade - 0.15))
        case "fan":
            if not far:
                fan = [
                    (x - skull * 0.1, y + skull * 0.75),
                    (x - skull * 0.9, y + skull * 0.95),
                    (x - skull * 1.35, y),
                    (x - skull * 0.85, y - skull * 1.2),
                    (x - skull * 0.2, y - skull * 0.7),
                ]
                sheet.shape(smooth(place.along(fan), closed=True, steps=4), tone, width=pen, passes=2)
        case "leaf":
            base, tip = (x + shift - skull * 0.35, y + skull * 0.7), (x + shift - skull * 1.1, y + skull * 1.3)
            if far:
                tip = (x + shift + skull * 0.2, y + skull * 1.65)
            sheet.shape(
                limb(
                    place.along([base, ((base[0] + tip[0]) / 2, (base[1] + tip[1]) / 2), tip]),
                    (0.4 * skull * high, 0.55 * skull * high, 0.1 * skull * high),
                ),
                tone,
                width=pen,
            )
        case _:
            pass


def draw_horns(sheet: Sheet, place: Place, wears: frozenset[str], head: Point, skull: float) -> None:
    """Antlers, or horns, where the animal has some."""
    x, y = head
    if "antlers" in wears:
        for lean in (-1.0, 0.75):
            beam = [
                (x, y + skull * 0.8),
                (x + lean * skull * 1.3, y + skull * 2.0),
                (x + lean * skull * 1.2, y + skull * 3.9),
            ]
            sheet.line(smooth(place.along(beam)), width=place.pen * 2.2)
            for share, reach in ((0.35, 1.3), (0.62, 1.2), (0.85, 0.8)):
                root = (x + lean * skull * (0.5 + share), y + skull * (0.8 + share * 3.0))
                tine = (root[0] + skull * reach * 0.75, root[1] + skull * reach * 0.75)
                sheet.line(place.along([root, tine]), width=place.pen * 1.7)
    if "horns" in wears:
        for lean in (-0.55, 0.35):
            horn = [
                (x + lean * skull * 0.5, y + skull * 0.8),
                (x + lean * skull, y + skull * 1.5),
                (x + lean * skull * 0.4 - skull * 0.3, y + skull * 1.95),
            ]
            wide = skull * place.high
            sheet.shape(limb(place.along(horn), (0.3 * wide, 0.2 * wide, 0.06 * wide)), 0.05, width=place.pen)


def draw_trunk(sheet: Sheet, place: Place, head: Point, skull: float, shade: float) -> None:
    """An elephant's trunk, and its tusk."""
    (x, y), high = head, place.high
    path = [
        (x + skull * 0.7, y - skull * 0.1),
        (x + skull * 1.25, y - skull * 1.2),
        (x + skull * 1.1, y - skull * 2.6),
        (x + skull * 1.6, y - skull * 3.1),
    ]
    sheet.shape(
        limb(place.along(path), (0.85 * skull * high, 0.5 * skull * high, 0.3 * skull * high)), shade, width=place.pen
    )
    for share in (0.9, 1.35, 1.8, 2.2):
        level = y - skull * share
        fold = [(x + skull * 0.95, level), (x + skull * 1.4, level + skull * 0.06)]
        sheet.line(place.along(fold), width=place.pen * 0.6, dark=0.5)
    tusk = [
        (x + skull * 0.55, y - skull * 0.55),
        (x + skull * 1.1, y - skull * 1.35),
        (x + skull * 1.75, y - skull * 1.25),
    ]
    sheet.shape(
        limb(place.along(tusk), (0.22 * skull * high, 0.15 * skull * high, 0.04 * skull * high)), 0.0, width=place.pen
    )
