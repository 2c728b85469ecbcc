"""Cutting a thought into sentences and smaller pieces, and choosing those worth a shot. No model is asked."""

# ruff: noqa: RUF001 - punctuation of several scripts, meant as they are

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from flows.storyboard.lexicon import ACTORS
from flows.storyboard.script import content_stems, has_letters, words
from flows.storyboard.words import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_PIECE_CHARACTERS = 400
"""A longer sentence is cut, at a comma or a space where there is one: it has to fit into a small model's context."""

_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
# A full stop ends a sentence before white space or the end; the marks of scripts without spaces end it anywhere.
_SENTENCE_END = re.compile(r"(?:[.!?…؟۔।]+[\"'»”’)\]]*(?=\s|$))|(?:[。！？]+[」』”’）]*)|\n")
_ABBREVIATION = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|Jr|Sr|vs|No|etc|e\.g|i\.e)|\b[A-Z])\.$")
_CLAUSE_END = re.compile(r"[,;:،؛、，；：]\s*|\s[–—-]\s|[–—]")
_SHORT_LINE_CHARACTERS = 60
_LEAST_CLAUSE_CHARACTERS = 12
_JOINERS = frozenset("\u200d\ufe0f\ufe0e\u20e3")


def sentences(text: str) -> list[Span]:
    """The sentences of a text, in order, without the white space around them; none longer than the bound."""
    found: list[Span] = []
    start = 0
    for paragraph, end in enumerate([*(match.start() for match in _PARAGRAPH.finditer(text)), len(text)]):
        for piece_start, piece_end in _cut(text, start, end, _sentence_ends(text, start, end)):
            found.extend(_bounded(text, piece_start, piece_end, paragraph))
        start = end
    return found


def _sentence_ends(text: str, start: int, end: int) -> Iterable[int]:
    line_start = start
    for match in _SENTENCE_END.finditer(text, start, end):
        here = match.end()
        following = text[here:end].lstrip()[:1]
        if match.group() == "\n":
            # A wrapped line goes on; a short one (verse, dialogue, a list) stands for itself.
            wrapped = here - line_start > _SHORT_LINE_CHARACTERS or following.islower()
            line_start = here
            if wrapped:
                continue
        elif following.islower() or _ABBREVIATION.search(text[max(start, here - 8) : here]):
            continue
        yield here


def _cut(text: str, start: int, end: int, ends: Iterable[int]) -> Iterable[tuple[int, int]]:
    for stop in (*ends, end):
        piece = text[start:stop]
        stripped = piece.strip()
        if stripped:
            first = start + len(piece) - len(piece.lstrip())
            yield first, first + len(stripped)
        start = max(start, stop)


def _bounded(text: str, start: int, end: int, paragraph: int) -> Iterable[Span]:
    while end - start > MAX_PIECE_CHARACTERS:
        window = text[start : start + MAX_PIECE_CHARACTERS]
        commas = [match.end() for match in _CLAUSE_END.finditer(window) if match.end() > MAX_PIECE_CHARACTERS // 3]
        stop = start + (commas[-1] if commas else window.rfind(" ") + 1 or MAX_PIECE_CHARACTERS)
        yield from (Span(start=a, end=b, paragraph=paragraph) for a, b in _cut(text, start, stop, ()))
        start = stop
    yield from (Span(start=a, end=b, paragraph=paragraph) for a, b in _cut(text, start, end, ()))


def clauses(text: str, span: Span) -> list[Span]:
    """The clauses of a sentence, or the single emoji of a span without letters; the span itself where it has none."""
    if not has_letters(text[span.start : span.end]):
        ends = _symbol_ends(text, span)
    else:
        ends = [match.end() for match in _CLAUSE_END.finditer(text, span.start, span.end)]
    pieces = list(_cut(text, span.start, span.end, ends))
    joined: list[tuple[int, int]] = []
    for start, end in pieces:
        # A clause too short to draw ("Later,") stays with its neighbour; emoji are short by nature.
        short = has_letters(text[start:end]) and end - start < _LEAST_CLAUSE_CHARACTERS
        previous_short = joined and joined[-1][1] - joined[-1][0] < _LEAST_CLAUSE_CHARACTERS
        if joined and has_letters(text[start:end]) and (short or previous_short):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [Span(start=start, end=end, paragraph=span.paragraph) for start, end in joined]


def _symbol_ends(text: str, span: Span) -> list[int]:
    """Where one emoji ends and the next begins: joiners, variation marks and skin tones belong to the one before."""
    ends = []
    for here in range(span.start + 1, span.end):
        joined = text[here] in _JOINERS or unicodedata.category(text[here]) in {"Mn", "Me", "Sk"}
        if not joined and text[here - 1] != "\u200d":
            ends.append(here)
    return ends


def salience(text: str, spans: Sequence[Span]) -> list[float]:
    """How much each sentence has to show: frequent content words, somebody who acts, a length that can be drawn.

    The mean frequency of a sentence's distinct stems is the sentence score of SumBasic (Nenkova and Vanderwende,
    2005) before its re-weighting; the two factors for actors and length are ours.
    """
    stems = [content_stems(text[span.start : span.end]) for span in spans]
    counts = Counter(stem for sentence in stems for stem in set(sentence))
    total = sum(counts.values()) or 1
    scores = []
    for span, sentence in zip(spans, stems, strict=True):
        distinct = set(sentence)
        frequency = sum(counts[stem] for stem in distinct) / (len(distinct) * total) if distinct else 0.0
        acts = any(word in ACTORS for word in words(text[span.start : span.end]))
        length = min(1.0, (span.end - span.start) / 60) * (1.0 if span.end - span.start <= 220 else 0.7)
        scores.append(frequency * (1.5 if acts else 1.0) * length)
    return scores


def choose(text: str, spans: Sequence[Span], most: int) -> list[int]:
    """The indices of at most ``most`` sentences, spread over the whole text, the most salient of each stretch."""
    if len(spans) <= most:
        return list(range(len(spans)))
    scores = salience(text, spans)
    last_end = spans[-1].end
    chosen: dict[int, int] = {}
    for index, span in enumerate(spans):
        stretch = min(most - 1, span.start * most // last_end)
        best = chosen.get(stretch)
        if best is None or scores[index] > scores[best]:
            chosen[stretch] = index
    # Where long sentences left a stretch empty, the best of the rest step in.
    picked = set(chosen.values())
    rest = sorted((index for index in range(len(spans)) if index not in picked), key=lambda index: -scores[index])
    return sorted(picked | set(rest[: most - len(picked)]))
