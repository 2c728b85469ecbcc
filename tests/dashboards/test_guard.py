"""Who is let in to the pages, by HTTP and by websocket; and the pages as a process."""

import asyncio
import signal
import socket
import stat
import subprocess
import sys

import aiohttp
import httpx
import psutil
import pytest
from conftest import environment, prepare, serving

from dashboards.visitors import COOKIE

PAGE = {"accept": "text/html"}
CLOSED = ("/runs", "/run?id=1", "/services", "/runs.csv", "/static/js/bokeh.min.js", "/")


def open_socket(pages, *, origin, cookie, host=None, path="/runs/ws"):
    """What a websocket's handshake is answered with: 101 where it was opened."""
    headers = {} if cookie is None else {"cookie": f"{COOKIE}={cookie}"}
    if host is not None:
        headers["host"] = host

    async def trying():
        async with aiohttp.ClientSession() as session:
            try:
                opening = session.ws_connect(
                    f"{pages.url}{path}", origin=origin, headers=headers, protocols=("bokeh", "x")
                )
                async with opening as opened:
                    message = await opened.receive(timeout=10)
                    return 101 if message.type == aiohttp.WSMsgType.TEXT else message.data
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    return asyncio.run(trying())


def token_of(client):
    """The token of a page that was just opened: it opens that page's websocket."""
    text = client.get("/runs", headers=PAGE).text
    return text.split('"token":"')[1].split('"')[0]


def open_real_socket(pages, client, *, origin, cookie):
    token = token_of(client)
    headers = {} if cookie is None else {"cookie": f"{COOKIE}={cookie}"}

    async def trying():
        async with aiohttp.ClientSession() as session:
            try:
                opening = session.ws_connect(
                    f"{pages.url}/runs/ws", origin=origin, headers=headers, protocols=("bokeh", token)
                )
                async with opening as opened:
                    return (await opened.receive(timeout=10)).type
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    return asyncio.run(trying())


@pytest.fixture(scope="module")
def client(pages):
    with pages.client(pages.world.reader) as client:
        yield client


@pytest.mark.parametrize("path", CLOSED)
def test_without_a_login_nothing_is_shown(pages, path):
    answer = httpx.get(f"{pages.url}{path}")
    assert (answer.status_code, answer.text) == (401, "Log in first.")
    answer = httpx.get(f"{pages.url}{path}", headers=PAGE)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/login")


@pytest.mark.parametrize("cookie", ["", "1.2.3.4", "1.1800000000000000.nonce." + "0" * 64])
def test_a_forged_cookie_is_no_login(pages, cookie):
    assert httpx.get(f"{pages.url}/runs", cookies={COOKIE: cookie}).status_code == 401
    assert open_socket(pages, origin=pages.url, cookie=cookie) == 403


def test_a_login_opens_the_pages_and_nothing_is_left_to_others(pages, client):
    answer = client.get("/runs", headers=PAGE)
    assert answer.status_code == 200
    assert "turnout_pages" not in answer.text
    assert client.cookies[COOKIE] not in answer.text
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "http:" not in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    for address in ("https://cdn", "unpkg", "jsdelivr", "fonts.googleapis"):
        assert f'src="{address}' not in answer.text
        assert f'href="{address}' not in answer.text


def test_the_cookie_is_kept_from_scripts_and_other_sites(pages):
    answer = httpx.post(f"{pages.url}/login", data={"key": pages.world.reader}, headers={"origin": pages.url})
    assert answer.status_code == 303
    parts = answer.headers["set-cookie"].lower()
    assert "httponly" in parts
    assert "samesite=strict" in parts
    assert "max-age=43200" in parts
    assert stat.S_IMODE((pages.home / "pages-secret").stat().st_mode) == 0o600


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "[::2]"])
def test_another_host_name_is_not_answered(pages, client, host):
    assert client.get("/healthz", headers={"host": host}).status_code == 403
    assert client.get("/runs", headers={"host": host}).status_code == 403
    assert open_socket(pages, origin=f"http://{host}", cookie=client.cookies[COOKIE], host=host or "x") == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://localhost:1"])
def test_a_page_of_another_origin_reaches_nothing(pages, client, origin):
    assert client.get("/runs", headers={"origin": origin}).status_code == 403
    answer = httpx.post(f"{pages.url}/login", data={"key": pages.world.reader}, headers={"origin": origin})
    assert answer.status_code == 403
    assert open_real_socket(pages, client, origin=origin, cookie=client.cookies[COOKIE]) == 403


