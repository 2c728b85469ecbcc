"""How long an offering takes: a moving average that believes what is late before it has ended, and a high quantile."""

from __future__ import annotations

SMOOTHING = 0.2  # the weight of the newest call in the moving average, once there are some
FEWEST_LATE = 2  # calls that are late, with none answered since, before that is no chance any more
LATE_FACTOR = 2.0  # how long a call that is late is expected to take, in what it has taken so far
WINDOW = 128  # calls that the quantile is of
EVERY = 16  # after how many calls it is worked out anew
ENOUGH = 8  # calls before which it is not known
LATE_QUANTILE = 0.95
FORGET_AFTER_SECONDS = 10.0  # without a call
FORGET_HALF_SECONDS = 15.0


class Latency:
    """The latencies of one offering, in milliseconds.

    ``mean_ms`` is an exponentially weighted mean of calls that were answered; the catalogue's guess before the first.
    ``late_ms`` is the 95th percentile of the latest 128, None while too few are known.

    >>> latency = Latency(1_000)
    >>> for second in range(20):
    ...     latency.took(40, second)
    >>> latency.mean_ms, latency.late_ms
    (40.0, 40.0)
    >>> latency.is_late(70, 20); latency.is_late(70, 20)
    >>> latency.at(20), round(latency.at(90)), round(latency.at(300))
    (140.0, 46, 40)
    """

    __slots__ = (
        "_at", "_belief_ms", "_best_ms", "_late_calls", "_since", "_window", "count", "late_ms", "mean_ms",
        "settled_until",
    )  # fmt: skip

    def __init__(self, guess_ms: float) -> None:
        self.mean_ms = self._best_ms = float(guess_ms)
        self.late_ms: float | None = None
        self.count = 0
        self.settled_until = 0.0  # until then a call is expected to take ``mean_ms``, unless more becomes known
        self._at = 0.0
        self._late_calls = 0
        self._belief_ms = 0.0
        self._window: list[float] = []
        self._since = 0

    def at(self, now: float) -> float:
        """What a call is expected to take now.

        While calls are late and none is answered, as long as they will have taken. What was slow a while ago may be
        fast again, and somebody has to look: the excess over the best mean so far halves every
        :data:`FORGET_HALF_SECONDS` without a call.
        """
        expected = self.mean_ms
        if self._late_calls >= FEWEST_LATE and self._belief_ms > expected:
            expected = self._belief_ms
        idle = now - self._at
        if idle < FORGET_AFTER_SECONDS or expected <= self._best_ms:
            return expected
        fading: float = 0.5 ** ((idle - FORGET_AFTER_SECONDS) / FORGET_HALF_SECONDS)
        return self._best_ms + fading * (expected - self._best_ms)

    def took(self, latency_ms: float, now: float) -> None:
        """A call was answered."""
        count = self.count = self.count + 1
        self._at = now
        if self._late_calls:
            self._late_calls, self._belief_ms = 0, 0.0
        # The plain mean at first, which forgets the guess at once and the first calls, slow ones often, soon.
        weight = SMOOTHING if count * SMOOTHING > 1 else 1 / count
        mean_ms = self.mean_ms = self.mean_ms + weight * (latency_ms - self.mean_ms)
        if count >= ENOUGH:
            if count == ENOUGH or mean_ms < self._best_ms:
                self._best_ms = mean_ms
            self.settled_until = now + FORGET_AFTER_SECONDS
        window = self._window
        if count > WINDOW:
            window[count % WINDOW] = latency_ms
        else:
            window.append(latency_ms)
        since = self._since = self._since + 1
        if since >= EVERY or (self.late_ms is None and count >= ENOUGH):
            self._since = 0
            self.late_ms = float(sorted(window)[int(LATE_QUANTILE * len(window))])

    def is_late(self, so_far_ms: float, now: float) -> None:
        """A call has taken so long and is not answered."""
        self._at = now
        self.settled_until = 0.0
        self._late_calls += 1
        self._belief_ms = max(self._belief_ms, LATE_FACTOR * so_far_ms)
