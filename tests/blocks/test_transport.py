"""The conformance suite of transports: every engine passes it. Adding one is one line in the fixture."""

import asyncio
import gzip
import socket
import ssl

import pytest

from blocks.aiohttp_transport import AiohttpTransport
from blocks.errors import ServiceFailure
from blocks.lean_transport import LeanTransport
from blocks.transport import HttpxTransport, Transport, WireRequest
from registry.words import FailureClass

ENGINES = [HttpxTransport, AiohttpTransport, LeanTransport]


@pytest.fixture(params=ENGINES)
async def engine(request):
    engine = request.param()
    assert isinstance(engine, Transport)
    yield engine
    await engine.aclose()


@pytest.fixture(params=ENGINES)
async def whole(request):
    """An engine that is asked for whole answers."""
    engine = request.param()
    yield engine
    await engine.aclose()


async def fetch(engine, **request):
    async with engine.send(WireRequest(**{"timeout_seconds": 10.0, **request})) as reply:
        return reply, await reply.read()


async def failure_of(engine, **request):
    with pytest.raises(ServiceFailure) as caught:
        await fetch(engine, **request)
    return caught.value


async def test_a_request_goes_out_as_it_is_and_the_answer_comes_back(engine, http_server, answer):
    http_server.answer = answer(418, [b"some ", b"tea"], {"X-Kind": "Green"})
    reply, body = await fetch(engine, url=f"{http_server.url}/pot?a=1", headers={"x-who": "me"}, body=b"water")
    assert (reply.status, reply.headers["x-kind"], body) == (418, "Green", b"some tea")
    seen = http_server.requests[0]
    assert (seen.method, seen.path, seen.headers["x-who"], seen.body) == ("POST", "/pot?a=1", "me", b"water")


async def test_chunks_come_as_they_are_sent_not_at_the_end(engine, http_server, answer):
    http_server.answer = answer(200, [b"first"], ending="open")
    async with engine.send(WireRequest(url=http_server.url)) as reply:
        assert await anext(aiter(reply.chunks)) == b"first"


async def test_leaving_early_breaks_the_connection_off(engine, http_server, answer):
    http_server.answer = answer(200, [b"first"], ending="endless")
    async with engine.send(WireRequest(url=http_server.url)) as reply:
        await anext(aiter(reply.chunks))
    async with asyncio.timeout(10):
        await http_server.broken_off.wait()


async def test_a_connection_is_used_again_after_an_answer_that_was_read(engine, http_server, answer):
    http_server.answer = answer.of(b"x")
    for _ in range(3):
        await fetch(engine, url=http_server.url)
    assert http_server.connections == 1


async def test_an_answer_that_was_packed_is_unpacked(engine, http_server, answer):
    http_server.answer = answer.of(gzip.compress(b"hello"), content_encoding="gzip")
    assert (await fetch(engine, url=http_server.url))[1] == b"hello"


async def test_a_redirect_is_an_answer_like_any_other_and_nobody_follows_it(engine, http_server, answer):
    http_server.answer = answer(307, headers={"location": f"{http_server.url}/elsewhere"})
    reply, _ = await fetch(engine, url=http_server.url, headers={"authorization": "Bearer s"})
    assert reply.status == 307
    assert len(http_server.requests) == 1


