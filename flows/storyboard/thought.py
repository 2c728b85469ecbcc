"""Reading a thought: a text or a file becomes a checked value, or a clear error."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from flows.errors import ThoughtEmpty, ThoughtTooLong, ThoughtUnreadable
from flows.storyboard.parameters import MAX_THOUGHT_CHARACTERS
from flows.storyboard.script import direction_of, has_letters, is_english, script_of
from flows.storyboard.words import Thought, Voice

if TYPE_CHECKING:
    from pathlib import Path

_ALLOWED_CONTROLS = frozenset("\t\n\f\v\x85")
_MOST_BYTES_A_CHARACTER = 4
# Files that are text to a machine, and no thought to anybody: how they begin, and what they are.
_SOURCES = {
    "<svg": "an SVG drawing", "<?xml": "XML", "<!doctype": "a web page", "<html": "a web page", "%!ps": "PostScript",
    "%pdf": "a PDF", "{\\rtf": "rich text (RTF)", "-----begin": "a key or certificate",
}  # fmt: skip


def read_thought(text: str, *, language: str = "", limit_characters: int = MAX_THOUGHT_CHARACTERS) -> Thought:
    """A thought from its text, which is kept verbatim but for line endings and white space around it.

    Raises:
        ThoughtEmpty: there is no visible character.
        ThoughtTooLong: it has more than ``limit_characters``.
        ThoughtUnreadable: it holds NULs, control characters or broken Unicode, or is the source of a picture or a
            page: it is no text for people.
    """
    if len(text) > limit_characters:
        raise ThoughtTooLong(len(text), limit_characters)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip().lstrip("\ufeff")
    for character in text:
        category = unicodedata.category(character)
        if (category == "Cc" and character not in _ALLOWED_CONTROLS) or category == "Cs" or character == "\ufffd":
            raise ThoughtUnreadable(f"it holds the character U+{ord(character):04X}, which no plain text has")
    if not any(unicodedata.category(character)[0] not in "CZ" for character in text):
        raise ThoughtEmpty
    start = text[:10].lower()
    kind = next((told for begin, told in _SOURCES.items() if start.startswith(begin)), None)
    if kind is not None:
        raise ThoughtUnreadable(f"it is the source of {kind}")
    # Where there are no letters, what models read are the English names of emoji.
    english = is_english(text) or not has_letters(text)
    if language.strip():
        english = language.strip().lower() in {"en", "english"}
    voice = Voice(script=script_of(text), direction=direction_of(text), english=english, language=language.strip())
    return Thought(text=text, voice=voice)


def read_thought_file(path: Path, *, language: str = "", limit_characters: int = MAX_THOUGHT_CHARACTERS) -> Thought:
    """A thought from a text file in UTF-8 (or UTF-16 with a byte order mark).

    Raises:
        ThoughtEmpty, ThoughtTooLong, ThoughtUnreadable: as :func:`read_thought`; also for a file that is missing,
            no regular file, or not readable.
    """
    limit_bytes = limit_characters * _MOST_BYTES_A_CHARACTER
    try:
        if not path.exists():
            raise ThoughtUnreadable(f"there is no file {str(path)!r}", remedy="check the path")
        if not path.is_file():
            raise ThoughtUnreadable(f"{str(path)!r} is no file", remedy="name a text file")
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
            size_bytes = path.stat().st_size
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ThoughtUnreadable(f"{str(path)!r}: {why}", remedy="check the path and its permissions") from error
    if len(content) > limit_bytes:
        raise ThoughtTooLong(max(size_bytes, len(content)), limit_bytes, unit="bytes")
    encoding, told = ("utf-16", "UTF-16") if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "UTF-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ThoughtUnreadable(f"byte {error.start:,} of {str(path)!r} is no {told} text") from error
    return read_thought(text, language=language, limit_characters=limit_characters)
