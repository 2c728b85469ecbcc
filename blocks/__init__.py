"""Talks: one block per AI service, behind one contract. Nothing is imported before it is asked for."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from blocks.aiohttp_transport import AiohttpTransport
    from blocks.contract import (
        AIService,
        Call,
        End,
        Event,
        MediaPart,
        Probed,
        ReasoningDelta,
        Reply,
        TextDelta,
        ToolDelta,
        UsageReport,
        VectorPart,
    )
    from blocks.credentials import CredentialSource
    from blocks.discovery import discover
    from blocks.engines import transport_named
    from blocks.errors import BlockError, CredentialMissing, ScriptEnded, ServiceFailure, UnknownServiceKind
    from blocks.fake import Cuts, Draws, Embeds, Fails, Hangs, Says, Scripted, Streams, WantsTool
    from blocks.fold import Folding, collect
    from blocks.kinds import LocalSettings, Parts, ServiceFactory, make_service
    from blocks.lean_transport import LeanTransport
    from blocks.local import Local, LocalStatus, find_model
    from blocks.openai_compatible import OpenAICompatible
    from blocks.transport import HttpxTransport, Transport, WireReply, WireRequest
    from blocks.wire.openai import is_accepted

__all__ = [
    "AIService",
    "AiohttpTransport",
    "BlockError",
    "Call",
    "CredentialMissing",
    "CredentialSource",
    "Cuts",
    "Draws",
    "Embeds",
    "End",
    "Event",
    "Fails",
    "Folding",
    "Hangs",
    "HttpxTransport",
    "LeanTransport",
    "Local",
    "LocalSettings",
    "LocalStatus",
    "MediaPart",
    "OpenAICompatible",
    "Parts",
    "Probed",
    "ReasoningDelta",
    "Reply",
    "Says",
    "ScriptEnded",
    "Scripted",
    "ServiceFactory",
    "ServiceFailure",
    "Streams",
    "TextDelta",
    "ToolDelta",
    "Transport",
    "UnknownServiceKind",
    "UsageReport",
    "VectorPart",
    "WantsTool",
    "WireReply",
    "WireRequest",
    "collect",
    "discover",
    "find_model",
    "is_accepted",
    "make_service",
    "transport_named",
]

_NAMES = {
    "blocks.contract": (
        "AIService Call End Event MediaPart Probed ReasoningDelta Reply TextDelta ToolDelta UsageReport VectorPart"
    ),
    "blocks.credentials": "CredentialSource",
    "blocks.discovery": "discover",
    "blocks.errors": "BlockError CredentialMissing ScriptEnded ServiceFailure UnknownServiceKind",
    "blocks.fake": "Cuts Draws Embeds Fails Hangs Says Scripted Streams WantsTool",
    "blocks.fold": "Folding collect",
    "blocks.kinds": "LocalSettings Parts ServiceFactory make_service",
    "blocks.local": "Local LocalStatus find_model",
    "blocks.openai_compatible": "OpenAICompatible",
    "blocks.aiohttp_transport": "AiohttpTransport",
    "blocks.engines": "transport_named",
    "blocks.lean_transport": "LeanTransport",
    "blocks.wire.openai": "is_accepted",
    "blocks.transport": "HttpxTransport Transport WireReply WireRequest",
}

__getattr__, __dir__ = lazily(__name__, {name: module for module, names in _NAMES.items() for name in names.split()})
