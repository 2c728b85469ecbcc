"""What a batch will probably cost, before anybody is called."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from flows.batch.flow_input import input_file
from flows.batch.reading import open_table
from flows.batch.surveying import Asking, limited, survey
from flows.errors import TemplateInvalid
from registry.words import Usage
from routing.errors import NoCandidate
from routing.estimating import DEFAULT_OUTPUT_TOKENS, estimate_needs

if TYPE_CHECKING:
    from pathlib import Path

    from flows.batch.parameters import BatchParameters
    from registry.words import Offering, TaskRequest
    from routing import Runtime

LIKELY_SHARE = 0.5
"""Of the output that a request allows, how much an answer is expected to have."""
_MOST_SHOWN = 5


async def estimate(runtime: Runtime, parameters: BatchParameters) -> dict[str, Any]:
    """Rows, tokens and cost of a batch that begins anew.

    The cost is low without any output, likely with half of what is allowed, high with all of it. ``offering`` is whom
    the router would choose for the first row now.

    Raises:
        BatchError: the table or the prompt cannot be used.
        NoCandidate: nobody can do such work.
    """
    async with input_file(parameters) as path:
        counted, first = await asyncio.to_thread(_count, parameters, path)
    if first is None:
        return {**counted, **_costs(None, 0, 0, 0), "offering": "nobody", "price_known": True}
    decision = await runtime.decide(runtime.owned(first))
    if not decision.ranked:
        raise NoCandidate(first, decision)
    offering = runtime.snapshot.offering(decision.ranked[0].offering_id)
    costs = _costs(offering, counted["input_tokens"], counted["output_tokens"], counted["pictures"])
    return {**counted, **costs, "offering": offering.name, "price_known": offering.price is not None}


def _count(parameters: BatchParameters, path: Path) -> tuple[dict[str, Any], TaskRequest | None]:
    """The counts, and the request of the first row that can be asked."""
    table = open_table(path)
    found = survey(table, parameters, path)
    asking = Asking(parameters, table.columns)
    problems = list(found.problems)
    first: TaskRequest | None = None
    askable = input_tokens = output_tokens = pictures = 0
    for row in limited(table, parameters.limit):
        if row.values is None:
            continue
        try:
            request = asking.request(asking.texts(row.values), 0, str(row.number))
        except TemplateInvalid as error:
            if len(problems) < _MOST_SHOWN:
                problems.append(f"line {row.line:,}: {error.problem}")
            continue
        first = first or request
        needs = estimate_needs(request)
        askable += 1
        input_tokens += needs.input_tokens
        output_tokens += needs.output_tokens or (DEFAULT_OUTPUT_TOKENS if parameters.capability == "text" else 0)
        pictures += needs.expected.pictures
    counted = {
        "rows": found.rows,
        "askable": askable,
        "broken": found.broken,
        "problems": problems,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "pictures": pictures,
    }
    return counted, first


def _costs(offering: Offering | None, input_tokens: int, output_tokens: int, pictures: int) -> dict[str, int]:
    price = None if offering is None else offering.price
    costs = {}
    for name, share in (("low", 0.0), ("likely", LIKELY_SHARE), ("high", 1.0)):
        usage = Usage(
            input_tokens=input_tokens, output_tokens=int(share * output_tokens), pictures=pictures, reported=False
        )
        costs[f"cost_{name}_nanousd"] = 0 if price is None else price.cost_nanousd(usage)
    return costs
