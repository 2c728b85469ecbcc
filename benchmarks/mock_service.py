"""A real HTTP service that answers in OpenAI's language after a given delay: a process of its own, as lean as can be.

``python -m benchmarks.mock_service DELAY_MS`` prints its port and ends with its standard input. ``GET /`` says how many
calls it answered. It answers as it is asked: a stream of three events, or one JSON value.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

_USAGE = b'{"prompt_tokens":12,"completion_tokens":4,"total_tokens":16}'
_JSON = (
    b'{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":'
    b'"assistant","content":"A lamp is lit."},"finish_reason":"stop"}],"usage":' + _USAGE + b"}"
)
_EVENTS = b"".join(
    b"data: " + event + b"\n\n"
    for event in (
        b'{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"A lamp is lit."}}]}',
        b'{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
        b'{"id":"c1","object":"chat.completion.chunk","choices":[],"usage":' + _USAGE + b"}",
        b"[DONE]",
    )
)


def _packed(kind: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s" % (kind, len(body), body)


_STREAM_ANSWER = _packed(b"text/event-stream", _EVENTS)
_JSON_ANSWER = _packed(b"application/json", _JSON)


class MockService(asyncio.Protocol):
    """One connection: reads whole requests, answers each after the delay, in order."""

    calls = 0

    def __init__(self, delay_seconds: float) -> None:
        self._delay_seconds = delay_seconds
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        """A client has come."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what came, and answer every request that is whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + size:
                return
            body = self._buffer[end + 4 : end + 4 + size]
            self._buffer = self._buffer[end + 4 + size :]
            if head.startswith(b"get"):
                self._transport.write(_packed(b"application/json", json.dumps(MockService.calls).encode()))
                continue
            MockService.calls += 1
            spaceless = body.replace(b" ", b"")
            answer = _STREAM_ANSWER if b'"stream":true' in spaceless else _JSON_ANSWER
            if self._delay_seconds:
                asyncio.get_running_loop().call_later(self._delay_seconds, self._answer, answer)
            else:
                self._transport.write(answer)

    def _answer(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def _serve(delay_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: MockService(delay_seconds), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def mock_service(delay_ms: float = 0.0) -> Iterator[str]:
    """The service in a process of its own, for the block's duration, as its base URL (``http://127.0.0.1:PORT``)."""
    command = [sys.executable, "-m", "benchmarks.mock_service", str(delay_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def calls_answered(base_url: str) -> int:
    """How many calls the service has answered."""
    with urlopen(base_url, timeout=10) as answer:
        return int(answer.read())


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(float(sys.argv[1]) / 1000))
