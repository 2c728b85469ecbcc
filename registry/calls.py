"""One call as the ledger keeps it, and writing many of them in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from registry.dialects import insert_into, insert_into_sqlite, stepped
from registry.errors import CallsRepeated
from registry.tables import call_messages, calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

LONGEST_MESSAGE = 500
_BATCH = 500

Columns = tuple[tuple[Any, ...], ...]
"""Some rows, a tuple per field of :class:`CallRow`."""

# PostgreSQL's types of the columns, in the order of the table: it takes whole columns as arrays.
_POSTGRESQL_TYPES = (
    "bigint", "smallint", "bigint", "integer", "integer", "integer", "integer", "bigint", "bigint", "bigint",
    "smallint", "bigint", "bigint", "bigint", "integer", "integer", "bigint", "boolean", "bigint", "bytea", "bytea",
)  # fmt: skip


class CallRow(NamedTuple):
    """One attempt, with the facts in the order of the table ``calls``; ``stage`` to ``prompt_version`` are names.

    ``attempt`` counts from 1 within the task, and is 0 where a decision led to no call: a kept result was given again
    where ``offering_id`` names who had answered, and nobody could be called where that is 0. ``outcome`` is 0 for
    success, else ``FailureClass.code``. ``candidates`` (:func:`registry.candidates.pack_decision`) stands on a task's
    first row. ``message`` says why it failed. A tuple, because a call can afford little more.
    """

    task_id: int
    attempt: int
    run_id: int
    stage: str
    item: str
    owner: str
    prompt_version: str
    snapshot_id: int
    policy_id: int
    offering_id: int
    outcome: int
    started_us: int
    latency_us: int
    first_output_us: int | None
    input_tokens: int
    output_tokens: int
    cost_nanousd: int
    cost_known: bool
    checks: int | None = None
    candidates: bytes | None = None
    trace_id: bytes | None = None
    message: str = ""


_NAMES = slice(CallRow._fields.index("stage"), CallRow._fields.index("prompt_version") + 1)
_COST_KNOWN = CallRow._fields.index("cost_known")
_MESSAGE = CallRow._fields.index("message")
_BLOBS = CallRow._fields.index("candidates"), CallRow._fields.index("trace_id")


def columns_of(rows: Sequence[CallRow]) -> Columns:
    """Rows turned on their side. Done once a batch: so many rows at once are slow to walk again and again."""
    return tuple(zip(*rows, strict=True))


def column(columns: Columns, name: str) -> tuple[Any, ...]:
    """The column of that name."""
    return columns[CallRow._fields.index(name)]


def names_in(columns: Columns) -> set[str]:
    """Every name that must have a number before the rows can be written."""
    return {name for names in columns[_NAMES] for name in names}


async def write_calls(connection: AsyncConnection, columns: Columns, numbers: Mapping[str, int]) -> None:
    """Write calls and the messages of those that failed, within the caller's transaction.

    ``numbers`` are those of all names in the rows.

    Raises:
        CallsRepeated: not all of them were new; the caller rolls back, and sorts out first which are.
    """
    values = list(columns)
    values[_NAMES] = [tuple(map(numbers.__getitem__, names)) for names in columns[_NAMES]]
    messages = values.pop(_MESSAGE)
    write = _write_to_sqlite if connection.dialect.name == "sqlite" else _write_to_postgresql
    count, new = len(messages), await write(connection, values)
    if new != count:
        raise CallsRepeated(count, new)
    failed = [call for call in zip(columns[0], columns[1], messages, strict=True) if call[2]]
    if failed:
        await _write_messages(connection, failed)


async def _write_to_sqlite(connection: AsyncConnection, columns: list[tuple[Any, ...]]) -> int:
    # To the driver a bool, bytes and None are foreign types, for which it looks for an adapter each time.
    columns[_COST_KNOWN] = tuple(map(int, columns[_COST_KNOWN]))
    for place in _BLOBS:
        columns[place] = tuple([None if blob is None else bytearray(blob) for blob in columns[place]])
    return await insert_into_sqlite(connection, calls, columns)


async def _write_to_postgresql(connection: AsyncConnection, columns: list[tuple[Any, ...]]) -> int:
    arrays = ",".join(f"${number}::{kind}[]" for number, kind in enumerate(_POSTGRESQL_TYPES, start=1))
    statement = f"INSERT INTO calls SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"  # noqa: S608 - only types
    return (await connection.exec_driver_sql(statement, tuple(map(list, columns)))).rowcount


async def only_new(connection: AsyncConnection, rows: Sequence[CallRow]) -> list[CallRow]:
    """Those of the rows that the ledger does not have; of several for one attempt the first."""
    by_key = {(row.task_id, row.attempt): row for row in reversed(rows)}
    task_ids = sorted({task_id for task_id, _ in by_key})
    for start in range(0, len(task_ids), _BATCH):
        wanted = task_ids[start : start + _BATCH]
        statement = select(calls.c.task_id, calls.c.attempt).where(calls.c.task_id.in_(stepped(wanted)))
        for task_id, attempt in await connection.execute(statement):
            by_key.pop((task_id, attempt), None)
    return list(reversed(by_key.values()))


async def _write_messages(connection: AsyncConnection, failed: Iterable[tuple[int, int, str]]) -> None:
    rows = [
        {"task_id": task_id, "attempt": attempt, "message": shortened(message)} for task_id, attempt, message in failed
    ]
    await connection.execute(insert_into(connection, call_messages).on_conflict_do_nothing(), rows)


def shortened(message: str) -> str:
    """A message as the ledger keeps it: at most 500 characters, and none that a database refuses.

    >>> len(shortened("no " * 400))
    500
    """
    clean = message.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= LONGEST_MESSAGE else f"{clean[: LONGEST_MESSAGE - 1]}…"
