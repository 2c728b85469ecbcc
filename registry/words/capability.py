"""What a service can do: the eight capabilities that work is routed by."""

from __future__ import annotations

from enum import StrEnum


class Capability(StrEnum):
    """A kind of AI work.

    >>> Capability("image")
    <Capability.IMAGE: 'image'>
    """

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    EMBEDDING = "embedding"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    UNDERSTANDING = "understanding"
    SEARCH = "search"

    __hash__ = str.__hash__  # as quick as a text; that of enumerations is a function in Python
