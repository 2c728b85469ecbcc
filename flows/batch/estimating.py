"""What a batch will probably cost, before anybody is called."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flows.batch.earlier import STAGE, is_settled, item_of, run_before, seen_of, version_of
from flows.batch.flow_input import input_file
from flows.batch.output import batched
from flows.batch.reading import open_table
from flows.batch.surveying import Asking, limited, survey
from flows.errors import TemplateInvalid
from registry.words import Capability, Usage
from routing.errors import NoCandidate
from routing.estimating import DEFAULT_OUTPUT_TOKENS, estimate_needs

if TYPE_CHECKING:
    from flows.batch.parameters import BatchParameters
    from flows.batch.reading import Row
    from registry import Run
    from registry.items import ItemState
    from registry.words import Offering, TaskRequest
    from routing import Runtime

LIKELY_SHARE = 0.5
"""Of the output that a request allows, how much an answer is expected to have."""
_MOST_SHOWN = 5
_ROWS_AT_ONCE = 500


@dataclass(slots=True)
class _Sums:
    """What some rows come to: how many are asked, tokens in and at most out, pictures."""

    askable: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    pictures: int = 0

    def add(self, request: TaskRequest) -> None:
        needs = estimate_needs(request)
        is_open = not needs.output_tokens and request.capability is Capability.TEXT
        self.askable += 1
        self.input_tokens += needs.input_tokens
        self.output_tokens += DEFAULT_OUTPUT_TOKENS if is_open else needs.output_tokens
        self.pictures += needs.expected.pictures


async def estimate(runtime: Runtime, parameters: BatchParameters) -> dict[str, Any]:
    """Rows, tokens and cost of a batch: of the whole table, and under ``left`` of what is not settled yet.

    The cost is low without any output, likely with half of what is allowed, high with all of it. ``settled`` counts the
    rows that keep what an earlier run of the same command gave them. ``offering`` is whom the router would choose for
    the first row now.

    Raises:
        BatchError: the table or the prompt cannot be used.
        NoCandidate: there is work left, and nobody can do it.
    """
    async with input_file(parameters) as path:
        table = await asyncio.to_thread(open_table, path)
        found = await asyncio.to_thread(survey, table, parameters, path)
        counting = _Counting(runtime, parameters, Asking(parameters, table.columns), list(found.problems))
        counting.run = await run_before(runtime, parameters, found)
        chunks = batched(limited(table, parameters.limit), _ROWS_AT_ONCE)
        while rows := await asyncio.to_thread(next, chunks, None):
            await counting.take(rows)
    offering = await counting.offering()
    return {
        "rows": found.rows,
        "broken": found.broken,
        "problems": counting.problems,
        **_told(counting.whole, offering),
        "settled": counting.whole.askable - counting.left.askable,
        "left": _told(counting.left, offering),
        "offering": "nobody" if offering is None else offering.name,
        "price_known": offering is None or offering.price is not None,
    }


class _Counting:
    """Adds up the rows of a table, and those among them that an earlier run has not settled."""

    def __init__(self, runtime: Runtime, parameters: BatchParameters, asking: Asking, problems: list[str]) -> None:
        self._runtime = runtime
        self._asking = asking
        self._version = version_of(parameters)
        self._retry_failed = parameters.retry_failed
        self._first: TaskRequest | None = None
        self.run: Run | None = None
        self.problems = problems
        self.whole = _Sums()
        self.left = _Sums()

    async def take(self, rows: list[Row]) -> None:
        """Count these."""
        before: dict[str, tuple[ItemState, str]] = {}
        if self.run is not None:
            first, last = item_of(rows[0].number), item_of(rows[-1].number)
            before = await self._runtime.items.states_between(self.run.run_id, STAGE, first, last)
        await asyncio.to_thread(self._count, rows, before)

    def _count(self, rows: list[Row], before: dict[str, tuple[ItemState, str]]) -> None:
        for row in rows:
            if row.values is None:
                continue
            try:
                texts = self._asking.texts(row.values)
            except TemplateInvalid as error:
                if len(self.problems) < _MOST_SHOWN:
                    self.problems.append(f"line {row.line:,}: {error.problem}")
                continue
            request = self._asking.request(texts, 0, str(row.number))
            self._first = self._first or request
            self.whole.add(request)
            kept = before.get(item_of(row.number))
            if not is_settled(kept, seen_of(self._version, texts), retry_failed=self._retry_failed):
                self.left.add(request)

    async def offering(self) -> Offering | None:
        """Whom the router would choose for the first row; None where there is nobody, and nothing to be asked."""
        if self._first is None:
            return None
        decision = await self._runtime.decide(self._runtime.owned(self._first))
        if not decision.ranked:
            if self.left.askable:
                raise NoCandidate(self._first, decision)
            return None
        return self._runtime.snapshot.offering(decision.ranked[0].offering_id)


def _told(sums: _Sums, offering: Offering | None) -> dict[str, int]:
    return asdict(sums) | _costs(offering, sums)


def _costs(offering: Offering | None, sums: _Sums) -> dict[str, int]:
    price = None if offering is None else offering.price
    costs = {}
    for name, share in (("low", 0.0), ("likely", LIKELY_SHARE), ("high", 1.0)):
        usage = Usage(
            input_tokens=sums.input_tokens,
            output_tokens=int(share * sums.output_tokens),
            pictures=sums.pictures,
            reported=False,
        )
        costs[f"cost_{name}_nanousd"] = 0 if price is None else price.cost_nanousd(usage)
    return costs
