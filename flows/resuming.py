"""Items of a run, each done once: what an earlier attempt at the run finished is used again, not paid for again."""

from __future__ import annotations

import hashlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import BaseModel

from flows.errors import RunNotResumable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from flows.watching import Observer
    from registry import ItemRow, Items, Run, Runs

M = TypeVar("M", bound=BaseModel)

resumed_run: ContextVar[int | None] = ContextVar("resumed_run", default=None)
"""The run that a flow is to go on with, where it was called for that; it then begins no other one."""


async def run_to_resume(runs: Runs, seen: str, trace_id: str | None = None) -> Run | None:
    """The run that :data:`resumed_run` names, now worked on here; None where none is named.

    ``seen`` is the fingerprint of the input and the parameters as they are now, ``trace_id`` the trace it goes on in.

    Raises:
        RunNotResumable: its input is another than when it began.
        RunTaken: another process works on it, or it has ended.
    """
    run_id = resumed_run.get()
    if run_id is None:
        return None
    if (await runs.get(run_id)).fingerprint != seen:
        raise RunNotResumable(run_id, "its input is another than when it began")
    return await runs.resume(run_id, trace_id=trace_id)


def fingerprint(*parts: Any) -> str:
    """The SHA-256 of values as canonical JSON, in hex: equal for equal values, whatever made them.

    >>> fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    True
    """
    plain = [part.model_dump(mode="json") if isinstance(part, BaseModel) else part for part in parts]
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


class RunItems:
    """The item ledger of one run.

    An item's result is kept with the fingerprint of what went into it, and used again only for the same: a changed
    prompt or an earlier stage that came out differently does it anew.
    """

    def __init__(
        self, items: Items, run_id: int, done: Mapping[tuple[str, str], ItemRow], version: str, observer: Observer
    ) -> None:
        self._items = items
        self._run_id = run_id
        self._done = done
        self._version = version
        self._observer = observer

    async def once(
        self, stage: str, item: str, kind: type[M], inputs: tuple[Any, ...], work: Callable[[], Awaitable[M]]
    ) -> M:
        """The item's result: an earlier one for the same ``inputs``, else that of ``work``, which is then kept.

        Raises whatever ``work`` raises; the item is then kept as failed, or as pending where it was cancelled.
        """
        seen = fingerprint(self._version, *inputs)
        before = self._done.get((stage, item))
        if before is not None and before.fingerprint == seen:
            value = kind.model_validate(before.result)
            self._observer.item_done(stage, item, reused=True)
            return value
        await self._items.plan(self._run_id, [(stage, item, seen)])
        await self._items.begin(self._run_id, stage, item)
        try:
            value = await work()
        except Exception as error:
            await self._items.fail(self._run_id, stage, item, str(error))
            raise
        await self._items.finish(
            self._run_id,
            stage,
            item,
            result=value.model_dump(mode="json"),
            asset_digest=getattr(value, "digest", None),
            task_id=getattr(value, "task_id", None),
        )
        self._observer.item_done(stage, item, reused=False)
        return value
