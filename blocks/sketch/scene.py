"""What a frame is to show, read from the request's hints, and from its prompt where hints are missing."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.sketch import vocabulary
from blocks.sketch.figures import Character, is_crowd, read_figures
from blocks.sketch.reading import (
    absent,
    all_of,
    first_of,
    phrase_of,
    sentences_of,
    text_of,
    without_labels,
    without_shots,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry.words import TaskRequest

_MOST_THINGS = 6
_CAPTION_CHARACTERS = 400
_SWIMMERS = frozenset({"whale", "fish", "turtle"})
_FLYERS = frozenset({"bird", "owl", "butterfly", "bee"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that is drawn. Each field is one of the values in :mod:`blocks.sketch.vocabulary`, or empty.

    ``crowd`` says that many more people stand behind those who are named.
    """

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
    crowd: bool = False


def read_scene(request: TaskRequest) -> Scene:
    """The scene that a request describes. The same request gives the same scene, always."""
    hints = request.hints
    place = f"{text_of(hints.get('setting'))} {text_of(hints.get('location'))}"
    prompt = without_labels(request.prompt)
    seen = without_shots(prompt)
    # The caption is the story's own sentence: it tells of weather and place what a description may leave out.
    told = f"{place} {seen} {text_of(hints.get('caption'))}"
    words = words_of(f"{place} {seen}")
    seed = _seed(request)
    characters = read_figures(hints.get("characters"), seen)
    ground = _ground(place, told, characters)
    things = _things(all_of(words, vocabulary.THINGS), ground)
    light = _light(text_of(hints.get("time_of_day")), words)
    if not light and {"moon", "stars"} & set(things):
        light = "night"
    crowd = is_crowd(seen)
    if not characters and not things and not ground and not hints.get("characters"):
        # A thought without a picture in it: somebody under a big sky, and something to look at.
        characters = (Character("somebody", "person"),)
        things = all_of(words, vocabulary.IDEAS) or list(
            (("tree", "birds"), ("kite", "birds"), ("bench", "tree"))[seed % 3]
        )
    return Scene(
        shot=_shot(text_of(hints.get("shot_type")), prompt),
        characters=characters,
        ground=ground or _any_ground(place, seed),
        things=tuple(things)[:_MOST_THINGS],
        light=light or ("night" if ground == "space" else "day"),
        weather=_weather(told),
        pose=first_of(words, vocabulary.POSES) or "stand",
        mood=first_of(words, vocabulary.MOODS),
        motion=_motion(text_of(hints.get("camera_motion")) or text_of(hints.get("motion")), prompt),
        caption=_caption(hints, prompt),
        seed=seed,
        crowd=crowd,
    )


def _seed(request: TaskRequest) -> int:
    """A number made of everything that the picture depends on: other shots, other lines."""
    hints = sorted((str(key), str(value)) for key, value in request.hints.items())
    content = repr((request.prompt, hints, request.params.get("seed")))
    return _number(content)


def _number(content: str) -> int:
    return int.from_bytes(hashlib.sha256(content.encode("utf-8", "replace")).digest()[:8])


def _ground(place: str, told: str, characters: tuple[Character, ...]) -> str:
    """What is underfoot: what is said first; where nothing is said, what the things there make likely."""
    words = words_of(told)
    ground = first_of(words_of(place), vocabulary.GROUNDS) or first_of(words, vocabulary.GROUNDS)
    ground = ground or first_of(words, vocabulary.LIKELY_GROUNDS)
    if ground == "space" and {"inside", "interior", "indoors", "aboard", "cockpit", "cabin"} & set(words):
        return "room"
    if ground == "sea" and any(who.kind not in _SWIMMERS | _FLYERS for who in characters):
        return "shore"  # people do not stand on water
    if ground != "sea" and any(who.kind == "whale" for who in characters):
        return "sea"
    return ground


def _any_ground(place: str, seed: int) -> str:
    """Some ground where nothing tells which: the same in all shots of the same place."""
    pick = random.Random(_number(place) if place.strip() else seed)  # noqa: S311 - a drawing
    return pick.choice(("field", "road", "mountains"))


def _things(things: list[str], ground: str) -> list[str]:
    """The things without the parts of others: a lighthouse has its stairs and its lamp within."""
    if ground == "room":
        return things
    within = {part for thing in things for part in vocabulary.PARTS.get(thing, ())}
    return [thing for thing in things if thing not in within]


def _weather(told: str) -> frozenset[str]:
    missing = absent(told)
    return frozenset(all_of((word for word in words_of(told) if word not in missing), vocabulary.WEATHERS))


def _shot(hint: str, prompt: str) -> str:
    return phrase_of(hint, vocabulary.SHOT_WORDS) or phrase_of(prompt, vocabulary.SHOT_WORDS) or "wide"


def _motion(hint: str, prompt: str) -> str:
    if hint:
        return phrase_of(hint, vocabulary.MOTIONS)
    # Only what is said of the camera: "she follows the path" moves no camera.
    camera = " ".join(re.findall(r"camera[^.;]{0,40}|(?:pan|tilt|dolly|zoom|tracking) [^.;]{0,20}", prompt.lower()))
    return phrase_of(camera, vocabulary.MOTIONS)


def _light(hint: str, words: list[str]) -> str:
    return first_of(words_of(hint), vocabulary.LIGHTS) or first_of(words, vocabulary.LIGHTS)


def _caption(hints: Mapping[str, Any], prompt: str) -> str:
    caption = text_of(hints.get("caption"))
    if "caption" not in hints:
        caption = next((sentence for sentence in sentences_of(prompt) if not _is_direction(sentence)), prompt)
    caption = " ".join(caption.split())
    return caption if len(caption) <= _CAPTION_CHARACTERS else caption[:_CAPTION_CHARACTERS] + "…"


def _is_direction(sentence: str) -> bool:
    """Whether a sentence says how to film and nothing of what: "Medium shot."."""
    return len(sentence.split()) <= 4 and bool(phrase_of(sentence, vocabulary.SHOT_WORDS))
