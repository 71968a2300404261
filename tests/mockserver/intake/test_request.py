from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.intake.request import Request


def request(
    *headers: tuple[str, str], query: bytes = b"", scheme: str = "http", server: str = "127.0.0.1:8000"
) -> Request:
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers]
    return Request("GET", "/x", query.decode("latin-1"), raw, scheme=scheme, server=server)


def base_url(**headers: str) -> str:
    return request(*((name.replace("_", "-"), value) for name, value in headers.items())).base_url


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"host": "localhost:8000"}, "http://localhost:8000"),
        ({"host": "[::1]:8000"}, "http://[::1]:8000"),
        ({"host": "a.example:80"}, "http://a.example:80"),
        ({}, "http://127.0.0.1:8000"),
        ({"host": ""}, "http://127.0.0.1:8000"),
        ({"host": "x", "x_forwarded_proto": "https"}, "https://x"),
        ({"host": "x", "x_forwarded_proto": "HTTPS"}, "https://x"),
        ({"host": "x", "x_forwarded_proto": "https, http"}, "https://x"),
        ({"host": "x", "x_forwarded_proto": "gopher"}, "http://x"),
        ({"host": "x", "x_forwarded_host": "public.example"}, "http://public.example"),
        ({"host": "x", "x_forwarded_host": "public.example, inner:81"}, "http://public.example"),
        ({"host": "x", "x_forwarded_ssl": "on"}, "https://x"),
        ({"host": "x", "x_forwarded_ssl": "off"}, "http://x"),
        ({"host": "x", "x_forwarded_ssl": "on", "x_forwarded_proto": "http"}, "http://x"),
        ({"host": "x", "x_forwarded_port": "8443"}, "http://x:8443"),
        ({"host": "x", "x_forwarded_port": "80"}, "http://x"),
        ({"host": "x", "x_forwarded_port": "443", "x_forwarded_proto": "https"}, "https://x"),
        ({"host": "x", "x_forwarded_port": "80", "x_forwarded_proto": "https"}, "https://x:80"),
        ({"host": "x:81", "x_forwarded_port": "8443"}, "http://x:81"),
        ({"host": "x:81", "x_forwarded_host": "y", "x_forwarded_port": "8443"}, "http://y:8443"),
        ({"host": "x", "x_forwarded_host": "[::1]", "x_forwarded_port": "8443"}, "http://[::1]:8443"),
        ({"host": "x", "x_forwarded_host": "[::1]:82", "x_forwarded_port": "8443"}, "http://[::1]:82"),
        ({"host": "x", "x_forwarded_port": "0"}, "http://x"),
        ({"host": "x", "x_forwarded_port": "65536"}, "http://x"),
        ({"host": "x", "x_forwarded_port": "8443, 80"}, "http://x:8443"),
        ({"host": "x", "x_forwarded_port": "evil"}, "http://x"),
        ({"host": "x", "x_forwarded_prefix": "/fake"}, "http://x/fake"),
        ({"host": "x", "x_forwarded_prefix": "/fake/"}, "http://x/fake"),
        ({"host": "x", "x_forwarded_prefix": "/a/b-c"}, "http://x/a/b-c"),
        ({"host": "x", "x_forwarded_prefix": "/"}, "http://x"),
        ({"host": "x", "forwarded": "for=1.2.3.4;proto=https;host=public.example"}, "https://public.example"),
        (
            {"host": "x", "forwarded": 'For=1.2.3.4; Proto=HTTPS; Host="public.example:444"'},
            "https://public.example:444",
        ),
        ({"host": "x", "forwarded": 'host="[2001:db8::1]:81"'}, "http://[2001:db8::1]:81"),
        ({"host": "x", "forwarded": "proto=https;host=first, proto=http;host=second"}, "https://first"),
        ({"host": "x", "forwarded": "for=1.2.3.4, for=5.6.7.8;proto=https;host=y"}, "https://y"),
        ({"host": "x", "forwarded": "for=1.2.3.4;proto=https, host=y;proto=http"}, "https://y"),
        ({"host": "x", "forwarded": 'for="a;proto=https";host=y'}, "http://y"),
        ({"host": "x", "forwarded": "for=1.2.3.4"}, "http://x"),
        ({"host": "x", "x_forwarded_port": "9" * 5_000}, "http://x"),
        ({"host": "x", "forwarded": "proto=https", "x_forwarded_proto": "http", "x_forwarded_host": "y"}, "https://y"),
    ],
)
def test_the_address_is_the_one_that_the_client_used(headers: dict[str, str], expected: str) -> None:
    assert base_url(**headers) == expected


