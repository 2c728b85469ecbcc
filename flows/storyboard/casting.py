"""Who acts in a thought, as far as words alone can tell: names, actors, mentions, pronouns. No model is asked."""

# ruff: noqa: RUF001 - quotation marks, meant as they are

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from flows.storyboard.lexicon import (
    ABSTRACT,
    ACTORS,
    CALENDAR,
    CREATURES,
    FUNCTION_WORDS,
    MEN,
    PEOPLE,
    PLACES,
    THINGS,
    WOMEN,
)
from flows.storyboard.script import UNSPACED, WORD, stem, words
from flows.storyboard.segments import sentences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.storyboard.words import Thought

MAX_CHARACTERS = 4
MAX_CANDIDATES = 24
_INTO = ("in", "at", "near", "from", "to")
_NEAR_CHARACTERS = 20
_UNSPACED_NAME_CHARACTERS = 5

_DETERMINERS = r"(?:an?|the|this|that|his|her|its|their|my|our|your|one|two|three|four|old|young|little|small)"
_NAME = re.compile(r"\b(?:(?:Mr|Mrs|Ms|Dr|Miss|Captain|Saint)\.?\s+)?[A-Z][^\W\d_]+(?:\s+[A-Z][^\W\d_]+)?")
_NO_IT = frozenset({"is", "was", "rains", "rained", "snows", "snowed", "seems", "seemed", "had", "has", "takes", "'s"})
_PRONOUN = re.compile(r"\b(she|he|it|they)\b(?=\s+([a-z']+))|(?<=[a-z] )(it)\b", re.IGNORECASE)


def candidates(thought: Thought) -> list[str]:
    """The characters that a text names, most often named first: people's names, and known actors with an adjective.

    At most :data:`MAX_CANDIDATES`: a novel has hundreds, and each is looked for in the whole text.
    """
    if not thought.voice.english:
        return []
    found = _names(thought)
    found.update(_actors(thought.text))
    by_head: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name, count in found.items():
        head = stem(name.split()[-1].lower())
        counts[head] += count
        # The fuller form says more ("old woman"), and one head is one character.
        if len(name) > len(by_head.get(head, "")):
            by_head[head] = name
    named = (by_head[head] for head, _ in counts.most_common() if not _has_name(by_head[head], thought.text))
    return list(islice(named, MAX_CANDIDATES))


def _has_name(actor: str, text: str) -> bool:
    """Whether an actor is given a name: "a girl named Lin" is one character, and her name says more."""
    return re.search(rf"\b{re.escape(actor.rsplit(maxsplit=1)[-1])},? (?:named|called) [A-Z]", text) is not None


def _names(thought: Thought) -> Counter[str]:
    """Capitalised words within sentences; those that a sentence begins with count only if they are seen elsewhere."""
    inside: Counter[str] = Counter()
    opening: Counter[str] = Counter()
    for span in sentences(thought.text):
        sentence = thought.cut(span)
        for match in _NAME.finditer(sentence):
            name = match.group()
            if not FUNCTION_WORDS.isdisjoint(name.lower().split()) or not CALENDAR.isdisjoint(name.lower().split()):
                continue
            quoted = sentence[: match.start()].rstrip()[-1:] in {'"', "“", "‘", ":"}
            (opening if match.start() == 0 or quoted else inside)[name] += 1
    forms = _forms(thought.text)
    kept = inside + Counter(
        {
            name: count
            for name, count in opening.items()
            if name in inside or _acts_at_opening(name, thought.text, forms)
        }
    )
    return Counter(
        {
            name: count
            for name, count in kept.items()
            if name.lower() not in PLACES | THINGS | ABSTRACT and not _is_place(name, thought.text)
        }
    )


def _forms(text: str) -> dict[str, set[str]]:
    """The ways in which each word is written, by its lower-cased form."""
    forms: dict[str, set[str]] = {}
    for match in WORD.finditer(text):
        forms.setdefault(match.group().lower(), set()).add(match.group())
    return forms


def _acts_at_opening(name: str, text: str, forms: Mapping[str, set[str]]) -> bool:
    """Whether a capitalised opening word is a name: never written small, and not alone in the text as a noun."""
    return forms.get(name.lower(), set()) <= {name} and text.count(name) > 1


def _is_place(name: str, text: str) -> bool:
    """Whether a name stands behind *in*, *at*, *near*, *from* or *to* wherever it stands."""
    first = text.find(name)
    if text[max(0, first - _NEAR_CHARACTERS) : first].rstrip().endswith(_INTO):
        places = re.findall(rf"\b(?:{'|'.join(_INTO)})\s+{re.escape(name)}\b", text)
        return len(places) == text.count(name)
    return False


