"""Frozen values that are made quickly: the same dataclass with an ``__init__`` that sets its slots directly.

What :mod:`dataclasses` writes for a frozen class goes through ``object.__setattr__`` for each field, which takes three
times as long. Here an instance is of a twin that is not frozen while its slots are set, and of its own class after
that: two changes of class cost less than going around a lock for each of ten fields. Worth it only for what is made
several times a call.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

C = TypeVar("C", bound=type)

_become = object.__dict__["__class__"].__set__  # goes around the lock of a frozen class


def quickly_made(cls: C) -> C:
    """Give a frozen dataclass with slots an ``__init__`` of the same signature, only quicker.

    >>> @quickly_made
    ... @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    ... class Point:
    ...     x: int
    ...     tags: list[str] = dataclasses.field(default_factory=list)
    >>> Point(x=1)
    Point(x=1, tags=[])
    >>> dataclasses.replace(Point(x=1), x=2).x
    2

    Raises:
        TypeError: the class is of another kind.
    """
    fields = dataclasses.fields(cls)
    is_frozen = cls.__dataclass_params__.frozen  # type: ignore[attr-defined]  # what dataclasses leaves behind
    if not is_frozen or hasattr(cls, "__post_init__") or "__slots__" not in cls.__dict__:
        raise TypeError(f"{cls.__name__} is no frozen dataclass with slots, or does something after it is made")
    twin = type(cls.__name__, (), {"__slots__": tuple(field.name for field in fields)})
    names: dict[str, Any] = {"_missing": dataclasses.MISSING, "_become": _become, "_twin": twin, "_own": cls}
    parameters, lines = [], []
    for field in fields:
        value = field.name
        if field.default is not dataclasses.MISSING:
            names[f"_default_{field.name}"] = field.default
            parameters.append(f"{field.name}=_default_{field.name}")
        elif field.default_factory is not dataclasses.MISSING:
            names[f"_make_{field.name}"] = field.default_factory
            parameters.append(f"{field.name}=_missing")
            value = f"_make_{field.name}() if {field.name} is _missing else {field.name}"
        else:
            parameters.append(field.name)
        lines.append(f"    self.{field.name} = {value}\n")
    by_place = sum(not field.kw_only for field in fields)  # dataclasses put those first
    if by_place < len(fields):
        parameters.insert(by_place, "*")
    source = (
        f"def __init__(self, {', '.join(parameters)}):\n"
        f"    _become(self, _twin)\n{''.join(lines)}    self.__class__ = _own\n"
    )
    exec(source, names)  # noqa: S102 - made of the names of our own fields, as dataclasses itself does
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    setattr(cls, "__init__", made)  # noqa: B010 - a type checker takes an assignment for a method that changes
    return cls
