"""The transport against sockets that misbehave.

Longer than other files, as each way to misbehave is a small server that stands here.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import sys
import threading
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from contract_servers.forward_proxy import forward
from contract_servers.secure import Certificates, serve_secure
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from diarkit_contracts.exchanges.exchange import Loss, Lost, Request
from diarkit_contracts.target import transport as http_transport
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.failures import BadConnectionError
from diarkit_contracts.target.proxy import FLAG, Proxy
from diarkit_contracts.target.transport import HttpTransport, Way
from diarkit_fixtures.wav.chunks import Chunks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INFO = "/api/system/info"


class Echo(BaseHTTPRequestHandler):
    """Answers what it was asked, in gzip; redirects `/away`, and breaks off at `/short`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = gzip.compress(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        self.send_response(302 if self.path == "/away" else 202)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Set-Cookie", "session=1; Path=/")
        self.send_header("X-Told", self.headers.get("X-Token", "none"))
        self.send_header("X-Cookie", self.headers.get("Cookie", "none"))
        self.send_header("Content-Length", str(len(body) + (9 if self.path == "/short" else 0)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.path == "/short"

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loaded computer may take long to let a server begin."""
    monkeypatch.setattr(http_transport, "CONNECT_S", 60.0)


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def transport(url: str) -> Iterator[HttpTransport]:
    made = HttpTransport(Way(url=url))
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority of our own, and what it issues."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure_url(certificates: Certificates) -> Iterator[str]:
    """The fake with TLS."""
    with serve_secure(certificates.issue("127.0.0.1")) as url:
        yield url


def ask(url: str, **how: Any) -> int:
    """Ask once over a connection of its own; the status."""
    with closing(HttpTransport(Way(url=url, **how))) as transport:
        return transport.send(Request(method="GET", url=url + INFO), b"").status


def test_a_body_that_comes_in_pieces_arrives_whole_and_its_length_with_it(url: str) -> None:
    body = Chunks(300_003, lambda: (piece for piece in (b"a" * 100_000, b"", b"b" * 200_003)))
    with closing(HttpTransport(Way(url=url))) as transport:
        for _ in range(2):
            answer = transport.send(Request(method="POST", url=url), body)
            assert answer.body == bytes(body)  # read by Content-Length: of chunks nothing would have been read


def test_a_body_comes_back_without_its_encoding(transport: HttpTransport, url: str) -> None:
    request = Request(method="POST", url=url + "/x", headers=(("X-Token", "t"),))
    answer = transport.send(request, b"\x00\xff" * 1000)
    assert (answer.status, answer.body, answer.header("x-told")) == (202, b"\x00\xff" * 1000, "t")


def test_a_redirection_is_an_answer(transport: HttpTransport, url: str) -> None:
    assert transport.send(Request(method="GET", url=url + "/away"), b"").status == 302


def test_a_cookie_that_is_handed_out_is_not_brought_back(transport: HttpTransport, url: str) -> None:
    answers = [transport.send(Request(method="GET", url=url), b"") for _ in range(2)]
    assert [answer.header("x-cookie") for answer in answers] == ["none", "none"]


def test_an_answer_that_breaks_off_is_none(transport: HttpTransport, url: str) -> None:
    with pytest.raises(UnreachableError, match="the answer is not HTTP, or incomplete"):
        transport.send(Request(method="GET", url=url + "/short"), b"")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.mark.parametrize(
    ("sent", "resets", "lost"),
    [
        (b"", False, Lost(kind=Loss.BEFORE_HEAD)),
        (b"", True, Lost(kind=Loss.BEFORE_HEAD)),
        (b"SSH-2.0-OpenSSH\r\n\r\n", False, Lost(kind=Loss.BADLY_FRAMED)),
        (HEAD + b"Content-Length: 9\r\n\r\n", True, Lost(kind=Loss.AFTER_HEAD, status=200)),
        (HEAD + b"Content-Length: 9\r\n\r\nabc", False, Lost(kind=Loss.CUT, status=200, body=b"abc")),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nno\r\n", False, Lost(kind=Loss.BADLY_FRAMED, status=200)),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", False, Lost(kind=Loss.BADLY_CODED, status=200, body=b"abc")),
    ],
)  # fmt: skip
def test_what_came_of_a_lost_answer_is_kept_with_how_it_was_lost(sent: bytes, resets: bool, lost: Lost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(sent)
                if resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(UnreachableError) as caught:
            ask(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert replace(caught.value.lost, headers=()) == lost
    assert (caught.value.lost.header("content-type") is not None) == (lost.status > 0)


class PassingClock:
    """Time of which each look takes a second."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        self.seconds += 1
        return self.seconds

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def today(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("head", "dribble"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (HEAD + b"Content-Length: 999999999\r\n\r\n", b"x"),
    ],
    ids=["interim answers", "a head", "a body"],
)
def test_an_answer_that_does_not_end_is_given_up_when_its_time_is_over(head: bytes, dribble: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(head)
                while True:
                    connection.sendall(dribble)

        thread = threading.Thread(target=answer)
        thread.start()
        url, clock = f"http://127.0.0.1:{server.getsockname()[1]}", PassingClock()
        with closing(HttpTransport(Way(url=url), clock)) as transport, pytest.raises(UnreachableError) as caught:
            transport.send(Request(method="GET", url=url), b"", 30)
        thread.join()
    assert caught.value.lost.kind is Loss.TOO_SLOW
    assert clock.seconds < 40


def test_a_host_that_can_be_connected_to_is_sent_nothing(transport: HttpTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a/b"
        transport.connect(url)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""
    with pytest.raises(UnreachableError, match="no connection to"):
        transport.connect(url)


def test_tls_is_begun_without_trust_where_it_is_named(transport: HttpTransport, url: str, secure_url: str) -> None:
    transport.connect(secure_url)
    with pytest.raises(UnreachableError, match="no connection to"):
        transport.connect(url.replace("http:", "https:"))


def test_an_answer_that_is_too_large_is_given_up(
    transport: HttpTransport, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_transport, "LARGEST_ANSWER", 99)
    assert transport.send(Request(method="POST", url=url), b"x" * 99).status == 202
    with pytest.raises(UnreachableError, match="answer is larger than 99 bytes"):
        transport.send(Request(method="POST", url=url), b"x" * 100)


def test_nobody_there_is_told_with_what_to_look_at(transport: HttpTransport) -> None:
    with pytest.raises(UnreachableError, match="connection refused by its port: is the server running"):
        transport.send(Request(method="GET", url="http://127.0.0.1:1/"), b"")


def test_a_server_with_tls_is_asked_if_its_issuer_is_trusted(certificates: Certificates, secure_url: str) -> None:
    assert ask(secure_url, cacert=certificates.issuer) == 200


def test_a_server_with_tls_is_refused_without_its_issuer_and_it_is_told_what_to_do(secure_url: str) -> None:
    with pytest.raises(UnreachableError, match=r"its certificate is not trusted \(.*--cacert FILE, or .*--insecure"):
        ask(secure_url)


def test_any_certificate_is_taken_if_that_is_asked_for(certificates: Certificates, secure_url: str) -> None:
    assert ask(secure_url, insecure=True) == 200
    with serve_secure(certificates.issue("another.example")) as url:
        assert ask(url, insecure=True) == 200


def test_the_environment_may_name_whom_to_trust(
    certificates: Certificates, secure_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.issuer))
    assert ask(secure_url) == 200
    monkeypatch.setenv("SSL_CERT_FILE", "no/such/file")
    with pytest.raises(BadConnectionError, match="SSL_CERT_FILE: expected certificates in PEM"):
        ask(secure_url)


def test_a_certificate_for_another_name_is_told_as_such(certificates: Certificates) -> None:
    with (
        serve_secure(certificates.issue("elsewhere.example")) as url,
        pytest.raises(UnreachableError, match="its certificate is for another name"),
    ):
        ask(url, cacert=certificates.issuer)


def test_a_certificate_that_is_out_of_date_is_told_as_such(certificates: Certificates) -> None:
    span = {"not_before": datetime(2020, 1, 1, tzinfo=UTC), "not_after": datetime(2021, 1, 1, tzinfo=UTC)}
    with (
        serve_secure(certificates.issue("127.0.0.1", **span)) as url,
        pytest.raises(UnreachableError, match="certificate has expired"),
    ):
        ask(url, cacert=certificates.issuer)


@pytest.mark.parametrize(("asked", "advice"), [("https", "try http://"), ("http", "try https://")])
def test_tls_where_there_is_none_and_none_where_there_is_are_told(
    url: str, secure_url: str, asked: str, advice: str
) -> None:
    wrong = url.replace("http:", "https:") if asked == "https" else secure_url.replace("https:", "http:")
    with pytest.raises(UnreachableError, match=advice):
        ask(wrong)


def test_a_client_shows_its_certificate_where_one_is_wanted(certificates: Certificates) -> None:
    chain, key = certificates.issue_in_two("client.example")
    with serve_secure(certificates.issue("127.0.0.1"), certificates.issuer) as url:
        assert ask(url, cacert=certificates.issuer, certificate=certificates.issue("client.example")) == 200
        assert ask(url, cacert=certificates.issuer, certificate=chain, key=key) == 200
        assert ask(url, insecure=True, certificate=chain, key=key) == 200
        with pytest.raises(UnreachableError, match=r"certificate .*--cert FILE --key FILE"):
            ask(url, cacert=certificates.issuer)


def test_a_key_with_a_password_needs_it_and_asks_at_no_terminal(certificates: Certificates, secure_url: str) -> None:
    chain, key = certificates.issue_in_two("locked.example")
    plain = load_pem_private_key(key.read_bytes(), None)
    locked = key.with_name("locked.pem")
    locked.write_bytes(
        plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"pass-of-the-key"))
    )
    how = {"insecure": True, "certificate": chain, "key": locked}
    assert ask(secure_url, key_password="pass-of-the-key", **how) == 200  # noqa: S106 - of nobody
    for wrong in ("", "another"):
        with pytest.raises(BadConnectionError, match="DIARKIT_VERIFY_KEY_PASSWORD"):
            ask(secure_url, key_password=wrong, **how)


@pytest.mark.parametrize("field", ["cacert", "certificate"])
def test_certificates_that_are_none_are_refused(tmp_path: Path, field: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("no certificate", encoding="utf-8")
    with pytest.raises(BadConnectionError, match=r"expected .* in PEM"):
        HttpTransport(Way(url="https://127.0.0.1", **{field: path}))


def test_trust_is_made_for_tls_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", None)
    assert ask(url) == 202


def test_a_proxy_is_asked_with_the_absolute_url(url: str) -> None:
    with forward(url) as proxy:
        assert ask("http://platform.example", proxy=Proxy(proxy.url, FLAG)) == 202
        assert proxy.asked == [f"GET http://platform.example{INFO}"]


def test_a_tunnel_is_asked_for_where_there_is_tls_and_trust_is_the_servers(certificates: Certificates) -> None:
    with (
        serve_secure(certificates.issue("platform.example"), host="platform.example") as url,
        forward(url.replace("platform.example", "127.0.0.1")) as proxy,
    ):
        assert ask(url, cacert=certificates.issuer, proxy=Proxy(proxy.url, FLAG)) == 200
        assert proxy.asked == [f"CONNECT {url.removeprefix('https://')}"]
        with pytest.raises(UnreachableError, match=r"not trusted .*; through the proxy http://127.0.0.1:\d+ \(--proxy"):
            ask(url, proxy=Proxy(proxy.url, FLAG))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_gets_user_and_password_and_says_so_if_they_are_wrong(url: str, secure_url: str, scheme: str) -> None:
    server = url if scheme == "http" else secure_url
    with forward(server, user="me:pa@ss-word") as proxy:
        right = proxy.url.replace("http://", "http://me:pa%40ss-word@")
        assert ask(server, insecure=True, proxy=Proxy(right, FLAG)) in {200, 202}
        assert proxy.shown == ["Basic bWU6cGFAc3Mtd29yZA=="]
        for wrong in (proxy.url, right.replace("pa%40", "wrong")):
            with pytest.raises(UnreachableError, match="the proxy requires valid credentials") as caught:
                ask(server, insecure=True, proxy=Proxy(wrong, FLAG))
            assert "ss-word" not in str(caught.value)


def test_a_proxy_that_is_not_there_is_told_by_its_place_and_who_named_it(url: str) -> None:
    proxy = Proxy("http://me:pass-word@127.0.0.1:1", "HTTP_PROXY")
    with pytest.raises(
        UnreachableError, match=r"connection refused by the proxy http://127.0.0.1:1 \(HTTP_PROXY\)"
    ) as caught:
        ask(url, proxy=proxy)
    assert "pass-word" not in str(caught.value)


def test_the_environment_chooses_no_proxy_behind_our_back(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert ask(url) == 202


def test_a_proxy_with_socks_says_what_it_needs(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(BadConnectionError, match=r"ALL_PROXY: .*pip install 'httpx\[socks\]'"):
        HttpTransport(Way(url=url, proxy=Proxy("socks5://127.0.0.1:1", "ALL_PROXY")))


def test_a_missing_client_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ImportError, match=r"pip install 'diarkit\[verify\]'"):
        HttpTransport(Way(url="http://127.0.0.1"))
