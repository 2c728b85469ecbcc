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
        ReasoningDelta,
        Reply,
        TextDelta,
        ToolCall,
        ToolDelta,
        UsageReport,
        VectorPart,
    )
    from blocks.credentials import CredentialSource
    from blocks.errors import BlockError, CredentialMissing, ScriptEnded, ServiceFailure, UnknownServiceKind
    from blocks.fake import Cuts, Draws, Embeds, Fails, Hangs, Says, Scripted, Streams
    from blocks.fold import collect
    from blocks.kinds import LocalSettings, Parts, ServiceFactory, make_service
    from blocks.local import Local, LocalStatus, find_model
    from blocks.openai_compatible import OpenAICompatible
    from blocks.transport import HttpxTransport, Transport, WireReply, WireRequest

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
    "Hangs",
    "HttpxTransport",
    "Local",
    "LocalSettings",
    "LocalStatus",
    "MediaPart",
    "OpenAICompatible",
    "Parts",
    "ReasoningDelta",
    "Reply",
    "Says",
    "ScriptEnded",
    "Scripted",
    "ServiceFactory",
    "ServiceFailure",
    "Streams",
    "TextDelta",
    "ToolCall",
    "ToolDelta",
    "Transport",
    "UnknownServiceKind",
    "UsageReport",
    "VectorPart",
    "WireReply",
    "WireRequest",
    "collect",
    "find_model",
    "make_service",
]

_NAMES = {
    "blocks.contract": (
        "AIService Call End Event MediaPart ReasoningDelta Reply TextDelta ToolCall ToolDelta UsageReport VectorPart"
    ),
    "blocks.credentials": "CredentialSource",
    "blocks.errors": "BlockError CredentialMissing ScriptEnded ServiceFailure UnknownServiceKind",
    "blocks.fake": "Cuts Draws Embeds Fails Hangs Says Scripted Streams",
    "blocks.fold": "collect",
    "blocks.kinds": "LocalSettings Parts ServiceFactory make_service",
    "blocks.local": "Local LocalStatus find_model",
    "blocks.openai_compatible": "OpenAICompatible",
    "blocks.aiohttp_transport": "AiohttpTransport",
    "blocks.transport": "HttpxTransport Transport WireReply WireRequest",
}

__getattr__, __dir__ = lazily(__name__, {name: module for module, names in _NAMES.items() for name in names.split()})
