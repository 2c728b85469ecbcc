"""Where a batch's rows come from: a file, or a query whose rows are written down first."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from registry.querying import read_query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from flows.batch.parameters import BatchParameters


@asynccontextmanager
async def input_file(parameters: BatchParameters) -> AsyncIterator[Path]:
    """The input as a file that can be read again: the one that is named, or what the query gives, written down."""
    if parameters.input_path is not None:
        yield parameters.input_path
        return
    with tempfile.TemporaryDirectory(prefix="turnout-query-") as folder:
        path = Path(folder) / "rows.jsonl"
        with path.open("wb") as file:
            async for row in read_query(parameters.database_url, parameters.query):
                file.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE))
        yield path
