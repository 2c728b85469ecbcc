"""A result as bytes that can be kept, and back again."""

from __future__ import annotations

import base64
import logging
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from registry.words import Media, TaskResult, ToolCall, Usage, Verdict

if TYPE_CHECKING:
    from registry.words import Attempt, Decision

logger = logging.getLogger(__name__)

MOST_CONTENT_BYTES = 64_000_000  # unpacked: nobody unpacks more than that, whatever stands in the database


class _Tool(BaseModel):
    call_id: str
    name: str
    arguments: str


class _Media(BaseModel):
    content: str
    media_type: str
    width: int | None
    height: int | None


class _Verdict(BaseModel):
    check: str
    passed: bool
    critical: bool
    reason: str


class _Kept(BaseModel):
    """What is kept of a result."""

    model_config = ConfigDict(extra="forbid")

    text: str
    tools: list[_Tool]
    reasoning: str
    dropped_params: list[str]
    data: JsonValue
    media: list[_Media]
    vectors: list[list[float]]
    finish_reason: str
    verdicts: list[_Verdict]


def content_of(result: TaskResult) -> bytes | None:
    """What is kept of a result: what was answered and how it was judged; None where JSON cannot hold it."""
    kept = {
        "text": result.text,
        "tools": [asdict(tool) for tool in result.tools],
        "reasoning": result.reasoning,
        "dropped_params": result.dropped_params,
        "data": result.data,
        "media": [
            {**asdict(one), "content": base64.b64encode(one.content).decode("ascii")} for one in result.media
        ],
        "vectors": result.vectors,
        "finish_reason": result.finish_reason,
        "verdicts": [
            {"check": one.check, "passed": one.passed, "critical": one.critical, "reason": one.reason}
            for one in result.verdicts
        ],
    }  # fmt: skip
    try:
        return zlib.compress(orjson.dumps(kept), level=1)
    except TypeError:  # orjson's error for what JSON cannot hold is one, too
        return None


def result_of(content: bytes, decision: Decision, attempt: Attempt) -> TaskResult | None:
    """The result again, at no cost, as the answer to another decision; None where the content is damaged."""
    try:
        unpacking = zlib.decompressobj()
        plain = unpacking.decompress(content, MOST_CONTENT_BYTES)
        kept = _Kept.model_validate_json(plain)  # which fails where it was cut, or is too large
        media = tuple(
            Media(
                content=base64.b64decode(one.content, validate=True), media_type=one.media_type, width=one.width,
                height=one.height,
            )
            for one in kept.media
        )  # fmt: skip
    except (zlib.error, ValueError, ValidationError) as error:
        logger.warning("a kept result is damaged, a service is asked instead: %s", type(error).__name__)
        return None
    return TaskResult(
        task_id=decision.task_id,
        text=kept.text,
        tools=tuple(ToolCall(**one.model_dump()) for one in kept.tools),
        reasoning=kept.reasoning,
        dropped_params=tuple(kept.dropped_params),
        data=kept.data,
        media=media,
        vectors=tuple(map(tuple, kept.vectors)),
        finish_reason=kept.finish_reason,
        usage=Usage(),
        cost_nanousd=0,
        latency_ms=attempt.latency_ms,
        decision=decision,
        attempts=(attempt,),
        verdicts=tuple(Verdict(**one.model_dump()) for one in kept.verdicts),
        is_cached=True,
    )
