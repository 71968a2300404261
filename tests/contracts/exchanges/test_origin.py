from __future__ import annotations

import pytest

from diarkit_contracts.exchanges.origin import is_loopback, is_same_origin, read_origin


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("http://host/x", "http://HOST:80?y", True),
        ("https://host:443/x", "https://user:pw@host", True),
        ("http://[::1]:8000", "http://[::1]:8000/x", True),
        ("http://localhost:8000", "http://127.0.0.1:8000", True),
        ("http://localhost:8000", "http://127.0.0.1:8001", False),
        ("http://localhost:8000", "http://host:8000", False),
        ("http://host", "https://host", False),
        ("http://host:8000", "http://host:8001", False),
        ("http://host", "http://other", False),
        ("http://host:port", "http://host:port", False),
        ("/x", "/x", False),
        ("ftp://host", "ftp://host", False),
        ("http://[", "http://[", False),
    ],
)
def test_the_same_server_is_known_by_scheme_host_and_port(url: str, other: str, same: bool) -> None:
    assert is_same_origin(url, other) is same


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("http://localhost.example.com", False),
        ("http://127.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_this_computer_is_known_by_its_addresses(url: str, here: bool) -> None:
    assert is_loopback(url) is here


def test_what_is_no_url_of_a_server_has_no_origin() -> None:
    assert read_origin("https://host/x") == ("https", "host", 443)
    with pytest.raises(ValueError, match="ftp://host"):
        read_origin("ftp://host")
