"""What cools: offerings and accounts that are kept out for a while, as this process and the others were told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from registry.words import FailureClass, Out, account_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.words import Offering

# How long a failure keeps an offering (or its whole account) out when the provider names no time, in seconds.
OFFERING_COOL_SECONDS = {
    FailureClass.RATE_LIMITED: 5.0,
    FailureClass.UNAVAILABLE_MODEL: 600.0,
}
ACCOUNT_COOL_SECONDS = {
    FailureClass.QUOTA: 600.0,
    FailureClass.CREDENTIALS: 300.0,
}
LONGEST_COOL_SECONDS = 3_600.0  # a provider that says "in a year" is asked again in an hour
SHARED_FROM_SECONDS = 10.0  # what lasts shorter is over before it would be worth telling others
SAME_MOMENT_SECONDS = 0.001  # a call that began so shortly after knew nothing of it


@dataclass(frozen=True, slots=True)
class Cooling:
    """Since when and until when something is kept out (on the clock of :class:`CoolingRoom`), and why.

    ``is_shared``: all processes are told of it, or have told it.
    """

    until: float
    failure: FailureClass
    since: float = 0.0
    message: str = ""
    is_shared: bool = False


class Told(Protocol):
    """Whoever tells other processes."""

    def cooled(self, out: Out, cooling: Cooling) -> None:
        """Something is out, for long enough that others should know."""

    def lifted(self, out: Out) -> None:
        """It is not any more, whoever said so before."""


class CoolingRoom:
    """Who cools. ``clock`` gives monotonic seconds; ``told``, where there is one, tells other processes.

    ``is_empty``: nothing is kept out, or was lately. It is looked at several times a call, so it is no question but a
    value.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.told: Told | None = None
        self.is_empty = True
        self._offerings: dict[int, Cooling] = {}
        self._accounts: dict[str, Cooling] = {}

    def of(self, offering: Offering) -> Cooling | None:
        """What keeps the offering out now, if anything does; the later end of its own and its account's."""
        now = self._clock()
        found = self._offerings.get(offering.offering_id)  # for every candidate of a decision: nothing is made
        if found is not None and found.until <= now:
            found = None
        if self._accounts:
            cooling = self._accounts.get(account_of(offering.service))
            if cooling is not None and cooling.until > now and (found is None or cooling.until > found.until):
                return cooling
        return found

    def failed(
        self, offering: Offering, failure: FailureClass, retry_after_seconds: float | None, message: str = ""
    ) -> None:
        """A call failed. A longer cool-down replaces a shorter one, never the other way round."""
        if failure in ACCOUNT_COOL_SECONDS:
            out, seconds = Out.with_account(offering.service), ACCOUNT_COOL_SECONDS[failure]
        elif failure in OFFERING_COOL_SECONDS:
            out, seconds = Out.of(offering), OFFERING_COOL_SECONDS[failure]
        else:
            return
        now = self._clock()
        seconds = min(retry_after_seconds or seconds, LONGEST_COOL_SECONDS)
        cooling = Cooling(now + seconds, failure, now, message, is_shared=seconds >= SHARED_FROM_SECONDS)
        if self._put(out, cooling) and cooling.is_shared and self.told is not None:
            self.told.cooled(out, cooling)

    def worked(self, offering: Offering, began: float) -> None:
        """A call that began then worked: what was told before that is over. One that began earlier says nothing."""
        latest = began - SAME_MOMENT_SECONDS
        cooling = self._offerings.get(offering.offering_id)
        if cooling is not None and cooling.since < latest:
            self._lift(Out.of(offering))
        if self._accounts:
            cooling = self._accounts.get(account_of(offering.service))
            if cooling is not None and cooling.since < latest:
                self._lift(Out.with_account(offering.service))

    def answered(self, offering: Offering) -> None:
        """It was asked although it cooled, and did its work."""
        self.worked(offering, math.inf)

    def heard(self, out: Out, cooling: Cooling, *, stands: bool = True) -> None:
        """All processes are told so. Where it ``stands``, it replaces what they were told before, be that longer.

        A longer cool-down that only this process was told stays, and so does one that is still to be told.
        """
        known = self._known(out)
        if stands and known is not None and known.is_shared:
            self._forget(out)
        self._put(out, cooling)

    def heard_no_more(self, out: Out) -> None:
        """It is no longer out for anybody; what only this process was told stays."""
        known = self._known(out)
        if known is not None and known.is_shared:
            self._forget(out)

    def forget_what_is_over(self) -> None:
        """Forget what has come to its end by itself."""
        if not self.is_empty:
            now = self._clock()
            self._offerings = {one: cooling for one, cooling in self._offerings.items() if cooling.until > now}
            self._accounts = {one: cooling for one, cooling in self._accounts.items() if cooling.until > now}
            self.is_empty = not (self._offerings or self._accounts)

    def _known(self, out: Out) -> Cooling | None:
        return self._offerings.get(out.offering_id) if out.offering_id else self._accounts.get(out.account)

    def _put(self, out: Out, cooling: Cooling) -> bool:
        """Whether it is the longest there is."""
        known = self._known(out)
        if known is not None and known.until >= cooling.until:
            return False
        if out.offering_id:
            self._offerings[out.offering_id] = cooling
        else:
            self._accounts[out.account] = cooling
        self.is_empty = False
        return True

    def _lift(self, out: Out) -> None:
        self._forget(out)
        if self.told is not None:
            self.told.lifted(out)

    def _forget(self, out: Out) -> None:
        if out.offering_id:
            self._offerings.pop(out.offering_id, None)
        else:
            self._accounts.pop(out.account, None)
        self.is_empty = not (self._offerings or self._accounts)