def _actors(text: str) -> list[str]:
    found = []
    tokens = [match.group().lower() for match in re.finditer(r"[^\W\d_]+(?:-[^\W\d_]+)*|[.,;:!?]", text)]
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else ""
        if token not in ACTORS or (before, token) == ("in", "person"):
            continue
        adjective = (
            before.isalpha()
            and before not in FUNCTION_WORDS
            and index >= 2
            and re.fullmatch(_DETERMINERS, tokens[index - 2])
        )
        found.append(f"{before} {token}" if adjective or before in {"old", "young", "little", "small"} else token)
    return found


def stands_in(name: str, text: str) -> bool:
    """Whether every word of a name stands in a text, as a word or in another form of it."""
    stems = {stem(word) for word in words(text)}
    parts = [stem(word) for word in words(name)]
    return bool(parts) and all(part in stems for part in parts)


def can_act(name: str, thought: Thought) -> bool:
    """Whether a name that a model gave may be a character: in the text, short, and no place or thing."""
    parts = words(name)
    if not parts or len(name.split()) > 4 or not stands_in(name, thought.text):
        return False
    if not thought.voice.english:
        return thought.voice.script not in UNSPACED or len(name) <= _UNSPACED_NAME_CHARACTERS
    head = parts[-1]
    if head in PLACES | THINGS | ABSTRACT | FUNCTION_WORDS:
        return False
    if head in ACTORS or name[:1].isupper():
        return not _has_name(name, thought.text)
    # A noun follows an article somewhere; "laughs" does not.
    noun = re.search(rf"\b{_DETERMINERS}\s+(?:[\w-]+\s+)?{re.escape(head)}\b", thought.text, re.IGNORECASE)
    return noun is not None


def mentioned(text: str, names: Sequence[str]) -> list[str]:
    """Those of ``names`` whose last word stands in a text, in the order of ``names``."""
    stems = {stem(word) for word in words(text)}
    return [name for name in names if words(name) and stem(words(name)[-1]) in stems]


def _pronoun_of(name: str, thought: Thought) -> str:
    """*she*, *he* or *it* for a character; empty where the text does not settle it."""
    head = words(name)[-1]
    if head in CREATURES:
        return "it"
    if head in WOMEN:
        return "she"
    if head in MEN:
        return "he"
    spoken = set(words(thought.text))
    if head in PEOPLE or name[:1].isupper():
        she, he = "she" in spoken, "he" in spoken
        if she != he:
            return "she" if she else "he"
    return ""


def is_group(name: str) -> bool:
    """Whether a name stands for several: *people*, *managers*."""
    head = words(name)[-1]
    several = head.endswith("s") and head.removesuffix("s") in ACTORS
    return several or head in {
        "people",
        "children",
        "men",
        "women",
        "crowd",
        "crowds",
        "family",
        "team",
        "fish",
        "mice",
    }


def with_article(name: str) -> str:
    """A name as it stands in a sentence: *Amira*, but *the small robot*."""
    return name if name[:1].isupper() else f"the {name}"


def resolve(sentence: str, before: Sequence[str], thought: Thought) -> str:
    """A sentence with *she*, *he*, *it* and *they* replaced by names, where only one reading is possible.

    ``before`` are the characters seen so far. Where two women were seen, *she* stays *she*: a wrong name is worse
    than a pronoun. English only.
    """
    if not thought.voice.english or not before:
        return sentence
    here = mentioned(sentence, before)
    readings = {
        pronoun: [name for name in before if _pronoun_of(name, thought) == pronoun and name not in here]
        for pronoun in ("she", "he", "it")
    }
    readings["they"] = [" and ".join(map(with_article, before))] if len(before) == 2 and not here else []
    done: set[str] = set()

    def put(match: re.Match[str]) -> str:
        found = match.group()
        pronoun = found.lower()
        known = readings[pronoun]
        nouns_before = re.search(r"\b(?:the|an?|its|this|that)\s+\w+", sentence[: match.start()], re.IGNORECASE)
        vague = pronoun == "it" and (nouns_before or (match.group(2) or "") in _NO_IT)
        if len(known) != 1 or pronoun in done or vague:
            return found
        done.add(pronoun)
        name = known[0] if pronoun == "they" else with_article(known[0])
        return name[0].upper() + name[1:] if found[0].isupper() else name

    return _PRONOUN.sub(put, sentence)
