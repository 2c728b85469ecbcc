"""The circuit breaker of an offering: it opens when calls keep failing, and lets one through now and then to look."""

from __future__ import annotations

MOST_IN_A_ROW = 5  # failures, or calls that do not end, that open it
WINDOW = 20  # latest calls of which half may fail
FEWEST = 10  # calls in the window before it is judged
FIRST_OPEN_SECONDS = 0.25  # until the first probe; doubles with each probe that fails
LONGEST_OPEN_SECONDS = 10.0
_MASK = (1 << WINDOW) - 1


class Breaker:
    """Closed, open, or half open with one probe under way. Times are on whatever clock ``now`` is read from.

    >>> breaker = Breaker()
    >>> [breaker.failed(100.0) for _ in range(5)]
    [False, False, False, False, True]
    >>> breaker.is_open, breaker.until, breaker.lets_through(100.1), breaker.lets_through(100.3)
    (True, 100.25, False, True)
    >>> breaker.probe(); breaker.lets_through(100.3)
    False
    >>> breaker.worked(); breaker.is_open
    False
    """

    __slots__ = ("_bits", "_in_a_row", "_known", "_next_seconds", "is_open", "is_probed", "until")

    def __init__(self) -> None:
        self.is_open = False
        self.is_probed = False
        self.until = 0.0
        self._bits = 0
        self._known = 0
        self._in_a_row = 0
        self._next_seconds = FIRST_OPEN_SECONDS

    @property
    def error_rate(self) -> float:
        """The share of the latest calls that failed, of at most 20; 0 where none was made."""
        return self._bits.bit_count() / self._known if self._known else 0.0

    def lets_through(self, now: float) -> bool:
        """Whether a call may be made now."""
        return not self.is_open or (now >= self.until and not self.is_probed)

    def probe(self) -> None:
        """A call is made; through an open breaker it is the probe, and the only one."""
        self.is_probed = self.is_open

    def unsaid(self) -> None:
        """A call ended and says nothing of the offering: it was given up, or refused for other reasons."""
        self.is_probed = False

    def worked(self) -> None:
        """A call was answered."""
        self._count(bad=0)
        self._in_a_row = 0
        if self.is_open:
            self.is_open = self.is_probed = False
            self._bits = self._known = 0
            self._next_seconds = FIRST_OPEN_SECONDS

    def failed(self, now: float) -> bool:
        """A call failed, or does not end; whether that opened it."""
        self._count(bad=1)
        self._in_a_row += 1
        if self.is_open:
            if self.is_probed:
                self._open(now)
            return False
        half_failed = self._known >= FEWEST and 2 * self._bits.bit_count() >= self._known
        if self._in_a_row >= MOST_IN_A_ROW or half_failed:
            self._open(now)
            return True
        return False

    def sooner(self, until: float) -> None:
        """Let the next probe through no later than that: there is nobody else to ask."""
        self.until = min(self.until, until)

    def _open(self, now: float) -> None:
        self.is_open, self.is_probed = True, False
        self.until = now + self._next_seconds
        self._next_seconds = min(2 * self._next_seconds, LONGEST_OPEN_SECONDS)

    def _count(self, bad: int) -> None:
        self._bits = ((self._bits << 1) | bad) & _MASK
        self._known = min(WINDOW, self._known + 1)
