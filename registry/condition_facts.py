"""The facts that conditions of rules may look at: their names, what they mean, and what they look like."""

from __future__ import annotations

from typing import Any, NamedTuple


class Fact(NamedTuple):
    """One fact: an example of its value, by which conditions are tried out, and what it means."""

    example: Any
    meaning: str


# Maps whose entries bear names of the caller's; a missing entry reads as an empty text.
MAPS = frozenset({"request.metadata", "request.hints"})
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

REQUEST_FACTS = {
    "request.capability": Fact("text", "text, image, video, embedding, speech, transcription, understanding or search"),
    "request.pipeline": Fact("storyboard", "the pipeline that asks; empty outside of one"),
    "request.stage": Fact("draft", "the stage; `gateway` for calls over HTTP that name none"),
    "request.item": Fact("shot-3", "the item"),
    "request.policy": Fact("default", "the name of the policy asked for"),
    "request.principal": Fact("ada", "in whose name the work is done"),
    "request.workspace": Fact("default", "the workspace"),
    "request.metadata": Fact("a label", "the caller's own labels, as `request.metadata.data`; all texts"),
    "request.hints": Fact("wide", "hints to services, as `request.hints.shot_type`; texts, numbers, true or false"),
    "request.priority": Fact("normal", "high, normal or low"),
    "request.input_tokens": Fact(1_000, "tokens in, estimated upwards"),
    "request.output_tokens": Fact(300, "the most tokens out that the request allows"),
    "request.has_schema": Fact(False, "whether an answer in JSON is asked for"),
    "request.features": Fact(["tools"], "features that the request asks for"),
    "request.pinned": Fact("", "the service, model or offering that it is pinned to; empty where it is free"),
    "budget.left_usd": Fact(1.5, "what the tightest budget has left, in dollars; a billion without one"),
    "budget.left_share": Fact(0.5, "the same as a share of that budget; 1 without one"),
    "time.hour": Fact(13, "the hour, 0 to 23, in the policy's zone"),
    "time.minute": Fact(30, "the minute"),
    "time.weekday": Fact("monday", "monday to sunday"),
    "time.date": Fact("2026-11-25", "the date"),
}
SERVICE_FACTS = {
    "service.name": Fact("mistral", "the service's name"),
    "service.kind": Fact("openai_compatible", "the kind of block that speaks to it"),
    "service.region": Fact("eu", "its region; empty where it is not known"),
    "service.data_policy": Fact("no-training", "its data policy; empty where it is not known"),
    "service.priority": Fact(100, "its priority, lower first"),
    "offering.name": Fact("mistral/large", "service/model"),
    "offering.model.name": Fact("large", "the model's name"),
    "offering.model.family": Fact("mistral", "the model's family"),
    "offering.capabilities": Fact(["text"], "what it can do"),
    "offering.features": Fact(["stream"], "its features"),
    "offering.quality": Fact(0.5, "the catalogue's first guess at its quality, 0 to 1"),
    "offering.context_window": Fact(32_000, "tokens; cannot be evaluated where it is not known"),
    "offering.input_usd_per_mtok": Fact(1.5, "dollars per million tokens in; cannot be evaluated where not known"),
    "offering.output_usd_per_mtok": Fact(6.0, "dollars per million tokens out; the same"),
    "offering.retires": Fact(False, "whether the day of its retirement is set"),
}
HEALTH_FACTS = {
    "health.latency_ms": Fact(800.0, "latency of recent calls from here; the catalogue's guess before there was one"),
    "health.error_rate": Fact(0.02, "the share of recent calls that failed, 0 to 1"),
    "health.cooling": Fact(False, "whether it is cooling down, or its breaker is open"),
}
FACTS = REQUEST_FACTS | SERVICE_FACTS | HEALTH_FACTS
MOVING_ROOTS = frozenset({"health", "time"})  # what a condition over services may see change under one snapshot

REQUEST_ROOTS = frozenset({"request", "budget", "time"})
SERVICE_ROOTS = frozenset({"service", "offering", "health", "time"})

FUNCTIONS = ("size", "startsWith", "endsWith", "contains", "int", "double", "string")
MACROS = ("exists", "all", "exists_one", "filter", "map")