@pytest.mark.parametrize("where", ["host", "x_forwarded_host", "forwarded"])
@pytest.mark.parametrize(
    "hostile",
    [
        "a/b",
        "a b",
        "user@evil",
        "a?b",
        "a#b",
        "a\\b",
        '"',
        "<script>",
        "a\tb",
        "é",
        ":",
        "[",
        "[::1",
        "[:]",
        "[::1]x",
        "a:b:c",
        "a:",
        "%0d%0a",
    ],
)
def test_what_is_no_address_is_not_given_out(where: str, hostile: str) -> None:
    value = f'host="{hostile}"' if where == "forwarded" else hostile
    assert base_url(**{where: value}) == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "hostile",
    [
        "evil",
        "//evil",
        "/a/../b c",
        "/a?b",
        "/a//b",
        "/<x>",
        "/é",
        "http://evil/",
        "/a\\b",
        "/..",
        "/../..",
        "/a/..",
        "/a/./b",
        "/.",
        "/" + "a" * 200,
    ],
)
def test_what_is_no_prefix_is_not_given_out(hostile: str) -> None:
    assert base_url(host="x", x_forwarded_prefix=hostile) == "http://x"
    assert request(("x-forwarded-prefix", hostile)).prefix == ""


def test_a_list_may_come_in_several_headers() -> None:
    headers = (("host", "x"), ("forwarded", "for=1.2.3.4"), ("forwarded", "proto=https;host=y"))
    assert request(*headers).base_url == "https://y"


def test_who_is_not_trusted_changes_nothing() -> None:
    names = ("x-forwarded-proto", "x-forwarded-host", "x-forwarded-prefix", "forwarded")
    raw = [(b"host", b"x"), *((name.encode(), b"https") for name in names)]
    asked = Request("GET", "/x", "", raw, scheme="http", server="s", is_trusted=False)
    assert (asked.base_url, asked.prefix) == ("http://x", "")


@given(
    st.dictionaries(
        st.sampled_from(
            ["host", "forwarded", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix", "x-forwarded-port"]
        ),
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0")),
    )
)
def test_any_headers_make_a_url_without_a_way_out(headers: dict[str, str]) -> None:
    url = urlsplit(request(*headers.items()).base_url)
    assert url.scheme in {"http", "https"}
    assert url.hostname
    assert url.username is None
    assert (url.query, url.fragment) == ("", "")
    assert url.geturl().isascii()


def test_the_scheme_is_the_servers_own_without_a_proxy() -> None:
    assert request(("host", "x"), scheme="https").base_url == "https://x"


def test_of_a_header_that_comes_twice_the_first_value_counts() -> None:
    read = request(("x-request-id", "1"), ("x-request-id", "2"), ("accept", "é"))
    assert read.find(b"x-request-id") == b"1"
    assert read.headers == {"x-request-id": "1", "accept": "é"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a", {"a": ""}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=%C5%BD+x%2B", {"a": "Ž x+"}),
        (b"a=%FF", {"a": "\N{REPLACEMENT CHARACTER}"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"&&=&=x", {"": "x"}),
    ],
)
def test_a_query_is_read_as_forms_write_it(query: bytes, expected: dict[str, str]) -> None:
    assert request(query=query).query == expected


@given(st.binary())
def test_any_query_can_be_read(query: bytes) -> None:
    assert isinstance(request(query=query).query, dict)
