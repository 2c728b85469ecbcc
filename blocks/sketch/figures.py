"""Who is seen: names and descriptions become figures of a kind and a size."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blocks.sketch.reading import all_of, first_of, singular, text_of, words_of
from blocks.sketch.vocabulary import CROWDS, FIGURES, GROUPS, SIZES

MOST_FIGURES = 4
_PEOPLE = frozenset({"man", "woman"})


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody who is seen: the ``kind`` says how to draw them, the ``name`` makes them look the same in each frame.

    ``size`` is how large they are beside others of their kind: 1 is usual.
    """

    name: str
    kind: str
    size: float = 1.0


def read_figures(hint: Any, told: str) -> tuple[Character, ...]:
    """Those whom the hint ``characters`` names, else those whom the text tells of; four at most."""
    named: list[Character] = []
    for name, description in _entries(hint):
        kind, said = _kind(name, description, told)
        size = _size(f"{name} {description} {said}") or _size_before(name, told)
        named.append(Character(name, kind, size or 1.0))
        if _is_group(name):
            named += [Character(f"{name} {number}", kind, size or 1.0) for number in (2, 3)]
    return _distinct(named or _from_text(told))


def is_crowd(text: str) -> bool:
    """Whether a text tells of more people than one could name."""
    return bool(CROWDS & set(words_of(text)))


def _entries(hint: Any) -> list[tuple[str, str]]:
    """Names with all that the hint says of each, whatever form a language model gave it."""
    if isinstance(hint, str):
        hint = [part for part in re.split(r"[,;]| and ", hint) if part.strip()]
    entries: list[tuple[str, str]] = []
    for one in hint if isinstance(hint, Sequence) else ():
        name = text_of(one.get("name") or one) if isinstance(one, Mapping) else text_of(one)
        if name.strip():
            entries.append((name.strip(), text_of(one)))
    return entries


def _from_text(told: str) -> list[Character]:
    words = words_of(told)
    kinds = all_of(words, FIGURES)
    # A pronoun stands for somebody who has been named already.
    plain = set(words) - {"he", "she"}
    if not any(FIGURES.get(word) in _PEOPLE for word in plain):
        kinds = [kind for kind in kinds if kind not in _PEOPLE] or kinds
    figures: list[Character] = []
    for kind in kinds:
        several = {word for word in words if FIGURES.get(word) == kind or FIGURES.get(singular(word)) == kind}
        size = next((size for word in several if (size := _size_before(word, told))), 1.0)
        figures.append(Character(kind, kind, size))
        if any(_is_group(word) for word in several):
            figures += [Character(f"{kind} {number}", kind, size) for number in (2, 3)]
    if figures and len(figures) < 3 and re.search(r"\b(?:group|friends|family)\b", told.lower()):
        figures += [Character(f"{figures[0].kind} {number}", figures[0].kind) for number in (2, 3)]
    return figures


def _distinct(figures: list[Character]) -> tuple[Character, ...]:
    return tuple({figure.name: figure for figure in figures}.values())[:MOST_FIGURES]


def _is_group(name: str) -> bool:
    """Whether a name is a word for several: "children", "camels"."""
    last = (words_of(name) or [""])[-1]
    return last in GROUPS or (last not in FIGURES and singular(last) in FIGURES)


def _kind(name: str, description: str, told: str) -> tuple[str, str]:
    """How to draw somebody, and what the text says that they are.

    It goes by a word in the name, in the description, or where the text says it; else by the name's sound.
    """
    # "Mara, a young woman", "Mara (a robot)", "Mara is a child"; but not "Mara sees the robot".
    found = re.search(rf"\b{re.escape(name)}\s*(?:,|\(|:|is|was)\s*(?:an?|the)\s([^.;,)]{{1,40}})", told, re.IGNORECASE)
    said = found.group(1) if found else ""
    kind = next((kind for text in (name, description, said) if (kind := _kind_in(text))), "")
    if not kind:
        digest = hashlib.sha256(name.lower().encode("utf-8", "replace")).digest()[0]
        feminine = name.lower().endswith(("a", "e", "ة", "а"))  # noqa: RUF001 - a Cyrillic ending
        kind = "woman" if feminine or digest < 100 else "man"
    return kind, said


def _kind_in(text: str) -> str:
    words = words_of(text)
    kind = first_of(words, FIGURES)
    if kind in _PEOPLE and {"old", "elderly", "aged"} & set(words):
        return f"old {kind}"
    return kind


def _size(text: str) -> float:
    """The size that the words tell, 0 where they tell none."""
    return next((SIZES[word] for word in words_of(text) if word in SIZES), 0.0)


def _size_before(name: str, told: str) -> float:
    """The size in the one or two words before a name: "a small robot", "the giant old bear"; 0 where there is none."""
    before = re.findall(rf"((?:[^\W\d_]+\s+){{1,2}}){re.escape(name)}\b", told, re.IGNORECASE)
    return next((size for words in before if (size := _size(words))), 0.0)
