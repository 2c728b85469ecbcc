"""What is stored of a run, turned back into a call of its pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from flows.errors import RunNotResumable

if TYPE_CHECKING:
    from pydantic import BaseModel

    from registry import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A pipeline's flow and the parameters to call it with."""

    flow: Any
    parameters: BaseModel


def again(run: Run) -> Again:
    """The call that goes on with a run. Prefect and the pipeline are imported.

    Raises:
        RunNotResumable: it is of no pipeline of ours, or not all that it takes is stored.
    """
    if run.pipeline == "storyboard":
        from flows.storyboard.flow import storyboard

        return Again(flow=storyboard, parameters=parameters_of(run))
    from flows.batch.flow import route_batch

    return Again(flow=route_batch, parameters=parameters_of(run))


def parameters_of(run: Run) -> BaseModel:
    """The parameters that a run began with, as far as they are stored.

    Raises:
        RunNotResumable: it is of no pipeline of ours, or not all that it takes is stored.
    """
    if run.pipeline == "storyboard":
        from flows.storyboard import StoryboardParameters

        return _parsed(StoryboardParameters, run)
    if run.pipeline == "route_batch":
        from flows.batch import BatchParameters

        if run.parameters.get("query"):
            problem = "its rows come from a query, and the database's address is not kept, since it may hold a password"
            raise RunNotResumable(run.run_id, problem)
        return _parsed(BatchParameters, run)
    raise RunNotResumable(run.run_id, f"nothing here goes on with a {run.pipeline!r}")


def _parsed(kind: type[BaseModel], run: Run) -> BaseModel:
    try:
        return kind.model_validate(dict(run.parameters))
    except ValidationError as error:
        # The values are people's texts: only what is wrong with them is told.
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        raise RunNotResumable(run.run_id, f"its parameters do not hold: {place} {problem}".replace("  ", " ")) from None
