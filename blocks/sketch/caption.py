"""Text on a frame: broken into lines that fit, in any script a font is there for, in its own direction."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blocks.sketch.fonts import Fonts, Run, direction_of, needs_shaping

if TYPE_CHECKING:
    from PIL import ImageDraw

    from blocks.sketch.fonts import Direction

_ELLIPSIS = "…"
_BOX_WIDE, _BOX_HIGH = 0.62, 0.72  # of the size, for what no font has


@dataclass(frozen=True, slots=True)
class Caption:
    """Text broken into lines, at a size in pixels."""

    lines: tuple[str, ...]
    size_px: int
    direction: Direction

    @property
    def line_px(self) -> int:
        """From one line to the next."""
        return round(self.size_px * 1.34)

    @property
    def height_px(self) -> int:
        """The height of all lines."""
        return self.line_px * len(self.lines)


def showable(text: str, fonts: Fonts) -> str:
    """The text, or an honest note in its stead where it cannot be drawn so that its readers can read it.

    Without raqm and FriBiDi, Arabic would stand there in single letters and backwards: that is worse than a note.
    """
    if fonts.shaping or not needs_shaping(text):
        return text
    script = next(
        unicodedata.name(char, "right-to-left").split()[0].title()
        for char in text
        if unicodedata.bidirectional(char) in {"R", "AL"}
    )
    return f"({script} caption: this machine lacks FriBiDi, which joins and orders its letters)"


def lay_out(text: str, fonts: Fonts, *, width_px: int, size_px: int, most_lines: int) -> Caption:
    """Break a text into lines. It is set smaller, down to three quarters, before it is cut short with an ellipsis."""
    text = showable(" ".join(text.split()), fonts)
    if not text:
        return Caption((), size_px, "ltr")
    direction = direction_of(text)
    smallest = max(7, round(size_px * 0.75))
    for size in range(size_px, smallest - 1, -1):
        lines = _break(text, fonts, width_px, size)
        if len(lines) <= most_lines:
            return Caption(tuple(lines), size, direction)
    kept = lines[:most_lines]
    last = kept[-1]
    while last and _measure(last + _ELLIPSIS, fonts, smallest) > width_px:
        last = last[:-1]
    return Caption((*kept[:-1], last.rstrip() + _ELLIPSIS), smallest, direction)


def _break(text: str, fonts: Fonts, width_px: int, size_px: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in _pieces(text):
        grown = line + word
        if not line or _measure(grown.rstrip(), fonts, size_px) <= width_px:
            line = grown
        else:
            lines.append(line.rstrip())
            line = word.lstrip()
        # A word longer than a line is broken where the line ends.
        while _measure(line.rstrip(), fonts, size_px) > width_px and len(line) > 1:
            fits = _fitting(line, fonts, width_px, size_px)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    """Where lines may break: after spaces, and around characters of scripts that use none."""
    pieces: list[str] = []
    for char in text:
        wide = unicodedata.east_asian_width(char) in {"W", "F"}
        if pieces and not wide and not pieces[-1].endswith(" ") and not _stands_alone(pieces[-1]):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


def _stands_alone(piece: str) -> bool:
    return unicodedata.east_asian_width(piece[-1]) in {"W", "F"}


def _fitting(line: str, fonts: Fonts, width_px: int, size_px: int) -> int:
    low, high = 1, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if _measure(line[:middle], fonts, size_px) <= width_px:
            low = middle
        else:
            high = middle - 1
    return low


def _measure(text: str, fonts: Fonts, size_px: int) -> float:
    return sum(_run_width(run, size_px) for run in fonts.runs(text, size_px))


def _run_width(run: Run, size_px: int) -> float:
    if run.font is None:
        return sum(_BOX_WIDE * size_px if not char.isspace() else 0.3 * size_px for char in run.text)
    return run.font.getlength(run.text)


def draw_text(
    draw: ImageDraw.ImageDraw,
    text: str,
    fonts: Fonts,
    *,
    left_px: float,
    right_px: float,
    top_px: float,
    size_px: int,
    direction: Direction,
    fill: tuple[int, int, int],
) -> None:
    """One line between two edges, from the left, or the right where it is read so. Unknown characters are boxes."""
    baseline = top_px + size_px * 1.02
    place = left_px if direction == "ltr" else right_px
    for run in fonts.runs(text, size_px):
        wide = _run_width(run, size_px)
        start = place if direction == "ltr" else place - wide
        if run.font is not None:
            # raqm orders what is inside a run by itself; basic layout knows no direction.
            draw.text((start, baseline), run.text, font=run.font, fill=fill, anchor="ls")
        else:
            _boxes(draw, run.text, start, baseline, size_px, fill)
        place = place + wide if direction == "ltr" else start


def _boxes(
    draw: ImageDraw.ImageDraw, text: str, start: float, baseline: float, size_px: int, fill: tuple[int, int, int]
) -> None:
    for char in text:
        if char.isspace():
            start += 0.3 * size_px
            continue
        wide = _BOX_WIDE * size_px
        draw.rectangle(
            (start + 1, baseline - _BOX_HIGH * size_px, start + wide - 2, baseline - 1),
            outline=fill,
            width=max(1, size_px // 14),
        )
        start += wide
