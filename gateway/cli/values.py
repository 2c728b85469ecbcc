"""Why a value on the command line is not taken, in our words: which are, and which one may have been meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    import typer


def in_our_words(error: typer.BadParameter) -> str:
    """What is wrong with a value. Where Typer has it from pydantic, the sentence is made anew; ours stay."""
    from pydantic import ValidationError

    from registry.validation import fault_in_words, number_taken

    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return error.message
    fault = cause.errors(include_url=False)[0]
    taken = getattr(error.param, "type_descriptor", None)
    kind, options = getattr(taken, "annotation", None), getattr(taken, "parameter_info", None)
    if kind in {int, float}:
        bounds = {"ge": getattr(options, "min", None), "le": getattr(options, "max", None)}
        given = {name: bound for name, bound in bounds.items() if bound is not None}
        return f"{number_taken(given, is_whole=kind is int)}, not {fault['input']!r:.40}"
    names = [name for name in _of_literal(kind) if isinstance(name, str) and name]
    if names:
        nearest = get_close_matches(str(fault["input"]), names, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are {', '.join(names)}"
        return f"there is no {str(fault['input'])[:40]!r}; {hint}"
    return fault_in_words(fault)


def _of_literal(kind: Any) -> list[Any]:
    """The values of a ``Literal``, also where it may be left out."""
    found: list[Any] = []
    for one in get_args(kind):
        found += _of_literal(one) if get_args(one) else [one]
    return found
