"""The six checks that come with the house. Each takes its parameters once and gives the function that looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quality.likeness import first_alike, items_at
from quality.pictures import picture_fault
from quality.refusals import refusal_in
from quality.schemas import SchemaCache, mismatch
from quality.subject import parse_json

if TYPE_CHECKING:
    from quality.checks import Probe
    from quality.subject import Subject


def not_empty() -> Probe:
    """Something of the kind that was asked for is there: text, a picture, a vector for each input."""
    return _emptiness


def _emptiness(subject: Subject) -> str:
    return "there is nothing in it" if subject.is_empty else ""


def not_refusal() -> Probe:
    """The text does not open with a refusal, in many languages. Stories may hold refusals further on."""
    return _refusal


def _refusal(subject: Subject) -> str:
    refusal = refusal_in(subject.text) if subject.text else ""
    return f"it opens like a refusal: {refusal[:80]!r}" if refusal else ""


@dataclass(frozen=True, slots=True)
class MatchesSchema:
    """The text is JSON and valid against the request's schema; where the request has none, it is JSON."""

    schemas: SchemaCache

    def __call__(self) -> Probe:
        """The function that looks."""
        return self.fault

    def fault(self, subject: Subject) -> str:
        """What is wrong, empty where nothing is."""
        data = subject.data
        if data is None:
            try:
                data = parse_json(subject.text)
            except ValueError as error:
                return f"it is not JSON: {error}"[:200]
        schema = subject.request.schema
        return "" if schema is None else mismatch(self.schemas.validator(schema), data)


@dataclass(frozen=True, slots=True)
class _Length:
    minimum: int
    maximum: int | None

    def __call__(self, subject: Subject) -> str:
        characters = len(subject.text.strip()) if subject.text else 0
        if characters < self.minimum:
            return f"it has {characters} characters, fewer than {self.minimum}"
        if self.maximum is not None and characters > self.maximum:
            return f"it has {characters} characters, more than {self.maximum}"
        return ""


def length(minimum: str, maximum: str = "") -> Probe:
    """The text has at least and at most so many characters, white space around it not counted.

    Raises:
        ValueError: the bounds are no whole numbers from 0 up, or the wrong way round.
    """
    least, most = int(minimum or 0), int(maximum) if maximum else None
    if least < 0 or (most is not None and most < least):
        raise ValueError("the bounds are the wrong way round")
    return _Length(least, most)


@dataclass(frozen=True, slots=True)
class _Distinct:
    path: str

    def __call__(self, subject: Subject) -> str:
        data = subject.data
        if data is None:
            try:
                data = parse_json(subject.text)
            except ValueError:
                return "it is not JSON, so it has no items"
        items = items_at(data, self.path)
        if items is None:
            return f"there is no list at {self.path or 'the top'!r}"
        alike = first_alike(items)
        return "" if alike is None else f"items {alike[0] + 1} and {alike[1] + 1} at {self.path!r} are alike"


def distinct_items(path: str = "") -> Probe:
    """No two items of the list at ``path`` are alike: case, punctuation, white space and numbering aside."""
    return _Distinct(path)


def is_picture() -> Probe:
    """There is media, and all of it decodes as its type says, in the size asked for, not one flat colour."""
    return _pictures


def _pictures(subject: Subject) -> str:
    params = subject.request.params
    if not subject.media:
        return "there is no picture"
    for media in subject.media:
        fault = picture_fault(media, width=params.get("width"), height=params.get("height"))
        if fault:
            return fault
    return ""
