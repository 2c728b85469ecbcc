"""What a frame is to show, read from the request's hints, and from its prompt where hints are missing."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.sketch import vocabulary

if TYPE_CHECKING:
    from registry.words import TaskRequest

MOST_FIGURES = 4
_MOST_THINGS = 6
_CAPTION_CHARACTERS = 400
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_ARABIC_MARKS = re.compile(r"[\u064b-\u0652\u0640]")
_ARABIC_PREFIX = re.compile(r"^(?:وال|بال|ال|و)(?=\w{2})")
_SENTENCE = re.compile(r"(.+?[.!?。！？؟]+)(?:\s|$)", re.DOTALL)  # noqa: RUF001 - the full stops of other scripts


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody who is seen: the ``kind`` says how to draw them, the ``name`` makes them look the same in each frame."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that is drawn. Each field is one of the values in :mod:`blocks.sketch.vocabulary`, or empty."""

    shot: str
    characters: tuple[Character, ...]
    ground: str
    things: tuple[str, ...]
    light: str
    weather: frozenset[str]
    pose: str
    mood: str
    motion: str
    caption: str
    seed: int


def read_scene(request: TaskRequest) -> Scene:
    """The scene that a request describes. The same request gives the same scene, always."""
    hints = request.hints
    place = _text(hints.get("setting")) + " " + _text(hints.get("location"))
    told = f"{place} {request.prompt}"
    words = _words(told)
    seed = _seed(request)
    light = _light(_text(hints.get("time_of_day")), words)
    ground = _first(_words(place), vocabulary.GROUNDS) or _first(words, vocabulary.GROUNDS)
    weather = frozenset(_all(words, vocabulary.WEATHERS))
    characters = _characters(hints.get("characters"), request.prompt)
    things = _all(words, vocabulary.THINGS)
    if ground == "sea" and any(who.kind not in {"whale", "bird"} for who in characters):
        ground = "shore"  # people do not stand on water
    if not light and {"moon", "stars"} & set(things):
        light = "night"
    if not characters and not things and not hints.get("characters"):
        # A thought without a picture in it: somebody under a big sky, and something to look at.
        characters = (Character("somebody", "person"),)
        things = _all(words, vocabulary.IDEAS) or list(
            (("tree", "birds"), ("kite", "birds"), ("bench", "tree"))[seed % 3]
        )
    return Scene(
        shot=_shot(_text(hints.get("shot_type")), request.prompt),
        characters=characters,
        ground=ground or random.Random(seed).choice(("field", "road", "mountains")),  # noqa: S311 - a drawing
        things=tuple(things)[:_MOST_THINGS],
        light=light or ("night" if ground == "space" else "day"),
        weather=weather,
        pose=_first(words, vocabulary.POSES) or "stand",
        mood=_first(words, vocabulary.MOODS),
        motion=_motion(_text(hints.get("camera_motion")) or _text(hints.get("motion")), request.prompt),
        caption=_caption(hints, request.prompt),
        seed=seed,
    )


def _seed(request: TaskRequest) -> int:
    """A number made of everything that the picture depends on: other shots, other lines."""
    hints = sorted((str(key), str(value)) for key, value in request.hints.items())
    content = repr((request.prompt, hints, request.params.get("seed")))
    return int.from_bytes(hashlib.sha256(content.encode("utf-8", "replace")).digest()[:8])


