"""Which block speaks for which kind of service, open for kinds of people's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from blocks.contract import AIService
from blocks.errors import UnknownServiceKind
from registry.entries import KINDS_FOR_TESTS
from registry.words import Service

if TYPE_CHECKING:
    from pathlib import Path

    from blocks.transport import Transport

ENTRY_POINT_GROUP = "turnout.services"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSettings:
    """How the local model is to run; see :class:`blocks.local.Local` for the fields."""

    model_path: Path | None = None
    threads: int | None = None
    slots: int = 2
    context_tokens: int = 4096
    idle_seconds: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What services are put together from. The transport stays its maker's to close."""

    transport: Transport
    local_directory: Path
    local: LocalSettings = LocalSettings()


ServiceMaker = Callable[[Service, Parts], AIService]


def _openai_compatible(service: Service, parts: Parts) -> AIService:
    from blocks.openai_compatible import OpenAICompatible

    return OpenAICompatible(service, parts.transport)


def _local(service: Service, parts: Parts) -> AIService:
    from blocks.local import Local

    return Local(
        service,
        parts.transport,
        directory=parts.local_directory,
        model_path=parts.local.model_path,
        threads=parts.local.threads,
        slots=parts.local.slots,
        context_tokens=parts.local.context_tokens,
        idle_seconds=parts.local.idle_seconds,
    )


def _sketch(service: Service, parts: Parts) -> AIService:  # noqa: ARG001 - all makers are called alike
    from blocks.sketch import Sketch

    return Sketch()


def _fake(service: Service, parts: Parts) -> AIService:  # noqa: ARG001 - all makers are called alike
    from blocks.fake import Says, Scripted

    answers = service.options.get("says", "")
    texts = answers if isinstance(answers, list) and answers else [answers]
    return Scripted([Says(str(text)) for text in texts], then="repeat")


BUILT_IN: Mapping[str, ServiceMaker] = {
    "fake": _fake,
    "local": _local,
    "openai_compatible": _openai_compatible,
    "sketch": _sketch,
}


class ServiceFactory:
    """Makes the block for a service row.

    A kind is looked for among ``makers``, then among those built in, then among the entry points of the group
    ``turnout.services`` (``mykind = "mypackage.module:maker"``).

    >>> from blocks.fake import Says, Scripted
    >>> from blocks.transport import HttpxTransport
    >>> from pathlib import Path
    >>> parts = Parts(transport=HttpxTransport(), local_directory=Path("unused"))
    >>> factory = ServiceFactory(parts, {"parrot": lambda service, parts: Scripted([Says(service.name)])})
    >>> factory.make(Service(service_id=1, name="polly", kind="parrot")).__class__.__name__
    'Scripted'
    """

    def __init__(self, parts: Parts, makers: Mapping[str, ServiceMaker] | None = None) -> None:
        self._parts = parts
        self._makers: dict[str, ServiceMaker] = {**BUILT_IN, **(makers or {})}

    def make(self, service: Service) -> AIService:
        """The block that speaks to the service.

        Raises:
            UnknownServiceKind: none speaks for its kind.
        """
        maker = self._makers.get(service.kind) or self._installed(service.kind)
        if maker is None:
            offered = tuple(kind for kind in self.kinds() if kind not in KINDS_FOR_TESTS)
            raise UnknownServiceKind(service.kind, offered)
        return maker(service, self._parts)

    def kinds(self) -> tuple[str, ...]:
        """All kinds that there are."""
        installed = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
        return tuple(sorted(self._makers.keys() | installed))

    def _installed(self, kind: str) -> ServiceMaker | None:
        for point in entry_points(group=ENTRY_POINT_GROUP, name=kind):
            maker: ServiceMaker = point.load()
            self._makers[kind] = maker
            return maker
        return None


def make_service(service: Service, parts: Parts) -> AIService:
    """The block that speaks to the service, for one service.

    Raises:
        UnknownServiceKind: none speaks for its kind.
    """
    return ServiceFactory(parts).make(service)
