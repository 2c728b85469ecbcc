"""Checks of one answer against the text it was asked about: whole, not repeating itself, grounded, about these people.

Each check returns nothing or raises :class:`flows.errors.AnswerRejected` with a sentence that the model is told.
They compare words, not meaning: they catch what small models do wrong, and let good answers of any model through.
"""

# ruff: noqa: RUF001 - punctuation of several scripts, meant as they are

from __future__ import annotations

import re
from collections import Counter
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING

from flows.errors import AnswerRejected
from flows.storyboard.lexicon import ACTORS, FUNCTION_WORDS, PLACES, THINGS
from flows.storyboard.script import content_stems, script_of, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flows.storyboard.words import Voice

_SENTENCE_ENDS = ".!?…。！？؟۔।"
_CLOSERS = "\"'»”’)]」』"
_LEAST_STEMS = 4
_MOST_NOVEL = 0.4
_MOST_NOVEL_OF_LITTLE = 0.8
_SAME = 0.8
_DRAWABLE = ACTORS | PLACES | THINGS
_NOT_SEEN = frozenset(
    {
        "symbol",
        "symbolizes",
        "metaphor",
        "represents",
        "reflection",
        "camera",
        "picture",
        "shot",
        "scene",
        "story",
        "example",
    }
)


def tidy(text: str) -> str:
    """An answer on one line, without the white space and quotation marks around it."""
    text = " ".join(text.split())
    if len(text) > 1 and text[0] in "\"“«'" and text[-1] in "\"”»'":
        text = text[1:-1].strip()
    return text


def whole(text: str, most: int) -> str:
    """A text that ends with its sentence: what was cut by the length limit loses its torn end.

    Raises:
        AnswerRejected: no whole sentence would be left.
    """
    if text.rstrip(_CLOSERS)[-1:] in _SENTENCE_ENDS and text:
        return text
    ends = [match.end() for match in re.finditer(rf"[{re.escape(_SENTENCE_ENDS)}](?=\s|$)", text)]
    if ends:
        return text[: ends[-1]]
    if not text or len(text) >= most - 2:
        raise AnswerRejected("it was too long and broke off. Write one short sentence.")
    return text if script_of(text) != "LATIN" else text.rstrip(",;: ") + "."


def in_script(text: str, voice: Voice) -> None:
    """An answer is written in the script of the thought.

    Raises:
        AnswerRejected: it is not; finally so, since the same model will not learn a script by being asked again.
    """
    found = script_of(text)
    if voice.script and found != voice.script:
        raise AnswerRejected("it is not in the language of the text.", final=True)


def not_repeating(text: str, source: str) -> None:
    """An answer does not go round in circles: no three words twice, no word of weight again that the source has once.

    Raises:
        AnswerRejected: it does.
    """
    spoken = words(text)
    trigrams = Counter(zip(spoken, spoken[1:], spoken[2:], strict=False))
    if trigrams and max(trigrams.values()) > 1:
        raise AnswerRejected("it repeats itself. Say each thing once.")
    stems = content_stems(text)
    pairs = Counter(pairwise(stems))
    if pairs and (max(pairs.values()) > 1 or any(one == other for one, other in pairs)):
        raise AnswerRejected("it names the same thing twice. Say each thing once.")
    counts = Counter(stems)
    known = Counter(content_stems(source))
    for found, count in counts.items():
        if count > max(1, known[found]):
            raise AnswerRejected(f'it says "{found}" {count} times. Say each thing once.')
    if re.search(r"\b(\w+)\W+\1\b", text.lower()):
        raise AnswerRejected("it says a word twice in a row.")


