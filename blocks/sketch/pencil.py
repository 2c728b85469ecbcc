"""The hand: wobbling pencil lines, hatching and tonal washes on a sheet whose height is 100 units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

Point = tuple[float, float]
Colour = tuple[int, int, int]

UNITS_HIGH = 100.0
_WOBBLES = 512
_STEP_UNITS = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of a frame. ``tone`` goes from paper (0) over the wash (0.5) to the deepest shade (1)."""

    paper: Colour = (247, 242, 231)
    wash: Colour = (176, 172, 166)
    deep: Colour = (74, 71, 76)
    ink: Colour = (40, 37, 42)
    glow: Colour = (250, 214, 132)
    floor: float = 0.0
    """How dark the lightest tone is: 0 by day, more at night."""

    def tone(self, shade: float) -> Colour:
        """The colour of a shade in 0..1."""
        level = self.floor + (1 - self.floor) * min(1.0, max(0.0, shade))
        if level <= 0.5:
            return _between(self.paper, self.wash, level * 2)
        return _between(self.wash, self.deep, level * 2 - 1)


def _between(first: Colour, second: Colour, share: float) -> Colour:
    return (
        round(first[0] + (second[0] - first[0]) * share),
        round(first[1] + (second[1] - first[1]) * share),
        round(first[2] + (second[2] - first[2]) * share),
    )


def smooth(points: Sequence[Point], *, closed: bool = False, steps: int = 6) -> list[Point]:
    """A soft curve through the points (Catmull-Rom, uniform)."""
    count = len(points)
    if count < 3:
        return list(points)
    curve: list[Point] = []
    for index in range(count if closed else count - 1):
        before = points[index - 1] if closed or index else points[0]
        start, end = points[index], points[(index + 1) % count]
        after = points[(index + 2) % count] if closed or index + 2 < count else points[-1]
        for step in range(steps):
            t = step / steps
            t2, t3 = t * t, t * t * t
            a, b, c, d = -t3 + 2 * t2 - t, 3 * t3 - 5 * t2 + 2, -3 * t3 + 4 * t2 + t, t3 - t2
            curve.append(
                (
                    (before[0] * a + start[0] * b + end[0] * c + after[0] * d) / 2,
                    (before[1] * a + start[1] * b + end[1] * c + after[1] * d) / 2,
                )
            )
    curve.append(points[0] if closed else points[-1])
    return curve


def oval(x: float, y: float, wide: float, high: float, *, turn: float = 0.0, points: int | None = None) -> list[Point]:
    """An ellipse by its half axes; ``turn`` is in radians. Large ones have more points, if it is not told how many."""
    points = points or round(min(72.0, 16 + 2 * max(abs(wide), abs(high))))
    cos, sin = math.cos(turn), math.sin(turn)
    ring: list[Point] = []
    for index in range(points):
        angle = index / points * math.tau
        across, down = wide * math.cos(angle), high * math.sin(angle)
        ring.append((x + across * cos - down * sin, y + across * sin + down * cos))
    return ring


def arc(x: float, y: float, wide: float, high: float, start: float, end: float, points: int = 12) -> list[Point]:
    """A piece of an ellipse, angles in radians, clockwise from the right as screens have it."""
    return [
        (
            x + wide * math.cos(start + (end - start) * index / (points - 1)),
            y + high * math.sin(start + (end - start) * index / (points - 1)),
        )
        for index in range(points)
    ]