def test_a_websocket_wants_origin_and_cookie(pages, client):
    cookie = client.cookies[COOKIE]
    assert open_real_socket(pages, client, origin=pages.url, cookie=None) == 403
    assert open_real_socket(pages, client, origin=None, cookie=cookie) == 403
    assert open_real_socket(pages, client, origin=pages.url, cookie=cookie) == aiohttp.WSMsgType.TEXT


@pytest.mark.parametrize("path", ["/admin", "/session_info", "/rest/session_info", "/liveness?endpoint=/runs", "/docs",
                                  "/openapi.json"])  # fmt: skip
def test_what_panel_and_fastapi_would_show_of_themselves_is_closed(client, path):
    assert client.get(path).status_code == 404


def test_nobody_chooses_the_session_that_a_page_joins(client):
    assert client.get("/runs?bokeh-session-id=abc", headers=PAGE).status_code == 403
    assert client.get("/runs?bokeh_session_id=abc", headers=PAGE).status_code == 403


def test_nobody_says_themselves_who_they_are(pages):
    answer = httpx.get(f"{pages.url}/runs", headers={"x-turnout-visitor": "1"})
    assert answer.status_code == 401


def test_logging_out_ends_the_login_also_for_whoever_copied_the_cookie(pages):
    cookie = pages.log_in(pages.world.reader)
    headers = {"origin": pages.url, "cookie": f"{COOKIE}={cookie}"}
    assert httpx.post(f"{pages.url}/logout", headers=headers).status_code == 303
    assert httpx.get(f"{pages.url}/runs", headers=headers).status_code == 401


def test_a_wrong_key_is_told_without_repeating_it(pages):
    data = {"key": "tk_guess_<b>x</b>"}
    answer = httpx.post(f"{pages.url}/login", data=data, headers={"origin": pages.url})
    assert (answer.status_code, "guess" in answer.text) == (401, False)
    assert "guess" not in (pages.home / "pages.log").read_text()


def test_a_large_body_is_not_read(pages):
    data = {"key": pages.world.reader, "more": "x" * 100_000}
    answer = httpx.post(f"{pages.url}/login", data=data, headers={"origin": pages.url})
    assert answer.status_code == 413


def test_after_the_login_nobody_is_sent_elsewhere(pages):
    for following in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        data = {"key": pages.world.reader, "next": following}
        answer = httpx.post(f"{pages.url}/login", data=data, headers={"origin": pages.url})
        assert answer.headers["location"] == "/runs"


def test_the_csv_file_is_that_of_the_filtered_list(pages, client):
    lines = client.get("/runs.csv?range=24h&state=failed").text.splitlines()
    assert len(lines) == 1 + pages.world.by_state["failed"]
    assert client.get("/runs.csv").headers["content-disposition"] == 'attachment; filename="turnout-runs.csv"'


def test_sigterm_ends_the_process_within_seconds(tmp_path):
    prepare(tmp_path, count=1)
    with serving(tmp_path) as pages:
        assert httpx.get(f"{pages.url}/healthz").text == "ok"
        pages.process.send_signal(signal.SIGTERM)
        assert pages.process.wait(3) == 0
    assert (tmp_path / "pages.log").read_text() == ""


def test_a_taken_port_and_an_open_door_are_one_sentence_each(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = ended_at_once(tmp_path, "--port", str(taken.getsockname()[1]))
    assert "is not to be had" in ended.stderr
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    ended = ended_at_once(tmp_path, "--host", "0.0.0.0", "--port", "0")
    assert (ended.returncode, ended.stderr.count("\n"), "turnout keys create NAME" in ended.stderr) == (1, 1, True)


def ended_at_once(home, *arguments):
    command = [sys.executable, "-m", "dashboards", *arguments]
    return subprocess.run(
        command, env=environment(home), capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


STARTER = """
import os, subprocess, sys, time
command = [sys.executable, "-m", "dashboards", "--port", "0", "--parent", str(os.getpid())]
print(subprocess.Popen(command).pid, flush=True)
time.sleep(60)
"""


def test_it_ends_with_whoever_started_it_even_by_kill_9(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", STARTER], env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as starter:  # fmt: skip
        started = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
    started.wait(20)
