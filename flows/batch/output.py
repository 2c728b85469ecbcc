"""The table with its results: input and item ledger read side by side, in the input's order."""

from __future__ import annotations

import itertools
import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.batch.earlier import STAGE, item_of
from flows.batch.parameters import format_of
from flows.batch.surveying import RESULT_COLUMNS, RESULT_TYPES, limited
from flows.batch.writing import TableFile
from registry.words import NANOUSD_PER_USD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.batch.parameters import BatchParameters
    from flows.batch.reading import Row, Table
    from flows.batch.surveying import Survey
    from registry import Run
    from registry.items import ItemRow
    from routing import Runtime

_ROWS_AT_ONCE = 500
_REJECTED_COLUMNS = ("turnout_line", "turnout_reason")


@dataclass(slots=True, kw_only=True)
class Tally:
    """How the rows of a batch ended, and what they cost."""

    done: int = 0
    failed: int = 0
    rejected: int = 0
    broken: int = 0
    missing: int = 0
    cost_nanousd: int = 0


def rejected_path(output: Path) -> Path:
    """Where rejected rows and broken lines go: ``out.csv`` has ``out.rejected.csv`` beside it."""
    suffix = ".jsonl" if format_of(output) == "parquet" else output.suffix
    return output.with_name(f"{output.stem}.rejected{suffix}")


async def write_results(runtime: Runtime, run: Run, table: Table, found: Survey, parameters: BatchParameters) -> Tally:
    """Write the table with its results, the rejected rows beside it, pictures into a folder.

    Every row of the input that could be read is in it once. A file of rejected rows from before is removed where there
    are none now.

    Raises:
        OutputFailed: it cannot be written; nothing is left half-written.
    """
    tally = Tally()
    columns = (*(column for column in table.columns if column not in RESULT_COLUMNS), *RESULT_COLUMNS)
    beside = rejected_path(parameters.output_path)
    with (
        TableFile(
            parameters.output_path, columns, raw_csv=parameters.raw_csv, types={**found.types, **RESULT_TYPES}
        ) as results,
        TableFile(beside, (*_REJECTED_COLUMNS, *table.columns), raw_csv=parameters.raw_csv) as rejected,
    ):
        for rows in batched(limited(table, parameters.limit), _ROWS_AT_ONCE):
            first, last = item_of(rows[0].number), item_of(rows[-1].number)
            items = await runtime.items.between(run.run_id, STAGE, first, last)
            for row in rows:
                item = items.get(item_of(row.number))
                told = await _told(runtime, row, item, parameters, tally)
                if row.values is not None:
                    results.write({**row.values, **told})
                if row.values is None or (item is not None and item.state == "rejected"):
                    reason = row.problem or told["turnout_error"]
                    rejected.write({"turnout_line": row.line, "turnout_reason": reason, **(row.values or {})})
        none_rejected = rejected.count == 0
    if none_rejected:
        beside.unlink(missing_ok=True)
    return tally


async def _told(
    runtime: Runtime, row: Row, item: ItemRow | None, parameters: BatchParameters, tally: Tally
) -> dict[str, Any]:
    """The result columns of a row; the tally is moved on."""
    if row.values is None:
        tally.broken += 1
        return dict.fromkeys(RESULT_COLUMNS)
    state = "missing" if item is None or item.state in {"pending", "running"} else item.state
    setattr(tally, state, getattr(tally, state) + 1)
    kept: dict[str, Any] = {} if item is None else item.result or {}
    cost_nanousd = kept.get("cost_nanousd", 0)
    tally.cost_nanousd += cost_nanousd
    result = kept.get("result")
    if item is not None and item.asset_digest is not None:
        result = await _picture(runtime, item, kept, parameters.output_path)
    return {
        "turnout_result": result,
        "turnout_service": kept.get("offering") or None,
        "turnout_cost_usd": cost_nanousd / NANOUSD_PER_USD if kept else None,
        "turnout_score": kept.get("score"),
        "turnout_error": (item.message or None) if item is not None else "it was not asked",
    }


async def _picture(runtime: Runtime, item: ItemRow, kept: dict[str, Any], output: Path) -> str:
    """Put a picture into the folder beside the table; its path from there."""
    folder = output.with_name(f"{output.stem}.files")
    folder.mkdir(parents=True, exist_ok=True)
    ending = mimetypes.guess_extension(str(kept.get("media_type", ""))) or ".bin"
    place = folder / f"{int(item.item)}{ending}"
    assert item.asset_digest is not None  # noqa: S101 - the caller has looked
    place.write_bytes((await runtime.assets.read(item.asset_digest)).content)
    return f"{folder.name}/{place.name}"


def batched(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Lists of so many rows, the last one shorter."""
    while part := list(itertools.islice(rows, size)):
        yield part
