"""Conditions of rules: CEL expressions, checked when they are written and compiled once.

CEL has no loops, no names but those it is given, and no way to the outside. What could still take long is left out
here: patterns, lists within lists, long expressions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from registry.condition_facts import FACTS, MAPS, REQUEST_ROOTS, SERVICE_ROOTS
from registry.condition_names import check_functions, names_in
from registry.errors import ConditionFailed, ConditionInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_CONDITION = 1_000
LONGEST_TEXT = 500  # of a fact's text, what a condition sees

_LARGEST = 2**63 - 1

Kind = Literal["request", "service", "key"]

_ROOTS = {"request": REQUEST_ROOTS, "key": REQUEST_ROOTS, "service": SERVICE_ROOTS}
_ASKED = {
    "request": "once a request",
    "key": "once a request",
    "service": "of each offering, for many requests at once",
}
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?(.*)")
_TOLD = {KeyError: "a fact is not known: {}", ZeroDivisionError: "it divides by zero"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that has been understood. ``names`` are the facts that it looks at."""

    source: str
    names: frozenset[str]
    program: Any = field(repr=False, compare=False)

    def holds(self, context: Any) -> bool:
        """Whether it holds for these facts; ``context`` comes from :func:`context_of`.

        Raises:
            ConditionFailed: it cannot be told.
        """
        value = self.value(context)
        if value is True or value is False:
            return value
        raise ConditionFailed(f"it gives {type(value).__name__}, neither true nor false")

    def value(self, context: Any) -> Any:
        """What it gives for these facts.

        Raises:
            ConditionFailed: it cannot be told.
        """
        try:
            return self.program.execute(context)
        except Exception as error:
            raise ConditionFailed(_in_words(error)) from error


def context_of(facts: Mapping[str, Any]) -> Any:
    """Facts by their dotted names, as conditions take them. Made once, it serves any number of conditions.

    Texts are cut at :data:`LONGEST_TEXT` characters, whole numbers at 64 bits. A fact that is None is left out: whoever
    asks for it fails.
    """
    import cel

    tree: dict[str, Any] = {}
    for name, value in facts.items():
        *path, last = _path(name)
        inner = tree
        for part in path:
            inner = inner.setdefault(part, {})
        if value is not None:
            inner[last] = _bounded(value)
    return cel.Context(tree)


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        text = value[:LONGEST_TEXT]
        return text if text.isascii() else text.encode("utf-8", "replace").decode()  # a lone surrogate is no text
    if type(value) is int:
        return max(-_LARGEST, min(value, _LARGEST))
    return value


@lru_cache(maxsize=1_024)
def compile_condition(source: str, kind: Kind) -> Condition:
    """Understand a condition: over the request, over services, or a split's key (a text made of the request).

    Raises:
        ConditionInvalid: it is too long, is no CEL, names what there is not, or gives no true or false.
    """
    import cel

    if len(source) > LONGEST_CONDITION:
        raise ConditionInvalid(f"it is longer than {LONGEST_CONDITION:,} characters")
    try:
        program = cel.compile(source)
    except Exception as error:
        raise _not_understood(str(error)) from error
    names = names_in(source, _ROOTS[kind], asked=_ASKED[kind])
    check_functions(program.functions())
    condition = Condition(source, names, program)
    _try_out(condition, kind)
    return condition


def _try_out(condition: Condition, kind: Kind) -> None:
    """See that it gives what it should for facts as they usually are."""
    try:
        value = condition.value(context_of({name: _example(name) for name in condition.names}))
    except ConditionFailed as failed:
        if isinstance(failed.__cause__, TypeError):  # the others depend on the values, which may be better than ours
            raise ConditionInvalid(str(failed)) from failed
        return
    if kind == "key" and not isinstance(value, str):
        raise ConditionInvalid("it gives no text: a split is by a text, such as request.principal")
    if kind != "key" and not isinstance(value, bool):
        raise ConditionInvalid("it gives neither true nor false: compare it with something")


def _example(name: str) -> Any:
    return FACTS[name if name in FACTS else next(one for one in MAPS if name.startswith(f"{one}."))].example


def _path(name: str) -> list[str]:
    """The parts of a fact's name; the key of a map's entry may have dots of its own."""
    for one in MAPS:
        if name.startswith(f"{one}."):
            return [*one.split("."), name.removeprefix(f"{one}.")]
    return name.split(".")


def _not_understood(message: str) -> ConditionInvalid:
    found = _PLACE.search(message)
    if found is None:
        return ConditionInvalid("it is no expression in CEL")
    line, column, problem = int(found[1]), int(found[2]), found[3]
    if "Recursion limit" in problem:
        return ConditionInvalid("its brackets are nested too deeply", line=line)
    hint = "; equality is written ==" if "'= '" in problem or "'='" in problem else ""
    return ConditionInvalid(f"it cannot be understood at column {column}: {_short(problem)}{hint}", line=line)


def _short(problem: str) -> str:
    return problem.partition(" expecting {")[0].partition(". ")[0][:120]


def _in_words(error: Exception) -> str:
    told = _TOLD.get(type(error), "{}")
    return told.format(str(error).partition(". ")[0].strip("'")[:200])
