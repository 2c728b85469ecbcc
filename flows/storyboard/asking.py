"""Asking the router for a run: in whose name, and when to give up on services whose answers nobody can use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flows.errors import NoUsableAnswer
from registry.words import Capability, FailureClass
from routing import RouteExhausted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from registry.words import TaskRequest, TaskResult

MOST_UNUSABLE = 6
"""Requests for text that may fail before the first one works: two questions with all their tries."""


class Asking:
    """Has pieces of work done for one run, which belongs to ``workspace`` and ``principal``.

    A stage does without an answer that cannot be used: the text itself stands in. Where no service gives a single one
    that can, there is something wrong with the services (an endpoint that shows a web page), and a storyboard without
    them would hide it.
    """

    def __init__(
        self, route: Callable[[TaskRequest], Awaitable[TaskResult]], *, workspace: str, principal: str
    ) -> None:
        self._route = route
        self._workspace = workspace
        self._principal = principal
        self._unusable: int | None = 0

    async def __call__(self, request: TaskRequest) -> TaskResult:
        """Have it done.

        Raises:
            NoUsableAnswer: no answer could be used so far, and this was one too many.
            RoutingError: as the router does.
        """
        try:
            result = await self._route(replace(request, workspace=self._workspace, principal=self._principal))
        except RouteExhausted as error:
            if self._unusable is None or error.failure is not FailureClass.INVALID_OUTPUT:
                raise
            self._unusable += 1
            if self._unusable < MOST_UNUSABLE:
                raise
            raise NoUsableAnswer(self._unusable, str(error)) from error
        if request.capability is Capability.TEXT:
            self._unusable = None
        return result
