"""A real server on this machine that speaks OpenAI's language, well or badly: the first part of the path says how.

A process of its own (``python model_server.py``): it says its port, and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW_SECONDS = 0.3


class ModelServer(ThreadingHTTPServer):
    """``/good/v1`` answers any schema at once, ``/slow/v1`` after a while; the others do not help anybody."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.calls: Counter[str] = Counter()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what some tests are about."""


class _Answering(BaseHTTPRequestHandler):
    server: ModelServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """How often each manner was asked for."""
        self._send(200, "application/json", json.dumps(self.server.calls).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        manner = self.path.split("/")[1]
        self.server.calls[manner] += 1
        if manner != "never" and "fails" in subject(asked):
            manner = "fault"
        if manner == "never":
            time.sleep(300)
        elif manner == "endless":
            self._begin()
        elif manner == "fault":
            self._send(500, "text/plain", b"out of order")
        elif manner == "html":
            self._send(200, "text/html", b"<!doctype html><title>Welcome</title>")
        elif manner == "nothing":
            self._send(200, "application/json", b"")
        else:
            if manner == "slow":
                time.sleep(SLOW_SECONDS)
            text = answer(asked)
            self._send(200, "text/event-stream", _stream(text[: len(text) // 2] if manner == "half" else text))

    def _begin(self) -> None:
        """Begin a stream, and never come to its end."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(_stream("Once upon a time ").partition(b"\n\n")[0] + b"\n\n")
        self.wfile.flush()
        time.sleep(300)

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _stream(text: str) -> bytes:
    events = [
        {"choices": [{"index": 0, "delta": {"content": text}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    return "".join(f"data: {event}\n\n" for event in [*map(json.dumps, events), "[DONE]"]).encode()


def answer(asked: dict[str, Any]) -> str:
    """JSON of the schema that was asked for; else what was said, again, or a refusal where it asks for one."""
    said = subject(asked)
    if "response_format" in asked:
        return json.dumps(instance(asked["response_format"]["json_schema"]["schema"], said))
    return "I'm sorry, but I can't help with that." if "refuses" in said else said


def subject(asked: dict[str, Any]) -> str:
    """What a request is about: the last thing said, without its headings."""
    said = asked["messages"][-1]["content"].rpartition("Moment: ")[2]
    return said.splitlines()[0]


def instance(schema: dict[str, Any], text: str) -> Any:
    """The first value that a schema allows; strings are made of ``text``."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: instance(part, text) for name, part in schema["properties"].items()}
    return (
        [] if schema["type"] == "array" else text[: schema.get("maxLength", 80)].ljust(schema.get("minLength", 0), "x")
    )


if __name__ == "__main__":
    server = ModelServer()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
