"""What pydantic has against a value, in words of ours: what is taken, and where it was to stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_NOUNS = {
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a number",
    "finite_number": "a number that is finite",
    "int": "a whole number",
    "list": "a list",
    "model": "a mapping",
    "path": "a path",
    "string": "text",
    "tuple": "a list",
}
_OF_ANOTHER_KIND = frozenset({"type", "parsing", "parsing_size", "from_float", "attributes_type"})
_BOUNDS = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
_ALTERNATIVES = frozenset({"str", "list[str]"})  # what pydantic adds to the place where one of several kinds may stand


def first_fault(error: ValidationError, model: type[BaseModel] | None = None) -> tuple[str, str]:
    """Where the first value stands that cannot be taken, and what is taken there. The value is not repeated.

    The place is empty where the whole is at fault. With the model, numbers are told with all their bounds.
    """
    faults = error.errors(include_url=False, include_input=False)
    first = faults[0]
    place = first["loc"]
    if place and place[-1] in _ALTERNATIVES:
        place = place[:-1]
        taken = dict.fromkeys(_noun(one) or "" for one in faults if one["loc"][:-1] == place)
        if all(taken):
            return ".".join(map(str, place)), f"it takes {' or '.join(taken)}"
    field = None if model is None or len(place) != 1 else model.model_fields.get(str(place[0]))
    return ".".join(map(str, place)), fault_in_words(first, field)


def fault_in_words(fault: ErrorDetails, field: FieldInfo | None = None) -> str:
    """What pydantic has against one value, as the end of a sentence that begins with where the value stands."""
    kind, facts = fault["type"], fault.get("ctx", {})
    if kind in _BOUNDS or _noun(fault) in {"a number", "a whole number"}:
        bounds = _bounds_of(field) or {name: facts[name] for name in _BOUNDS.values() if name in facts}
        is_whole = _noun(fault) == "a whole number" or (field is not None and _is_whole(field.annotation))
        return number_taken(bounds, is_whole=is_whole)
    if kind == "missing":
        return "it is missing"
    taken = facts["expected"] if kind == "literal_error" else _length(kind, facts) or _noun(fault)
    if taken:
        return f"it takes {taken}"
    message = fault["msg"].removeprefix("Value error, ")
    return message if kind == "value_error" else message[:1].lower() + message[1:]


def number_taken(bounds: Mapping[str, Any], *, is_whole: bool) -> str:
    """Which numbers are taken.

    >>> number_taken({"ge": 1, "le": 10_000}, is_whole=True), number_taken({"gt": 0}, is_whole=False)
    ('it takes a whole number from 1 to 10,000', 'it takes a number above 0')
    """
    number = "a whole number" if is_whole else "a number"
    if set(bounds) == {"ge", "le"}:
        return f"it takes {number} from {bounds['ge']:,} to {bounds['le']:,}"
    words = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most"}
    told = " and ".join(f"{words[name]} {bounds[name]:,}" for name in words if name in bounds)
    return f"it takes {number} {told}".rstrip()


def _noun(fault: ErrorDetails) -> str | None:
    """What is taken, where something of another kind was given."""
    kind, _, how = fault["type"].partition("_")
    return _NOUNS.get(kind) if how in _OF_ANOTHER_KIND else _NOUNS.get(fault["type"])


def _bounds_of(field: FieldInfo | None) -> dict[str, Any]:
    rules: Iterable[object] = () if field is None else field.metadata
    return {name: getattr(rule, name) for rule in rules for name in _BOUNDS.values() if hasattr(rule, name)}


def _is_whole(annotation: object) -> bool:
    return annotation is int or int in get_args(annotation)


def _length(kind: str, facts: Mapping[str, Any]) -> str:
    """How many characters or entries are taken, where there were too few or too many."""
    sides = {"too_short": ("at least", "min_length"), "too_long": ("at most", "max_length")}
    side = sides.get(kind.removeprefix("string_"))
    if side is None:
        return ""
    count = facts[side[1]]
    one, several = ("character", "characters") if kind.startswith("string") else ("entry", "entries")
    return f"{side[0]} {count:,} {one if count == 1 else several}"
