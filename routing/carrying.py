"""Requests carried through: decided, answered from what was kept or dispatched, and recorded; whole or as a stream."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from quality import compile_checks
from routing.errors import NoCandidate, RouteExhausted
from routing.shadowing import Shadows
from routing.streaming import RoutedStream, WholeAnswer, passed_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Any

    from quality import Checks
    from registry.words import Decision, Policy, Snapshot, TaskRequest, TaskResult
    from routing.attempting import Accept
    from routing.cache import ResultCache
    from routing.choosing import Choice, Chooser
    from routing.dispatcher import Dispatcher
    from routing.recording import Recorder
    from routing.tracing import Traced, Tracing
    from routing.tries import Outcome


class Carrying:
    """Carries requests from decision to result.

    Args:
        snapshot: gives the registry as it is now.
        checks: those that requests may name.
        chooser: decides.
        dispatcher: walks what was decided.
        results: what was kept of earlier answers.
        recorder: keeps what came of each call.
        tracing: gives what makes spans, where there is anybody to look at them.
    """

    def __init__(
        self,
        *,
        snapshot: Callable[[], Snapshot],
        checks: Checks,
        chooser: Chooser,
        dispatcher: Dispatcher,
        results: ResultCache,
        recorder: Recorder,
        tracing: Callable[[], Tracing | None],
    ) -> None:
        self._snapshot = snapshot
        self._checks = checks
        self._chooser = chooser
        self._dispatcher = dispatcher
        self._results = results
        self._recorder = recorder
        self._tracing = tracing
        self._shadows = Shadows(self._shadow)

    def run(self, request: TaskRequest, accept: Accept | None = None) -> Coroutine[Any, Any, TaskResult]:
        """Have it done; raises as :meth:`routing.Runtime.run` does, when it is awaited."""
        tracing = self._tracing()
        if tracing is None:  # each coroutine on the way costs every call, and here nothing is left to do afterwards
            return self._run(request, accept, None)
        return self._traced(tracing, request, accept)

    async def _traced(self, tracing: Tracing, request: TaskRequest, accept: Accept | None) -> TaskResult:
        with tracing.begin(request) as traced, traced.current():
            return await self._run(request, accept, traced)

    @asynccontextmanager
    async def stream(self, request: TaskRequest) -> AsyncIterator[RoutedStream | WholeAnswer]:
        """Have it done, and pass on what comes; raises as :meth:`routing.Runtime.stream` does."""
        tracing = self._tracing()
        with nullcontext() if tracing is None else tracing.begin(request) as traced:
            async with self._stream(request, traced) as stream:
                yield stream

    async def decide(self, request: TaskRequest) -> Decision:
        """The decision alone."""
        return (await self._chooser.choose(request, self._snapshot())).decision

    async def close(self) -> None:
        """End what is only done to look at."""
        await self._shadows.close()

    async def _run(self, request: TaskRequest, accept: Accept | None, traced: Traced | None) -> TaskResult:
        compile_checks(request, self._checks)
        snapshot = self._snapshot()
        choice = await self._chooser.choose(request, snapshot)
        if traced is not None:
            traced.decided(choice.decision)
        return await self._done(request, choice, snapshot, accept, traced)

    async def _done(
        self, request: TaskRequest, choice: Choice, snapshot: Snapshot, accept: Accept | None, traced: Traced | None
    ) -> TaskResult:
        policy, decision = choice.policy, choice.decision
        asked = self._results.asked(request, policy) if accept is None else None
        if asked is not None and (known := await self._results.find(asked, decision, snapshot)) is not None:
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
            self._results.keep(asked, result, snapshot)
        if policy.affinity:
            self._chooser.affinity.answered(request, result.attempts[-1].offering_id)
        return result

    @asynccontextmanager
    async def _stream(self, request: TaskRequest, traced: Traced | None) -> AsyncIterator[RoutedStream | WholeAnswer]:
        compile_checks(request, self._checks)
        snapshot = self._snapshot()
        choice = await self._chooser.choose(request, snapshot)
        if traced is not None:
            traced.decided(choice.decision)
        policy, decision = choice.policy, choice.decision
        streaming = passed_on(request, policy)
        if streaming == "buffered":
            result = await self._done(request, choice, snapshot, None, traced)
            yield _whole(result, snapshot)
            return
        asked = self._results.asked(request, policy)
        if asked is not None and (known := await self._results.find(asked, decision, snapshot)) is not None:
            self._given_again(request, decision, known, traced)
            yield _whole(known, snapshot)
            return
        if choice.shadows:
            self._shadows.begin(request, policy, map(snapshot.offering, choice.shadows))

        def recorded(outcome: Outcome) -> None:
            self._record(request, decision, outcome, traced)
            if policy.affinity and outcome.attempt.failure is None:
                self._chooser.affinity.answered(request, outcome.attempt.offering_id)

        try:
            walk, begun = await self._dispatcher.begin(request, decision, snapshot, policy, recorded, streaming)
        except (NoCandidate, RouteExhausted) as error:
            self._undone(request, decision, error)
            raise
        stream = RoutedStream(
            dispatcher=self._dispatcher, walk=walk, begun=begun, recorded=recorded, clock=time.monotonic,
            streaming=streaming,
        )  # fmt: skip
        try:
            yield stream
        finally:
            await stream.aclose()

    async def _shadow(self, request: TaskRequest, policy: Policy) -> TaskResult:
        """Do what a shadow is asked to do, by its policy as it stands."""
        snapshot = self._snapshot()
        decision = self._chooser.decide_by(policy, request, snapshot)
        try:
            return await self._dispatcher.dispatch(
                request, decision, snapshot, policy, lambda outcome: self._record(request, decision, outcome, None)
            )
        except NoCandidate as error:
            self._recorder.undone(request, decision, str(error))
            raise

    def _undone(self, request: TaskRequest, decision: Decision, error: NoCandidate | RouteExhausted) -> None:
        """Keep why nobody was called, where nobody was."""
        if isinstance(error, NoCandidate) or not error.attempts:
            self._recorder.undone(request, decision, str(error))

    def _given_again(self, request: TaskRequest, decision: Decision, result: TaskResult, traced: Traced | None) -> None:
        self._recorder.given_again(request, decision, result, None if traced is None else traced.trace_id)
        if traced is not None:
            traced.given_again()

    def _record(self, request: TaskRequest, decision: Decision, outcome: Outcome, traced: Traced | None) -> None:
        if traced is None:
            self._recorder.attempted(request, decision, outcome)
        else:
            self._recorder.attempted(request, decision, outcome, traced.trace_id)
            traced.attempted(outcome)
        self._chooser.learn(decision, outcome)


def _whole(result: TaskResult, snapshot: Snapshot) -> WholeAnswer:
    return WholeAnswer(result, snapshot.offering(result.attempts[-1].offering_id))
