"""Reading tables as streams: CSV, JSONL and Parquet, a row at a time, bad lines named and left out."""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from flows.batch.parameters import format_of
from flows.errors import TableUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from flows.batch.parameters import Format

LONGEST_RECORD_BYTES = 2_000_000
MOST_COLUMNS = 2_000
_SKIPPED_AT_ONCE = 1 << 20
_PARQUET_ROWS = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a table. ``number`` counts all records from 1; ``line`` is where it begins in the file.

    ``values`` is None where the record cannot be used; ``problem`` says why.
    """

    number: int
    line: int
    values: dict[str, Any] | None
    problem: str = ""


class Table(Protocol):
    """A table that can be read again and again, in the same order."""

    columns: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """Its records, one at a time."""
        ...


def open_table(path: Path, kind: Format | None = None) -> Table:
    """The table in a file, of the kind that its name says unless ``kind`` does.

    Raises:
        TableUnreadable: there is no such file, it cannot be read, or it has no header.
    """
    if not path.is_file():
        raise TableUnreadable(str(path), "there is no such file" if not path.exists() else "it is no file")
    makers: dict[str, Callable[[Path], Table]] = {"csv": CsvTable, "jsonl": JsonLinesTable, "parquet": ParquetTable}
    try:
        return makers[kind or format_of(path)](path)
    except OSError as error:
        raise TableUnreadable(str(path), error.strerror or type(error).__name__) from error


class _Cut(Exception):
    """A record that is too long, or no text; never leaves this module."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class _Lines:
    """The lines of a file as text, bounded in size; knows the number of the last, and where the record began."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.line = 0
        self.first_line = 0
        self._record_bytes = 0

    def begin(self) -> None:
        """The next line begins a record."""
        self.first_line = self.line + 1
        self._record_bytes = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_RECORD_BYTES + 1)
        if not line:
            raise StopIteration
        self.line += 1
        self._record_bytes += len(line)
        if self._record_bytes > LONGEST_RECORD_BYTES:
            size = self._record_bytes + (0 if line.endswith(b"\n") else self._skip_line())
            raise _Cut(f"it has {size:,} bytes or more; at most {LONGEST_RECORD_BYTES:,} are read")
        if b"\x00" in line:
            raise _Cut(f"it holds a NUL at byte {line.index(0) + 1} of line {self.line}")
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise _Cut(f"byte {error.start + 1} of line {self.line} is not UTF-8") from None
        return text.removeprefix("\ufeff") if self.line == 1 else text

    def _skip_line(self) -> int:
        skipped = 0
        while chunk := self._file.readline(_SKIPPED_AT_ONCE):
            skipped += len(chunk)
            if chunk.endswith(b"\n"):
                break
        return skipped


class CsvTable:
    """A CSV file with a header, in UTF-8; cells are texts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
                raise TableUnreadable(str(path), "it is UTF-16; save it as UTF-8")
            file.seek(0)
            header = next(self._records(_Lines(file)), None)
        if header is None:
            raise TableUnreadable(str(path), "it is empty: not even a header")
        _, cells, problem = header
        if cells is None:
            raise TableUnreadable(str(path), f"its header cannot be read: {problem}")
        self.columns = _checked_columns(str(path), cells)

    def rows(self) -> Iterator[Row]:
        """The records after the header; one with more or fewer cells than it is a problem."""
        with self._path.open("rb") as file:
            records = itertools.islice(self._records(_Lines(file)), 1, None)
            for number, (line, cells, problem) in enumerate(records, start=1):
                if cells is None:
                    yield Row(number, line, None, problem)
                elif len(cells) != len(self.columns):
                    yield Row(number, line, None, f"it has {len(cells)} cells, the header {len(self.columns)}")
                else:
                    yield Row(number, line, dict(zip(self.columns, cells, strict=True)))

    @staticmethod
    def _records(lines: _Lines) -> Iterator[tuple[int, list[str] | None, str]]:
        """Records with the line where each begins; None for one that cannot be read, with why."""
        csv.field_size_limit(LONGEST_RECORD_BYTES + 1)
        reader = csv.reader(lines, strict=False)
        while True:
            lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (_Cut, csv.Error) as error:
                yield lines.first_line, None, str(error)
                reader = csv.reader(lines, strict=False)  # the next line begins anew
                continue
            if cells:
                yield lines.first_line, cells, ""


class JsonLinesTable:
    """A file with one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        seen: dict[str, None] = {}
        for row in self.rows():
            seen |= dict.fromkeys(row.values or ())
            if len(seen) > MOST_COLUMNS:
                raise TableUnreadable(str(path), f"it has more than {MOST_COLUMNS:,} columns")
        self.columns = tuple(seen)

    def rows(self) -> Iterator[Row]:
        """The objects, line by line; lines without anything are left out."""
        with self._path.open("rb") as file:
            lines = _Lines(file)
            number = 0
            while True:
                lines.begin()
                try:
                    text = next(lines)
                except StopIteration:
                    return
                except _Cut as cut:
                    number += 1
                    yield Row(number, lines.first_line, None, cut.problem)
                    continue
                if text.strip():
                    number += 1
                    yield _json_row(number, lines.first_line, text)


def _json_row(number: int, line: int, text: str) -> Row:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Row(number, line, None, f"it is no JSON: {error}")
    if not isinstance(value, dict):
        return Row(number, line, None, "it is no JSON object")
    if "\\u0000" in text and _holds_nul(value):
        return Row(number, line, None, "it holds a NUL")
    return Row(number, line, value)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, (*value, *value.values())))
    return isinstance(value, list) and any(map(_holds_nul, value))


class ParquetTable:
    """A Parquet file, read some hundred rows at a time."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        try:
            self.schema = pq.read_schema(path)
        except pa.ArrowException as error:
            raise TableUnreadable(str(path), f"it is no Parquet file ({error})") from error
        self.columns = _checked_columns(str(path), self.schema.names)

    def rows(self) -> Iterator[Row]:
        """The rows, with values that JSON can hold."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        number = 0
        with pq.ParquetFile(self._path) as file:
            try:
                for batch in file.iter_batches(batch_size=_PARQUET_ROWS):
                    for values in batch.to_pylist():
                        number += 1
                        yield Row(number, number, values)
            except pa.ArrowException as error:
                raise TableUnreadable(str(self._path), f"it breaks off after row {number:,} ({error})") from error


def _checked_columns(source: str, names: list[str]) -> tuple[str, ...]:
    if len(names) > MOST_COLUMNS:
        raise TableUnreadable(source, f"it has {len(names):,} columns; at most {MOST_COLUMNS:,} are read")
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise TableUnreadable(source, f"two columns bear the name {twice!r}")
    if not any(name.strip() for name in names):
        raise TableUnreadable(source, "its columns have no names")
    return tuple(names)