def _text(value: Any) -> str:
    """A hint as text, whatever a language model has put there."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return " ".join(map(_text, value.values()))
    if isinstance(value, Sequence):
        return " ".join(map(_text, value))
    return str(value)


def _words(text: str) -> list[str]:
    lowered = _ARABIC_MARKS.sub("", text.lower())
    words = _WORD.findall(lowered)
    # Arabic writes "and" and "the" as part of the word.
    words += [bare for word in words if (bare := _ARABIC_PREFIX.sub("", word)) != word]
    # Scripts without spaces: every piece of up to three characters may be a word.
    for run in re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]+", lowered):
        words += [run[start : start + size] for size in (3, 2, 1) for start in range(len(run) - size + 1)]
    return words


def _singular(word: str) -> tuple[str, ...]:
    if word.endswith("s") and len(word) > 3:
        return word, word[:-1], word[:-2]
    return (word,)


def _all(words: Iterable[str], meaning: Mapping[str, str]) -> list[str]:
    """What the words stand for, in their order, each once."""
    found = (meaning[form] for word in words for form in _singular(word)[:2] if form in meaning)
    return list(dict.fromkeys(found))


def _first(words: Iterable[str], meaning: Mapping[str, str]) -> str:
    return next(iter(_all(words, meaning)), "")


def _phrase(text: str, phrases: Iterable[tuple[str, str]]) -> str:
    spaced = " " + re.sub(r"[\s_-]+", " ", text.lower()) + " "
    return next((means for phrase, means in phrases if re.search(rf"\b{re.escape(phrase)}\b", spaced)), "")


def _shot(hint: str, prompt: str) -> str:
    return _phrase(hint, vocabulary.SHOT_WORDS) or _phrase(prompt, vocabulary.SHOT_WORDS) or "wide"


def _motion(hint: str, prompt: str) -> str:
    if hint:
        return _phrase(hint, vocabulary.MOTIONS)
    # Only what is said of the camera: "she follows the path" moves no camera.
    camera = " ".join(re.findall(r"camera[^.;]{0,40}|(?:pan|tilt|dolly|zoom|tracking) [^.;]{0,20}", prompt.lower()))
    return _phrase(camera, vocabulary.MOTIONS)


def _light(hint: str, words: list[str]) -> str:
    return _first(_words(hint), vocabulary.LIGHTS) or _first(words, vocabulary.LIGHTS)


def _characters(hint: Any, prompt: str) -> tuple[Character, ...]:
    named: list[Character] = []
    if isinstance(hint, str):
        hint = [part for part in re.split(r"[,;]| and ", hint) if part.strip()]
    if isinstance(hint, Sequence):
        for one in hint:
            name = _text(one.get("name") or one) if isinstance(one, Mapping) else _text(one)
            if name.strip():
                named.append(Character(name.strip(), _kind(name, _text(one), prompt)))
    if not named:
        kinds = _all(_words(prompt), vocabulary.FIGURES)
        # A pronoun stands for somebody who has been named already.
        told = [kind for kind in kinds if kind not in {"man", "woman"}] or kinds
        named = [Character(kind, kind) for kind in (kinds if _names_both(prompt) else told)]
        if re.search(r"\b(?:people|crowd|group|children|friends|family)\b", prompt.lower()):
            named += [Character(f"{named[0].kind} {number}", named[0].kind) for number in (2, 3)]
    return tuple({character.name: character for character in named}.values())[:MOST_FIGURES]


def _names_both(prompt: str) -> bool:
    plain = set(_words(prompt)) - {"he", "she"}
    return any(vocabulary.FIGURES.get(word) in {"man", "woman"} for word in plain)


def _kind(name: str, description: str, prompt: str) -> str:
    """How to draw somebody: by a word in the name, in the description, or where the prompt says what they are."""
    for told in (name, description):
        kind = _kind_in(told)
        if kind:
            return kind
    # "Mara, a young woman", "Mara (a robot)", "Mara is a child"; but not "Mara sees the robot".
    said = re.search(
        rf"\b{re.escape(name)}\s*(?:,|\(|:|is|was)\s*(?:an?|the)\s([^.;,)]{{1,40}})", prompt, re.IGNORECASE
    )
    if said and _kind_in(said.group(1)):
        return _kind_in(said.group(1))
    digest = hashlib.sha256(name.lower().encode("utf-8", "replace")).digest()[0]
    feminine = name.lower().endswith(("a", "e", "ة", "а"))  # noqa: RUF001 - a Cyrillic ending
    return "woman" if feminine or digest < 100 else "man"


def _kind_in(text: str) -> str:
    words = _words(text)
    kind = _first(words, vocabulary.FIGURES)
    if kind in {"man", "woman"} and {"old", "elderly", "aged"} & set(words):
        return f"old {kind}"
    return kind


def _caption(hints: Mapping[str, Any], prompt: str) -> str:
    caption = _text(hints.get("caption"))
    if "caption" not in hints:
        caption = next((sentence for sentence in _sentences(prompt) if not _is_direction(sentence)), prompt)
    caption = " ".join(caption.split())
    return caption if len(caption) <= _CAPTION_CHARACTERS else caption[:_CAPTION_CHARACTERS] + "…"


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE.findall(text.strip() + " ")] or [text]


def _is_direction(sentence: str) -> bool:
    """Whether a sentence says how to film and nothing of what: "Medium shot."."""
    return len(sentence.split()) <= 4 and bool(_phrase(sentence, vocabulary.SHOT_WORDS))
