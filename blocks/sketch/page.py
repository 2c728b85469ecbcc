"""The page around a picture: paper, edge, the camera's movement, the caption, and the label ``sketch``."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from blocks.sketch.caption import Caption, draw_text, lay_out
from blocks.sketch.composing import compose
from blocks.sketch.pencil import Palette, Sheet, arc, smooth

if TYPE_CHECKING:
    from blocks.sketch.fonts import Fonts
    from blocks.sketch.pencil import Colour, Point
    from blocks.sketch.scene import Scene

LABEL = "sketch"
_PAPER: Colour = (250, 246, 237)
_INK: Colour = (44, 41, 46)
_FADED: Colour = (132, 126, 120)
_MARK: Colour = (186, 74, 58)
_COLOURS = 80
_RARE: tuple[Colour, ...] = (
    _PAPER,
    _INK,
    _FADED,
    _MARK,
    (212, 143, 130),  # its edges, which are most of it in the smallest print
    (255, 226, 150),
    (250, 214, 132),
    (232, 196, 120),
    (216, 186, 122),
    (182, 164, 122),
    (146, 138, 116),
    (240, 176, 92),
    (250, 208, 120),
    (255, 243, 200),
    (255, 252, 240),
)
_FEW_PIXELS, _MANY_PIXELS = 1_200_000, 2_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where things lie on the page, in pixels: the panel's corners, and the size of the small print."""

    left: int
    top: int
    right: int
    bottom: int
    print_px: int
    caption: Caption


def draw_page(scene: Scene, width_px: int, height_px: int, fonts: Fonts) -> bytes:
    """The whole frame as PNG. The same scene, size and fonts give the same bytes."""
    layout = _lay_out(scene, width_px, height_px, fonts)
    pixels = width_px * height_px
    finer = 2 if pixels <= _FEW_PIXELS else 1.5 if pixels <= _MANY_PIXELS else 1
    wide_px, high_px = layout.right - layout.left, layout.bottom - layout.top
    panel = compose(scene, wide_px / high_px * 100, high_px * finer / 100)
    page = Sheet(width_px / height_px * 100, height_px * finer / 100, Palette(paper=_PAPER), random.Random(scene.seed))  # noqa: S311 - a drawing
    page.pixels.paste(panel.pixels, (round(layout.left * finer), round(layout.top * finer)))
    _Overlay(page, layout, scene, finer).draw()
    whole = page.pixels.resize((width_px, height_px), Image.Resampling.BOX)
    area = (layout.left, layout.top, layout.right, layout.bottom)
    whole.paste(_grained(whole.crop(area), scene.seed), area)
    _print(whole, layout, scene, fonts)
    out = BytesIO()
    # A higher level of compression takes five times as long for a hundredth of the size.
    _few_colours(whole).save(out, "PNG", compress_level=6)
    return out.getvalue()


def _lay_out(scene: Scene, width_px: int, height_px: int, fonts: Fonts) -> Layout:
    short = min(width_px, height_px)
    margin = max(3, round(short * 0.044))
    roomy = short >= 160
    size = max(9, min(40, round(short * 0.037)))
    small = max(7, round(size * 0.72))
    caption = Caption((), size, "ltr")
    if roomy:
        caption = lay_out(scene.caption, fonts, width_px=width_px - 2 * margin - 4, size_px=size, most_lines=3)
    top = margin + (round(small * 1.1) if roomy else 0)
    bottom = height_px - margin - (caption.height_px + round(size * 0.25) if caption.lines else 0)
    left, right = margin, width_px - margin
    # A panel that is a mere slit would show nothing: it is kept between 3:1 and 1:2.
    wide, high = min(right - left, round((bottom - top) * 3)), bottom - top
    high = min(high, wide * 2)
    left, top = (width_px - wide) // 2, top + (bottom - top - high) // 2
    return Layout(left=left, top=top, right=left + wide, bottom=top + high, print_px=small, caption=caption)


def _few_colours(page: Image.Image) -> Image.Image:
    """The page in 95 colours. Median cut keeps washes smooth, but loses what is rare: that is given to it."""
    common = page.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    values = (common.getpalette() or [])[: _COLOURS * 3]
    palette = Image.new("P", (1, 1))
    palette.putpalette([*values, *(value for colour in _RARE for value in colour)])
    return page.quantize(palette=palette, dither=Image.Dither.NONE)


def _grained(picture: Image.Image, seed: int) -> Image.Image:
    """The tooth of the paper: graphite and washes break up where it is deep; bare paper stays clean (and small)."""
    grain = np.random.default_rng(seed)
    values = np.asarray(picture, dtype=np.float32)
    tooth = grain.random(values.shape[:2], dtype=np.float32)
    tooth = (tooth + np.roll(tooth, 1, 0) + np.roll(tooth, 1, 1)) / np.float32(3)
    darkness = 255 - values
    depth = np.clip((darkness.mean(axis=2) - 40) / 120, 0, 1) * np.float32(0.34)
    worn = values + darkness * (np.clip(tooth - 0.45, 0, 1) * depth)[:, :, None]
    return Image.fromarray(np.clip(worn, 0, 255).astype(np.uint8))


