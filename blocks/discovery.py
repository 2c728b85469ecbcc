"""Finding AI servers on this machine: known ports of loopback are asked, and a server is what its answers say it is."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import orjson

from blocks.errors import ServiceFailure
from blocks.transport import WireRequest
from blocks.wire.openai_models import ListedModel, plain_name, read_models, window_of
from registry.words import Capability
from registry.words.found import FoundModel, FoundServer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blocks.transport import Transport

PORTS = (11434, 1234, 8000, 8080, 1337, 5000, 5001, 30000)
"""Where such servers listen unless told otherwise: Ollama, LM Studio, vLLM, llama.cpp and LocalAI, Jan, and others."""

DISCOVERY_SECONDS = 1.0
MOST_MODELS = 50
_LARGEST_ANSWER_BYTES = 1024 * 1024
_HOST = "127.0.0.1"

# Servers that say in their list of models who they are. Some of these speak Ollama's language too: they come first.
_OWNERS = {"vllm": "vllm", "llamacpp": "llamacpp", "sglang": "sglang", "koboldcpp": "koboldcpp"}
_PATHS_THAT_TELL = ("/api/v0/models", "/api/version", "/api/tags", "/system")
_EMBEDS = re.compile(r"embed|(?:^|[-_/.])(?:bge|e5|gte|minilm)(?:[-_.:]|$)")
_NEITHER = re.compile(r"whisper|rerank|stable-?diffusion|(?:^|[-_/.])(?:flux|tts|piper|clip)(?:[-_.:\d]|$)")


async def discover(
    transport: Transport, ports: Iterable[int] = PORTS, *, seconds: float = DISCOVERY_SECONDS
) -> tuple[FoundServer, ...]:
    """The servers that answer on this machine within ``seconds`` in all, by port. Nobody else is asked, ever.

    A server that wants a key, or does not list its models as OpenAI does, is none that could be used as it is. What
    it answers is not trusted: sizes are bounded, and a model whose name cannot be shown or kept is left out.
    """
    asking = {asyncio.create_task(_ask(transport, port, seconds)): port for port in ports}
    done, late = await asyncio.wait(asking, timeout=seconds)
    for one in late:
        one.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    found = [one.result() for one in done]
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.port))


async def _ask(transport: Transport, port: int, seconds: float) -> FoundServer | None:
    listed = read_models(await _get(transport, port, "/v1/models", seconds) or b"")
    if listed is None or any(model.owner == "turnout" for model in listed):  # our own gateway
        return None
    owned = {_OWNERS.get(model.owner) for model in listed} - {None}
    product = owned.pop() if owned else None
    if product is None:
        product, listed = await _product(transport, port, seconds, listed)
    models = [_model(model) for model in listed[: 2 * MOST_MODELS]]
    return FoundServer(
        product=product,
        port=port,
        endpoint=f"http://{_HOST}:{port}/v1",
        models=tuple([model for model in models if model is not None][:MOST_MODELS]),
    )


async def _product(
    transport: Transport, port: int, seconds: float, listed: tuple[ListedModel, ...]
) -> tuple[str, tuple[ListedModel, ...]]:
    """What the server is, by paths that only its kind has; and its models, where one of those tells more of them."""
    studio, version, tags, system = await asyncio.gather(
        *(
            _get_json(transport, port, path, seconds)
            for path in ("/api/v0/models", "/api/version", "/api/tags", "/system")
        )
    )
    in_studio = _studio_models(studio)
    if in_studio:
        return "lmstudio", in_studio
    if plain_name(version.get("version")) and isinstance(tags.get("models"), list):
        return "ollama", listed
    if isinstance(system.get("backends"), list):
        return "localai", listed
    return "server", listed


def _studio_models(answer: dict[str, Any]) -> tuple[ListedModel, ...]:
    """LM Studio's own list, which says of each model of what type it is."""
    entries = answer.get("data")
    if not isinstance(entries, list):
        return ()
    typed = [one for one in entries if isinstance(one, dict) and one.get("type") in {"llm", "vlm", "embeddings"}]
    return tuple(
        ListedModel(name=name, kind=str(one["type"]), context_window=window_of(one))
        for one in typed
        if (name := plain_name(one.get("id"))) is not None
    )


def _model(listed: ListedModel) -> FoundModel | None:
    """A model with what it can do, by its type or its name; None for one that does nothing we could ask of it."""
    name = listed.name.lower()
    if _NEITHER.search(name):
        return None
    embeds = listed.kind == "embeddings" or _EMBEDS.search(name)
    capability = Capability.EMBEDDING if embeds else Capability.TEXT
    return FoundModel(name=listed.name, capability=capability, context_window=listed.context_window)


async def _get_json(transport: Transport, port: int, path: str, seconds: float) -> dict[str, Any]:
    """The JSON object at a path; an empty one where there is none."""
    try:
        value = orjson.loads(await _get(transport, port, path, seconds) or b"")
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


async def _get(transport: Transport, port: int, path: str, seconds: float) -> bytes | None:
    """What a server on this machine answers with status 200; None for anything else."""
    request = WireRequest(
        url=f"http://{_HOST}:{port}{path}",
        method="GET",
        headers={"accept": "application/json"},
        timeout_seconds=seconds,
        connect_timeout_seconds=seconds,
        largest_reply_bytes=_LARGEST_ANSWER_BYTES,
    )
    try:
        async with transport.send(request) as reply:
            return await reply.read() if reply.status == 200 else None
    except ServiceFailure:
        return None
