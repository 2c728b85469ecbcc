"""Prefect blocks for flow authors who use one service by itself, without the registry and its routing."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl

from blocks.contract import Call
from blocks.prefect.credentials import ServiceCredentials
from registry.words import Capability, Model, Offering, Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from blocks.contract import AIService, Event
    from blocks.transport import Transport
    from registry.words import TaskRequest

_BLOCKS_URL = HttpUrl("https://docs.prefect.io/v3/concepts/blocks")
_CHAT_PARAMS = frozenset({"temperature", "top_p", "seed", "stop", "max_tokens"})


class ServiceBlock(Block):
    """What the service blocks have in common: they make a service, and calls for it. No block by itself."""

    _documentation_url: ClassVar[HttpUrl | None] = _BLOCKS_URL

    @abstractmethod
    def get_service(self) -> AIService:
        """The service that this block describes; whoever gets it closes it with ``aclose``."""

    def get_call(self, request: TaskRequest, *, timeout_seconds: float = 60.0) -> Call:
        """One call to the service, for ``get_service().stream(…)``."""
        return Call(request=request, offering=self._offering(), secret=self._secret(), timeout_seconds=timeout_seconds)

    @abstractmethod
    def _offering(self) -> Offering: ...

    def _secret(self) -> str | None:
        return None


class OpenAICompatibleService(ServiceBlock):
    """A model behind an OpenAI-compatible endpoint.

    Example:
        ```python
        from blocks import collect
        from blocks.prefect import OpenAICompatibleService
        from registry.words import Capability, Message, TaskRequest

        block = OpenAICompatibleService.load("BLOCK_NAME")
        request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Say hello."),))
        reply = await collect(block.get_service().stream(block.get_call(request)))
        ```
    """

    _block_type_name: ClassVar[str | None] = "OpenAI-compatible Service"
    _block_type_slug: ClassVar[str | None] = "openai-compatible-service"
    _description: ClassVar[str | None] = "A model behind an OpenAI-compatible endpoint: chat and embeddings."

    endpoint: HttpUrl = Field(description="The address up to the version, such as https://api.openai.com/v1.")
    model: str = Field(description="What the provider calls the model.")
    credentials: ServiceCredentials | None = Field(
        default=None, description="The key; a server on this machine may need none."
    )
    obeys_schemas: bool = Field(default=True, description="Whether the model can be held to a JSON schema.")
    accepted_params: list[str] = Field(
        default_factory=lambda: sorted(_CHAT_PARAMS), description="The parameters that the model accepts."
    )

    def get_service(self) -> AIService:
        """The service that this block describes; whoever gets it closes it with ``aclose``."""
        from blocks.openai_compatible import OpenAICompatible
        from blocks.transport import HttpxTransport

        transport = HttpxTransport()
        return _WithItsTransport(OpenAICompatible(self._row(), transport), transport)

    def _row(self) -> Service:
        name = self._block_document_name or "openai_compatible"
        return Service(service_id=0, name=name, kind="openai_compatible", endpoint=str(self.endpoint), enabled=True)

    def _offering(self) -> Offering:
        return Offering(
            offering_id=0,
            service=self._row(),
            model=Model(model_id=0, name=self.model),
            remote_name=self.model,
            capabilities=frozenset({Capability.TEXT, Capability.EMBEDDING}),
            features=frozenset({"json_schema"}) if self.obeys_schemas else frozenset(),
            accepted_params=frozenset(self.accepted_params),
        )

    def _secret(self) -> str | None:
        return self.credentials.get_secret() if self.credentials else None


class LocalService(ServiceBlock):
    """The model that runs on this machine.

    Example:
        ```python
        from blocks.prefect import LocalService

        block = LocalService.load("BLOCK_NAME")
        service = block.get_service()
        ```
    """

    _block_type_name: ClassVar[str | None] = "Local Model"
    _block_type_slug: ClassVar[str | None] = "local-model-service"
    _description: ClassVar[str | None] = "A language model that runs on this machine, with no key and no network."

    model_path: Path | None = Field(default=None, description="A GGUF file; none stands for the bundled model.")
    directory: Path | None = Field(
        default=None, description="Where the server keeps its record and log; none stands for Turnout's data directory."
    )
    threads: int | None = Field(default=None, ge=1, description="How many threads compute; none picks a number.")
    slots: int = Field(default=2, ge=1, description="How many calls are worked on side by side.")
    context_tokens: int = Field(default=4096, ge=256, description="The context window of one slot, in tokens.")
    idle_seconds: float = Field(
        default=600.0, gt=0, description="How long it waits for work before it ends, in seconds."
    )

    def get_service(self) -> AIService:
        """The service that this block describes; ``aclose`` it, so that its server can end."""
        from blocks.local import Local
        from blocks.transport import HttpxTransport

        transport = HttpxTransport()
        local = Local(
            self._row(),
            transport,
            directory=self.directory or _data_directory(),
            model_path=self.model_path,
            threads=self.threads,
            slots=self.slots,
            context_tokens=self.context_tokens,
            idle_seconds=self.idle_seconds,
        )
        return _WithItsTransport(local, transport)

    def _row(self) -> Service:
        return Service(service_id=0, name="local", kind="local", enabled=True)

    def _offering(self) -> Offering:
        return Offering(
            offering_id=0,
            service=self._row(),
            model=Model(model_id=0, name="local"),
            remote_name="local",
            capabilities=frozenset({Capability.TEXT}),
            features=frozenset({"json_schema"}),
            context_window=self.context_tokens,
        )


class SketchService(ServiceBlock):
    """The drawer of storyboard frames: pictures without a model.

    Example:
        ```python
        from blocks.prefect import SketchService

        block = SketchService.load("BLOCK_NAME")
        service = block.get_service()
        ```
    """

    _block_type_name: ClassVar[str | None] = "Sketch"
    _block_type_slug: ClassVar[str | None] = "sketch-service"
    _description: ClassVar[str | None] = "Draws a storyboard frame from a shot's description, free and on this machine."

    def get_service(self) -> AIService:
        """The service that this block describes."""
        from blocks.sketch import Sketch

        return Sketch()

    def _offering(self) -> Offering:
        return Offering(
            offering_id=0,
            service=Service(service_id=0, name="sketch", kind="sketch", enabled=True),
            model=Model(model_id=0, name="sketch"),
            remote_name="sketch",
            capabilities=frozenset({Capability.IMAGE}),
        )


class _WithItsTransport:
    """A service that has a transport to itself, and closes it."""

    def __init__(self, service: AIService, transport: Transport) -> None:
        self._service = service
        self._transport = transport

    async def stream(self, call: Call) -> AsyncIterator[Event]:
        """Do the work of ``call``."""
        events = self._service.stream(call)
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()  # type: ignore[attr-defined]  # both services stream from generators

    async def aclose(self) -> None:
        """Close the service, then what it talks through."""
        await self._service.aclose()
        await self._transport.aclose()


def _data_directory() -> Path:
    """Where the rest of Turnout on this machine has its local server, so that there is one."""
    from registry import Home, Settings

    return Home(Settings.load().home).local
