from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.serving.front import PLAIN, Front, make_tls, read_proxies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("texts", "trusted", "not_trusted"),
    [
        (["*"], ["127.0.0.1", "8.8.8.8", "", "fe80::1%eth0"], []),
        (["none"], [], ["127.0.0.1", "8.8.8.8", ""]),
        ([], [], ["127.0.0.1"]),
        (["127.0.0.1"], ["127.0.0.1", "::ffff:127.0.0.1"], ["127.0.0.2", "::1", ""]),
        (["10.0.0.0/8", "::1"], ["10.1.2.3", "::1"], ["11.0.0.1"]),
        (["10.1.2.3/8", "*"], ["11.0.0.1"], []),
    ],
)
def test_proxies_are_believed_by_their_addresses(texts: list[str], trusted: list[str], not_trusted: list[str]) -> None:
    front = Front(proxies=read_proxies(texts))
    assert [address for address in trusted + not_trusted if front.trusts(address)] == trusted


@pytest.mark.parametrize("text", ["localhost", "10.0.0.0/33", "", "all"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected an address, a network, none or \*"):
        read_proxies([text])


def test_who_is_not_believed_can_not_move_a_client(start: Callable[..., Any], submit: Callable[..., Any]) -> None:
    sent = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/p"}
    for proxies, begins in ((None, "http://evil.example/p"), ((), "http://127.0.0.1:")):
        url = start(front=Front(proxies=proxies)).url
        assert submit(url, b"x", headers=sent).header("x-location").startswith(begins)


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("no certificate", "ascii")
    with pytest.raises(OSError, match="PEM"):
        make_tls(file, None)
    with pytest.raises(OSError, match="No such file"):
        make_tls(tmp_path / "none.pem", None)
    assert PLAIN.scheme == "http"


def test_pages_know_the_prefix(start: Callable[..., Any], ask: Callable[..., Any]) -> None:
    url, sent = start().url, {"X-Forwarded-Prefix": "/p"}
    for page in ("/docs", "/redoc", "/__diarkit/v1/docs"):
        text = ask(url, "GET", page, None, sent).body.decode()
        assert '"/p/' in text or "'/p/" in text
        assert '="/__diarkit' not in text
    document = json.loads(ask(url, "GET", "/openapi.json", None, sent).body)
    assert [server["url"] for server in document["servers"]] == ["/p", "/"]
    assert yaml.safe_load(ask(url, "GET", "/openapi.yaml", None, sent).body) == document
    assert ask(url, "GET", "/__diarkit/v1/ready", None, sent).status == 200
    assert ENDPOINT in ask(url, "GET", "/openapi.json").body.decode()
