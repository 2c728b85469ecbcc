"""What a person can set for a storyboard. Prefect shows it as a form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.wishing import ObjectiveText, PriorityText, TargetText, wishes_of

if TYPE_CHECKING:
    from routing.wishes import Wishes

MAX_THOUGHT_CHARACTERS = 1_000_000
"""About 350 printed pages."""


class StoryboardParameters(BaseModel):
    """The parameters of the storyboard flow: give the thought itself or a file that holds it.

    Raises:
        pydantic.ValidationError: neither or both are given, or a value is out of its bounds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thought: str | None = Field(
        default=None, title="Thought", description="The text to draw: one word or many pages, in any language."
    )
    input_path: Path | None = Field(
        default=None, title="Input file", description="A text file (UTF-8) that holds the thought, instead of the text."
    )
    max_shots: int = Field(default=6, ge=4, le=24, title="Shots at most", description="How many pictures at most.")
    width: int = Field(
        default=768, ge=256, le=2048, multiple_of=8, title="Width", description="Width of a picture in pixels."
    )
    height: int = Field(
        default=432, ge=256, le=2048, multiple_of=8, title="Height", description="Height of a picture in pixels."
    )
    style: str | None = Field(
        default=None,
        min_length=3,
        max_length=200,
        title="Style",
        description="A phrase for the look of every picture. Left empty, a model chooses one.",
    )
    language: str = Field(
        default="",
        max_length=40,
        title="Language",
        description="The language of the thought, where it should not be guessed; in English, such as: Arabic.",
    )
    output_directory: Path = Field(
        default=Path("out"), title="Output folder", description="Where the page and the other files are written."
    )
    policy: str = Field(
        default="default",
        min_length=1,
        max_length=200,
        title="Policy",
        description="The routing policy that chooses the services.",
    )
    objective: ObjectiveText = ""
    target: TargetText = ""
    priority: PriorityText = ""
    fresh: bool = Field(
        default=False,
        title="Begin anew",
        description="Begin a new run even where an unfinished one of the same thought could go on.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> StoryboardParameters:
        if (self.thought is None) == (self.input_path is None):
            raise ValueError("give either a thought or an input file, and not both")
        return self

    def wishes(self) -> Wishes:
        """How all requests of the run are to be routed."""
        return wishes_of(self.policy, self.objective, self.target, self.priority, pipeline="storyboard")
