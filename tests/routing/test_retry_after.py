"""What a provider says of waiting, over a connection: bounded to an hour, and left aside where it makes no sense."""

from __future__ import annotations

import asyncio
import time

import pytest

from registry import Catalogue, Settings, Store, seed
from registry.words import FailureClass
from routing import RouteExhausted, Runtime, task_request
from routing.cooling import LONGEST_COOL_SECONDS, OFFERING_COOL_SECONDS

USUAL = OFFERING_COOL_SECONDS[FailureClass.RATE_LIMITED]
BODY = b'{"error": {"message": "too many requests", "code": "rate_limit_exceeded"}}'


@pytest.fixture
async def server():
    """A service that turns every call away, and says when to come back as ``retry_after`` has it."""

    class Server:
        retry_after = ""
        calls = 0

        async def answer(self, reader, writer):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.split(b":")[1]))
                self.calls += 1
                writer.write(
                    b"HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: "
                    + self.retry_after.encode()
                    + b"\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)
                )

        async def serve(self, reader, writer):
            try:
                await self.answer(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    yield server
    listening.close()


@pytest.fixture
async def runtime(server, sqlite_database_url, tmp_path):
    settings = Settings.load({"home": tmp_path / "home", "database_url": sqlite_database_url}, directory=tmp_path)
    store = await Store.open(settings.store_url)
    await seed(store, time.time)
    catalogue = Catalogue(store, time.time)
    for shipped in await catalogue.services():
        await catalogue.remove_service(shipped.name)
    await catalogue.add_service("strict", "openai_compatible", endpoint=server.url, enabled=True)
    await catalogue.put_offering("strict", "m", capabilities=["text"])
    await store.close()
    async with Runtime.open(settings) as opened:
        yield opened


async def cooled(runtime):
    """The error of a request, and how long the service is left alone after it."""
    with pytest.raises(RouteExhausted) as caught:
        await runtime.run(task_request("text", "Say it.", deadline_seconds=2))
    (strict,) = runtime.snapshot.offerings
    cooling = runtime.health.cooling(strict)
    return caught.value, runtime.health.seconds_left(cooling)


@pytest.mark.parametrize(
    "value", ["31536000", "Mon, 22 Nov 2060 12:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "99999999999999", "1e308"]
)
async def test_a_year_is_an_hour_and_the_error_says_how_long(runtime, server, value):
    server.retry_after = value
    error, seconds = await cooled(runtime)
    assert LONGEST_COOL_SECONDS - 5 < seconds <= LONGEST_COOL_SECONDS == 3_600
    assert error.retry_after_seconds == pytest.approx(LONGEST_COOL_SECONDS, abs=5)
    assert "the next try would have to wait 3600 s, past the deadline" in str(error)


@pytest.mark.parametrize("value", ["soon", "", "-5", "NaN", "inf", "9" * 5_000, "0", "Sun, 22 Nov 1998 11:00:00 GMT"])
async def test_soon_and_all_that_names_no_time_to_come_is_left_aside(runtime, server, value):
    server.retry_after = value
    _, seconds = await cooled(runtime)
    assert USUAL - 2 < seconds <= USUAL
