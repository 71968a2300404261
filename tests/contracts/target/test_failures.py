from __future__ import annotations

import socket
import ssl
from typing import Any

import httpx
import pytest

from diarkit_contracts.target.failures import KINDS, TLS_REASONS, explain_failure

URL = "http://h:1"


def wrap(cause: BaseException) -> Exception:
    """Wrap a cause as the client does: two of its own exceptions around it."""
    inner = RuntimeError("inner")
    inner.__cause__ = cause
    outer = httpx.ConnectError("outer")
    outer.__context__ = inner
    return outer


def explain(error: Exception, url: str = URL, proxy: str = "") -> str:
    return explain_failure(error, url, proxy=proxy, connect_s=5.0, answer_s=60.0)


def fail_tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}] in small letters")
    error.reason = reason
    return error


def fail_certificate(code: int, told: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message = code, told
    return error


@pytest.mark.parametrize("reason", TLS_REASONS)
def test_each_reason_of_tls_is_told_in_words_and_by_its_name(reason: str) -> None:
    assert explain(wrap(fail_tls(reason))) == f"{TLS_REASONS[reason]} ({reason})"


def test_another_reason_of_tls_is_told_as_it_is() -> None:
    assert explain(wrap(fail_tls("NEW_REASON"))) == "TLS failed ([SSL: NEW_REASON] in small letters)"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (20, "is not trusted (x): pass"),
        (10, "has expired (x): renew it"),
        (62, "another name (x): use"),
        (64, "another name (x)"),
    ],
)
def test_a_certificate_is_refused_with_what_to_do(code: int, said: str) -> None:
    assert said in explain(wrap(fail_certificate(code, "x.")))
    assert "--insecure" in explain(wrap(fail_certificate(code, "x.")))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_failure_is_told_in_words(kind: str) -> None:
    error: Any = getattr(httpx, kind)("what it says.")
    said = explain(error)
    assert kind not in said
    assert "{" not in said
    assert ("what it says" in said) is ("{detail}" in KINDS[kind])


def test_another_kind_is_told_by_its_name() -> None:
    assert explain(httpx.LocalProtocolError("odd.")) == "LocalProtocolError: odd"


@pytest.mark.parametrize(
    ("url", "advice"), [("http://h", "or try https://"), ("https://h", "or pass a client certificate with --cert FILE")]
)
def test_what_is_no_http_may_be_tls(url: str, advice: str) -> None:
    assert advice in explain(httpx.RemoteProtocolError("Server disconnected."), url)


@pytest.mark.parametrize(
    ("cause", "direct", "through"),
    [
        (
            ConnectionRefusedError(111, "Connection refused"),
            "connection refused by its port",
            "connection refused by the proxy http://p",
        ),
        (
            socket.gaierror(-2, "not known"),
            "unknown host in the URL",
            "unknown host in the proxy http://p",
        ),
    ],
)
def test_it_is_told_whether_the_server_or_the_proxy_is_not_there(cause: Exception, direct: str, through: str) -> None:
    assert direct in explain(wrap(cause))
    assert through in explain(wrap(cause), proxy="http://p")


def test_a_proxy_that_refuses_is_told_and_every_failure_names_the_proxy() -> None:
    assert explain(httpx.ProxyError("502 Bad Gateway"), proxy="p").startswith("the proxy refuses (502 Bad Gateway)")
    assert explain(httpx.ReadTimeout("x"), proxy="p").endswith("sent nothing for 60 s; through the proxy p")
