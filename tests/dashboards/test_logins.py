"""Logins over time: guessing is slowed and stopped, and an open page is closed when its key is revoked."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.websockets import WebSocketDisconnect

from dashboards.guard import CLOSED_LOGIN, Gone, Guard
from dashboards.login import FREE_FAILURES, MOST_FAILURES, WINDOW_SECONDS, Login
from dashboards.visitors import COOKIE, LOOK_SECONDS, Visitors
from registry import AccessKeys

NOW = 1_800_000_000.0


@pytest.fixture
def hand():
    """The time, which tests move."""
    return [NOW]


@pytest.fixture
def keys(sqlite_store, hand):
    return AccessKeys(sqlite_store, lambda: hand[0])


@pytest.fixture
def visitors(keys, hand):
    return Visitors(keys, lambda: hand[0], b"secret" * 6)


async def test_guessing_is_slowed_then_stopped_and_forgiven_after_a_minute(keys, visitors, hand):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    _, key = await keys.create("ann", scopes=("read",))
    login = Login(keys, visitors, monotonic=lambda: hand[0], sleep=sleep)
    app = Starlette(routes=[Route("/login", login.log_in, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        statuses = [
            (await client.post("/login", data={"key": f"tk_a_{number}"})).status_code for number in range(MOST_FAILURES)
        ]
        assert statuses == [401] * MOST_FAILURES
        assert len(slept) == MOST_FAILURES - FREE_FAILURES
        assert (await client.post("/login", data={"key": key})).status_code == 429
        hand[0] += WINDOW_SECONDS
        assert (await client.post("/login", data={"key": key})).status_code == 303


@pytest.mark.parametrize("ending", ["revoked", "logged out", "left"])
async def test_an_open_websocket_ends_with_its_login_and_says_so_in_the_servers_own_way(keys, visitors, hand, ending):
    key, _ = await keys.create("ann", scopes=("read",))
    cookie = visitors.cookie_for(key)
    ended, is_open = [], asyncio.Event()

    async def app(scope, receive, send):
        assert scope["visitor"].name == "ann"
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await receive()
        except WebSocketDisconnect as error:
            ended.append(error.code)
        with pytest.raises(Gone):  # asked once more, it must not wait for ever
            await asyncio.wait_for(receive(), 5)

    incoming, sent = asyncio.Queue(), []
    incoming.put_nowait({"type": "websocket.connect"})
    headers = [(b"host", b"127.0.0.1"), (b"origin", b"http://127.0.0.1"), (b"cookie", f"{COOKIE}={cookie}".encode())]

    async def send(message):
        sent.append(message)
        is_open.set()

    guard = Guard(app, hosts=frozenset({"127.0.0.1"}), visitors=visitors, recheck_seconds=0.01)
    open_page = asyncio.create_task(
        guard({"type": "websocket", "path": "/runs/ws", "headers": headers}, incoming.get, send)
    )
    await asyncio.wait_for(is_open.wait(), 10)
    if ending == "revoked":
        await keys.revoke(key.prefix)
        hand[0] += LOOK_SECONDS
    elif ending == "logged out":
        visitors.log_out(cookie)
    else:
        incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await asyncio.wait_for(open_page, 10)
    assert ended == [1001 if ending == "left" else CLOSED_LOGIN]
    closed = [message["code"] for message in sent if message["type"] == "websocket.close"]
    assert closed == ([] if ending == "left" else [CLOSED_LOGIN])
