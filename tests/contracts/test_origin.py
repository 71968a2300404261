from __future__ import annotations

import pytest

from diarkit_contracts.origin import is_same_origin


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("http://host/x", "http://HOST:80?y", True),
        ("https://host:443/x", "https://user:pw@host", True),
        ("http://[::1]:8000", "http://[::1]:8000/x", True),
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
