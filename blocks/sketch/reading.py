"""How text is read word by word: a prompt without its instructions, words of any script, what a table makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blocks.sketch.vocabulary import SHOT_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_ARABIC_MARKS = re.compile(r"[\u064b-\u0652\u0640]")
_ARABIC_PREFIX = re.compile(r"^(?:وال|بال|ال|و)(?=\w{2})")
_SENTENCE = re.compile(r"(.+?[.!?。！？؟]+)(?:\s|$)", re.DOTALL)  # noqa: RUF001 - the full stops of other scripts
# "Style: …" says how to draw and "Avoid: …" what not to: neither is to be seen. Each ends with its sentence.
_LABELLED = re.compile(
    r"\b(?:style|avoid)\s*[:：].*?(?:[.!?](?=\s|$)|[。！？]|\n|(?=\b(?:style|avoid)\s*[:：])|$)",  # noqa: RUF001
    re.IGNORECASE | re.DOTALL,
)
_SHOT = "|".join("[ -]".join(map(re.escape, phrase.split())) for phrase, _ in SHOT_WORDS)
_SHOTS = re.compile(rf"\b(?:{_SHOT})\b(?:[ -](?:shot|view))?", re.IGNORECASE)
# What is only spoken of is not there: nobody gets wet when a flash of light stands for rain.
_ABSENT = re.compile(
    r"\b(?:no|not|without|like|for|about|until|after|(?:dream|sound|smell|memory|thought|talk|speak|tell)s?\s+of)\s+"
    r"(?:an?\s+|the\s+)?(?=(\w+))",
    re.IGNORECASE,
)


def text_of(value: Any) -> str:
    """A hint as text, whatever a language model has put there."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return " ".join(map(text_of, value.values()))
    if isinstance(value, Sequence):
        return " ".join(map(text_of, value))
    return str(value)


def without_labels(prompt: str) -> str:
    """The prompt without what stands behind "Style:" and "Avoid:".

    >>> without_labels("A fox. Style: ink, like a wolf's dream. Wide shot. AVOID: dogs, cats")
    'A fox.   Wide shot.  '
    """
    return _LABELLED.sub(" ", prompt)


def without_shots(prompt: str) -> str:
    """The prompt without its shot types: there is no bird in a bird's-eye shot.

    >>> without_shots("Bird's-eye view of a town.")
    '  of a town.'
    """
    return _SHOTS.sub(" ", prompt)


def absent(text: str) -> frozenset[str]:
    """Words, in lower case, for what a text only speaks of: "no rain", "two for rain", "like a storm"."""
    return frozenset(word.lower() for word in _ABSENT.findall(text))


def words_of(text: str) -> list[str]:
    """The words in their order, in lower case; then those that Arabic and Chinese writing hides in longer ones."""
    lowered = _ARABIC_MARKS.sub("", text.lower())
    words = _WORD.findall(lowered)
    # Arabic writes "and" and "the" as part of the word.
    words += [bare for word in words if (bare := _ARABIC_PREFIX.sub("", word)) != word]
    # Scripts without spaces: every piece of up to three characters may be a word.
    for run in re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]+", lowered):
        words += [run[start : start + size] for size in (3, 2, 1) for start in range(len(run) - size + 1)]
    return words


def all_of(words: Iterable[str], meaning: Mapping[str, str]) -> list[str]:
    """What the words stand for, in their order, each once; a plural stands for what its singular does."""
    found = (meaning[form] for word in words for form in (word, singular(word)) if form in meaning)
    return list(dict.fromkeys(found))


def first_of(words: Iterable[str], meaning: Mapping[str, str]) -> str:
    """What the first word with a meaning stands for, empty where none has one."""
    return next(iter(all_of(words, meaning)), "")


def singular(word: str) -> str:
    """The word without a plural's s."""
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def phrase_of(text: str, phrases: Iterable[tuple[str, str]]) -> str:
    """What the first phrase found in the text stands for, in the phrases' order; empty where none is."""
    spaced = " " + re.sub(r"[\s_-]+", " ", text.lower()) + " "
    return next((means for phrase, means in phrases if re.search(rf"\b{re.escape(phrase)}\b", spaced)), "")


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, trimmed; the whole text where none ends."""
    return [sentence.strip() for sentence in _SENTENCE.findall(text.strip() + " ")] or [text]
