"""Which script a text is written in, its direction, its words, and the names of its emoji."""

# ruff: noqa: RUF001 - apostrophes, meant as they are

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from flows.storyboard.lexicon import FUNCTION_WORDS

if TYPE_CHECKING:
    from flows.storyboard.vocabulary import Direction

UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR"})
"""Scripts that put no spaces between words; their "words" here are pairs of neighbouring characters."""

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ENGLISH_SHARE = 0.18
_SAMPLE_CHARACTERS = 4_000
_SUFFIXES = ("ings", "ing", "edly", "ies", "ied", "ed", "es", "s", "ly")


def _script_of(character: str) -> str:
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def script_of(text: str) -> str:
    """The script of most letters, as Unicode names it (``LATIN``, ``ARABIC``, ``CJK``); empty without letters."""
    counts = Counter(_script_of(character) for character in text[:_SAMPLE_CHARACTERS] if character.isalpha())
    return counts.most_common(1)[0][0] if counts else ""


def direction_of(text: str) -> Direction:
    """The writing direction of most letters: Unicode's bidirectional classes R and AL run right to left."""
    sample = [unicodedata.bidirectional(character) for character in text[:_SAMPLE_CHARACTERS] if character.isalpha()]
    rtl = sum(kind in {"R", "AL"} for kind in sample)
    return "rtl" if rtl * 2 > len(sample) else "ltr"


def is_english(text: str) -> bool:
    """Whether a text looks English: enough of its words are English function words."""
    found = [word.lower() for word in WORD.findall(text[:_SAMPLE_CHARACTERS])]
    if not found or script_of(text) != "LATIN":
        return False
    if len(found) < 4:
        return text.isascii()
    return sum(word in FUNCTION_WORDS for word in found) / len(found) >= _ENGLISH_SHARE


def words(text: str) -> list[str]:
    """The words of a text, lower-cased; in scripts without spaces, pairs of neighbouring characters.

    >>> words("The Lamp's light.")
    ['the', "lamp's", 'light']
    """
    found: list[str] = []
    for match in WORD.finditer(text):
        word = match.group().lower().replace("’", "'")
        if len(word) > 2 and not word.isascii() and _script_of(word[0]) in UNSPACED:
            found.extend(word[start : start + 2] for start in range(len(word) - 1))
        else:
            found.append(word)
    return found


def stem(word: str) -> str:
    """A crude stem, enough to see that *climbed* and *climbs* are one word; never shorter than three letters.

    >>> stem("climbed"), stem("climbs"), stem("stories"), stem("sea")
    ('climb', 'climb', 'stor', 'sea')
    """
    word = word.removesuffix("'s")
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            word = word[: -len(suffix)]
            break
    if len(word) > 4 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word[-1] in "ey" else word


def content_stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, in their order, repeats included."""
    found = words(text)
    return [stem(word) for word in found if word not in FUNCTION_WORDS and len(word) > 1]


def gloss(text: str) -> str:
    """The Unicode names of a text's emoji and symbols, for models and painters that know words only.

    >>> gloss("🤖💡")
    'robot face, electric light bulb'
    """
    names = [unicodedata.name(character, "").lower() for character in text if unicodedata.category(character) == "So"]
    return ", ".join(name for name in names if name and "modifier" not in name)


def legible(text: str) -> str:
    """A text as models read it: itself where it has letters, else the names of its emoji, where it has any."""
    return text if has_letters(text) else gloss(text) or text


def has_letters(text: str) -> bool:
    """Whether a text holds any letter or digit."""
    return any(character.isalnum() for character in text)
