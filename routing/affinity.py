"""Affinity: a conversation is liked better where it was answered last, since its prefix is cached there."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.words import TaskRequest
    from routing.rules.ruling import Ruling

BONUS = 1.1  # by which utility is multiplied, and expected cost divided
KEPT_SECONDS = 600.0  # for so long, and then some, providers keep a prefix
MOST_CONVERSATIONS = 20_000
SESSION = "session"  # the entry of metadata or hints that names a conversation


class Affinity:
    """Who answered which conversation last, in this process. ``clock`` gives monotonic seconds.

    >>> from registry.words import Capability, TaskRequest
    >>> from routing.rules.ruling import NOTHING
    >>> affinity, request = Affinity(lambda: 0.0), TaskRequest(capability=Capability.TEXT, hints={"session": "s1"})
    >>> affinity.answered(request, 7)
    >>> affinity.liked(request, NOTHING).factors
    {7: 1.1}
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        kept_seconds: float = KEPT_SECONDS,
        most_conversations: int = MOST_CONVERSATIONS,
    ) -> None:
        self._clock = clock
        self._kept_seconds = kept_seconds
        self._most = most_conversations
        self._last: OrderedDict[int, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._last)

    def answered(self, request: TaskRequest, offering_id: int) -> None:
        """An offering has answered a conversation."""
        conversation = conversation_of(request)
        if conversation is None:
            return
        self._last[conversation] = offering_id, self._clock() + self._kept_seconds
        self._last.move_to_end(conversation)
        if len(self._last) > self._most:
            self._last.popitem(last=False)

    def liked(self, request: TaskRequest, ruling: Ruling) -> Ruling:
        """What the rules say, and that whoever answered last is liked better by :data:`BONUS`."""
        conversation = conversation_of(request)
        last = None if conversation is None else self._last.get(conversation)
        if last is None:
            return ruling
        offering_id, until = last
        if self._clock() >= until:
            return ruling
        return replace(ruling, factors={**ruling.factors, offering_id: ruling.factors.get(offering_id, 1.0) * BONUS})


def conversation_of(request: TaskRequest) -> int | None:
    """Which conversation a request belongs to, as a number of this process; None where it belongs to none.

    ``session`` names it, in the metadata or in the hints; else it is known by how it begins, up to the first turn of
    the user: that much is the same each time it goes on.
    """
    session = request.metadata.get(SESSION) or request.hints.get(SESSION)
    if isinstance(session, str | int) and session != "":
        return hash((request.workspace, request.principal, SESSION, session))
    for place, turn in enumerate(request.messages):
        if turn.role == "user":
            beginning = tuple((one.role, one.content) for one in request.messages[: place + 1])
            return hash((request.workspace, request.principal, beginning))
    return None
