"""The service ``Local``: text from the model that runs on this machine."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from blocks.errors import ServiceFailure
from blocks.local.model import find_model
from blocks.local.server import LocalServer, LocalSetup, LocalStatus
from blocks.local.window import room_for_output
from blocks.openai_compatible import OpenAICompatible
from registry.words import Capability, FailureClass

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from blocks.contract import Call, Event
    from blocks.local.server import Running
    from blocks.transport import Transport
    from registry.words import Service

# What the server understands, whatever the catalogue says of it.
_ACCEPTED = frozenset(
    {"temperature", "top_p", "top_k", "min_p", "seed", "stop", "max_tokens", "repeat_penalty"}
    | {"presence_penalty", "frequency_penalty"}
)
# The server closes a connection soon after a stream, without saying so: a call on it would be lost.
_OPTIONS = {"reuse_connection": False}


class Local:
    """The model that runs on this machine, behind one server for all processes that share ``directory``.

    The server starts with the first call and ends when it was idle for ``idle_seconds`` or when the last process that
    uses it is gone. A call without ``max_output_tokens`` gets a quarter of the context window, so that a model that
    finds no end comes to one.

    ::

        local = Local(row, transport, directory=home / "local")
        reply = await collect(local.stream(Call(request=request, offering=offering)))
        await local.aclose()

    Args:
        service: the registry's row.
        transport: carries the requests; it stays its maker's.
        directory: where the server's record, lock and log lie; one server per directory and model.
        model_path: a GGUF file; None is the bundled SmolLM2-135M-Instruct.
        threads: how many threads compute; None is one for each processor but one. The threads wait for each other
            after every step, so a processor that is busy with other work holds all of them up: on two busy ones,
            two threads took ten times as long as one.
        slots: how many calls are worked on side by side.
        context_tokens: the context window of one slot.
        idle_seconds: how long the server waits for the next call before it ends.
    """

    def __init__(
        self,
        service: Service,
        transport: Transport,
        *,
        directory: Path,
        model_path: Path | None = None,
        threads: int | None = None,
        slots: int = 2,
        context_tokens: int = 4096,
        idle_seconds: float = 600.0,
    ) -> None:
        self._service = service
        self._transport = transport
        self._directory = directory.absolute()
        self._model_path = model_path
        self._threads = threads or max(1, _processors() - 1)
        self._slots = slots
        self._context_tokens = context_tokens
        self._idle_seconds = idle_seconds
        self._free_slots = asyncio.Semaphore(slots)
        self._server: LocalServer | None = None

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """Do the work of ``call``.

        Raises:
            ServiceFailure: as OpenAI-compatible services do; ``transient`` where the server died or no slot came free
                in time, ``unavailable_model`` where the model cannot be served, ``too_long`` where the input and
                ``max_output_tokens`` together exceed the context window.
        """
        if call.request.capability is not Capability.TEXT:
            message = f"{self._service.name}: the local model does no {call.request.capability}"
            raise ServiceFailure(FailureClass.UNAVAILABLE_MODEL, message)
        end = asyncio.get_running_loop().time() + call.timeout_seconds
        server = self._found_server()
        async with self._slot(call.timeout_seconds):
            for is_last in (False, True):
                running = await server.ready(_left(end))
                has_spoken = False
                try:
                    with server.membership.calling():
                        async with aclosing(self._speak(running, call, end)) as events:
                            async for event in events:
                                has_spoken = True
                                yield event
                except ServiceFailure as failure:
                    is_transient = failure.failure is FailureClass.TRANSIENT
                    # A server that ended before its first word is replaced once.
                    if is_last or has_spoken or not is_transient or server.current() is not None:
                        if is_transient:
                            server.doubt()
                        raise
                else:
                    return

    async def status(self) -> LocalStatus:
        """How the local model stands; nothing is started for it."""
        try:
            server = self._found_server()
        except ServiceFailure as failure:
            return LocalStatus(running=False, problem=failure.message)
        return await asyncio.to_thread(server.status)

    async def probe(self, secret: str | None, timeout_seconds: float) -> str:  # noqa: ARG002 - as every service is asked
        """How the model stands; nothing is started for it.

        Raises:
            ServiceFailure: ``unavailable_model`` where it cannot be served.
        """
        status = await self.status()
        if status.problem:
            raise ServiceFailure(FailureClass.UNAVAILABLE_MODEL, f"{self._service.name}: {status.problem}")
        return "it runs" if status.running else "ready to start"

    async def aclose(self) -> None:
        """Be no user of the server any more; it ends within a second if no other process uses it."""
        if self._server is not None:
            self._server.membership.leave()

    def _found_server(self) -> LocalServer:
        if self._server is None:
            setup = LocalSetup(
                directory=self._directory,
                model_path=find_model(self._model_path),
                threads=self._threads,
                slots=self._slots,
                context_tokens=self._context_tokens,
                idle_seconds=self._idle_seconds,
            )
            self._server = LocalServer(setup, self._transport)
        return self._server

    @asynccontextmanager
    async def _slot(self, timeout_seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._free_slots.acquire()
        except TimeoutError as error:
            message = f"{self._service.name}: no slot came free within {timeout_seconds:g} s"
            raise ServiceFailure(FailureClass.TRANSIENT, message) from error
        try:
            yield
        finally:
            self._free_slots.release()

    async def _speak(self, running: Running, call: Call, end: float) -> AsyncGenerator[Event, None]:
        record = running.record
        service = replace(self._service, endpoint=f"{record.url}/v1", options=_OPTIONS)
        limit = await room_for_output(record, call, self._transport, _left(end))
        call = replace(
            call,
            secret=record.token.get_secret_value(),
            timeout_seconds=_left(end),
            request=replace(call.request, params={**call.request.params, "max_output_tokens": limit}),
            offering=replace(
                call.offering,
                service=service,
                accepted_params=_ACCEPTED,
                features=call.offering.features | {"json_schema"},
                max_output_tokens=None,
            ),
        )
        async with aclosing(OpenAICompatible(service, self._transport).stream(call)) as events:
            async for event in events:
                yield event


def _left(end: float) -> float:
    """Seconds until the end; a hundredth at least, so that running out of time is told where time is kept."""
    return max(0.01, end - asyncio.get_running_loop().time())


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
