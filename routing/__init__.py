"""Decides: which offering does a piece of work, and carries it through. Importing it costs next to nothing."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from routing.allowances import Allowances
    from routing.ambient import current_runtime
    from routing.deciding import decide
    from routing.errors import (
        AttemptsFailed,
        NoCandidate,
        RouteExhausted,
        RoutingError,
        RulesInvalid,
        RuntimeClosed,
        StreamBroken,
        TaskEnded,
    )
    from routing.purses import Hold
    from routing.runtime import Runtime
    from routing.streaming import RoutedStream
    from routing.tasks import ai_task, task_request

__all__ = [
    "Allowances",
    "AttemptsFailed",
    "Hold",
    "NoCandidate",
    "RouteExhausted",
    "RoutedStream",
    "RoutingError",
    "RulesInvalid",
    "Runtime",
    "RuntimeClosed",
    "StreamBroken",
    "TaskEnded",
    "ai_task",
    "current_runtime",
    "decide",
    "task_request",
]

_NAMES = {
    "routing.tasks": "ai_task task_request",
    "routing.ambient": "current_runtime",
    "routing.deciding": "decide",
    "routing.errors": (
        "AttemptsFailed NoCandidate RouteExhausted RoutingError RulesInvalid RuntimeClosed StreamBroken TaskEnded"
    ),
    "routing.allowances": "Allowances",
    "routing.purses": "Hold",
    "routing.runtime": "Runtime",
    "routing.streaming": "RoutedStream",
}

__getattr__, __dir__ = lazily(__name__, {name: module for module, names in _NAMES.items() for name in names.split()})
