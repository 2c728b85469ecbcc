"""Who is turned away and how: keys, hosts, origins, sizes, slowness. The server goes on for everybody else."""

from __future__ import annotations

import json
import socket
import time

import httpx
import pytest

from registry.words import FailureClass

CHAT = "/v1/chat/completions"
BODY = json.dumps({"messages": [{"role": "user", "content": "Say it."}]}).encode()


@pytest.fixture
def raw(gateway):
    """Sends bytes as they are; the status and the body of what comes back, or None where nothing does."""

    def raw(*pieces, pause_seconds=0.0, host=None, path=CHAT, headers=(), method="POST"):
        lines = [f"{method} {path} HTTP/1.1", f"host: {host or f'127.0.0.1:{gateway.port}'}"]
        lines += [f"authorization: Bearer {gateway.key}", *headers]
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as connection:
            try:
                connection.sendall("\r\n".join([*lines, "", ""]).encode())
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_seconds)
            except OSError:  # the server has said all it wants to, and closed
                pass
            answer = b""
            while chunk := _received(connection):
                answer += chunk
                if answer.partition(b"\r\n\r\n")[2] and not answer.startswith(b"HTTP/1.1 200"):
                    break
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]), body.decode()) if head else None

    return raw


def _received(connection):
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


@pytest.fixture(autouse=True)
def _still_serves(client):
    """After each attack the server answers as ever."""
    yield
    assert client.post(CHAT, content=BODY).status_code == 200


def code(answer):
    return answer.status_code, answer.json().get("error", answer.json())["code"]


def test_without_a_key_nothing_is_done_and_nothing_is_told(gateway):
    asked = len(gateway.script.calls)
    with httpx.Client(base_url=gateway.url) as stranger:
        assert code(stranger.post(CHAT, content=BODY)) == (401, "missing_api_key")
        for path in ("/v1/models", "/v1/runs/1", "/metrics"):
            assert stranger.get(path).status_code == 401
        for key in ("tk_x_y", gateway.revoked, gateway.key[:-1], "é"):
            answer = stranger.post(CHAT, content=BODY, headers={"authorization": f"Bearer {key}".encode()})
            assert code(answer) == (401, "invalid_api_key")
            assert key not in answer.text
        assert stranger.post(CHAT, content=BODY, headers={"x-api-key": gateway.key}).status_code == 200
    assert len(gateway.script.calls) == asked + 1


def test_a_key_opens_only_its_doors(gateway):
    with httpx.Client(base_url=gateway.url, headers={"authorization": f"Bearer {gateway.reading}"}) as reader:
        assert reader.get("/v1/models").status_code == 200
        assert code(reader.post(CHAT, content=BODY)) == (403, "scope_missing")


def test_a_budget_that_is_used_up_is_said_so(gateway):
    from registry import Price

    price = Price(input_nanousd_per_mtok=10**9, output_nanousd_per_mtok=10**9, source="a test")
    gateway.in_loop(gateway.runtime.catalogue.put_price("mock/m", price))
    time.sleep(1.5)  # until the snapshot has the price
    with httpx.Client(base_url=gateway.url, headers={"authorization": f"Bearer {gateway.poor}"}) as poor:
        short = {**json.loads(BODY), "max_tokens": 5}
        assert poor.post(CHAT, json=short).status_code == 200
        answer = poor.post(CHAT, content=BODY)  # it may be long, and so much is not left
    assert code(answer) == (429, "insufficient_quota")
    assert "the budget key:default/poor has $" in answer.json()["error"]["message"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "[::2]"])
def test_a_hosts_name_that_is_not_ours_is_turned_away(raw, host):
    status, body = raw(BODY, host=host or " ", headers=[f"content-length: {len(BODY)}"])
    assert status in {400, 421}
    assert "lamp" not in body


