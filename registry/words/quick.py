"""Values that are made quickly: frozen dataclasses whose slots are set directly, and functions that make instances.

What :mod:`dataclasses` writes for a frozen class goes through ``object.__setattr__`` for each field, which takes three
times as long. Here an instance is of a twin that is not frozen while its slots are set, and of its own class after
that: two changes of class cost less than going around a lock for each of ten fields. Worth it only for what is made
several times a call.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

C = TypeVar("C", bound=type)
P = ParamSpec("P")
T = TypeVar("T")

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
    if not _is_frozen(cls) or not _is_plain(cls):
        raise TypeError(f"{cls.__name__} is no frozen dataclass with slots, or does something after it is made")
    names, parameters, lines = _parts(cls)
    names |= {"_become": _become, "_twin": _twin_of(cls), "_own": cls}
    made = _function(
        f"def __init__(self, {', '.join(parameters)}):\n"
        f"    _become(self, _twin)\n{''.join(lines)}    self.__class__ = _own\n",
        names,
    )
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    setattr(cls, "__init__", made)  # noqa: B010 - a type checker takes an assignment for a method that changes
    return cls


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """A function that makes instances of a dataclass with slots as the class itself does, by the same arguments.

    Python puts the keywords that a class is called with into one dictionary and takes them out of another; those of a
    function go to their places directly. That is half of what making a small value costs.

    >>> @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> make_point = maker(Point)
    >>> make_point(x=1)
    Point(x=1, y=0)

    Raises:
        TypeError: the class is of another kind.
    """
    kind = cast("type", cls)
    if not dataclasses.is_dataclass(kind) or not _is_plain(kind):
        raise TypeError(f"{kind.__name__} is no dataclass with slots, or does something after it is made")
    names, parameters, lines = _parts(kind)
    is_frozen = _is_frozen(kind)
    names |= {"_new": object.__new__, "_twin": _twin_of(kind) if is_frozen else kind, "_own": kind}
    become = "    self.__class__ = _own\n" if is_frozen else ""
    made = _function(
        f"def make({', '.join(parameters)}):\n    self = _new(_twin)\n{''.join(lines)}{become}    return self\n", names
    )
    made.__qualname__ = f"{kind.__qualname__}.make"
    return cast("Callable[P, T]", made)


def _is_frozen(cls: type) -> bool:
    return dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen  # type: ignore[attr-defined]  # what dataclasses leaves behind


def _is_plain(cls: type) -> bool:
    """Whether all that is to be done when one is made is to set its slots."""
    return not hasattr(cls, "__post_init__") and "__slots__" in cls.__dict__ and cls.__bases__ == (object,)


def _twin_of(cls: type) -> type:
    """A class with the same slots that is not frozen."""
    return type(cls.__name__, (), {"__slots__": tuple(field.name for field in dataclasses.fields(cls))})


def _parts(cls: type) -> tuple[dict[str, Any], list[str], list[str]]:
    """Parameters as the class has them, the lines that set its slots, and the names that both need."""
    names: dict[str, Any] = {"_missing": dataclasses.MISSING}
    parameters, lines = [], []
    fields = dataclasses.fields(cls)
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
    return names, parameters, lines


def _function(source: str, names: dict[str, Any]) -> Any:
    exec(source, names)  # noqa: S102 - made of the names of our own fields, as dataclasses itself does
    return names["make" if "make" in names else "__init__"]
