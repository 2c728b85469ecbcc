"""The composition root: store, snapshot, credentials, services, policies and checks put together, once.

Prefect tasks, the command line and the gateway all do their work through a :class:`Runtime`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from blocks import (
    CredentialSource,
    LocalSettings,
    Parts,
    ServiceFactory,
    transport_named,
)
from quality import Checks, MicroBatcher, SuiteProcess, compile_checks, judge
from registry import (
    Assets,
    CachedResults,
    Catalogue,
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
)
from routing.allowances import Allowances
from routing.ambient import current_runtime
from routing.attempting import Attempting
from routing.cache import ResultCache
from routing.choosing import Chooser
from routing.connected import Connected
from routing.dispatcher import Dispatcher
from routing.errors import NoCandidate, RouteExhausted, RuntimeClosed
from routing.health import Health
from routing.recording import Recorder
from routing.shadowing import Shadows
from routing.streaming import RoutedStream, WholeAnswer, can_stream
from routing.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from typing import Any

    from blocks import AIService, Reply
    from quality import Subject
    from registry import Settings
    from registry.words import Decision, Policy, Service, Snapshot, TaskRequest, TaskResult, Verdict
    from routing.attempting import Accept, Outcome
    from routing.choosing import Choice
    from routing.tracing import Traced

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
        self._watch = SnapshotWatch(self.catalogue, time.time)
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
        self._shadows = Shadows(self._shadow)
        parts.push_async_callback(self._shadows.close)
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
            connect=self.connect, credentials=self.credentials, judge=self._judge, clock=time.monotonic
        )
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
        if self.tracing is None:
            return await self._run(request, accept)
        with self.tracing.begin(request) as traced, traced.current():
            return await self._run(request, accept, traced)

    async def _run(self, request: TaskRequest, accept: Accept | None, traced: Traced | None = None) -> TaskResult:
        compile_checks(request, self.checks)
        snapshot = self.snapshot
        choice = await self._choose(request, snapshot, traced)
        policy, decision = choice.policy, choice.decision
        asked = self.results.asked(request, policy) if accept is None else None
        if asked is not None and (known := await self.results.find(asked, decision, snapshot)) is not None:
            self._given_again(request, decision, known, traced)
            return known
        if choice.shadows:
            self._shadows.begin(request, policy, map(snapshot.offering, choice.shadows))
        try:
            result = await self._dispatcher.dispatch(
                request,
                decision,
                snapshot,
                policy,
                lambda outcome: self._record(request, decision, outcome, traced),
                accept,
            )
        except (NoCandidate, RouteExhausted) as error:
            self._undone(request, decision, error)
            raise
        if asked is not None:
            self.results.keep(asked, result, snapshot)
        if policy.affinity:
            self._chooser.affinity.answered(request, result.attempts[-1].offering_id)
        return result

    @asynccontextmanager
    async def stream(self, request: TaskRequest) -> AsyncIterator[RoutedStream | WholeAnswer]:
        """Decide, and pass output on as it comes. Entering waits for the first output.

        Until then another service steps in where one fails; afterwards a failure is a ``StreamBroken``. Leaving before
        the end breaks the call off. An answer that a schema judges comes in one piece, after :meth:`run`.

        Raises:
            NoCandidate, RouteExhausted, TaskEnded, QualityError, NotFound, RuntimeClosed: as :meth:`run`.

        Example::

            async with runtime.stream(task_request("text", "Tell me of the sea.")) as stream:
                async for delta in stream:
                    print(delta.text, end="")
        """
        with nullcontext() if self.tracing is None else self.tracing.begin(request) as traced:
            async with self._stream(request, traced) as stream:
                yield stream

    @asynccontextmanager
    async def _stream(self, request: TaskRequest, traced: Traced | None) -> AsyncIterator[RoutedStream | WholeAnswer]:
        snapshot = self.snapshot
        if not can_stream(request):
            result = await self._run(request, None, traced)
            yield WholeAnswer(result, snapshot.offering(result.attempts[-1].offering_id))
            return
        compile_checks(request, self.checks)
        choice = await self._choose(request, snapshot, traced)
        policy, decision = choice.policy, choice.decision
        asked = self.results.asked(request, policy)
        if asked is not None and (known := await self.results.find(asked, decision, snapshot)) is not None:
            self._given_again(request, decision, known, traced)
            yield WholeAnswer(known, snapshot.offering(known.attempts[-1].offering_id))
            return
        if choice.shadows:
            self._shadows.begin(request, policy, map(snapshot.offering, choice.shadows))

        def recorded(outcome: Outcome) -> None:
            self._record(request, decision, outcome, traced)
            if policy.affinity and outcome.attempt.failure is None:
                self._chooser.affinity.answered(request, outcome.attempt.offering_id)

        try:
            walk, begun = await self._dispatcher.begin(request, decision, snapshot, policy, recorded)
        except (NoCandidate, RouteExhausted) as error:
            self._undone(request, decision, error)
            raise
        stream = RoutedStream(
            dispatcher=self._dispatcher, walk=walk, begun=begun, recorded=recorded, clock=time.monotonic
        )
        try:
            yield stream
        finally:
            await stream.aclose()

    async def decide(self, request: TaskRequest) -> Decision:
        """The decision that :meth:`run` would take now, without acting on it.

        Raises:
            NotFound: there is no such policy.
            RuntimeClosed: the runtime has been closed.
        """
        return (await self._choose(request, self.snapshot)).decision

    async def _shadow(self, request: TaskRequest, policy: Policy) -> TaskResult:
        """Do what a shadow is asked to do, by its policy as it stands."""
        snapshot = self.snapshot
        decision = self._chooser.decide_by(policy, request, snapshot)
        try:
            return await self._dispatcher.dispatch(
                request, decision, snapshot, policy, lambda outcome: self._record(request, decision, outcome)
            )
        except NoCandidate as error:
            self._recorder.undone(request, decision, str(error))
            raise

    async def _choose(self, request: TaskRequest, snapshot: Snapshot, traced: Traced | None = None) -> Choice:
        if self._closed:
            raise RuntimeClosed
        choice = await self._chooser.choose(request, snapshot)
        if traced is not None:
            traced.decided(choice.decision)
        return choice

    def _undone(self, request: TaskRequest, decision: Decision, error: NoCandidate | RouteExhausted) -> None:
        """Keep why nobody was called, where nobody was."""
        if isinstance(error, NoCandidate) or not error.attempts:
            self._recorder.undone(request, decision, str(error))

    def _given_again(self, request: TaskRequest, decision: Decision, result: TaskResult, traced: Traced | None) -> None:
        self._recorder.given_again(request, decision, result, None if traced is None else traced.trace_id)
        if traced is not None:
            traced.given_again()

    def _record(self, request: TaskRequest, decision: Decision, outcome: Outcome, traced: Traced | None = None) -> None:
        if traced is None:
            self._recorder.attempted(request, decision, outcome)
        else:
            self._recorder.attempted(request, decision, outcome, traced.trace_id)
            traced.attempted(outcome)
        self._chooser.learn(decision, outcome)

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
