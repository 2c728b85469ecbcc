"""What the lean transport does by itself: connections that are used again, places that are waited for, bad servers."""

from __future__ import annotations

import asyncio

import pytest

from blocks.errors import ServiceFailure
from blocks.lean_transport import LeanTransport
from blocks.transport import WireRequest
from registry.words import FailureClass

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n%b"


class Server:
    """Answers each request with the next of some bytes; ``connections`` counts who came."""

    def __init__(self):
        self.answers, self.connections = [], 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while await reader.readuntil(b"{}"):
                await self.go_on.wait()
                writer.write(self.answers.pop(0))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@pytest.fixture
async def server():
    told = Server()
    listening = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    yield told
    listening.close()
    await listening.wait_closed()


@pytest.fixture
async def lean():
    transport = LeanTransport(connections=2)
    yield transport
    await transport.aclose()


async def fetch(transport, server):
    return await transport.fetch(WireRequest(url=server.url, headers={}, body=b"{}", timeout_seconds=5))


async def test_a_connection_carries_one_answer_after_the_other_whatever_came_before(lean, server):
    server.answers = [
        PLAIN % b"one.",
        b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN % b"two.",
        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nfo\r\n2\r\nur\r\n0\r\n\r\n",
        PLAIN % b"five",
    ]
    answers = [await fetch(lean, server) for _ in range(5)]
    assert [answer.body for answer in answers] == [b"one.", b"two.", b"", b"four", b"five"]
    assert (answers[2].status, answers[2].headers["retry-after"]) == (429, "3")
    assert server.connections == 1


@pytest.mark.parametrize(
    "more", [PLAIN % b"evil", b"HTTP/1.1 200 OK\r\ncontent-le", b"junk"], ids=["whole", "half", "junk"]
)
async def test_what_a_server_says_beyond_its_answer_is_never_taken_for_the_next_answer(lean, server, more):
    server.answers = [PLAIN % b"one." + more, PLAIN % b"two.", PLAIN % b"tri."]
    assert [(await fetch(lean, server)).body for _ in range(3)] == [b"one.", b"two.", b"tri."]
    assert server.connections == 2


async def test_an_answer_to_nobody_closes_the_connection(lean, server):
    server.answers = [PLAIN % b"one.", PLAIN % b"two."]
    assert (await fetch(lean, server)).body == b"one."
    ((connection,),) = lean._free.values()
    connection.data_received(PLAIN % b"evil")
    assert (await fetch(lean, server)).body == b"two."
    assert server.connections == 2


async def test_no_more_connections_are_made_than_may_be_and_the_others_wait_their_turn(lean, server):
    server.answers = [PLAIN % b"done"] * 6
    server.go_on.clear()
    asking = [asyncio.ensure_future(fetch(lean, server)) for _ in range(6)]
    await asyncio.sleep(0.1)
    assert server.connections == 2
    asking[2].cancel()  # one that waits, and
    asking[0].cancel()  # one that is under way: its place goes to the next
    server.go_on.set()
    done = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in done].count(asyncio.CancelledError) == 2
    assert [one.body for one in done if not isinstance(one, BaseException)] == [b"done"] * 4
    assert (lean._taken, len(lean._waiting)) == (0, 0)


async def test_a_place_that_is_handed_over_to_one_who_leaves_at_that_moment_is_not_lost(lean, server):
    server.answers = [PLAIN % b"done"] * 4
    server.go_on.clear()
    under_way = [asyncio.ensure_future(fetch(lean, server)) for _ in range(2)]
    waiting = asyncio.ensure_future(fetch(lean, server))
    await asyncio.sleep(0.1)
    lean._waiting[0].add_done_callback(lambda _: waiting.cancel())
    server.go_on.set()
    await asyncio.gather(*under_way)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await fetch(lean, server)).body == b"done"
    assert lean._taken == 0


async def test_a_server_that_speaks_no_http_gives_its_place_back(lean, server):
    server.answers = [b"SSH-2.0-OpenSSH_9\r\n"] * 3 + [PLAIN % b"done"]
    for _ in range(3):
        with pytest.raises(ServiceFailure, match="no HTTP") as failed:
            await fetch(lean, server)
        assert failed.value.failure is FailureClass.TRANSIENT
    assert (await fetch(lean, server)).body == b"done"
    assert lean._taken == 0
