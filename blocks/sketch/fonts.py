"""Fonts by what they can draw: a line of text becomes runs, each in the first font that has its characters."""

from __future__ import annotations

import logging
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import fontpkg
from PIL import ImageFont, features

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_logger = logging.getLogger(__name__)

_PACKAGED = ("Noto Sans", "Noto Sans Arabic")
_SYSTEM_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/System/Library/Fonts"),
    Path("/Library/Fonts"),
)
_SYSTEM_MOST = 300
# No font has a glyph for a noncharacter, so this draws what a font draws for what it lacks.
_NO_CHARACTER = "\U0010fffe"
_STRONG = frozenset({"L", "R", "AL"})
_IGNORABLE = frozenset("\u200b\u200c\u200d\u2060\ufe0e\ufe0f\u00ad\u200e\u200f\u061c\u2066\u2067\u2068\u2069")

Direction = Literal["ltr", "rtl"]


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that one font draws. ``font`` of None means that none has them: they become boxes."""

    text: str
    font: ImageFont.FreeTypeFont | None


def can_shape() -> bool:
    """Whether Pillow can join and order right-to-left scripts: it needs raqm, and fribidi beside it."""
    return bool(features.check("raqm") and features.check("fribidi"))


def packaged_fonts() -> list[Path]:
    """The fonts that come with Turnout, in the order in which they are asked."""
    return [Path(fontpkg.path(name)) for name in _PACKAGED]


def system_fonts(folders: Iterable[Path] = _SYSTEM_FOLDERS) -> list[Path]:
    """Font files of this machine, those with a telling name for many scripts first, at most 300."""
    found = [
        path
        for folder in folders
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in {".ttf", ".otf", ".ttc"}
    ]
    plain = [path for path in found if not any(word in path.stem for word in ("Bold", "Italic", "Oblique", "Mono"))]
    plain.sort(key=lambda path: not any(word in path.stem for word in ("CJK", "Noto", "DejaVu", "Unicode")))
    return plain[:_SYSTEM_MOST]


class Fonts:
    """The fonts of a frame's texts, at the sizes asked for. One instance serves one thread.

    Args:
        paths: the font files, best first; by default the packaged ones, then the machine's.
        shaping: whether right-to-left scripts can be joined and ordered; by default as this Pillow can.
    """

    def __init__(self, paths: Sequence[Path] | None = None, *, shaping: bool | None = None) -> None:
        self._paths = list(paths) if paths is not None else None
        self.shaping = can_shape() if shaping is None else shaping
        self._sized: dict[tuple[Path, int], ImageFont.FreeTypeFont | None] = {}
        self._lacking: dict[tuple[Path, int], tuple[bytes, tuple[int, int]]] = {}
        self._path_of: dict[str, Path | None] = {}

    @property
    def paths(self) -> list[Path]:
        """The font files, looked for on first use."""
        if self._paths is None:
            self._paths = [*packaged_fonts(), *system_fonts()]
        return self._paths

    def font(self, path: Path, size_px: int) -> ImageFont.FreeTypeFont | None:
        """A font at a size, None where the file cannot be read."""
        key = (path, size_px)
        if key not in self._sized:
            engine = ImageFont.Layout.RAQM if self.shaping else ImageFont.Layout.BASIC
            try:
                self._sized[key] = ImageFont.truetype(str(path), size_px, layout_engine=engine)
            except OSError:
                _logger.debug("the font %s cannot be read", path.name)
                self._sized[key] = None
        return self._sized[key]

    def runs(self, text: str, size_px: int) -> list[Run]:
        """The text in runs of one font each.

        Marks, joiners and spaces stay with what they follow, and so do digits and punctuation where its font has them:
        a run that ends at each comma could not be read from right to left.
        """
        runs: list[tuple[str, Path | None]] = []
        for char in text:
            glued = char in _IGNORABLE or char.isspace() or bool(unicodedata.combining(char))
            if runs and not glued and unicodedata.bidirectional(char) not in _STRONG:
                before = runs[-1][1]
                glued = before is not None and self._has(before, char)
            if glued and runs:
                runs[-1] = (runs[-1][0] + char, runs[-1][1])
                continue
            path = self.path_for(char)
            if runs and runs[-1][1] == path:
                runs[-1] = (runs[-1][0] + char, path)
            else:
                runs.append((char, path))
        return [Run(content, None if path is None else self.font(path, size_px)) for content, path in runs]

    def path_for(self, char: str) -> Path | None:
        """The first font file that has the character, None where none has."""
        if char not in self._path_of:
            self._path_of[char] = next((path for path in self.paths if self._has(path, char)), None)
        return self._path_of[char]

    def _has(self, path: Path, char: str) -> bool:
        try:
            probe = self._sized.setdefault(
                (path, -16), ImageFont.truetype(str(path), 16, layout_engine=ImageFont.Layout.BASIC)
            )
            if probe is None:
                return False
            key = (path, -16)
            if key not in self._lacking:
                empty = probe.getmask(_NO_CHARACTER)
                self._lacking[key] = (bytes(empty), empty.size)
            glyph = probe.getmask(char)
        except OSError:
            return False
        return (bytes(glyph), glyph.size) != self._lacking[key]


def direction_of(text: str) -> Direction:
    """The direction of a paragraph: that of its first strong character (UAX #9, rules P2 and P3)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in {"R", "AL"}:
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"


def needs_shaping(text: str) -> bool:
    """Whether some of the text is of a right-to-left script, or joins its letters."""
    return any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)
