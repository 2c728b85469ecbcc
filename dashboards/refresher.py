"""The one refresher of the process: reads what open pages ask, once for all, and nothing when none is open."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from registry import NotFound, RegistryError, StoreError, now_us

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from dashboards.questions import Sources

logger = logging.getLogger(__name__)

TICK_SECONDS = 2.0
KEPT_SECONDS = 3.0
"""How long an answer waits for the page that it was read for."""


class Question(Protocol):
    """What a page asks again and again; equal questions are read once. ``seconds`` is how old an answer may be."""

    @property
    def seconds(self) -> float:
        """How often it is read."""

    def read(self, sources: Sources) -> Awaitable[Any]:
        """Read the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a question. ``frame`` is None until something was read; ``error`` is a sentence, or empty.

    With an error the frame is the last that could be read, and ``as_of_us`` says when that was. ``is_missing``: there
    is no such thing as was asked about.
    """

    frame: Any = None
    as_of_us: int | None = None
    error: str = ""
    is_missing: bool = False


Tell = Callable[[Answer], None]


@dataclass(slots=True, eq=False)
class _Watched:
    question: Question
    tells: list[Tell] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    read_at: float = float("-inf")


class Refresher:
    """Answers questions for as long as somebody watches them. It belongs to the event loop that it is used in.

    ``busy_ms`` is how long each of the latest rounds took, which is what a tick costs.
    """

    def __init__(self, sources: Sources, *, tick_seconds: float = TICK_SECONDS) -> None:
        self._sources = sources
        self._tick_seconds = tick_seconds
        self._watched: dict[Question, _Watched] = {}
        self._asked: dict[Question, _Watched] = {}  # asked for pages that are about to open
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self.rounds = 0
        self.busy_ms: list[float] = []

    @property
    def watchers(self) -> int:
        """How many pages wait for answers."""
        return sum(len(watched.tells) for watched in self._watched.values())

    def watch(self, question: Question, tell: Tell) -> Callable[[], None]:
        """Have ``tell`` called with each new answer, and now with what is known; the way to stop is given back."""
        watched = self._watched.get(question)
        if watched is None:
            watched = self._asked.get(question) or _Watched(question)
            self._asked.pop(question, watched)
            self._watched[question] = watched
        watched.tells.append(tell)
        if watched.answer.as_of_us is not None:
            tell(watched.answer)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="turnout-pages-refresher")
        self._wake.set()

        def stop() -> None:
            if tell in watched.tells:
                watched.tells.remove(tell)
            if not watched.tells and self._watched.get(question) is watched:
                del self._watched[question]

        return stop

    async def ask(self, question: Question) -> Answer:
        """The answer now; one that a page already follows, or that was asked for a moment ago, is taken as it is."""
        watched = self._watched.get(question) or self._asked.get(question)
        if watched is None or time.monotonic() - watched.read_at > max(question.seconds, KEPT_SECONDS):
            watched = watched or _Watched(question)
            await self._read(watched)
        since = time.monotonic() - KEPT_SECONDS
        self._asked = {asked: kept for asked, kept in self._asked.items() if kept.read_at > since}
        if question not in self._watched:
            self._asked[question] = watched
        return watched.answer

    def known(self, question: Question) -> Answer:
        """What is known of a question without reading anything."""
        watched = self._watched.get(question) or self._asked.get(question)
        return Answer() if watched is None else watched.answer

    def forget(self, question: Question) -> None:
        """Read a question anew at once: something has changed that its answer tells of."""
        self._asked.pop(question, None)
        watched = self._watched.get(question)
        if watched is not None:
            watched.read_at = float("-inf")
            self._wake.set()

    async def close(self) -> None:
        """Stop reading."""
        self._watched.clear()
        self._asked.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._watched:
            self._wake.clear()
            began = time.process_time()
            for watched in list(self._watched.values()):
                # Half a tick of grace, so that a question of 2 s is not put off to the round after.
                if time.monotonic() - watched.read_at >= watched.question.seconds - self._tick_seconds / 2:
                    await self._read(watched)
                    for tell in list(watched.tells):
                        tell(watched.answer)
            self.rounds += 1
            self.busy_ms = [*self.busy_ms[-99:], (time.process_time() - began) * 1000]
            try:
                async with asyncio.timeout(self._tick_seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _read(self, watched: _Watched) -> None:
        watched.read_at = time.monotonic()
        try:
            frame = await watched.question.read(self._sources)
        except NotFound as error:
            watched.answer = Answer(error=f"{error}.", as_of_us=watched.answer.as_of_us, is_missing=True)
        except StoreError as error:
            logger.warning("%s", error)
            told = f"{error.sentence[:1].upper()}{error.sentence[1:]}. What you see is older; it is tried again."
            watched.answer = Answer(frame=watched.answer.frame, as_of_us=watched.answer.as_of_us, error=told)
        except RegistryError as error:
            watched.answer = Answer(frame=watched.answer.frame, as_of_us=watched.answer.as_of_us, error=f"{error}.")
        else:
            watched.answer = Answer(frame=frame, as_of_us=now_us(self._sources.clock))
