"""A first look at a table, before anything is paid for: how many rows, which are broken, whether the prompt fits."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from flows.batch.templates import PromptTemplate
from flows.errors import TableUnreadable, TemplateInvalid
from registry.words import Capability
from routing import task_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.batch.parameters import BatchParameters
    from flows.batch.reading import Row, Table
    from registry.words import TaskRequest

RESULT_COLUMNS = ("turnout_result", "turnout_service", "turnout_cost_usd", "turnout_score", "turnout_error")
RESULT_TYPES = {"turnout_cost_usd": "double", "turnout_score": "double"}
_READ_AT_ONCE = 1 << 20
_TYPES: dict[frozenset[type], str] = {
    frozenset({int}): "int64", frozenset({float}): "double", frozenset({int, float}): "double",
    frozenset({bool}): "bool",
}  # fmt: skip
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a table holds. ``problems`` are the first broken lines; ``types`` are those of columns that are no texts."""

    rows: int
    broken: int
    problems: tuple[str, ...]
    digest: str
    types: dict[str, str] = field(default_factory=dict)


class Asking:
    """Makes the request for a row, the same for the same row.

    Raises:
        TemplateInvalid: a prompt does not fit the table's columns.
    """

    def __init__(self, parameters: BatchParameters, columns: tuple[str, ...]) -> None:
        source = parameters.prompt or f"{{{{ row[{parameters.column!r}] }}}}"
        self._parameters = parameters
        self._wishes = parameters.wishes()
        self._prompt = PromptTemplate(source, columns)
        self._system = PromptTemplate(parameters.system, columns) if parameters.system else None

    def texts(self, values: dict[str, Any]) -> tuple[str, str]:
        """Prompt and system prompt for a row.

        Raises:
            TemplateInvalid: they cannot be made of it.
        """
        prompt = self._prompt.render(values)
        if not prompt.strip():
            raise TemplateInvalid("it is empty for this row")
        return prompt, "" if self._system is None else self._system.render(values)

    def request(self, texts: tuple[str, str], run_id: int, item: str) -> TaskRequest:
        """The work for a row."""
        prompt, system = texts
        given = self._parameters
        is_embedding = given.capability == "embedding"
        made = task_request(
            Capability(given.capability),
            "" if is_embedding else prompt,
            system=system,
            inputs=[prompt] if is_embedding else (),
            schema=given.answer_schema,
            service=given.service or None,
            params=given.params,
            checks=self._checks(),
            stage="rows",
            item=item,
        )
        return replace(self._wishes.on(made), run_id=run_id)

    def _checks(self) -> tuple[str, ...] | None:
        given = self._parameters
        if given.checks is not None or given.answer_schema is None:
            return given.checks
        return ("not_empty", "matches_schema")


def limited(table: Table, limit: int | None) -> Iterator[Row]:
    """The table's rows, at most so many."""
    return itertools.islice(table.rows(), limit)


def survey(table: Table, parameters: BatchParameters, path: Path) -> Survey:
    """Look at every row once.

    Raises:
        TemplateInvalid: the prompt does not fit.
        TableUnreadable: there is no row at all, a key is missing or stands twice.
    """
    Asking(parameters, table.columns)
    keys = _Keys(parameters.key_column, table.columns, str(path))
    rows = broken = 0
    problems: list[str] = []
    kinds: dict[str, set[type]] = {}
    for row in limited(table, parameters.limit):
        rows += 1
        if row.values is None:
            broken += 1
            if len(problems) < _MOST_SHOWN:
                problems.append(f"line {row.line:,}: {row.problem}")
            continue
        keys.take(row)
        for name, value in row.values.items():
            if value is not None and type(value) is not str:
                kinds.setdefault(name, set()).add(type(value))
            elif value is not None:
                kinds.setdefault(name, set()).add(str)
    if rows == 0:
        raise TableUnreadable(str(path), "it has no rows")
    types = {name: _TYPES[frozenset(found)] for name, found in kinds.items() if frozenset(found) in _TYPES}
    return Survey(rows=rows, broken=broken, problems=tuple(problems), digest=digest_of(path), types=types)


class _Keys:
    """Watches that no key stands twice. Keeps eight bytes a key."""

    def __init__(self, column: str, columns: tuple[str, ...], source: str) -> None:
        if column and column not in columns:
            raise TableUnreadable(source, f"there is no column {column!r}; there are {', '.join(columns)}")
        self._column = column
        self._source = source
        self._seen: set[int] = set()

    def take(self, row: Row) -> None:
        if not self._column or row.values is None:
            return
        key = str(row.values.get(self._column))
        mark = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())
        if mark in self._seen:
            raise TableUnreadable(self._source, f"line {row.line:,}: the key {key[:80]!r} stands there twice")
        self._seen.add(mark)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_READ_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()
