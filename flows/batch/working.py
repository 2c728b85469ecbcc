"""Working on rows: a chunk at a time, many rows at once, every result in the item ledger before the chunk is done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.batch.earlier import STAGE, is_settled, item_of, seen_of
from flows.errors import TemplateInvalid
from quality import QualityError
from registry import RegistryError
from registry.items import ItemRow
from registry.words import FailureClass
from routing.errors import AttemptsFailed, NoCandidate, RoutingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.batch.reading import Row
    from flows.batch.surveying import Asking
    from flows.batch.watching import BatchObserver
    from registry import Run
    from registry.items import ItemState
    from registry.words import TaskResult
    from routing import Runtime

FLUSH_ROWS = 64
FLUSH_SECONDS = 0.1

_REJECTED = frozenset({FailureClass.INVALID_OUTPUT, FailureClass.REFUSED})
# Nothing about the row is wrong, nor about any other: going on would fail them all in the same way.
_ENDS_ALL = (NoCandidate, QualityError, RegistryError)


@dataclass(slots=True)
class Due:
    """A row that is to be asked, with what will be asked."""

    item: str
    texts: tuple[str, str]
    seen: str


class Results:
    """Writes what came of rows to the item ledger, many at a time. A row is safe once :meth:`put` has returned."""

    def __init__(self, runtime: Runtime) -> None:
        self._items = runtime.items
        self._waiting: list[tuple[ItemRow, asyncio.Future[None]]] = []
        self._full = asyncio.Event()
        self._writing = asyncio.create_task(self._keep_writing(), name="turnout-batch-results")

    async def put(self, row: ItemRow) -> None:
        """Have a row written, and wait until it is.

        Raises:
            RegistryError: it cannot be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if len(self._waiting) >= FLUSH_ROWS:
            self._full.set()
        await asyncio.shield(done)

    async def aclose(self) -> None:
        """Write what waits, and stop."""
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        await self._write()

    async def _keep_writing(self) -> None:
        while True:
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._full.wait()
            except TimeoutError:
                pass  # some wait, though not many: they are written now
            self._full.clear()
            await asyncio.shield(self._write())

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            await self._items.end_many([row for row, _ in batch])
        except RegistryError as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
        else:
            for _, done in batch:
                if not done.done():
                    done.set_result(None)


class Working:
    """Works on the chunks of one run. ``places`` bounds how many rows are asked at once, over all chunks."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        run: Run,
        asking: Asking,
        version: str,
        places: int,
        retry_failed: bool,
        observer: BatchObserver,
    ) -> None:
        self._runtime = runtime
        self._run = run
        self._asking = asking
        self._version = version
        self._places = asyncio.Semaphore(places)
        self._retry_failed = retry_failed
        self._observer = observer
        self._results = Results(runtime)

    async def aclose(self) -> None:
        """Write what waits."""
        await self._results.aclose()

    async def chunk(self, rows: list[Row]) -> None:
        """Do what is missing of these rows. Where going on is of no use, what is under way still comes to its end.

        Raises:
            NoCandidate, QualityError, RegistryError: going on would be of no use.
        """
        run_id = self._run.run_id
        before = await self._runtime.items.states_between(
            run_id, STAGE, item_of(rows[0].number), item_of(rows[-1].number)
        )
        due, refused = self._plan(rows, before)
        await self._runtime.items.begin_many(run_id, STAGE, ((one.item, one.seen) for one in due))
        if refused:
            await self._runtime.items.end_many(refused)
        useless: list[Exception] = []
        async with asyncio.TaskGroup() as group:
            for one in due:
                await self._places.acquire()
                if useless:
                    self._places.release()
                    break
                # A place is free again when the result is safe: what a crash may pay for twice is what stands in one.
                group.create_task(self._one(one, useless)).add_done_callback(lambda _: self._places.release())
        if useless:
            raise useless[0]

    def _plan(self, rows: Iterable[Row], before: dict[str, tuple[ItemState, str]]) -> tuple[list[Due], list[ItemRow]]:
        """What is to be asked, and the rows that cannot be."""
        due: list[Due] = []
        refused: list[ItemRow] = []
        for row in rows:
            item = item_of(row.number)
            kept = before.get(item)
            texts, problem = self._texts(row)
            if texts is None:
                if kept is None or kept[0] != "rejected":
                    refused.append(self._row(item, "rejected", "", message=problem))
                self._observer.kept("rejected", 1)
                continue
            seen = seen_of(self._version, texts)
            if kept is not None and is_settled(kept, seen, retry_failed=self._retry_failed):
                self._observer.kept(kept[0], 1)
            else:
                due.append(Due(item, texts, seen))
        return due, refused

    def _texts(self, row: Row) -> tuple[tuple[str, str] | None, str]:
        """What is asked about a row; None, and why, where nothing can be."""
        if row.values is None:
            return None, row.problem
        try:
            return self._asking.texts(row.values), ""
        except TemplateInvalid as error:
            return None, error.problem

    async def _one(self, due: Due, useless: list[Exception]) -> None:
        """Ask for a row. ``useless`` takes what says that asking for others would be."""
        try:
            request = self._asking.request(due.texts, self._run.run_id, due.item)
            result = await self._runtime.run(self._runtime.owned(request))
            cost_nanousd = result.cost_nanousd
            row = await self._done(due, result)
        except _ENDS_ALL as error:
            useless.append(error)
            return
        except RoutingError as error:
            attempts = error.attempts if isinstance(error, AttemptsFailed) else ()
            cost_nanousd = sum(attempt.cost_nanousd for attempt in attempts)
            failure = attempts[-1].failure if attempts else None
            row = self._row(
                due.item,
                "rejected" if failure in _REJECTED else "failed",
                due.seen,
                result={"cost_nanousd": cost_nanousd, "offering": attempts[-1].offering if attempts else ""},
                message=str(error),
            )
        await self._results.put(row)
        self._observer.ended(row.state, cost_nanousd)

    async def _done(self, due: Due, result: TaskResult) -> ItemRow:
        told: dict[str, Any] = {
            "offering": result.offering,
            "cost_nanousd": result.cost_nanousd,
            "score": result.score,
        }
        digest = None
        if result.media:
            media = result.media[0]
            digest = await self._runtime.assets.put(media)
            told["media_type"] = media.media_type
        elif result.vectors:
            told["result"] = list(result.vectors[0])
        else:
            told["result"] = result.text
        return self._row(due.item, "done", due.seen, result=told, digest=digest, task_id=result.task_id)

    def _row(
        self,
        item: str,
        state: ItemState,
        seen: str,
        *,
        result: Any = None,
        digest: str | None = None,
        task_id: int | None = None,
        message: str = "",
    ) -> ItemRow:
        return ItemRow(
            run_id=self._run.run_id,
            stage=STAGE,
            item=item,
            state=state,
            fingerprint=seen,
            result=result,
            asset_digest=digest,
            task_id=task_id,
            message=message,
        )
