"""The values that pass between the stages: frozen, and the same again after a trip through JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from flows.storyboard.vocabulary import CameraMotion, Direction, Origin, ShotType, TimeOfDay


class Word(BaseModel):
    """A frozen value; ``model_dump(mode="json")`` and ``model_validate`` are each other's inverse."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Credit(Word):
    """Where one field (or a few that were asked for together) comes from.

    ``origin`` of ``source`` means that no answer could be used and the field was taken from the thought itself;
    ``reason`` then says why. ``tries`` counts the answers asked for; 0 means that no model was needed.
    """

    field: str
    origin: Origin
    offering: str = ""
    task_id: int = 0
    tries: int = 0
    reason: str = ""


class Credited(Word):
    """A value that bears the credits of its fields."""

    credits: tuple[Credit, ...] = ()

    @property
    def origin(self) -> Origin:
        """``model`` where a model wrote any part of it."""
        return "model" if any(credit.origin == "model" for credit in self.credits) else "source"

    @property
    def offering(self) -> str:
        """Who wrote it, as ``service/model``; empty where it comes from the source."""
        return next((credit.offering for credit in self.credits if credit.origin == "model"), "")

    def origin_of(self, field: str) -> Origin:
        """Where one field comes from."""
        return next((credit.origin for credit in self.credits if credit.field == field), "source")


class Span(Word):
    """A stretch of the thought, as character offsets; ``paragraph`` counts from 0."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    paragraph: int = Field(default=0, ge=0)


class Voice(Word):
    """How a text is written: its script as Unicode names it, its direction, and its language where that is known."""

    script: str
    direction: Direction
    english: bool
    language: str = ""


class Thought(Word):
    """The text that a storyboard is made of, verbatim, and how it is written."""

    text: str
    voice: Voice

    def cut(self, span: Span) -> str:
        """The verbatim text of a span."""
        return self.text[span.start : span.end]


class Analysis(Credited):
    """What the thought is about."""

    title: str
    summary: str
    themes: tuple[str, ...]
    mood: str


class Style(Credited):
    """One phrase, which goes word for word into every picture prompt."""

    phrase: str


class Cast(Credited):
    """The names of those who act, as they stand in the thought."""

    names: tuple[str, ...]


class Character(Credited):
    """Somebody who acts in the thought, and the looks that stay the same in every picture."""

    name: str
    looks: str


class SceneBrief(Word):
    """What the plan knows of a scene before a model is asked."""

    scene_id: str
    order: int = Field(ge=1)
    source_text: str
    extract: str
    time_of_day: TimeOfDay | None = None
    places: tuple[str, ...] = ()


class Scene(Credited):
    """A stretch of the thought in one place and time. ``source_text`` is verbatim."""

    scene_id: str
    order: int = Field(ge=1)
    source_text: str
    setting: str
    time_of_day: TimeOfDay


class ShotBrief(Word):
    """What the plan knows of a shot before a model is asked.

    ``source_text`` is verbatim; ``moment`` is the same for a model to read, with pronouns resolved where that is
    safe and emoji named. ``seen`` are the words of the text that can be drawn. ``variant`` counts the shots that
    are made of the same source text.
    """

    shot_id: str
    number: int = Field(ge=1)
    scene_id: str
    source_text: str
    moment: str
    seen: tuple[str, ...] = ()
    characters: tuple[str, ...] = ()
    shot_type: ShotType
    camera_motion: CameraMotion
    variant: int = Field(default=0, ge=0)


class Plan(Word):
    """The scenes and shots that a thought is to become."""

    scenes: tuple[SceneBrief, ...]
    shots: tuple[ShotBrief, ...]


class Shot(Credited):
    """One picture to be: what it shows, and how the camera sees it."""

    shot_id: str
    number: int = Field(ge=1)
    scene_id: str
    source_text: str
    description: str
    shot_type: ShotType
    camera_motion: CameraMotion
    characters: tuple[str, ...] = ()


class Panel(Word):
    """The picture of a shot: which file (by SHA-256, in hex), and who drew it."""

    shot_id: str
    digest: str
    media_type: str
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    offering: str
    task_id: int
    latency_ms: float
    cost_nanousd: int


class DecisionRow(Word):
    """One decision as the page tells it; ``runners_up`` are sentences such as ``openai/gpt: no credential``."""

    stage: str
    item: str
    offering: str
    runners_up: tuple[str, ...] = ()
    latency_ms: float
    cost_nanousd: int
    score: float | None = None


class Tally(Word):
    """How much of a storyboard models wrote, counted over its shots and over all credited fields."""

    shots: int
    shots_by_model: int
    fields: int
    fields_by_model: int


class Storyboard(Word):
    """A whole storyboard, without the pictures' bytes."""

    thought: Thought
    analysis: Analysis
    style: Style
    characters: tuple[Character, ...]
    scenes: tuple[Scene, ...]
    shots: tuple[Shot, ...]
    panels: tuple[Panel, ...]
    decisions: tuple[DecisionRow, ...] = ()

    def tally(self) -> Tally:
        """Who wrote how much."""
        parts: tuple[Credited, ...] = (self.analysis, self.style, *self.characters, *self.scenes, *self.shots)
        credits_ = [credit for part in parts for credit in part.credits]
        return Tally(
            shots=len(self.shots),
            shots_by_model=sum(shot.origin_of("description") == "model" for shot in self.shots),
            fields=len(credits_),
            fields_by_model=sum(credit.origin == "model" for credit in credits_),
        )

    def to_json(self) -> dict[str, Any]:
        """The storyboard as JSON values, its tally included for readers."""
        return {**self.model_dump(mode="json"), "tally": self.tally().model_dump(mode="json")}