async def test_cookies_are_not_kept(engine, http_server, answer):
    http_server.answer = answer(200, headers={"set-cookie": "who=me"})
    for _ in range(2):
        await fetch(engine, url=http_server.url)
    assert "cookie" not in http_server.requests[1].headers


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(engine, http_server, answer, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    http_server.answer = answer.of(b"direct")
    assert (await fetch(engine, url=http_server.url))[1] == b"direct"


@pytest.mark.parametrize("ending", ["cut", "reset"])
async def test_a_connection_that_breaks_is_transient(engine, http_server, answer, ending):
    http_server.answer = answer(200, [b"half"] if ending == "cut" else [], ending=ending)
    failure = await failure_of(engine, url=http_server.url)
    assert failure.failure is FailureClass.TRANSIENT
    assert str(http_server.port) in failure.message


async def test_a_port_where_nobody_listens_is_transient(engine):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    failure = await failure_of(engine, url=f"http://127.0.0.1:{port}/secret-path?key=secret")
    assert failure.failure is FailureClass.TRANSIENT
    assert failure.message == f"127.0.0.1:{port} refuses connections: nothing listens there"


async def test_a_name_without_an_address_is_transient(engine):
    failure = await failure_of(engine, url="http://nowhere.invalid/")
    assert failure.failure is FailureClass.TRANSIENT
    assert "nowhere.invalid" in failure.message


@pytest.fixture
async def babbling_port():
    """A port where something listens that speaks neither HTTP nor TLS."""

    async def babble(reader, writer):
        writer.write(b"SSH-2.0-babble\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_something_that_is_no_http_is_transient(engine, babbling_port):
    failure = await failure_of(engine, url=f"http://127.0.0.1:{babbling_port}/")
    assert failure.failure is FailureClass.TRANSIENT


async def test_a_server_that_speaks_no_tls_is_transient(engine, babbling_port):
    failure = await failure_of(engine, url=f"https://127.0.0.1:{babbling_port}/")
    assert failure.failure is FailureClass.TRANSIENT
    assert "secure connection" in failure.message


async def test_a_certificate_that_nobody_signed_is_told_of(engine, tmp_path):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=_self_signed(tmp_path))
    async with server:
        port = server.sockets[0].getsockname()[1]
        failure = await failure_of(engine, url=f"https://127.0.0.1:{port}/")
    assert failure.failure is FailureClass.TRANSIENT
    assert failure.message == f"the certificate of 127.0.0.1:{port} is not to be trusted"


@pytest.mark.parametrize("pieces", [[], [b"a little"]])
async def test_an_answer_that_does_not_end_in_time_is_transient(engine, http_server, answer, pieces):
    http_server.answer = answer(200, pieces, ending="open")
    failure = await failure_of(engine, url=http_server.url, timeout_seconds=0.2)
    assert failure.failure is FailureClass.TRANSIENT
    assert "within 0.2 s" in failure.message


async def test_an_endless_answer_is_cut_off(engine, http_server, answer):
    http_server.answer = answer(200, [], ending="endless")
    failure = await failure_of(engine, url=http_server.url, largest_reply_bytes=1_000_000)
    assert failure.failure is FailureClass.INVALID_OUTPUT
    assert "1,000,000 bytes" in failure.message


@pytest.mark.parametrize("url", ["ftp://somewhere/", "nonsense", "http://[::1", "http://host:port/", ""])
async def test_an_address_that_is_none_takes_the_model_out(engine, url):
    assert (await failure_of(engine, url=url)).failure is FailureClass.UNAVAILABLE_MODEL


async def test_a_header_that_cannot_be_sent_is_not_shown(engine, http_server):
    with pytest.raises(ServiceFailure) as caught:
        await fetch(engine, url=http_server.url, headers={"authorization": "Bearer sesame\nopen"})
    assert caught.value.__cause__ is None
    assert "sesame" not in str(caught.value)


async def test_a_request_shows_neither_headers_nor_body():
    request = WireRequest(url="http://x/", headers={"authorization": "sesame"}, body=b"a prompt")
    assert "sesame" not in repr(request)
    assert "prompt" not in repr(request)


def _self_signed(folder):
    """A TLS server's side with a certificate made on the spot."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


# ---- whole answers ---------------------------------------------------------------------------------------------------


async def fetched(whole, url, **more):
    async with asyncio.timeout(10):
        return await whole.fetch(WireRequest(url=url, **more))


async def whole_failure(whole, url, **more):
    with pytest.raises(ServiceFailure) as caught:
        await fetched(whole, url, **more)
    return caught.value


async def test_a_whole_answer_comes_with_status_headers_and_body(whole, http_server, answer):
    http_server.answer = answer(418, [b"some ", b"tea"], {"X-Kind": "Green"})
    got = await fetched(whole, f"{http_server.url}/pot?a=1", headers={"x-who": "me"}, body=b"water")
    assert (got.status, got.headers["x-kind"], got.body) == (418, "Green", b"some tea")
    seen = http_server.requests[0]
    assert (seen.method, seen.path, seen.headers["x-who"], seen.body) == ("POST", "/pot?a=1", "me", b"water")


async def test_whole_answers_share_a_connection_one_after_the_other(whole, http_server, answer):
    http_server.answer = answer.of(b"x")
    for number in range(3):
        assert (await fetched(whole, http_server.url, body=b"%d" % number)).body == b"x"
    assert http_server.connections == 1


async def test_a_whole_answer_that_was_packed_is_unpacked(whole, http_server, answer):
    http_server.answer = answer.of(gzip.compress(b"hello"), content_encoding="gzip")
    assert (await fetched(whole, http_server.url)).body == b"hello"


async def test_a_whole_answer_above_the_bound_is_no_answer(whole, http_server, answer):
    http_server.answer = answer(200, [b"x" * 100] * 10)
    failure = await whole_failure(whole, http_server.url, largest_reply_bytes=500)
    assert failure.failure is FailureClass.INVALID_OUTPUT
    assert "more than 500 bytes" in failure.message


async def test_a_whole_answer_that_ends_in_its_middle_is_transient_and_may_be_billed(whole, http_server, answer):
    http_server.answer = answer(200, [b"first"], ending="cut")
    failure = await whole_failure(whole, http_server.url)
    assert (failure.failure, failure.was_sent) == (FailureClass.TRANSIENT, True)


async def test_nobody_listens_and_nothing_was_sent(whole):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    failure = await whole_failure(whole, f"http://127.0.0.1:{port}/")
    assert (failure.failure, failure.was_sent) == (FailureClass.TRANSIENT, False)
    assert "refuses connections" in failure.message


@pytest.mark.parametrize("url", ["ftp://x/", "nowhere", "http://"])
async def test_what_is_no_address_is_an_unavailable_model(whole, url):
    failure = await whole_failure(whole, url)
    assert (failure.failure, failure.was_sent) == (FailureClass.UNAVAILABLE_MODEL, False)


async def test_a_server_that_speaks_no_tls_gets_no_secret(whole, babbling_port):
    failure = await whole_failure(whole, f"https://127.0.0.1:{babbling_port}/")
    assert failure.failure is FailureClass.TRANSIENT
    assert "secure connection" in failure.message


async def test_leaving_a_whole_answer_breaks_the_connection_off(whole, http_server, answer):
    http_server.answer = answer(200, [b"first"], ending="endless")
    task = asyncio.create_task(whole.fetch(WireRequest(url=http_server.url, largest_reply_bytes=10**12)))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        await http_server.broken_off.wait()
