"""Results given again: the same request to the same model is answered once, while a policy keeps results."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from registry import CachedResult, RegistryError
from registry.words import Attempt, Capability, TaskResult, Usage
from routing.keeping import content_of, result_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry import CachedResults
    from registry.words import Candidate, Decision, Policy, Snapshot, TaskRequest

logger = logging.getLogger(__name__)

MOST_LOOKED_FOR = 32  # candidates, best first, whose results are looked for
LARGEST_KEPT_BYTES = 4_000_000
ENTRY_BYTES = 500  # what a kept result takes beside its content
MOST_PENDING = 1_000
MOST_PENDING_BYTES = 64_000_000
ROWS_PER_WRITE = 100
PRUNE_SECONDS = 60.0
_US = 1_000_000
_CLOCKS_DIFFER_US = 60 * _US  # what was kept later than so much after now was kept before a clock was set back
_NEVER_SAMPLED = frozenset({Capability.EMBEDDING})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose result may be kept: the digest of all of it but the model, whose it is, and for how long."""

    digest: Any
    workspace: str
    seconds: float

    def with_model(self, model_id: int, remote_name: str) -> str:
        """The digest of the request to that model, as its provider calls it."""
        whole = self.digest.copy()
        whole.update(f"{model_id}\0{remote_name}".encode("utf-8", "replace"))
        return str(whole.hexdigest())


class Memory:
    """Kept results in memory, by digest, bounded in bytes; what was not wanted for longest goes first."""

    def __init__(self, most_bytes: int) -> None:
        self.size_bytes = 0
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, CachedResult] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, digest: str) -> CachedResult | None:
        """The result of that digest."""
        found = self._kept.get(digest)
        if found is not None:
            self._kept.move_to_end(digest)
        return found

    def put(self, result: CachedResult) -> None:
        """Keep a result, and let go of others where it becomes too much."""
        self.drop(result.digest)
        if _size_bytes(result) > self._most_bytes:
            return
        self._kept[result.digest] = result
        self.size_bytes += _size_bytes(result)
        while self.size_bytes > self._most_bytes:
            self.drop(next(iter(self._kept)))

    def drop(self, digest: str) -> None:
        """Let go of a result, where it is there."""
        gone = self._kept.pop(digest, None)
        if gone is not None:
            self.size_bytes -= _size_bytes(gone)


def _size_bytes(result: CachedResult) -> int:
    return len(result.content) + ENTRY_BYTES