def grounded(text: str, source: str, voice: Voice, *, also: Iterable[str] = (), least: int = 3) -> None:
    """An answer speaks of what the source speaks of; ``also`` are further words that it may use freely.

    At least ``least`` of the source's words come back (half of them where it has few), and not too many come from
    nowhere.

    Raises:
        AnswerRejected: it does not.
    """
    said = set(content_stems(text))
    known = set(content_stems(source))
    if not known:
        return
    if len(said & known) < min(least, (len(known) + 1) // 2):
        raise AnswerRejected("it is about something else. Use the words of the text.")
    if not voice.english:
        return
    novel = said - known - {found for words_ in also for found in content_stems(words_)}
    most = _MOST_NOVEL if len(known) >= _LEAST_STEMS else _MOST_NOVEL_OF_LITTLE
    if len(novel) > most * len(said):
        raise AnswerRejected("it adds things that are not in the text. Use the words of the text.")


def free_of(text: str, source: str, examples: Iterable[str]) -> None:
    """An answer takes nothing from the worked examples that the model was shown.

    Raises:
        AnswerRejected: it does.
    """
    known, said = set(content_stems(source)), set(content_stems(text))
    for example in examples:
        # Names and things give a leak away; verbs such as "holds" are everybody's.
        telling = {
            stem(word.lower())
            for word in re.findall(r"[^\W\d_]+", example)
            if word.lower() in _DRAWABLE or (word[0].isupper() and word.lower() not in FUNCTION_WORDS)
        }
        leaked = (telling & said) - known
        if leaked:
            raise AnswerRejected(f'it speaks of "{min(leaked)}", which is not in the text.')


def nobody_new(text: str, source: str, names: Sequence[str]) -> None:
    """An answer brings in no person, animal or name that is not there.

    Raises:
        AnswerRejected: it does.
    """
    known = {stem(word) for word in words(source)} | {stem(word) for name in names for word in words(name)}
    for word in words(text):
        if word in ACTORS and stem(word) not in known:
            raise AnswerRejected(f'there is no "{word}" in the text.')
    for match in re.finditer(r"(?:^|(?<=[a-z,] ))[A-Z][^\W\d_]+", text):
        name = match.group()
        opens = match.start() == 0
        # A sentence may open with any word, but not with a name spelt wrongly.
        misspelt = get_close_matches(name, [part for other in names for part in other.split() if part[0].isupper()])
        if stem(name.lower()) not in known and (misspelt or not opens):
            raise AnswerRejected(f'there is no "{name}" in the text.')


def shows(text: str, moment: str) -> None:
    """A description says what is seen, and not what it means or how it is filmed.

    Raises:
        AnswerRejected: it does not.
    """
    said = set(words(text)) - set(words(moment))
    if not _NOT_SEEN.isdisjoint(said):
        raise AnswerRejected(f'"{min(_NOT_SEEN & said)}" cannot be seen. Say only what is seen.')


def names_who(text: str, moment: str, characters: Sequence[str]) -> None:
    """A description begins with who acts, by name, and does not swap who does what.

    Raises:
        AnswerRejected: it begins with a pronoun, or with another character than the moment does.
    """
    spoken = words(text)
    if spoken and spoken[0] in {"she", "he", "it", "they", "her", "his"}:
        raise AnswerRejected("it does not say who acts. Write the name instead of a pronoun.")
    for name in characters:
        apposed = re.search(rf"\b(\w+), (?:the )?{re.escape(name)},", text)
        if apposed and apposed.group(1) in PLACES | THINGS:
            raise AnswerRejected(f'"{name}" is not a {apposed.group(1)}.')
    # Whoever comes first in a clause acts in it; a picture may show any one clause of the moment.
    acting = {_first(clause, characters) for clause in re.split(r"[,;:]", moment)} - {""}
    found = _first(text, characters)
    if acting and found and found not in acting:
        raise AnswerRejected(f'begin with "{min(acting)}", who acts here.')


def _first(text: str, characters: Sequence[str]) -> str:
    """The character that is named first in a text."""
    spoken = [stem(word) for word in words(text)]
    places = {}
    for name in characters:
        head = stem(words(name)[-1])
        if head in spoken:
            places[name] = spoken.index(head)
    return min(places, key=lambda name: places[name], default="")


def alike(one: str, other: str) -> bool:
    """Whether two texts say the same: equal but for case and punctuation, or nearly all words in common.

    The measure is the Jaccard index of their content stems, at least 0.8.
    """
    if words(one) == words(other):
        return bool(words(one)) or one.strip() == other.strip()
    first, second = set(content_stems(one)), set(content_stems(other))
    return bool(first | second) and len(first & second) / len(first | second) >= _SAME


def copies(text: str, source: str) -> bool:
    """Whether an answer is nothing but the source again."""
    return content_stems(text) == content_stems(source)
