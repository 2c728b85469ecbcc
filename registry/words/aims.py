"""What matters, as people write it: weights (``quality=1,cost=2``) and targets (``the cheapest above 0.9``)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import get_args

from registry.words.money import NANOUSD_PER_USD, usd_to_nanousd
from registry.words.policy import Goal, Objective, Target

LONGEST_AIM = 200

_PARTS: tuple[Goal, ...] = get_args(Goal)
_GOALS: dict[str, Goal] = {
    "best": "quality", "cheapest": "cost", "fastest": "speed", "quickest": "speed",
}  # fmt: skip
_GOAL_WORDS: dict[Goal, str] = {"quality": "best", "cost": "cheapest", "speed": "fastest"}
_AT_MOST = frozenset({"under", "below", "within", "<", "<="})
_AT_LEAST = frozenset({"above", "over", ">", ">="})
_FILLERS = frozenset({"the", "one", "and", "a", "of", "quality", "with", "but", ","})
_NO_UNITS = _AT_MOST | _AT_LEAST | _FILLERS | {"at"}
_DOLLARS = {"$": Decimal(1), "usd": Decimal(1), "dollar": Decimal(1), "dollars": Decimal(1),
            "cent": Decimal("0.01"), "cents": Decimal("0.01"), "ct": Decimal("0.01")}  # fmt: skip
_MILLISECONDS = {"ms": 1, "milliseconds": 1, "s": 1_000, "sec": 1_000, "second": 1_000, "seconds": 1_000,
                 "min": 60_000, "minute": 60_000, "minutes": 60_000}  # fmt: skip
_TOKEN = re.compile(r"\s*(?:(\$)?\s*(-?\d+(?:\.\d+)?)\s*(%|[a-z]+)?|([a-z]+)|(<=|>=|<|>|,)|(\S))", re.IGNORECASE)
_WAY_OUT = "write for example `the best under $0.01 and 2 s` or `the cheapest above 0.9`"


def parse_objective(given: str | Mapping[str, float]) -> Objective:
    """Weights from ``quality=1,cost=2,speed=1``, or from a mapping. What is not named weighs nothing.

    Raises:
        ValueError: a word is unknown, a weight is no number or negative, or all are zero.

    >>> parse_objective("quality=1, cost=2")
    Objective(quality=1.0, cost=2.0, speed=0.0)
    """
    weights: dict[str, float] = dict.fromkeys(_PARTS, 0.0)
    for name, value in _weights_of(given):
        part = name.strip().lower()
        if part not in weights:
            raise ValueError(f"there is no weight {part!r}{_nearest(part, _PARTS)}; there are quality, cost and speed")
        try:
            weights[part] = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"the weight of {part} is {value!r}, which is no number") from None
    return Objective(**weights)


def _weights_of(given: str | Mapping[str, float]) -> list[tuple[str, str | float]]:
    if isinstance(given, Mapping):
        return [(str(name), value) for name, value in given.items()]
    if len(given) > LONGEST_AIM:
        raise ValueError(f"the weights are longer than {LONGEST_AIM} characters")
    pairs: list[tuple[str, str | float]] = []
    for part in filter(None, re.split(r"[,;\s]+", re.sub(r"\s*[=:]\s*", "=", given.strip()))):
        name, mark, value = part.partition("=")
        if not mark:
            raise ValueError(f"{part!r} is no weight; write quality=1,cost=2,speed=1")
        if any(name.lower() == other.lower() for other, _ in pairs):
            raise ValueError(f"the weight of {name} stands there twice")
        pairs.append((name, value))
    if not pairs:
        raise ValueError("there are no weights; write quality=1,cost=2,speed=1")
    return pairs


def parse_target(sentence: str) -> Target:
    """A target from a sentence such as ``the best under $0.01 and 2 s`` or ``the cheapest above 0.9``.

    Raises:
        ValueError: a word is unknown, a unit is missing, or a bound makes no sense.

    >>> parse_target("the best under $0.01 and 2 s")
    Target(goal='quality', min_quality=None, max_cost_nanousd=10000000, max_latency_ms=2000.0)
    >>> parse_target("the cheapest above 90%")
    Target(goal='cost', min_quality=0.9, max_cost_nanousd=None, max_latency_ms=None)
    """
    if len(sentence) > LONGEST_AIM:
        raise ValueError(f"the target is longer than {LONGEST_AIM} characters")
    return _Sentence(sentence).target()


def target_in_words(target: Target) -> str:
    """A target as :func:`parse_target` reads it.

    >>> target_in_words(Target(goal="cost", min_quality=0.9, max_latency_ms=1500))
    'the cheapest above 0.9 under 1.5 s'
    """
    at_most = []
    if target.max_cost_nanousd is not None:
        at_most.append(f"${_plain(Decimal(target.max_cost_nanousd) / NANOUSD_PER_USD)}")
    if target.max_latency_ms is not None:
        milliseconds = Decimal(str(target.max_latency_ms))
        at_most.append(f"{_plain(milliseconds / 1_000)} s" if milliseconds >= 1_000 else f"{_plain(milliseconds)} ms")
    said = f"the {_GOAL_WORDS[target.goal]}"
    if target.min_quality is not None:
        said += f" above {_plain(Decimal(str(target.min_quality)))}"
    return f"{said} under {' and '.join(at_most)}" if at_most else said


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _nearest(word: str, known: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


class _Sentence:
    """Reads one sentence, word by word."""

    def __init__(self, sentence: str) -> None:
        self._sentence = sentence
        self._goal: Goal | None = None
        self._side = ""
        self._bounds: dict[str, Decimal] = {}

    def target(self) -> Target:
        position = 0
        text = self._sentence.strip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            assert found is not None  # noqa: S101 - the last alternative takes any character
            position = found.end()
            sign, number, unit, word, mark, other = found.groups()
            if unit and unit.lower() in _NO_UNITS:  # the next word is no unit, so the number has none
                position, unit = found.start(3), None
            if other:
                raise ValueError(f"{other!r} is not understood in the target {text!r}; {_WAY_OUT}")
            if number is not None:
                self._take_amount(Decimal(number), (sign or unit or "").lower(), f"{sign or ''}{number}")
            else:
                self._take_word((word or mark).lower())
        return self._whole()

    def _take_word(self, word: str) -> None:
        if word in _GOALS:
            if self._goal is not None:
                raise ValueError(f"the target {self._sentence!r} has two goals; name one and bound the others")
            self._goal = _GOALS[word]
        elif word in _AT_MOST or word in _AT_LEAST:
            self._side = "most" if word in _AT_MOST else "least"
        elif word in {"at", "most", "least"}:
            self._side = word if word != "at" else self._side
        elif word not in _FILLERS:
            known = [*_GOALS, *sorted(_AT_MOST | _AT_LEAST)]
            raise ValueError(f"{word!r} is not understood in a target{_nearest(word, known)}; {_WAY_OUT}")

    def _take_amount(self, amount: Decimal, unit: str, shown: str) -> None:
        if not self._side:
            raise ValueError(f"say whether {shown} is a lower or an upper bound: {_WAY_OUT}")
        if amount < 0:
            raise ValueError(f"{shown} is negative; a bound is at least 0")
        if self._side == "least":
            self._take_quality(amount, unit, shown)
        elif unit in _DOLLARS:
            self._bound("cost", amount * _DOLLARS[unit])
        elif unit in _MILLISECONDS:
            self._bound("time", amount * _MILLISECONDS[unit])
        elif not unit:
            raise ValueError(f"{shown} has no unit: write ${shown} for a cost, {shown} s or {shown} ms for a time")
        else:
            known = [*_DOLLARS, *_MILLISECONDS]
            raise ValueError(f"there is no unit {unit!r}{_nearest(unit, known)}; there are $, cents, ms, s and min")

    def _take_quality(self, amount: Decimal, unit: str, shown: str) -> None:
        if unit == "%":
            amount /= 100
        elif unit:
            raise ValueError(f"{shown} cannot be a lower bound: that is a quality between 0 and 1; {_WAY_OUT}")
        if amount > 1:
            raise ValueError(f"the quality {shown} is not between 0 and 1")
        self._bound("quality", amount)

    def _bound(self, what: str, amount: Decimal) -> None:
        if what in self._bounds:
            raise ValueError(f"the {what} is bounded twice in the target {self._sentence!r}")
        self._bounds[what] = amount

    def _whole(self) -> Target:
        if self._goal is None:
            raise ValueError(f"the target {self._sentence!r} has no goal (best, cheapest or fastest); {_WAY_OUT}")
        bounds = self._bounds
        return Target(
            goal=self._goal,
            min_quality=float(bounds["quality"]) if "quality" in bounds else None,
            max_cost_nanousd=usd_to_nanousd(bounds["cost"]) if "cost" in bounds else None,
            max_latency_ms=float(bounds["time"]) if "time" in bounds else None,
        )
