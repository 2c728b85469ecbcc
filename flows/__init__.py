"""The room that works: pipelines, and the flows that ship."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from flows.errors import (
        AnswerRejected,
        FlowError,
        OutputFailed,
        PictureMissing,
        StoryboardIncomplete,
        ThoughtEmpty,
        ThoughtError,
        ThoughtTooLong,
        ThoughtUnreadable,
    )

__all__ = [
    "AnswerRejected",
    "FlowError",
    "OutputFailed",
    "PictureMissing",
    "StoryboardIncomplete",
    "ThoughtEmpty",
    "ThoughtError",
    "ThoughtTooLong",
    "ThoughtUnreadable",
]

__getattr__, __dir__ = lazily(__name__, dict.fromkeys(__all__, "flows.errors"))
