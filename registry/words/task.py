"""A piece of work: the task request that goes in and the task result that comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from registry.words.quick import quickly_made

if TYPE_CHECKING:
    from registry.words.capability import Capability
    from registry.words.decision import Attempt, Decision
    from registry.words.policy import Objective, Priority, Streaming, Target
    from registry.words.score import Verdict
    from registry.words.usage import Usage

JsonSchema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that a model wants called; ``arguments`` is JSON text as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    An assistant's turn may hold ``tools`` that it wanted called; a turn of role ``tool`` holds what came of the one
    that ``call_id`` names.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tools: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file that a model made: its bytes, type, and a SHA-256 by which it is stored."""

    content: bytes = field(repr=False)
    media_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What an offering must have to be a candidate. An empty set asks nothing.

    ``pinned`` names one service (``local``), one offering (``local/smollm2-135m-instruct``), or a model wherever it is
    offered (``smollm2-135m-instruct``). ``regions`` are those that the work may be done in.
    """

    features: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    pinned: str | None = None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One piece of AI work, whoever does it.

    Text work carries ``messages``, picture work ``prompt``; embedding work ``inputs``. ``schema`` asks for JSON text
    that is valid against it. ``params`` are the model's (``temperature``, ``max_output_tokens``, ``seed``, ``width``,
    ``height``); ``hints`` are facts that a service may use instead of reading the prompt (a shot's type, a caption).
    ``checks`` names the quality checks that judge the result. ``deadline_seconds``, ``budget_nanousd``, ``objective``,
    ``target``, ``priority`` and ``streaming``, where given, replace the policy's. ``metadata`` are the caller's own
    labels, which the policy's rules may look at; no service sees them. ``pipeline`` is the name of the pipeline that
    asks.
    """

    capability: Capability
    messages: tuple[Message, ...] = ()
    prompt: str = ""
    inputs: tuple[str, ...] = ()
    schema: JsonSchema | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    hints: Mapping[str, Any] = field(default_factory=dict)
    requirements: Requirements = Requirements()
    checks: tuple[str, ...] = ("not_empty", "not_refusal")
    policy: str = "default"
    objective: Objective | None = None
    target: Target | None = None
    priority: Priority | None = None
    streaming: Streaming | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    deadline_seconds: float | None = None
    budget_nanousd: int | None = None
    run_id: int = 0
    pipeline: str = ""
    stage: str = ""
    item: str = ""
    workspace: str = "default"
    principal: str = "local"
    prompt_version: str = ""

    def input_characters(self) -> int:
        """How many characters go in, all parts together."""
        return sum(len(message.content) for message in self.messages) + len(self.prompt) + sum(map(len, self.inputs))


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What came of a piece of work. ``data`` is the parsed JSON where a schema was asked for.

    ``tools`` are those that the model wants called; ``reasoning`` is its thinking, where the service shows it.
    ``dropped_params`` names the request's parameters that the offering does not accept and was not sent. Where it
    ``is_cached``, nobody was called: it is what was answered before, with an attempt of number 0 that names who did.
    """

    task_id: int
    text: str = ""
    tools: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    dropped_params: tuple[str, ...] = ()
    data: Any = None
    media: tuple[Media, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    finish_reason: str = "stop"
    usage: Usage
    cost_nanousd: int
    latency_ms: float
    decision: Decision
    attempts: tuple[Attempt, ...]
    verdicts: tuple[Verdict, ...] = ()
    is_cached: bool = False

    @property
    def score(self) -> float | None:
        """The share of checks passed, a failed critical one making it 0; None where nothing was checked."""
        if not self.verdicts:
            return None
        if any(verdict.critical and not verdict.passed for verdict in self.verdicts):
            return 0.0
        return sum(verdict.passed for verdict in self.verdicts) / len(self.verdicts)

    @property
    def offering(self) -> str:
        """Who did it: ``service/model``."""
        return self.attempts[-1].offering
