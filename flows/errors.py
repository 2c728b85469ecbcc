"""The errors of this room.

::

    FlowError
    ├── ThoughtError          the text that a storyboard is to be made of cannot be used
    │   ├── ThoughtEmpty        there is nothing in it to see
    │   ├── ThoughtTooLong      it is over the limit
    │   └── ThoughtUnreadable   it is no text, or it cannot be read
    ├── AnswerRejected        a model's answer failed a check of the pipeline; asked again, never shown
    ├── NoUsableAnswer        no service gave a single answer that could be used
    ├── BatchError            a batch that cannot be worked on
    │   ├── TableUnreadable     the input is no table, or cannot be read
    │   ├── TemplateInvalid     a prompt template has a typo, or wants what it may not
    │   └── TableChanged        the input is another than when the run began
    ├── RunNotResumable       a run whose process died cannot go on by what is stored of it
    ├── PictureMissing        a service drew no picture
    ├── StoryboardIncomplete  the parts do not make a whole: a shot has no picture, two shots are the same
    └── OutputFailed          the results could not be written
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FlowError(Exception):
    """Anything that goes wrong in ``flows``."""


class ThoughtError(FlowError):
    """A thought that no storyboard can be made of."""


class ThoughtEmpty(ThoughtError):
    """A thought without a single visible character."""

    def __init__(self) -> None:
        super().__init__("the thought is empty: write at least one word")


class ThoughtTooLong(ThoughtError):
    """A thought over the limit; ``unit`` is ``characters`` or ``bytes``."""

    def __init__(self, size: int, limit: int, *, unit: str = "characters") -> None:
        super().__init__(f"the thought has {size:,} {unit}; at most {limit:,} are read. Shorten it or split it")
        self.size = size
        self.limit = limit
        self.unit = unit


class ThoughtUnreadable(ThoughtError):
    """A thought that is no plain text, or a file that cannot be read."""

    def __init__(self, reason: str, *, remedy: str = "give plain text in UTF-8") -> None:
        super().__init__(f"the thought cannot be read: {reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


class AnswerRejected(FlowError):
    """A model's answer failed one of the pipeline's own checks.

    ``reason`` is a sentence for the model, which is asked again with it. ``final`` says that asking the same again
    is of no use (the answer is in another script than the text).
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class NoUsableAnswer(FlowError):
    """No service gave a single answer that could be used; ``last`` says what was wrong with the last ones."""

    def __init__(self, requests: int, last: str) -> None:
        super().__init__(f"none of the first {requests} requests had an answer that could be used. {last}")
        self.requests = requests
        self.last = last


class BatchError(FlowError):
    """A batch that cannot be worked on."""


class TableUnreadable(BatchError):
    """The input is no table, or cannot be read."""

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(f"{source}: {problem}")
        self.source = source
        self.problem = problem


class TemplateInvalid(BatchError):
    """A prompt template has a typo, wants what it may not, or cannot be made of a row."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the prompt: {problem}")
        self.problem = problem


class TableChanged(BatchError):
    """The input is another than when the run began; results and rows would not belong together."""

    def __init__(self, source: str) -> None:
        super().__init__(f"{source} has changed while the batch ran; nothing was written. Run it again")
        self.source = source


class RunNotResumable(FlowError):
    """A run whose process died cannot go on by what is stored of it; ``problem`` is why."""

    def __init__(self, run_id: int, problem: str) -> None:
        super().__init__(f"run {run_id} cannot go on by itself: {problem}")
        self.run_id = run_id
        self.problem = problem


class PictureMissing(FlowError):
    """A service answered a picture request without a picture."""

    def __init__(self, shot_id: str, offering: str) -> None:
        super().__init__(f"{offering} drew no picture for {shot_id}")
        self.shot_id = shot_id
        self.offering = offering


class StoryboardIncomplete(FlowError):
    """The parts of a storyboard do not fit together."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the storyboard is not complete: {problem}")
        self.problem = problem


class OutputFailed(FlowError):
    """The results could not be written; nothing was left half-written."""

    def __init__(self, directory: Path, reason: str) -> None:
        super().__init__(f"cannot write the storyboard into {str(directory)!r}: {reason}")
        self.directory = directory
        self.reason = reason
