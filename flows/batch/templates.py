"""Prompt templates: Jinja in a sandbox that neither reaches out nor grows without bounds.

A template may use the row's columns, filters that keep a text's size in bounds, conditions, and loops that do not stand
in each other. It may not define, include or import, call methods that fill up texts, or multiply texts.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from flows.errors import TemplateInvalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

LONGEST_PROMPT = 2_000_000
"""Characters of a prompt."""

_FILTERS = {
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "join", "last", "length",
    "list", "lower", "max", "min", "replace", "reverse", "round", "select", "sort", "string", "striptags", "sum",
    "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordcount",
}  # fmt: skip
_METHODS = {
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "startswith", "endswith", "split", "rsplit",
    "splitlines", "get", "items", "keys", "values", "isdigit", "isalpha", "removeprefix", "removesuffix",
}  # fmt: skip
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Macro: "macros", nodes.CallBlock: "call blocks", nodes.Include: "includes", nodes.Import: "imports",
    nodes.FromImport: "imports", nodes.Extends: "extends", nodes.Block: "blocks", nodes.Pow: "powers",
    nodes.Mul: "multiplication", nodes.FilterBlock: "filter blocks",
}  # fmt: skip


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, without the globals that make things."""

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in _FILTERS}
        self.filters.update(replace=_replace, join=_join)


def _replace(text: Any, old: str, new: str) -> str:
    """Jinja's filter, which may not make a text of any size."""
    whole = str(text)
    if whole.count(str(old)) * len(str(new)) > LONGEST_PROMPT:
        raise TemplateInvalid(f"replace would make more than {LONGEST_PROMPT:,} characters")
    return whole.replace(str(old), str(new))


def _join(parts: Iterable[Any], between: str = "") -> str:
    """Jinja's filter, which may not make a text of any size."""
    texts = [str(part) for part in parts]
    if sum(map(len, texts)) + len(texts) * len(str(between)) > LONGEST_PROMPT:
        raise TemplateInvalid(f"join would make more than {LONGEST_PROMPT:,} characters")
    return str(between).join(texts)


class PromptTemplate:
    """A prompt with places for a row's columns.

    >>> PromptTemplate("Summarise: {{ row.text }}", ["text"]).render({"text": "A lamp."})
    'Summarise: A lamp.'

    Raises:
        TemplateInvalid: it does not parse, uses what it may not, or names a column that is not there.
    """

    def __init__(self, source: str, columns: Collection[str]) -> None:
        environment = _Environment()
        try:
            tree = environment.parse(source)
            _check(tree, columns)
            self._template = environment.from_string(source)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise TemplateInvalid(f"{error.message}{f' (line {line})' if line else ''}") from error

    def render(self, row: Mapping[str, Any]) -> str:
        """The prompt for one row.

        Raises:
            TemplateInvalid: it cannot be made of this row, or is too long.
        """
        parts: list[str] = []
        size = 0
        try:
            for part in self._template.generate(row=row):
                size += len(part)
                if size > LONGEST_PROMPT:
                    raise TemplateInvalid(f"the prompt is longer than {LONGEST_PROMPT:,} characters")
                parts.append(part)
        except TemplateError as error:
            raise TemplateInvalid(error.message or type(error).__name__) from error
        except (TypeError, ValueError, ArithmeticError, RecursionError, LookupError, AttributeError) as error:
            raise TemplateInvalid(f"{type(error).__name__}: {error}") from error
        return "".join(parts)


def _check(tree: nodes.Template, columns: Collection[str]) -> None:
    for node in _within(tree):
        if type(node) in _REFUSED:
            raise TemplateInvalid(f"{_REFUSED[type(node)]} are not for prompts (line {node.lineno})")
        if isinstance(node, nodes.For) and any(
            isinstance(inner, nodes.For) for inner in _within(node) if inner != node
        ):
            raise TemplateInvalid(f"loops may not stand in each other (line {node.lineno})")
        if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in _known(tree):
            raise TemplateInvalid(f"{node.name!r} is not known here; columns are row.NAME (line {node.lineno})")
        if isinstance(node, nodes.Call):
            method = node.node.attr if isinstance(node.node, nodes.Getattr) else None
            if method not in _METHODS:
                raise TemplateInvalid(f"{method or 'that'} may not be called in a prompt (line {node.lineno})")
        column = _column_of(node)
        if column is not None and column not in columns and column not in _METHODS:
            near = difflib.get_close_matches(column, list(columns), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(columns)}"
            raise TemplateInvalid(f"there is no column {column!r}{hint}")


def _within(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _within(child)


def _known(tree: nodes.Template) -> set[str]:
    """The names that may be read: the row, what the template sets, and the loop."""
    stored = {node.name for node in _within(tree) if isinstance(node, nodes.Name) and node.ctx == "store"}
    return stored | {"row", "loop"}


def _column_of(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "row":
        return node.attr
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.node, nodes.Name)
        and node.node.name == "row"
        and isinstance(node.arg, nodes.Const)
    ):
        return str(node.arg.value)
    return None
