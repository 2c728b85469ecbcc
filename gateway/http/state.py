"""What every answer stands on: the runtime, the access keys, the counts, and whether the server is about to end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gateway.http.problems import Problem, no_key, refused_key
from registry import KeyRefused, format_usd, now_us, window_start_us
from registry.spending import spent_nanousd

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway.http.metrics import Metrics
    from registry import AccessKey, AccessKeys
    from registry.access_keys import Scope
    from routing import Runtime

SPENDING_KNOWN_SECONDS = 2.0
"""How old the knowledge of what a key has spent may be."""


class State:
    """The parts of one gateway. ``draining`` is set when it has been told to end."""

    def __init__(self, runtime: Runtime, keys: AccessKeys, metrics: Metrics) -> None:
        self.runtime = runtime
        self.keys = keys
        self.metrics = metrics
        self.draining = False
        self._spent: dict[int, tuple[int, float]] = {}

    async def admitted(self, request: Request, scope: Scope) -> AccessKey:
        """Whose request it is.

        Raises:
            Problem: no key, one that opens nothing, or not this; or its budget is spent.
        """
        shown = request.headers.get("authorization", "")
        key = shown[7:].strip() if shown[:7].lower() == "bearer " else request.headers.get("x-api-key", "")
        if not key:
            raise no_key()
        try:
            found = await self.keys.verify(key)
        except KeyRefused as error:
            raise refused_key(error) from None
        if not found.may(scope):
            raise Problem(403, "scope_missing", f"the key tk_{found.prefix}_… does not open {scope!r}")
        if scope == "call" and found.budget_nanousd is not None:
            await self._check_budget(found, found.budget_nanousd)
        return found

    async def _check_budget(self, key: AccessKey, budget_nanousd: int) -> None:
        spent, until = self._spent.get(key.key_id, (0, 0.0))
        if time.monotonic() >= until:
            since_us = window_start_us(key.budget_window, now_us(time.time))
            spent = await spent_nanousd(self.runtime.store, f"{key.workspace}/{key.principal}", since_us)
            self._spent[key.key_id] = spent, time.monotonic() + SPENDING_KNOWN_SECONDS
        if spent >= budget_nanousd:
            told = f"{format_usd(spent)} of {format_usd(budget_nanousd)} a {key.budget_window} are spent"
            raise Problem(429, "insufficient_quota", f"the budget of the key tk_{key.prefix}_… is used up: {told}")
