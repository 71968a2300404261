from __future__ import annotations

import os

import pytest

from diarkit_contracts.target.failures import BadConnectionError
from diarkit_contracts.target.proxy import FLAG, Proxy, choose_proxy, list_credentials

HTTPS = "https://platform.example"
HTTP = "http://platform.example:8000"
A, B = "http://a:3128", "http://b:3128"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("url", "environment", "chosen"),
    [
        (HTTPS, {}, None),
        (HTTPS, {"HTTPS_PROXY": A}, A),
        (HTTPS, {"https_proxy": A}, A),
        (HTTPS, {"HTTPS_PROXY": "a:3128"}, A),
        (HTTPS, {"HTTP_PROXY": A}, None),
        (HTTP, {"HTTP_PROXY": A}, A),
        (HTTP, {"HTTPS_PROXY": A}, None),
        (HTTP, {"ALL_PROXY": A}, A),
        (HTTPS, {"ALL_PROXY": A, "HTTPS_PROXY": B}, B),
        (HTTPS, {"HTTPS_PROXY": A, "NO_PROXY": "platform.example"}, None),
        (HTTPS, {"HTTPS_PROXY": A, "no_proxy": "x, .example"}, None),
        (HTTPS, {"HTTPS_PROXY": A, "NO_PROXY": "orm.example"}, A),
        (HTTPS, {"HTTPS_PROXY": A, "NO_PROXY": "*"}, None),
        (HTTPS, {"HTTPS_PROXY": A, "NO_PROXY": "x,*"}, None),
        (HTTP, {"HTTP_PROXY": A, "NO_PROXY": "platform.example:8000"}, None),
        (HTTP, {"HTTP_PROXY": A, "NO_PROXY": "platform.example:80"}, A),
        ("https://10.1.2.3", {"HTTPS_PROXY": A, "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://11.1.2.3", {"HTTPS_PROXY": A, "NO_PROXY": "10.0.0.0/8, nonsense/99"}, A),
        ("https://[fd00::1]", {"HTTPS_PROXY": A, "NO_PROXY": "[fd00::1]"}, None),
        ("https://[fd00::1]", {"HTTPS_PROXY": A, "NO_PROXY": "fd00::/8"}, None),
        ("http://127.0.0.1:8000", {"HTTP_PROXY": A, "ALL_PROXY": A}, None),
        ("https://localhost", {"HTTPS_PROXY": A}, None),
        ("http://[::1]:8000", {"ALL_PROXY": A}, None),
    ],
)
def test_the_environment_is_read_as_curl_reads_it_and_never_for_this_computer(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], chosen: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = choose_proxy(url)
    assert (None if proxy is None else proxy.url) == chosen


@pytest.mark.parametrize("url", [HTTPS, "http://127.0.0.1:8000"])
def test_a_named_proxy_is_used_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ALL_PROXY", A)
    monkeypatch.setenv("NO_PROXY", "*")
    assert choose_proxy(url, B) == Proxy(B, FLAG)


@pytest.mark.parametrize(
    "text", ["", "s3cret", "ftp://me:s3cret@h", "http://", "http://me:s3/cret@h:1", "http://me:s3cret@h:x", "http://["]
)
def test_what_names_no_proxy_is_refused_without_being_repeated(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(BadConnectionError, match="--proxy: expected a URL such as http://proxy:3128") as caught:
        choose_proxy(HTTPS, text)
    assert "s3" not in str(caught.value)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:s3/cret@h:1")
    with pytest.raises(BadConnectionError, match="HTTPS_PROXY: expected"):
        choose_proxy(HTTPS)


def test_a_proxy_is_told_without_its_secrets_and_knows_them_in_all_forms() -> None:
    proxy = Proxy("http://me:p%40ss-word@h:3128", FLAG)
    assert str(proxy) == "http://h:3128 (--proxy)"
    assert list_credentials(proxy.url) == ("me", "p%40ss-word", "me", "p@ss-word", "bWU6cEBzcy13b3Jk")
    assert list_credentials(A) == ()
