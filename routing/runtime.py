"""The composition root: store, snapshot, credentials, services, policies and checks put together, once.

Prefect tasks, the command line and the gateway all do their work through a :class:`Runtime`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from blocks import (
    CredentialSource,
    LocalSettings,
    Parts,
    ServiceFactory,
    transport_named,
)
from quality import Checks, MicroBatcher, SuiteProcess, judge, look_early
from registry import (
    Assets,
    CachedResults,
    Catalogue,
    Cooldowns,
    Decisions,
    Home,
    Items,
    Ledger,
    Names,
    Policies,
    RegistryError,
    Runs,
    Scores,
    SnapshotWatch,
    Store,
    TaskIds,
    claim_worker,
    now_us,
    seed,
    this_process,
)
from routing.allowances import Allowances
from routing.ambient import current_runtime
from routing.attempting import Attempting
from routing.cache import ResultCache
from routing.carrying import Carrying
from routing.choosing import Chooser
from routing.connected import Connected
from routing.dispatcher import Dispatcher
from routing.errors import RuntimeClosed
from routing.health import Health
from routing.recording import Recorder
from routing.sharing import Sharing
from routing.streaming import RoutedStream, WholeAnswer
from routing.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Any

    from blocks import AIService, Reply
    from quality import Subject
    from registry import Settings
    from registry.words import Decision, Service, Snapshot, TaskRequest, TaskResult, Verdict
    from routing.attempting import Accept
    from routing.streaming import RoutedStream, WholeAnswer

logger = logging.getLogger(__name__)

AUDIT_GATHER_SECONDS = 0.05  # all of a run's results are there already: there is nothing to wait for
REFRESH_SECONDS = 5.0  # how old policies, learned quality and the knowledge of missing credentials may be


class Runtime:
    """Everything that work needs, put together from settings. Belongs to the event loop that started it.

    ``services`` replaces, by name, the blocks that the registry's rows would get: what tests of pipelines use, with
    :class:`blocks.Scripted`. ``checks`` are those that requests may name, the house's where left out.

    Example::

        async with Runtime.open(Settings.load()) as runtime:
            result = await runtime.run(task_request("text", "Name three lighthouses."))
    """

    def __init__(
        self, settings: Settings, *, services: Mapping[str, AIService] | None = None, checks: Checks | None = None
    ) -> None:
        self.settings = settings
        self.home = Home(settings.home)
        self.loop = asyncio.get_running_loop()
        self.checks = checks or Checks.standard()
        self.credentials = CredentialSource()
        self.health = Health(time.monotonic)
        self._given = dict(services or {})
        self._connected = Connected(lambda service: self._given.get(service.name) or self._factory.make(service))
        self._parts = AsyncExitStack()
        self._closed = False
        self.tracing = Tracing.find()

    @classmethod
    async def start(
        cls, settings: Settings, *, services: Mapping[str, AIService] | None = None, checks: Checks | None = None
    ) -> Runtime:
        """Open everything. The caller closes it with :meth:`aclose`.

        Raises:
            RegistryError: the data directory or the database cannot be used.
        """
        runtime = cls(settings, services=services, checks=checks)
        try:
            await runtime._open()
        except BaseException:
            await runtime.aclose()
            raise
        return runtime

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, *, services: Mapping[str, AIService] | None = None, checks: Checks | None = None
    ) -> AsyncIterator[Runtime]:
        """A runtime for the block's duration; :func:`routing.ai_task` inside uses it."""
        runtime = await cls.start(settings, services=services, checks=checks)
        token = current_runtime.set(runtime)
        try:
            yield runtime
        finally:
            current_runtime.reset(token)
            await runtime.aclose()

    async def _open(self) -> None:
        settings, parts = self.settings, self._parts
        self.home.make()
        self.store = await Store.open(settings.store_url, backup_directory=self.home.backups)
        parts.push_async_callback(self.store.close)
        await seed(self.store, time.time)
        self.names = Names(self.store)
        self.catalogue = Catalogue(self.store, time.time, workspace=settings.workspace)
        self.policies = Policies(self.store, time.time)
        self.scores = Scores(self.store, time.time)
        self.runs = Runs(self.store, time.time)
        self.items = Items(self.store, time.time)
        self.assets = Assets(self.store, self.home.assets, time.time)
        self.decisions = Decisions(self.store, self.names, self.catalogue.snapshots, self.policies)
        self.results = ResultCache(
            CachedResults(self.store, time.time),
            lambda: now_us(time.time),
            memory_bytes=settings.cache_memory_bytes,
            by_principal=settings.cache_scope == "principal",
        )
        parts.push_async_callback(self.results.close, settings.drain_seconds / 3)
        self._chooser = Chooser(
            policies=self.policies,
            scores=self.scores,
            credentials=self.credentials,
            health=self.health,
            task_ids=TaskIds(time.time, await claim_worker(self.store)),
            given=self._given,
        )
        self.cooldowns = Cooldowns(self.store, time.monotonic, process=this_process())
        sharing = self.health.room.told = Sharing(self.cooldowns, self.health.room, time.monotonic)
        parts.push_async_callback(sharing.aclose, settings.drain_seconds / 3)
        self._watch = SnapshotWatch(self.catalogue, time.time, follower=sharing)
        await self._watch.start()
        parts.push_async_callback(self._watch.stop)
        self.ledger = Ledger(self.store, self.names, time.time, settings.ledger_flush_seconds)
        await self.ledger.start()
        parts.push_async_callback(self.ledger.close, settings.drain_seconds)
        self._recorder = Recorder(
            self.ledger, self.scores, self.checks, lambda: now_us(time.time), settings.ledger_flush_seconds
        )
        self._recorder.start()
        parts.push_async_callback(self._recorder.close, settings.drain_seconds / 3)
        self._suites = SuiteProcess(self.checks)
        parts.push_async_callback(self._suites.aclose, 0.5)
        self.allowances = Allowances(self.store, clock=time.monotonic, wall=time.time)
        parts.push_async_callback(self.allowances.aclose)
        await self.allowances.start()
        self._connect_services()
        self._carrying = Carrying(
            snapshot=lambda: self._watch.current,
            checks=self.checks,
            chooser=self._chooser,
            dispatcher=self._dispatcher,
            results=self.results,
            recorder=self._recorder,
            tracing=lambda: self.tracing,
        )
        parts.push_async_callback(self._carrying.close)
        await self._refresh()
        refreshing = asyncio.create_task(self._keep_refreshing(), name="turnout-refresh")
        parts.push_async_callback(_cancel, refreshing)

    def _connect_services(self) -> None:
        settings = self.settings
        transport = transport_named(settings.http_engine)
        self._parts.push_async_callback(transport.aclose)
        self._parts.push_async_callback(self._connected.aclose)
        self._factory = ServiceFactory(
            Parts(
                transport=transport,
                local_directory=self.home.local,
                local=LocalSettings(
                    model_path=settings.local_model_path,
                    threads=settings.local_threads,
                    slots=settings.local_slots,
                    context_tokens=settings.local_context_tokens,
                    idle_seconds=settings.local_idle_seconds,
                ),
            )
        )
        attempting = Attempting(
            connect=self.connect, credentials=self.credentials, judge=self._judge, clock=time.monotonic,
            look=partial(look_early, checks=self.checks),
        )  # fmt: skip
        self._dispatcher = Dispatcher(
            attempting=attempting,
            credentials=self.credentials,
            health=self.health,
            clock=time.monotonic,
            sleep=asyncio.sleep,
            chance=random.Random(),  # noqa: S311 - it spreads waits
            allowances=self.allowances,
        )

    @property
    def snapshot(self) -> Snapshot:
        """The registry as decisions see it now."""
        return self._watch.current

    @property
    def waiting(self) -> dict[str, int]:
        """How many requests wait for a place at a service, by priority."""
        return self._dispatcher.waiting

    def owned(self, request: TaskRequest) -> TaskRequest:
        """The request in the name of the settings' workspace and principal."""
        return replace(request, workspace=self.settings.workspace, principal=self.settings.principal)

    async def run(self, request: TaskRequest, *, accept: Accept | None = None) -> TaskResult:
        """Decide, dispatch, record. ``accept`` is the caller's own check: who fails it is followed by the next.

        Raises:
            NoCandidate, RouteExhausted, TaskEnded: see :mod:`routing.errors`.
            QualityError: a check or a schema of the request makes no sense.
            NotFound: there is no such policy.
            RuntimeClosed: the runtime has been closed.
        """
        if self._closed:
            raise RuntimeClosed
        return await self._carrying.run(request, accept)

    @asynccontextmanager
    async def stream(self, request: TaskRequest) -> AsyncIterator[RoutedStream | WholeAnswer]:
        """Decide, and pass output on as it comes. Entering waits for what is passed on first.

        Until then another service steps in where one fails; afterwards a failure is a ``StreamBroken``. When that is
        says ``streaming`` of the request or its policy: ``first_token`` passes everything on at once; ``guarded`` holds
        the beginning back until checks have looked at it, and the end until they have passed all; ``buffered``, and
        whatever a schema judges, comes in one piece, after :meth:`run`.

        Raises:
            NoCandidate, RouteExhausted, TaskEnded, QualityError, NotFound, RuntimeClosed: as :meth:`run`.

        Example::

            async with runtime.stream(task_request("text", "Tell me of the sea.")) as stream:
                async for delta in stream:
                    print(delta.text, end="")
        """
        if self._closed:
            raise RuntimeClosed
        async with self._carrying.stream(request) as stream:
            yield stream

    async def decide(self, request: TaskRequest) -> Decision:
        """The decision that :meth:`run` would take now, without acting on it.

        Raises:
            NotFound: there is no such policy.
            RuntimeClosed: the runtime has been closed.
        """
        if self._closed:
            raise RuntimeClosed
        return await self._carrying.decide(request)

    async def audit(self, subjects: Mapping[int, Subject]) -> dict[int, tuple[Verdict, ...]]:
        """The verdicts of Great Expectations, in its child process, on results by their task ids.

        The same checks have judged each result already, as functions; this is the second opinion, for a whole run at a
        time. The child starts at first use, which takes some seconds; :meth:`warm_up_audit` starts it ahead of time.

        Raises:
            QualityError: the child fails, or a check is unknown.
        """
        async with MicroBatcher(
            self._suites, self.checks, max_rows=self.settings.gx_rows, max_wait_seconds=AUDIT_GATHER_SECONDS
        ) as batcher:
            judged = await asyncio.gather(
                *(batcher.verdicts(str(task_id), subject) for task_id, subject in subjects.items())
            )
        return dict(zip(subjects, judged, strict=True))

    async def warm_up_audit(self) -> None:
        """Start Great Expectations' child process now.

        Raises:
            QualityError: it does not start.
        """
        await self._suites.warm_up()

    async def drain(self) -> int:
        """Write what is known but not written yet; how much was left after ``drain_seconds``."""
        seconds = self.settings.drain_seconds
        return await self._recorder.drain(seconds) + await self.ledger.drain(seconds)

    async def aclose(self) -> None:
        """Drain and close everything, in the reverse order. May be called twice."""
        self._closed = True
        await self._parts.aclose()

    def connect(self, service: Service) -> AIService:
        """The block that speaks to a service, made once.

        Raises:
            UnknownServiceKind: none speaks for its kind.
        """
        return self._connected.to(service)

    def _judge(self, request: TaskRequest, reply: Reply, data: Any) -> tuple[Verdict, ...]:
        return judge(request, reply, data, checks=self.checks)

    async def _keep_refreshing(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await self._refresh()
            except RegistryError as error:
                if not failing:
                    logger.warning("policies and scores cannot be read, the last ones stay in use: %s", error)
                failing = True
            else:
                failing = False

    async def _refresh(self) -> None:
        snapshot = self.snapshot
        await self._chooser.refresh(snapshot, self._factory.kinds())
        self.health.keep_only({offering.offering_id for offering in snapshot.offerings})
        await self._connected.keep_only(offering.service for offering in snapshot.offerings)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
