"""The JSON schemas of the answers: closed objects, short strings, enums wherever a list can be closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.storyboard.looks import Kind
from flows.storyboard.vocabulary import (
    LINES,
    MEDIA,
    MOODS,
    PALETTES,
    CameraMotion,
    ShotType,
    TimeOfDay,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from registry.words import JsonSchema

TITLE_CHARACTERS = 60
SUMMARY_CHARACTERS = 260
NAME_CHARACTERS = 40
SETTING_CHARACTERS = 50
DESCRIPTION_CHARACTERS = 180


def _object(**properties: Any) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(least: int, most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most}


def _one_of(values: Iterable[str]) -> dict[str, Any]:
    return {"type": "string", "enum": [str(value) for value in values]}


def _list(items: dict[str, Any], least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


TITLE = _object(title=_text(2, TITLE_CHARACTERS))
SUMMARY = _object(summary=_text(10, SUMMARY_CHARACTERS))
CAST = _object(characters=_list(_text(2, NAME_CHARACTERS), 0, 4))
KIND = _object(kind=_one_of(Kind))
SCENE = _object(setting=_text(2, SETTING_CHARACTERS), time_of_day=_one_of(TimeOfDay))


def themes(possible: Sequence[Sequence[str]]) -> JsonSchema:
    """The answer about themes, one from each list, and the mood, which comes last so that it follows from them."""
    return _object(
        **{f"theme_{number}": _one_of(themes_) for number, themes_ in enumerate(possible, 1)}, mood=_one_of(MOODS)
    )


def looks(offered: Mapping[str, Sequence[str]]) -> JsonSchema:
    """The answer about a character's looks: one value from each list offered."""
    return _object(**{part: _one_of(values) for part, values in offered.items()})


def style(lights: Sequence[str]) -> JsonSchema:
    """The answer about the style, with the ``lights`` that fit the thought."""
    return _object(medium=_one_of(MEDIA), line=_one_of(LINES), light=_one_of(lights), palette=_one_of(PALETTES))


def shot(focus: Sequence[str]) -> JsonSchema:
    """The answer about one shot. Naming its ``focus`` first, from a closed list, keeps small models to the point."""
    answer = {
        "description": _text(8, DESCRIPTION_CHARACTERS),
        "shot_type": _one_of(ShotType),
        "camera_motion": _one_of(CameraMotion),
    }
    return _object(**({"focus": _one_of(focus), **answer} if focus else answer))
