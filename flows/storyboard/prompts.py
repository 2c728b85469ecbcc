"""The prompts: one short question each, with worked examples as turns of the chat, then the text.

The examples come first and stay the same, so that a server which keeps the beginning of a prompt reads them once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from registry.words import Capability, Message, TaskRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.storyboard.words import Voice
    from registry.words import JsonSchema

PROMPT_VERSION = "storyboard-1"
CHECKS = ("not_empty", "not_refusal", "matches_schema")

Example = tuple[str, "dict[str, Any]"]

GARDENER = (
    "A gardener plants one seed for every letter he never sent. In summer the garden grows so high that the postman "
    "cannot find the door."
)
BROTHERS = (
    "Two brothers share one bicycle. When the younger one learns to ride, the older one starts to walk to school, and "
    "they stop talking. In the end they build a second bicycle from scrap."
)

COUNCIL = (
    "A town council must choose between a car park and an old chestnut tree. The mayor counts votes. A girl counts the "
    "birds in its branches and reads her number aloud."
)
STORIES = (GARDENER, BROTHERS, COUNCIL)

TITLES: tuple[Example, ...] = (
    (f"{GARDENER}\nWords: gardener, postman, letter, garden", {"title": "The Gardener's Letters"}),
    (f"{BROTHERS}\nWords: brothers, bicycle, school", {"title": "Two Brothers and a Bicycle"}),
    (f"{COUNCIL}\nWords: mayor, girl, tree, birds", {"title": "The Girl Who Counted Birds"}),
)


def ends(beginning: str, end: str) -> str:
    """The question about a summary: the first sentence and the last, which a small model can hold in mind."""
    return f"Beginning: {beginning}\nEnd: {end}"


SUMMARIES: tuple[Example, ...] = (
    (
        ends(
            "Anna finds a wounded crow behind the school and hides it in her coat.",
            "In May the crow flies over the school and drops a silver button into her hand.",
        ),
        {"summary": "Anna hides a wounded crow in her coat, and in May it drops a silver button into her hand."},
    ),
    (
        ends(
            "Two brothers share one bicycle and quarrel over it each morning.",
            "They build a second bicycle from scrap and ride to the sea.",
        ),
        {"summary": "Two brothers quarrel over one bicycle, and in the end they build a second and ride to the sea."},
    ),
    (
        ends(
            "A town wants to cut down its last chestnut tree for a car park.",
            "The mayor reads the girl's list of birds aloud and tears up the plan.",
        ),
        {"summary": "A town wants to cut down its last tree, but the mayor reads of its birds and tears up the plan."},
    ),
)
THEMES: tuple[Example, ...] = (
    (GARDENER, {"theme_1": "memory", "theme_2": "nature", "mood": "melancholic"}),
    (BROTHERS, {"theme_1": "family", "theme_2": "learning", "mood": "hopeful"}),
    (COUNCIL, {"theme_1": "justice", "theme_2": "courage", "mood": "tense"}),
)


def _style(medium: str, line: str, light: str, palette: str) -> dict[str, Any]:
    return {"medium": medium, "line": line, "light": light, "palette": palette}


STYLES: tuple[Example, ...] = (
    (GARDENER, _style("gouache", "soft blurred edges", "soft morning light", "muted greens and browns")),
    (BROTHERS, _style("ink and wash", "fine loose lines", "bright daylight", "pale greys with one red accent")),
)
CASTS: tuple[Example, ...] = (
    (GARDENER, {"characters": ["gardener", "postman"]}),
    (BROTHERS, {"characters": ["younger brother", "older brother"]}),
)
KINDS: tuple[Example, ...] = (
    ("Character: postman", {"kind": "person"}),
    ("Character: old donkey", {"kind": "animal"}),
    ("Character: robot", {"kind": "machine"}),
    ("Character: Tante Frieda", {"kind": "person"}),
)
SCENES: tuple[Example, ...] = (
    (
        "Before sunrise the baker carries flour down into the cellar.\nPlaces: cellar",
        {"setting": "a cellar", "time_of_day": "dawn"},
    ),
    (
        "They meet at the bridge and count the trains.\nPlaces: bridge, trains",
        {"setting": "at the bridge", "time_of_day": "day"},
    ),
    (
        "When the last guests have gone, she dances.\nPlaces: ballroom",
        {"setting": "the ballroom", "time_of_day": "night"},
    ),
)


def moment(text: str, seen: Sequence[str], shot_type: str, camera_motion: str) -> str:
    """The question about one shot."""
    lines = [f"Moment: {text}"]
    if seen:
        lines.append(f"Seen: {', '.join(seen)}")
    return "\n".join([*lines, f"Camera: {shot_type}, {camera_motion}"])


def _shot(text: str, seen: Sequence[str], shot_type: str, camera_motion: str, description: str) -> Example:
    answer = {"focus": seen[0], "description": description, "shot_type": shot_type, "camera_motion": camera_motion}
    return moment(text, seen, shot_type, camera_motion), answer


# The descriptions keep the words of their moments: that is what small models are to learn from them.
SHOTS: tuple[Example, ...] = (
    _shot(
        "His kite falls into the river, and Tom jumps in after it.",
        ("Tom", "kite", "river"), "medium", "follow",
        "Tom jumps into the river after his kite.",
    ),
    _shot(
        "In autumn the baker and the goat walk home through the fog while the bells ring.",
        ("baker", "goat", "fog", "bells"), "wide", "pan right",
        "The baker and the goat walk home through the autumn fog while bells ring.",
    ),
    _shot(
        "Anna cannot read, so the fox holds the letter up to the window and waits.",
        ("fox", "Anna", "letter", "window"), "close-up", "push in",
        "The fox holds a letter up to the window and waits beside Anna.",
    ),
)  # fmt: skip

_LATIN_CHARACTERS_A_TOKEN = 2.5
_FORM_TOKENS = 48


def request(
    stage: str,
    item: str,
    system: str,
    examples: Sequence[Example],
    question: str,
    schema: JsonSchema,
    params: Mapping[str, Any],
    *,
    voice: Voice,
    reason: str = "",
    checks: tuple[str, ...] = CHECKS,
) -> TaskRequest:
    """A request for one JSON answer: system sentence, examples as turns, the question under the last complaint."""
    turns = [Message("system", system if voice.english else f"{system} {_language(voice)}")]
    for asked, answer in examples:
        turns += [Message("user", asked), Message("assistant", json.dumps(answer, ensure_ascii=False))]
    turns.append(Message("user", f"Note: {reason}\n{question}" if reason else question))
    return TaskRequest(
        capability=Capability.TEXT,
        messages=tuple(turns),
        schema=schema,
        params={**params, "max_output_tokens": output_tokens(schema, voice)},
        checks=checks,
        stage=stage,
        item=item,
        prompt_version=PROMPT_VERSION,
    )


def _language(voice: Voice) -> str:
    return f"Answer in {voice.language or 'the language of the text'}."


def output_tokens(schema: JsonSchema, voice: Voice) -> int:
    """Tokens enough for the longest answer that a schema allows: its strings, and its form around them.

    Two and a half Latin characters a token is a careful guess; small models spend one and a half tokens on a
    character of other scripts.
    """
    longest = sum(_longest(part) for part in schema["properties"].values())
    latin = voice.english or voice.script in {"LATIN", ""}
    return _FORM_TOKENS + round(longest / _LATIN_CHARACTERS_A_TOKEN if latin else longest * 1.5)


def _longest(schema: Mapping[str, Any]) -> int:
    if "enum" in schema:
        return max(map(len, schema["enum"]), default=0)
    if schema["type"] == "array":
        return int(schema["maxItems"]) * (_longest(schema["items"]) + 4)
    return int(schema["maxLength"])
