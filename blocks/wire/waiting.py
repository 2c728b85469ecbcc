"""How long a provider asks us to wait: Retry-After, its cousins, and what stands in the message."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# A daily limit may honestly ask for hours, and a confused one for a year: both are asked again in an hour.
LONGEST_WAIT_SECONDS = 3_600.0

_PERIOD = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|d|h|m|s)")
_UNIT_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_IN_MESSAGE = re.compile(r"(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|d|h|m|s))+)", re.IGNORECASE)
_EPOCH_MS = 100_000_000_000
_EPOCH_SECONDS = 100_000_000


def wait_seconds(headers: Mapping[str, str], message: str = "", *, now: datetime) -> float | None:
    """The wait in seconds that an error answer asks for, at most an hour; None where it names none that makes sense.

    Read in this order: ``retry-after-ms``, ``retry-after`` (seconds or an HTTP date, RFC 9110 section 10.2.3), the
    reset times of the limits that are used up (``x-ratelimit-reset-…``, ``anthropic-ratelimit-…-reset``), a period in
    the message. Dates count from the answer's own ``date`` header, so that a wrong clock on either side does no harm.

    Args:
        headers: the answer's, names in lower case.
        message: the provider's words.
        now: the time that counts where the answer bears no date.
    """
    now = _date(headers.get("date", "")) or now
    if "retry-after-ms" in headers:
        milliseconds = _number(headers["retry-after-ms"])
        if milliseconds is not None:
            return _sane(milliseconds / 1_000)
    # Where several limits are used up, the call has to wait for the last of them.
    for values in ([headers.get("retry-after", "")], _resets(headers)):
        seconds = [seconds for value in values if (seconds := _moment(value, now)) is not None and seconds >= 0]
        if seconds:
            return _sane(max(seconds))
    found = _IN_MESSAGE.search(message)
    return _sane(_period(found[1]) or 0.0) if found else None


def _resets(headers: Mapping[str, str]) -> list[str]:
    """Reset times, those of used-up limits first, then the rest."""
    names = [name for name in headers if "ratelimit" in name and "reset" in name]
    used_up = [name for name in names if headers.get(name.replace("reset", "remaining"), "").strip() == "0"]
    return [headers[name] for name in (used_up or names)]


def _moment(value: str, now: datetime) -> float | None:
    """Seconds from now until what a header names: a number, a period (``6m0s``), a date, or seconds since 1970."""
    value = value.strip()
    number = _number(value)
    if number is not None:
        if number > _EPOCH_MS:
            return number / 1_000 - now.timestamp()
        return number - now.timestamp() if number > _EPOCH_SECONDS else number
    period = _period(value)
    if period is not None:
        return period
    date = _date(value)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _period(value: str) -> float | None:
    parts = _PERIOD.findall(value)
    if not parts or "".join(amount + unit for amount, unit in parts) != value:
        return None
    return sum(float(amount) * _UNIT_SECONDS[unit] for amount, unit in parts)


def _date(value: str) -> datetime | None:
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            date = parse(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    return None


def _sane(seconds: float) -> float | None:
    return min(seconds, LONGEST_WAIT_SECONDS) if seconds >= 0 else None
