"""The list of models as OpenAI-compatible servers give it, read with the suspicion that any answer deserves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

MODELS_PATH = "/models"
LARGEST_LIST_BYTES = 4 * 1024 * 1024
MOST_MODELS = 5_000
LONGEST_NAME = 200
_LARGEST_WINDOW = 100_000_000

# Where servers put the context window: vLLM, LM Studio, OpenRouter and Together.
_WINDOW_NAMES = ("max_model_len", "max_context_length", "context_length")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """A model as a server lists it: its name there, whose it says it is, and its context window in tokens, if told."""

    name: str
    owner: str = ""
    kind: str = ""
    context_window: int | None = None


def read_models(body: bytes) -> tuple[ListedModel, ...] | None:
    """The models in a list; None where the body is no list of models.

    Names that cannot be shown on one line, or are longer than 200 characters, are left out.

    >>> read_models(b'{"object": "list", "data": [{"id": "llama3.1", "owned_by": "vllm", "max_model_len": 8192}]}')
    (ListedModel(name='llama3.1', owner='vllm', kind='', context_window=8192),)
    >>> read_models(b'{"detail": "Not Found"}') is None
    True
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    entries = value.get("data") if isinstance(value, dict) else value
    if not isinstance(entries, list):
        return None
    listed = [_model(entry) for entry in entries[:MOST_MODELS] if isinstance(entry, dict)]
    if entries and not any(isinstance(entry, dict) and "id" in entry for entry in entries):
        return None
    return tuple(model for model in listed if model is not None)


def plain_name(value: Any) -> str | None:
    r"""A name that somebody else gave, if it can be shown and kept; else None.

    >>> plain_name("llama3.1:8b"), plain_name("a\nb"), plain_name(7)
    ('llama3.1:8b', None, None)
    """
    fits = isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable() and value.isascii()
    return value if fits and value == value.strip() else None


def window_of(entry: dict[str, Any]) -> int | None:
    """The context window that an entry tells, in tokens, where it can be one."""
    for name in _WINDOW_NAMES:
        tokens = entry.get(name)
        if isinstance(tokens, int) and not isinstance(tokens, bool) and 0 < tokens <= _LARGEST_WINDOW:
            return tokens
    return None


def _model(entry: dict[str, Any]) -> ListedModel | None:
    name = plain_name(entry.get("id"))
    if name is None:
        return None
    owner, kind = plain_name(entry.get("owned_by")), plain_name(entry.get("type"))
    return ListedModel(name=name, owner=owner or "", kind=kind or "", context_window=window_of(entry))
