"""What every answer stands on: the runtime, the access keys, the counts, and whether the server is about to end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from gateway.http.problems import Problem, no_key, refused_key
from registry import KeyRefused, format_usd, key_standings

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway.http.metrics import Metrics
    from registry import AccessKey, AccessKeys
    from registry.access_keys import Scope
    from routing import Runtime

MOST_OWNERS = 10_000
SPENDING_KNOWN_SECONDS = 2.0
"""How old the knowledge of what a key has spent may be."""


class State:
    """The parts of one gateway, made in its event loop.

    ``draining`` is set when it has been told to end, and ``time_is_up`` is done when what is still under way then has
    had its time.
    """

    def __init__(self, runtime: Runtime, keys: AccessKeys, metrics: Metrics) -> None:
        self.runtime = runtime
        self.keys = keys
        self.metrics = metrics
        self.draining = False
        self.time_is_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        metrics.watch(runtime)
        self._spent: dict[str, tuple[str, float]] = {}

    def drain(self, seconds: float) -> None:
        """Note that the server ends: what is under way has so many seconds to finish."""
        if not self.draining:
            self.draining = True
            asyncio.get_running_loop().call_later(seconds, self.time_is_up.set_result, None)

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
        if scope == "call":
            await self._check_budget(found)
        return found

    async def _check_budget(self, key: AccessKey) -> None:
        """Turn away at the door whose budget is spent. What bounds the calls that are let in is the router's holds."""
        told, until = self._spent.get(key.owner, ("", 0.0))
        if time.monotonic() >= until:
            told = await self._spent_budget(key.owner)
            if len(self._spent) >= MOST_OWNERS:
                self._spent.clear()
            self._spent[key.owner] = told, time.monotonic() + SPENDING_KNOWN_SECONDS
        if told:
            raise Problem(429, "insufficient_quota", f"the budget of the key tk_{key.prefix}_… is used up: {told}")

    async def _spent_budget(self, owner: str) -> str:
        for budget, standing in await key_standings(self.runtime.store, owner):
            if standing.spent >= budget.amount_nanousd:
                amount = format_usd(budget.amount_nanousd)
                return f"{format_usd(standing.spent)} of {amount} a {budget.per} are spent"
        return ""
