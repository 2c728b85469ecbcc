"""Turnout as a client of a router benchmark: ``start``, ``call(prompt, check)``, ``close``.

Everything is on, as in production: decisions, breakers, hedging, checks, a budget and limits that each call is held
against (large enough to refuse none), and the ledger in SQLite, drained at the end.
Loaded by its path, from any folder, by a Python in which Turnout is installed; see ``docs/peers.md``.
"""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

REPOSITORY = Path(__file__).parents[2]
if str(REPOSITORY) not in sys.path:
    sys.path.append(str(REPOSITORY))

from registry import (  # noqa: E402
    Budgets,
    Catalogue,
    Hedge,
    Limits,
    Message,
    Policies,
    Policy,
    Price,
    Settings,
    Store,
    TaskRequest,
    seed,
)
from registry.words import NANOUSD_PER_USD, Capability  # noqa: E402
from routing import Runtime  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

POLICY = "peers"
CHECKS = ("not_empty",)
CONTEXT_WINDOW = 128_000
SHARE_OF_HEDGES = 0.12
LARGE = 100_000_000


class Router:
    """Routes over services that speak OpenAI's chat format.

    Args:
        services: each with ``name``, ``base`` (``http://127.0.0.1:9100``), ``price_in`` and ``price_out`` (dollars per
            1,000 tokens).
        timeout: how long one request may take in all, in seconds.
        retries: not used: time and money bound a walk here, not a count.
        opt: the HTTP engine, such as ``aiohttp``; the settings' where empty.
        concurrency: not used: whoever calls bounds it.
    """

    def __init__(
        self, services: Sequence[Any], timeout: float = 2.0, retries: int = 3, opt: str = "", concurrency: int = 128
    ) -> None:
        del retries, concurrency
        self.services = services
        self.timeout = timeout
        self._home = Path(tempfile.mkdtemp(prefix="turnout-peers-"))
        given: dict[str, Any] = {"home": self._home} | ({"http_engine": opt} if opt else {})
        self._settings = Settings.load(given, directory=self._home, environment={})

    async def start(self) -> None:
        """Register the services and open the runtime."""
        logging.getLogger("routing").setLevel(logging.ERROR)
        store = await Store.open(self._settings.store_url)
        try:
            await self._register(store)
        finally:
            await store.close()
        self._runtime = await Runtime.start(self._settings)

    async def call(self, prompt: str, check: Callable[[str], bool] | None = None) -> str:
        """The answer to a prompt; ``check`` says of a text whether it is right."""
        request = TaskRequest(
            capability=Capability.TEXT, messages=(Message("user", prompt),), checks=CHECKS, policy=POLICY
        )
        accept = None if check is None else (lambda reply: check(reply.text))
        return (await self._runtime.run(request, accept=accept)).text

    async def close(self) -> None:
        """Write what is left to write, and remove everything."""
        await self._runtime.drain()
        await self._runtime.aclose()
        shutil.rmtree(self._home, ignore_errors=True)

    def pids(self) -> list[int]:
        """Child processes whose CPU time counts as ours: none."""
        return []

    async def _register(self, store: Store) -> None:
        await seed(store, time.time)
        catalogue = Catalogue(store, time.time)
        for shipped in await catalogue.services():  # the local model, above all, is not in the competition
            await catalogue.remove_service(shipped.name)
        for service in self.services:
            await catalogue.add_service(service.name, "openai_compatible", endpoint=f"{service.base}/v1", enabled=True)
            # Nothing is known of latency: a guess of a millisecond has each of them asked at first.
            await catalogue.put_offering(
                service.name, "m", capabilities=["text"], context_window=CONTEXT_WINDOW, quality=0.7, latency_ms=1
            )
            price = Price(
                input_nanousd_per_mtok=round(service.price_in * 1_000 * NANOUSD_PER_USD),
                output_nanousd_per_mtok=round(service.price_out * 1_000 * NANOUSD_PER_USD),
                source="the benchmark",
            )
            await catalogue.put_price(f"{service.name}/m", price)
            await Limits(store, time.time).put(service.name, requests=LARGE, places=LARGE)
        await Budgets(store, time.time).put("workspace", "default", LARGE * NANOUSD_PER_USD, "day")
        policy = Policy(
            name=POLICY,
            strategy="least_expected_cost",
            deadline_seconds=self.timeout,
            hedge=Hedge(calls_share=SHARE_OF_HEDGES, cost_share=SHARE_OF_HEDGES),
        )
        await Policies(store, time.time).put(policy)