class Sheet:
    """A sheet of ``width`` by 100 units, at ``scale`` pixels a unit. The same ``hand`` draws the same lines."""

    def __init__(self, width: float, scale: float, palette: Palette, hand: random.Random) -> None:
        self.width = width
        self.height = UNITS_HIGH
        self.scale = scale
        self.palette = palette
        self.hand = hand
        self.pixels = Image.new(
            "RGB", (max(1, round(width * scale)), max(1, round(UNITS_HIGH * scale))), palette.tone(0)
        )
        self._draw = ImageDraw.Draw(self.pixels, "RGBA")
        grain = np.random.default_rng(hand.getrandbits(32))
        self._grain = grain
        places = np.arange(_WOBBLES) / _WOBBLES * math.tau
        wobble = sum(
            grain.normal() / cycles**0.6 * np.sin(places * cycles * 3 + grain.uniform(0, math.tau))
            for cycles in range(1, 26)
        )
        self._wobble: list[float] = (wobble / np.std(wobble)).tolist()

    # ---- areas ------------------------------------------------------------------------------------------------------

    def area(self, points: Sequence[Point], shade: float, *, alpha: float = 1.0, colour: Colour | None = None) -> None:
        """Fill a polygon with a tone."""
        if len(points) < 3:
            return
        scale = self.scale
        fill = (*(colour or self.palette.tone(shade)), round(255 * alpha))
        self._draw.polygon([(x * scale, y * scale) for x, y in points], fill=fill)

    def gradient(self, top: float, bottom: float, shade_top: float, shade_bottom: float, streak: float = 0.035) -> None:
        """Wash a band across the sheet from one tone into another, with the streaks that a broad brush leaves."""
        scale = self.scale
        first, last = max(0, round(top * scale)), min(self.pixels.height, round(bottom * scale))
        if last <= first:
            return
        rows, columns = last - first, self.pixels.width
        shades = np.linspace(shade_top, shade_bottom, rows)[:, None] + np.zeros((1, 24))
        shades += (
            np.repeat(self._grain.normal(0, streak, (rows // 14 + 2, 24)), 14, axis=0)[:rows]
            * np.linspace(1, 0.5, rows)[:, None]
        )
        levels = Image.fromarray((np.clip(shades, 0, 1) * 255).astype(np.uint8)).resize(
            (columns, rows), Image.Resampling.BICUBIC
        )
        ramp = [self.palette.tone(level / 255) for level in range(256)]
        bands = [levels.point([colour[band] for colour in ramp]) for band in range(3)]
        self.pixels.paste(Image.merge("RGB", bands), (0, first))

    def glow(self, x: float, y: float, radius: float, strength: float = 0.8, colour: Colour | None = None) -> None:
        """A soft light around a point."""
        radius_px = max(2, round(radius * self.scale))
        side = 64
        across = np.linspace(-1, 1, side)
        distance = np.sqrt(across[:, None] ** 2 + across[None, :] ** 2)
        mask = Image.fromarray((np.clip(1 - distance, 0, 1) ** 1.6 * 255 * strength).astype(np.uint8))
        mask = mask.resize((radius_px * 2, radius_px * 2), Image.Resampling.BILINEAR)
        corner = (round(x * self.scale) - radius_px, round(y * self.scale) - radius_px)
        self.pixels.paste(Image.new("RGB", mask.size, colour or self.palette.glow), corner, mask)

    # ---- lines ------------------------------------------------------------------------------------------------------

    def line(
        self,
        points: Sequence[Point],
        *,
        width: float = 0.42,
        dark: float = 0.85,
        wobble: float = 0.22,
        passes: int = 1,
        closed: bool = False,
        colour: Colour | None = None,
    ) -> None:
        """A pencil line along the points, pressed harder in the middle than at its ends."""
        path = self._resampled([*points, points[0]] if closed else points)
        if len(path) < 2:
            return
        ink = colour or self.palette.ink
        for number in range(passes):
            loose = wobble * (1 + 0.7 * number)
            trace = self._wobbled(path, loose)
            self._stroke(trace, width * (1 - 0.25 * number), dark * (1 - 0.35 * number), ink, even=closed)

    def _resampled(self, points: Sequence[Point]) -> list[Point]:
        path: list[Point] = []
        for start, end in pairwise(points):
            span = math.hypot(end[0] - start[0], end[1] - start[1])
            pieces = max(1, min(60, int(span / _STEP_UNITS)))
            for piece in range(pieces):
                share = piece / pieces
                path.append((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share))
        if points:
            path.append(points[-1])
        return path

    def _wobbled(self, path: list[Point], amount: float) -> list[Point]:
        if amount <= 0:
            return path
        first, second = self.hand.randrange(_WOBBLES), self.hand.randrange(_WOBBLES)
        wobble = self._wobble
        return [
            (x + wobble[(first + index) % _WOBBLES] * amount, y + wobble[(second + index) % _WOBBLES] * amount)
            for index, (x, y) in enumerate(path)
        ]

    def _stroke(self, trace: list[Point], width: float, dark: float, ink: Colour, *, even: bool) -> None:
        scale = self.scale
        pixels = [(x * scale, y * scale) for x, y in trace]
        pieces = 1 if len(pixels) < 4 else min(7, max(2, len(pixels) // 5))
        size = (len(pixels) - 1) / pieces
        for piece in range(pieces):
            run = pixels[int(piece * size) : int((piece + 1) * size) + 2]
            middle = math.sin((piece + 0.5) / pieces * math.pi)
            press = 0.85 + 0.3 * self.hand.random() if even else 0.55 + 0.5 * middle + 0.15 * self.hand.random()
            alpha = max(0, min(255, round(255 * dark * min(1.0, 0.7 + 0.35 * press))))
            self._draw.line(run, fill=(*ink, alpha), width=max(1, round(width * press * scale)), joint="curve")

    def shape(
        self,
        points: Sequence[Point],
        shade: float,
        *,
        width: float = 0.42,
        dark: float = 0.85,
        wobble: float = 0.18,
        alpha: float = 1.0,
        passes: int = 1,
    ) -> None:
        """A filled form with its contour: it hides what is behind."""
        self.area(points, shade, alpha=alpha)
        self.line(points, width=width, dark=dark, wobble=wobble, passes=passes, closed=True)

    def hatch(
        self,
        points: Sequence[Point],
        *,
        angle: float = -0.9,
        spacing: float = 1.5,
        dark: float = 0.35,
        width: float = 0.28,
        colour: Colour | None = None,
    ) -> None:
        """Parallel strokes within a polygon; ``angle`` in radians. Strokes stop a little short or run over."""
        cos, sin = math.cos(-angle), math.sin(-angle)
        turned = [(x * cos - y * sin, x * sin + y * cos) for x, y in points]
        top, bottom = min(y for _, y in turned), max(y for _, y in turned)
        count = min(160, int((bottom - top) / max(0.2, spacing)))
        for index in range(count):
            level = top + (index + 0.5 + self.hand.uniform(-0.25, 0.25)) * spacing
            crossings = sorted(
                start[0] + (level - start[1]) / (end[1] - start[1]) * (end[0] - start[0])
                for start, end in zip(turned, [*turned[1:], turned[0]], strict=True)
                if (start[1] <= level) != (end[1] <= level)
            )
            for left, right in zip(crossings[::2], crossings[1::2], strict=False):
                if right - left < 0.4:
                    continue
                over = self.hand.uniform(-0.12, 0.06) * min(6.0, right - left)
                ends = [(left - over, level), (right + over, level + self.hand.uniform(-0.2, 0.2))]
                back = [(x * cos + y * sin, -x * sin + y * cos) for x, y in ends]
                self.line(back, width=width, dark=dark * self.hand.uniform(0.7, 1.1), wobble=0.12, colour=colour)
