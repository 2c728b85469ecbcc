"""Servers on this machine are found by what they answer; what they answer is not trusted."""

from __future__ import annotations

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from blocks import AiohttpTransport, HttpxTransport, discover
from blocks.discovery import MOST_MODELS
from registry.words import Capability

LIST = "/v1/models"
OLLAMA = {
    LIST: {"object": "list", "data": [{"id": "llama3.1:8b", "owned_by": "library"}, {"id": "nomic-embed-text"}]},
    "/api/version": {"version": "0.12.6"},
    "/api/tags": {"models": [{"name": "llama3.1:8b"}]},
}
STUDIO = {
    LIST: {"object": "list", "data": [{"id": "qwen2-vl-7b", "object": "model", "owned_by": "organization_owner"}]},
    "/api/v0/models": {
        "object": "list",
        "data": [
            {"id": "qwen2-vl-7b", "type": "vlm", "max_context_length": 32768},
            {"id": "text-of-mine", "type": "embeddings", "max_context_length": 2048},
        ],
    },
}
VLLM = {
    LIST: {"object": "list", "data": [{"id": "meta-llama/Llama-3.1-8B", "owned_by": "vllm", "max_model_len": 8192}]},
    "/version": {"version": "0.11.0"},
}
LLAMACPP = {LIST: {"object": "list", "data": [{"id": "smol.gguf", "owned_by": "llamacpp"}], "models": []}}
LOCALAI = {
    LIST: {"object": "list", "data": [{"id": "gpt-4"}, {"id": "whisper-1"}, {"id": "stablediffusion"}]},
    "/system": {"backends": ["llama-cpp"], "loaded_models": []},
}


class _Answering(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path, 404)
        if callable(answer):
            answer = answer()
        status, body = (answer, b"") if isinstance(answer, int) else (200, answer)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        if status in {301, 302}:
            self.send_header("location", f"http://127.0.0.1:{self.server.elsewhere}{LIST}")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self):
        try:
            super().handle()
        except OSError:
            return  # whoever looked has gone away, as it should


@pytest.fixture
def serve():
    """Starts a server with these answers by path; it."""
    servers = []

    def start(answers, elsewhere=0):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
        server.daemon_threads = True
        server.answers, server.asked, server.elsewhere = answers, [], elsewhere
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(params=[AiohttpTransport, HttpxTransport])
async def transport(request):
    transport = request.param()
    yield transport
    await transport.aclose()


@pytest.fixture
def look(transport):
    async def look(*servers, seconds=5.0):
        return await discover(transport, [server.server_port for server in servers], seconds=seconds)

    return look


@pytest.mark.parametrize(
    ("answers", "product", "models"),
    [
        (OLLAMA, "ollama", [("llama3.1:8b", "text", None), ("nomic-embed-text", "embedding", None)]),
        (STUDIO, "lmstudio", [("qwen2-vl-7b", "text", 32768), ("text-of-mine", "embedding", 2048)]),
        (VLLM, "vllm", [("meta-llama/Llama-3.1-8B", "text", 8192)]),
        (LLAMACPP, "llamacpp", [("smol.gguf", "text", None)]),
        (LOCALAI, "localai", [("gpt-4", "text", None)]),
        ({LIST: {"object": "list", "data": [{"id": "mine"}]}}, "server", [("mine", "text", None)]),
        ({LIST: {"object": "list", "data": []}}, "server", []),
    ],
)
async def test_a_server_is_known_by_its_answers_at_whatever_port(serve, look, answers, product, models):
    server = serve(answers)
    (found,) = await look(server)
    assert (found.product, found.endpoint) == (product, f"http://127.0.0.1:{server.server_port}/v1")
    assert [(one.name, one.capability, one.context_window) for one in found.models] == [
        (name, Capability(capability), window) for name, capability, window in models
    ]


async def test_one_that_speaks_ollamas_language_too_is_not_taken_for_it(serve, look):
    (found,) = await look(serve({**LLAMACPP, **{path: OLLAMA[path] for path in ("/api/version", "/api/tags")}}))
    assert found.product == "llamacpp"


@pytest.mark.parametrize(
    "answer",
    [
        401,
        404,
        500,
        b"<!doctype html><title>Welcome</title>",
        b"",
        b"[" * 100_000,
        b'{"data": ' + b" " * 2_000_000 + b"[]}",
        {"data": "everything"},
        {"data": [{"name": "no id"}]},
        {"object": "list", "data": [{"id": "auto", "owned_by": "turnout"}]},
    ],
    ids=["closed", "nothing", "broken", "page", "empty", "nested", "huge", "no list", "no models", "ourselves"],
)
async def test_what_is_no_list_of_models_that_we_could_use_is_no_server(serve, look, answer):
    assert await look(serve({LIST: answer})) == ()


async def test_hostile_names_and_figures_are_left_out_and_the_rest_is_kept(serve, look):
    names = ["good", "a\nb", "\x1b[31mred", "x" * 201, "", " spaced ", 7, None, {"id": "deep"}, "ünï"]
    entries = [{"id": name, "owned_by": "vllm", "max_model_len": -5} for name in names]
    entries += [{"id": "wide", "max_model_len": 10**30}, {"id": "true", "max_model_len": True}, "text", 5]
    (found,) = await look(serve({LIST: {"object": "list", "data": entries}}))
    assert [(one.name, one.context_window) for one in found.models] == [("good", None), ("wide", None), ("true", None)]


async def test_only_so_many_models_are_taken(serve, look):
    entries = [{"id": f"model-{number}", "owned_by": "vllm"} for number in range(4_000)]
    (found,) = await look(serve({LIST: {"object": "list", "data": entries}}))
    assert len(found.models) == MOST_MODELS


async def test_no_redirect_is_followed(serve, look):
    behind = serve(VLLM)
    assert await look(serve({LIST: 302}, elsewhere=behind.server_port)) == ()
    assert behind.asked == []


async def test_whoever_does_not_answer_in_time_is_left_out_and_holds_up_nobody(serve, transport):
    def slowly():
        time.sleep(30)
        return 404

    good, late = serve(VLLM), serve({LIST: slowly})
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = [silent.getsockname()[1], closed.getsockname()[1]]
        closed.close()
        found = await discover(transport, [good.server_port, late.server_port, *ports], seconds=1.5)
    assert [one.product for one in found] == ["vllm"]
    assert late.asked == [LIST]