class ResultCache:
    """Gives results again. ``hits`` and ``misses`` count what was looked for.

    Memory is looked at first, then the database, which all processes share; it is written behind the caller's back. A
    database that cannot be used costs a look, never an answer. ``now_us`` gives microseconds since 1970.
    """

    def __init__(
        self, results: CachedResults, now_us: Callable[[], int], *, memory_bytes: int, by_principal: bool = False
    ) -> None:
        self.hits = 0
        self.misses = 0
        self._results = results
        self._now_us = now_us
        self._by_principal = by_principal
        self._memory = Memory(memory_bytes)
        self._pending: list[CachedResult] = []
        self._pending_bytes = 0
        self._writing: asyncio.Task[None] | None = None
        self._pruned_us = 0
        self._failing = False

    @property
    def memory_bytes(self) -> int:
        """How much of kept results stands in memory."""
        return self._memory.size_bytes

    def asked(self, request: TaskRequest, policy: Policy) -> Asked | None:
        """What is asked for, where its result may be kept or given again; else None.

        It may where the policy keeps results and the same request is to have the same answer: temperature 0, a seed,
        or work that is never sampled.
        """
        seconds = policy.cache_seconds
        if not seconds or not is_settled(request):
            return None
        owner = [request.workspace, request.principal] if self._by_principal else [request.workspace]
        try:
            canonical = orjson.dumps([owner, _canonical(request)], option=orjson.OPT_SORT_KEYS)
        except TypeError:  # orjson's error for what JSON cannot hold is one, too
            return None
        return Asked(hashlib.sha256(canonical), request.workspace, seconds)

    async def find(self, asked: Asked, decision: Decision, snapshot: Snapshot) -> TaskResult | None:
        """What was answered before, by the best candidate that something is kept of; None where nothing is."""
        began_us = self._now_us()
        oldest_us = began_us - int(asked.seconds * _US)
        wanted: dict[str, Candidate] = {}
        for candidate in decision.ranked[:MOST_LOOKED_FOR]:
            offering = snapshot.offering(candidate.offering_id)
            wanted.setdefault(asked.with_model(offering.model.model_id, offering.remote_name), candidate)
        for kept in await self._kept(list(wanted), began_us, oldest_us):
            candidate = wanted[kept.digest]
            attempt = Attempt(
                number=0, offering_id=candidate.offering_id, offering=candidate.offering, usage=Usage(),
                latency_ms=(self._now_us() - began_us) / 1_000,
            )  # fmt: skip
            result = result_of(kept.content, decision, attempt)
            if result is not None:
                self.hits += 1
                return result
            self._memory.drop(kept.digest)
        self.misses += 1
        return None

    def keep(self, asked: Asked, result: TaskResult, snapshot: Snapshot) -> None:
        """Keep a result that has passed all of its checks. Never waits."""
        if result.is_cached or not all(verdict.passed for verdict in result.verdicts):
            return
        offering = snapshot.offering(result.attempts[-1].offering_id)
        content = content_of(result)
        if content is None or len(content) > LARGEST_KEPT_BYTES:
            return
        now_us = self._now_us()
        kept = CachedResult(
            digest=asked.with_model(offering.model.model_id, offering.remote_name),
            workspace=asked.workspace,
            content=content,
            created_us=now_us,
            expires_us=now_us + int(asked.seconds * _US),
        )
        self._memory.put(kept)
        if len(self._pending) < MOST_PENDING and self._pending_bytes < MOST_PENDING_BYTES:
            self._pending.append(kept)
            self._pending_bytes += len(content)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="turnout-cache")

    async def close(self, timeout_seconds: float) -> None:
        """Write what is not written yet, within that time; what is left then was only good for a hit."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=timeout_seconds)
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing

    async def _kept(self, digests: list[str], now_us: int, oldest_us: int) -> list[CachedResult]:
        """What is kept of these, in their order: from memory, and from the database what would be better than that."""
        found: dict[str, CachedResult] = {}
        newest_us = now_us + _CLOCKS_DIFFER_US
        unknown = []
        for digest in digests:
            kept = self._memory.get(digest)
            if kept is not None and kept.expires_us > now_us and oldest_us < kept.created_us <= newest_us:
                found[digest] = kept
                break
            unknown.append(digest)
        if unknown:
            try:
                stored = await self._results.find(unknown)
            except RegistryError as error:
                self._tell("read", error)
                stored = {}
            for kept in stored.values():
                self._memory.put(kept)
            found |= stored
        return [
            found[digest] for digest in digests if digest in found and oldest_us < found[digest].created_us <= newest_us
        ]

    async def _write(self) -> None:
        while self._pending:
            batch = self._pending[:ROWS_PER_WRITE]
            try:
                await self._results.keep(batch)
                self._failing = False
                if abs(self._now_us() - self._pruned_us) > PRUNE_SECONDS * _US:
                    self._pruned_us = self._now_us()
                    await self._results.prune()
            except RegistryError as error:
                self._tell("written", error)
            del self._pending[: len(batch)]
            self._pending_bytes -= sum(len(one.content) for one in batch)

    def _tell(self, what: str, error: RegistryError) -> None:
        if not self._failing:
            logger.warning("kept results cannot be %s, services are asked instead: %s", what, error)
        self._failing = True


def is_settled(request: TaskRequest) -> bool:
    """Whether the same request is to have the same answer: nothing is sampled, or always alike."""
    if request.capability in _NEVER_SAMPLED:
        return True
    params = request.params
    return params.get("seed") is not None or ("temperature" in params and params["temperature"] == 0)


def _canonical(request: TaskRequest) -> list[Any]:
    """All of a request that its answer may depend on, as JSON can hold it."""
    needs = request.requirements
    return [
        request.capability.value,
        [
            [turn.role, turn.content, turn.call_id, [[tool.call_id, tool.name, tool.arguments] for tool in turn.tools]]
            for turn in request.messages
        ],
        request.prompt,
        list(request.inputs),
        request.schema,
        dict(request.params),
        dict(request.hints),
        list(request.checks),
        [sorted(needs.features), sorted(needs.regions), needs.pinned],
    ]