class _Overlay:
    """What is drawn over and around the panel: its edge, and the camera's movement in red pencil."""

    def __init__(self, page: Sheet, layout: Layout, scene: Scene, finer: float) -> None:
        unit = finer / page.scale
        self._page = page
        self._motion = scene.motion
        self._left, self._right = layout.left * unit, layout.right * unit
        self._top, self._bottom = layout.top * unit, layout.bottom * unit
        self._pen = max(0.42, 1.25 * unit)
        self._size = min(5.0, (self._bottom - self._top) * 0.07)

    def draw(self) -> None:
        """Draw it."""
        left, right, top, bottom = self._left, self._right, self._top, self._bottom
        over = self._pen * 1.4
        for ends in (
            [(left - over, top), (right + over, top)],
            [(right, top - over), (right, bottom + over)],
            [(right + over, bottom), (left - over, bottom)],
            [(left, bottom + over), (left, top - over)],
        ):
            self._page.line(ends, width=self._pen * 1.3, dark=0.95, wobble=0.07, passes=2)
        move = getattr(self, "_" + self._motion.replace(" ", "_"), None) if self._motion else None
        if move is not None:
            move()

    def _arrow(self, path: list[Point], *, double: bool = False) -> None:
        (x1, y1), (x2, y2) = path[-2], path[-1]
        angle = math.atan2(y2 - y1, x2 - x1)
        reach = self._size * 0.55
        self._page.line(path, width=self._pen * 1.7, dark=0.95, colour=_MARK, wobble=0.1)
        if double:
            shift = reach * 0.45
            lower = [(x + shift * math.sin(angle), y + shift * math.cos(angle)) for x, y in path]
            self._page.line(lower, width=self._pen, dark=0.8, colour=_MARK, wobble=0.1)
        for turn in (2.6, -2.6):
            barb = [(x2, y2), (x2 + math.cos(angle + turn) * reach, y2 + math.sin(angle + turn) * reach)]
            self._page.line(barb, width=self._pen * 1.7, dark=0.95, colour=_MARK, wobble=0.05)

    def _along(self, direction: int, *, double: bool = False) -> None:
        middle, half = (self._left + self._right) / 2, (self._right - self._left) * 0.11
        y = self._top - self._size * 0.5
        self._arrow([(middle - half * direction, y), (middle, y), (middle + half * direction, y)], double=double)

    def _upright(self, direction: int, *, double: bool = False) -> None:
        middle, half = (self._top + self._bottom) / 2, (self._bottom - self._top) * 0.16
        x = self._right + max(1.2, self._size * 0.45)
        self._arrow([(x, middle - half * direction), (x, middle), (x, middle + half * direction)], double=double)

    def _pan_left(self) -> None:
        self._along(-1)

    def _pan_right(self) -> None:
        self._along(1)

    def _track_left(self) -> None:
        self._along(-1, double=True)

    def _track_right(self) -> None:
        self._along(1, double=True)

    def _tilt_up(self) -> None:
        self._upright(-1)

    def _tilt_down(self) -> None:
        self._upright(1)

    def _crane_up(self) -> None:
        self._upright(-1, double=True)

    def _crane_down(self) -> None:
        self._upright(1, double=True)

    def _push_in(self) -> None:
        self._corners(inwards=True)

    def _pull_out(self) -> None:
        self._corners(inwards=False)

    def _corners(self, *, inwards: bool) -> None:
        near, far = self._size * 0.5, self._size * 2.1
        for x, across in ((self._left, 1), (self._right, -1)):
            for y, down in ((self._top, 1), (self._bottom, -1)):
                path = [(x + across * near * 1.3, y + down * near), (x + across * far * 1.3, y + down * far)]
                self._arrow(path if inwards else path[::-1])

    def _orbit(self) -> None:
        middle, y = (self._left + self._right) / 2, self._bottom - self._size * 1.1
        wide = (self._right - self._left) * 0.17
        self._arrow(arc(middle, y - self._size, wide, self._size * 1.3, math.pi * 0.9, math.pi * 0.1, 12))

    def _handheld(self) -> None:
        middle, y = (self._left + self._right) / 2, self._top - self._size * 0.5
        shake = [
            (middle + (step - 4) * self._size * 0.6, y + (0.35 if step % 2 else -0.35) * self._size)
            for step in range(9)
        ]
        self._page.line(smooth(shake), width=self._pen * 1.6, dark=0.95, colour=_MARK, wobble=0.05)


def _print(page: Image.Image, layout: Layout, scene: Scene, fonts: Fonts) -> None:
    """The words: the shot's type, the label, the caption."""
    draw = ImageDraw.Draw(page)
    small = layout.print_px
    tiny = layout.top < small * 1.6
    top = layout.top + 2 if tiny else layout.top - small * 1.5
    inset = 3 if tiny else 0
    left, right = layout.left + inset, layout.right - inset
    if not tiny:
        draw_text(
            draw,
            scene.shot,
            fonts,
            left_px=left,
            right_px=right,
            top_px=top,
            size_px=small,
            direction="ltr",
            fill=_FADED,
        )
    width = sum(run.font.getlength(run.text) if run.font else small for run in fonts.runs(LABEL, small))
    if tiny:
        draw.rectangle((right - width - 3, top - 1, right + 2, top + small * 1.35), fill=_PAPER)
    draw_text(
        draw,
        LABEL,
        fonts,
        left_px=right - width,
        right_px=right,
        top_px=top,
        size_px=small,
        direction="ltr",
        fill=_MARK,
    )
    caption = layout.caption
    for number, line in enumerate(caption.lines):
        draw_text(
            draw,
            line,
            fonts,
            left_px=layout.left + 2,
            right_px=layout.right - 2,
            top_px=layout.bottom + caption.size_px * 0.28 + number * caption.line_px,
            size_px=caption.size_px,
            direction=caption.direction,
            fill=_INK,
        )
