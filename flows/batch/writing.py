"""Writing tables as streams: CSV, JSONL and Parquet, each whole at its place or not there at all."""

from __future__ import annotations

import csv
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import orjson

from flows.batch.parameters import format_of
from flows.errors import OutputFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import TextIO

    import pyarrow as pa

# Spreadsheets run a cell that begins with one of these as a formula; some do after white space too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide forms count too
_PARQUET_ROWS = 500


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: one that might be gets an apostrophe before it.

    >>> safe_cell("=1+1"), safe_cell("-4.5"), safe_cell("a - b")
    ("'=1+1", '-4.5', 'a - b')
    """
    if not isinstance(value, str) or not (
        value.startswith(FORMULA_STARTS) or value.lstrip().startswith(FORMULA_STARTS)
    ):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


class Rows(Protocol):
    """Takes rows, one after the other."""

    def write(self, values: Mapping[str, Any]) -> None:
        """Take one."""
        ...

    def close(self) -> None:
        """All have come."""
        ...


class TableFile:
    """A table being written: beside its place first, and moved there when it is whole and closed without an error.

    ::

        with TableFile(Path("out.csv"), ("text", "turnout_result")) as table:
            table.write({"text": "a", "turnout_result": "b"})

    Raises:
        OutputFailed: no permission, no space, or a folder that cannot be made.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], *, raw_csv: bool = False, types: Mapping[str, str] | None = None
    ) -> None:
        self._path = path
        self._columns = tuple(columns)
        self._raw_csv = raw_csv
        self._types = dict(types or {})
        self._unfinished: Path | None = None
        self._rows: Rows | None = None
        self.count = 0

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix=f".{self._path.name}-", dir=self._path.parent)
            os.close(number)
            self._unfinished = Path(name)
            self._rows = self._opened(self._unfinished)
        except OSError as error:
            raise OutputFailed(self._path.parent, error.strerror or str(error)) from error
        return self

    def write(self, values: Mapping[str, Any]) -> None:
        """Write one row; columns that it lacks are empty."""
        assert self._rows is not None  # noqa: S101 - it is entered
        try:
            self._rows.write(values)
        except OSError as error:
            raise OutputFailed(self._path.parent, error.strerror or str(error)) from error
        self.count += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        assert self._rows is not None  # noqa: S101 - it is entered
        assert self._unfinished is not None  # noqa: S101 - it is entered
        try:
            self._rows.close()
            if kind is None:
                self._unfinished.chmod(0o666 & ~_umask())
                self._unfinished.replace(self._path)
        except OSError as fault:
            raise OutputFailed(self._path.parent, fault.strerror or str(fault)) from fault
        finally:
            with suppress(FileNotFoundError):
                self._unfinished.unlink()

    def _opened(self, path: Path) -> Rows:
        kind = format_of(self._path)
        if kind == "parquet":
            return _ParquetRows(path, self._columns, self._types)
        text = path.open("w", encoding="utf-8", newline="")
        return _CsvRows(text, self._columns, raw=self._raw_csv) if kind == "csv" else _JsonRows(text, self._columns)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


class _CsvRows:
    def __init__(self, file: TextIO, columns: tuple[str, ...], *, raw: bool) -> None:
        self._file = file
        self._columns = columns
        self._raw = raw
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(columns if raw else map(safe_cell, columns))

    def write(self, values: Mapping[str, Any]) -> None:
        cells = [_cell(values.get(column)) for column in self._columns]
        self._writer.writerow(cells if self._raw else map(safe_cell, cells))

    def close(self) -> None:
        self._file.close()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return orjson.dumps(value, default=str).decode() if isinstance(value, list | dict) else value


class _JsonRows:
    def __init__(self, file: TextIO, columns: tuple[str, ...]) -> None:
        self._file = file
        self._columns = columns

    def write(self, values: Mapping[str, Any]) -> None:
        told = {column: values[column] for column in self._columns if column in values}
        self._file.write(orjson.dumps(told, default=str, option=orjson.OPT_APPEND_NEWLINE).decode())

    def close(self) -> None:
        self._file.close()


class _ParquetRows:
    def __init__(self, path: Path, columns: tuple[str, ...], types: Mapping[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = [pa.field(column, pa.type_for_alias(types.get(column, "string"))) for column in columns]
        self._schema: pa.Schema = pa.schema(fields)
        self._writer = pq.ParquetWriter(path, self._schema)
        self._waiting: list[dict[str, Any]] = []

    def write(self, values: Mapping[str, Any]) -> None:
        texts = {field.name for field in self._schema if str(field.type) == "string"}
        self._waiting.append(
            {name: _text(values.get(name)) if name in texts else values.get(name) for name in self._schema.names}
        )
        if len(self._waiting) >= _PARQUET_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting.clear()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=str).decode()
