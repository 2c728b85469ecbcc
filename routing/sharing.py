"""Long cool-downs shared by processes: told behind the calls' backs, heard about once a second."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry import Cooldown, StoreError
from routing.cooling import LONGEST_COOL_SECONDS, Cooling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from registry import Cooldowns
    from registry.words import Out
    from routing.cooling import CoolingRoom

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.1  # how long what is to be told gathers, to be written together
RETRY_SECONDS = 1.0
REREAD_SECONDS = 30.0
"""How old what was heard may be while anything is out, though nothing was told: clocks drift, and machines sleep."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that there is: which telling of it is known, and since which version."""

    since_us: int
    version: int


class Sharing:
    """Tells other processes what cools here for long, and takes in what they tell. ``clock`` gives monotonic seconds.

    Belongs to the event loop of the room. Nobody waits for it; a database that does not answer is asked again until
    what was to be told is over.
    """

    def __init__(self, cooldowns: Cooldowns, room: CoolingRoom, clock: Callable[[], float]) -> None:
        self._cooldowns = cooldowns
        self._room = room
        self._clock = clock
        self._rows: dict[Out, _Row] = {}
        self._version = 0
        self._read_at = 0.0
        self._told: dict[Out, Cooling] = {}  # to be told
        self._lifted: set[Out] = set()  # to be told, before the others
        self._telling: set[Out] = set()  # what a transaction under way tells
        self._lifting: set[Out] = set()
        self._teller: asyncio.Task[None] | None = None
        self._failing = False

    def cooled(self, out: Out, cooling: Cooling) -> None:
        """Something is out here, for long."""
        self._told[out] = cooling
        self._begin()

    def lifted(self, out: Out) -> None:
        """It works again, whoever said that it did not."""
        self._told.pop(out, None)
        if out in self._rows or out in self._telling:
            self._lifted.add(out)
            self._begin()

    async def follow(self, version: int) -> None:
        """Take in what others have told, where the version says that there is something.

        Raises:
            StoreError: the database cannot be used.
        """
        self._room.forget_what_is_over()
        is_fresh = not self._rows or self._clock() - self._read_at < REREAD_SECONDS
        if version == self._version and is_fresh:
            return
        at_least, rows = await self._cooldowns.read()
        self._take_in(at_least, rows)
        self._version, self._read_at = version, self._clock()

    async def aclose(self, seconds: float) -> None:
        """Tell what is left to be told, for so long at most; what was told ends by itself."""
        teller, self._teller = self._teller, None
        if teller is None:
            return
        await asyncio.wait({teller}, timeout=seconds)
        if not teller.done():
            logger.warning("%d cool-downs could not be told to other processes", len(self._told))
            teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)

    def _take_in(self, version: int, rows: Iterable[Cooldown]) -> None:
        there = {row.out: row for row in rows}
        for out, known in list(self._rows.items()):
            if out not in there and known.version <= version:
                del self._rows[out]
                self._lifted.discard(out)
                if out not in self._told and out not in self._telling:
                    self._room.heard_no_more(out)
        latest = self._clock() + LONGEST_COOL_SECONDS
        for out, row in there.items():
            if not self._counts(row, version):
                continue
            self._rows[out] = _Row(row.since_us, version)
            cooling = Cooling(min(row.until, latest), row.failure, row.since, row.message, is_shared=True)
            self._room.heard(out, cooling, stands=out not in self._told and out not in self._telling)

    def _counts(self, row: Cooldown, version: int) -> bool:
        """Whether a row counts. One that is about to be lifted does not, unless it was told again since it worked."""
        out, known = row.out, self._rows.get(row.out)
        if known is not None and known.version > version:
            return False  # it was read before what is known was told
        if out not in self._lifted and out not in self._lifting:
            return True
        if known is None:
            if out not in self._telling:  # it was told after all, though the database broke off: so it can be lifted
                self._rows[out] = _Row(row.since_us, version)
            return False
        if row.since_us <= known.since_us:
            return False
        self._lifted.discard(out)
        return True

    def _begin(self) -> None:
        if self._teller is None or self._teller.done():
            self._teller = asyncio.create_task(self._tell_all(), name="turnout-cooldowns")

    async def _tell_all(self) -> None:
        while self._told or self._lifted:
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self._tell()
            except StoreError as error:
                if not self._failing:
                    logger.warning("cool-downs cannot be told to other processes, they hold here: %s", error)
                self._failing = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._failing = False

    async def _tell(self) -> None:
        """Tell what has gathered, in one transaction.

        Raises:
            StoreError: the database cannot be used; it is all to be told again.
        """
        now = self._clock()
        told = {out: cooling for out, cooling in self._told.items() if cooling.until > now}
        meant = {out: self._rows[out].since_us for out in self._lifted if out in self._rows}
        self._told, self._lifted, self._telling, self._lifting = {}, set(), set(told), set(meant)
        if not told and not meant:
            return
        try:
            version, since_us = await self._cooldowns.tell([_row(out, cooling) for out, cooling in told.items()], meant)
        except StoreError:
            # What has come meanwhile counts for more.
            again = {out: cooling for out, cooling in told.items() if out not in self._lifted}
            self._told = again | self._told
            self._lifted |= meant.keys()
            raise
        finally:
            self._telling, self._lifting = set(), set()
        self._rows = {out: row for out, row in self._rows.items() if meant.get(out) != row.since_us}
        self._rows.update({out: _Row(at_us, version) for out, at_us in since_us.items()})
        self._version = -1  # what was read meanwhile may be older or newer than this: it is read again


def _row(out: Out, cooling: Cooling) -> Cooldown:
    return Cooldown(out=out, failure=cooling.failure, since=cooling.since, until=cooling.until, message=cooling.message)
