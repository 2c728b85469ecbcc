"""Guarded streams: what is held back of an answer until checks have looked at it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from blocks import TextDelta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blocks import ReasoningDelta, ToolDelta

    Delta = TextDelta | ReasoningDelta | ToolDelta

OPENING_CHARACTERS = 240  # of text, before anything is passed on; as much as checks for refusals look at
TAIL_CHARACTERS = 60  # held back at any time, until the whole answer has passed its checks
LOOK_CHARACTERS = 240  # of more text, before checks look at what has come so far again


class Tail:
    """Deltas on their way to the caller, of which the last are held back.

    >>> tail = Tail(characters=3)
    >>> [[delta.text for delta in tail.pushed(TextDelta(text))] for text in ("ab", "cd", "ef", "gh")]
    [[], [], ['ab'], ['cd']]
    >>> [delta.text for delta in tail.rest()]
    ['ef', 'gh']
    """

    def __init__(self, characters: int = TAIL_CHARACTERS) -> None:
        self._most = characters
        self._held: deque[Delta] = deque()
        self._characters = 0
        self._unseen = 0

    @property
    def is_due(self) -> bool:
        """Whether so much has come since the last look that checks are to look again."""
        return self._unseen >= LOOK_CHARACTERS

    def looked(self) -> None:
        """Checks have looked at all that has come."""
        self._unseen = 0

    def pushed(self, delta: Delta) -> Iterator[Delta]:
        """One more delta; what may be passed on now."""
        self._held.append(delta)
        self._characters += _characters(delta)
        self._unseen += _characters(delta)
        while self._held and self._characters - _characters(self._held[0]) >= self._most:
            self._characters -= _characters(self._held[0])
            yield self._held.popleft()

    def rest(self) -> Iterator[Delta]:
        """All that is still held back."""
        while self._held:
            yield self._held.popleft()


def _characters(delta: Delta) -> int:
    return len(delta.text) if isinstance(delta, TextDelta) else 0
