"""Asking until an answer can be used: the check's reason goes back to the model, at most twice, then None comes out."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flows.errors import AnswerRejected
from flows.storyboard.words import Credit
from registry.words import FailureClass, TaskRequest, TaskResult

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

Ask = Callable[[TaskRequest], Awaitable[TaskResult]]
"""Has a piece of work done: the router chooses by whom."""

Draft = Callable[[str, "Mapping[str, Any]"], TaskRequest]
"""Makes a request from the reason why the last answer was not used (empty at first) and the sampling parameters."""

T = TypeVar("T")

TRIES = 3
_TEMPERATURES = (0.2, 0.5, 0.8)
# Failures of an answer, not of a service: no other service would be asked for them a second time by routing, and the
# text itself can still stand in.
_ANSWER_FAILURES = frozenset({FailureClass.INVALID_OUTPUT, FailureClass.REFUSED, FailureClass.TOO_LONG})


async def ask_until(
    ask: Ask, draft: Draft, read: Callable[[Any], T], *, field: str, tries: int = TRIES
) -> tuple[T | None, Credit]:
    """An answer that ``read`` accepts, with its credit; None where ``tries`` answers could not be used.

    ``read`` gets the parsed JSON and returns a value or raises :class:`flows.errors.AnswerRejected`. An exception of
    ``ask`` that bears a ``failure`` of class invalid output, refused or too long counts as an answer that cannot be
    used; every other one is passed on: no service can be reached, the budget is spent, somebody cancelled.
    """
    reason = ""
    for attempt in range(1, tries + 1):
        request = draft(reason, _sampling(field, attempt))
        try:
            result = await ask(request)
        except Exception as error:
            if getattr(error, "failure", None) not in _ANSWER_FAILURES:
                raise
            reason = "it could not be read. Answer shortly, in the asked form."
            logger.info("%s %s, try %d: %s", request.stage, request.item, attempt, type(error).__name__)
            continue
        try:
            value = read(_in_form(request, result))
        except AnswerRejected as rejected:
            reason = rejected.reason
            logger.debug("%s %s, try %d: rejected: %s: %s", request.stage, request.item, attempt, reason, result.text)
            if rejected.final:
                break
        else:
            credit = Credit(
                field=field, origin="model", offering=result.offering, task_id=result.task_id, tries=attempt
            )
            return value, credit
    return None, Credit(field=field, origin="source", tries=attempt, reason=reason)


async def side_by_side(*questions: Awaitable[T]) -> list[T]:
    """The answers to questions asked at once; where one fails, the others are stopped and its error comes out."""
    asked = [asyncio.ensure_future(question) for question in questions]
    try:
        return await asyncio.gather(*asked)
    except BaseException:
        for question in asked:
            question.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        raise


def _in_form(request: TaskRequest, result: TaskResult) -> Any:
    """The answer's JSON, which is valid against its schema from here on, whatever the service could promise."""
    from jsonschema import Draft202012Validator

    if not Draft202012Validator(dict(request.schema or {})).is_valid(result.data):
        raise AnswerRejected("it does not have the asked form.")
    return result.data


def _sampling(field: str, attempt: int) -> dict[str, Any]:
    """Temperature and seed of a try: the same for the same work, different from try to try."""
    temperature = _TEMPERATURES[min(attempt, len(_TEMPERATURES)) - 1]
    return {"temperature": temperature, "seed": zlib.crc32(f"{field}/{attempt}".encode())}
