"""Names that a room offers from its ``__init__`` and imports only when one is asked for (PEP 562)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazily(package: str, where: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package, for ``{name: module that defines it}``.

    A name is looked up once and then stands in the package like any other.
    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - it becomes the package's own
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(where[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:  # noqa: N807 - it becomes the package's own
        return sorted(where)

    return __getattr__, __dir__
