"""What an earlier run of the same batch has settled: which run that is, and which of its rows are not asked again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

from flows.resuming import fingerprint

if TYPE_CHECKING:
    from flows.batch.parameters import BatchParameters
    from flows.batch.surveying import Survey
    from registry import Run
    from registry.items import ItemState
    from routing import Runtime

VERSION = "1"
"""Of templates and requests together: a row's result is used again only by the same version."""

STAGE = "rows"


def item_of(number: int) -> str:
    """A row's name in the item ledger: its number, so that names sort as rows do."""
    return f"{number:010d}"


def version_of(parameters: BatchParameters) -> str:
    """What a row's fingerprint begins with: whatever is asked of every row."""
    return fingerprint(VERSION, parameters.asked())


def run_print(parameters: BatchParameters, found: Survey) -> str:
    """The fingerprint of a run: the same for the same table and questions, however many of its rows are wanted."""
    return fingerprint(found.digest, parameters.asked())


async def run_before(runtime: Runtime, parameters: BatchParameters, found: Survey) -> Run | None:
    """The run that the same command would go on with; None where it would begin anew."""
    return None if parameters.fresh else await runtime.runs.latest("route_batch", run_print(parameters, found))


def seen_of(version: str, texts: tuple[str, str]) -> str:
    """The fingerprint of what is asked about a row, in hex."""
    return hashlib.sha256(orjson.dumps([version, *texts])).hexdigest()


def is_settled(before: tuple[ItemState, str] | None, seen: str, *, retry_failed: bool) -> bool:
    """Whether a row keeps what came of it before, given as its state and fingerprint."""
    if before is None or before[1] != seen:
        return False
    return before[0] == "done" or (before[0] in {"failed", "rejected"} and not retry_failed)