def test_pages_of_another_origin_are_turned_away_and_our_own_are_not(client, gateway):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{gateway.port + 1}", "http://[::1"):
        assert code(client.post(CHAT, content=BODY, headers={"origin": origin})) == (403, "origin_not_allowed")
    assert client.options(CHAT, headers={"origin": "https://evil.example"}).status_code == 403
    assert client.post(CHAT, content=BODY, headers={"origin": gateway.url}).status_code == 200
    assert "access-control-allow-origin" not in client.get("/healthz", headers={"origin": gateway.url}).headers


def test_a_body_of_a_gigabyte_is_refused_before_it_is_read(raw):
    status, body = raw(b"{", headers=[f"content-length: {10**9}"])
    assert (status, json.loads(body)["error"]["code"]) == (413, "body_too_large")


def test_a_body_without_end_is_cut_off(raw):
    status, _ = raw(*[b"10000\r\n" + b" " * 0x10000 + b"\r\n"] * 64, headers=["transfer-encoding: chunked"])
    assert status == 413


def test_a_body_that_trickles_in_is_cut_off(raw):
    answer = raw(*[b"{"] * 4, pause_seconds=0.5, headers=["content-length: 100"])
    assert answer is not None
    assert answer[0] == 408


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe{}", b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500, b"NaN"],
    ids=["empty", "half", "list", "null", "text", "no UTF-8", "nested lists", "nested objects", "NaN"],
)
def test_a_body_that_is_no_request_is_a_400(client, body):
    for path in (CHAT, "/v1/embeddings"):
        answer = client.post(path, content=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"


def test_depth_within_texts_and_allowed_depth_are_fine(client):
    deep = {"type": "object"}
    for _ in range(20):
        deep = {"type": "object", "properties": {"a": deep}}
    tools = [{"type": "function", "function": {"name": "x", "parameters": deep}}]
    body = {"messages": [{"role": "user", "content": "[" * 5_000}], "tools": tools}
    assert client.post(CHAT, json=body).status_code == 200


def test_a_head_without_end_is_cut_off(raw):
    answer = raw(headers=[f"x-{number}: {'y' * 1000}" for number in range(100)])
    assert answer is None or answer[0] in {400, 431}


@pytest.mark.parametrize("asked_before", [False, True])
def test_a_head_that_trickles_in_is_cut_off(gateway, asked_before):
    whole = f"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if asked_before:
            connection.sendall(f"{whole}\r\n".encode())
            first = b""
            while not first.endswith(b'{"status":"ok"}'):
                first += connection.recv(65_536)
        connection.settimeout(0.05)
        answer = b""
        for byte in f"{whole}x-slow: {'y' * 400}".encode():
            try:
                connection.send(bytes([byte]))
                answer = connection.recv(65_536)
                break
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_says_nothing_at_all_is_let_go_of(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as connection:
        assert connection.recv(1) == b""


def test_a_client_that_takes_nothing_is_let_go_of(gateway):
    before = len(gateway.outcomes())
    body = json.dumps({"messages": [{"role": "user", "content": "Say much"}], "stream": True}).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {gateway.key}\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        until = time.monotonic() + 15
        while len(gateway.outcomes()) == before and time.monotonic() < until:
            time.sleep(0.1)
    assert gateway.outcomes()[before:] == [FailureClass.CANCELLED]


def test_paths_and_methods_that_are_not_there_are_told_in_the_right_shape(client):
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (answer.json()["code"], answer.json()["retryable"]) == ("not_found", False)
    answer = client.get(CHAT)
    assert code(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    assert client.head("/healthz").status_code == 405
    assert client.request("TRACE", "/healthz").status_code == 405


@pytest.mark.parametrize(("given", "taken"), [("my-id.1", True), ("x" * 65, False), ("a b", False), ("<b>", False)])
def test_every_answer_has_a_request_id_and_a_safe_one_is_kept(client, given, taken):
    for path in ("/healthz", "/nowhere", "/v1/models/none"):
        answer = client.get(path, headers={"x-request-id": given})
        assert (answer.headers["x-request-id"] == given) is taken
        assert answer.headers["x-request-id"]
