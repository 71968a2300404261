from __future__ import annotations

import pytest

from diarkit_mockserver.serving.parser import RequestParser

HEAD = b"POST /a?b#c HTTP/1.1\r\nHost: x\r\nX-Any: %s\r\n%s\r\n"


def parse(*pieces: bytes) -> RequestParser:
    parser = RequestParser()
    for piece in pieces:
        parser.feed(piece)
    return parser


def test_a_head_is_recorded_as_sent_with_names_in_lower_case() -> None:
    parser = parse(HEAD % (b"Y", b"Content-Length: 3\r\n"))
    assert (parser.method, parser.version, parser.target) == ("POST", "1.1", b"/a?b#c")
    assert parser.headers == [(b"host", b"x"), (b"x-any", b"Y"), (b"content-length", b"3")]
    assert (parser.head_ended, parser.message_ended, parser.keeps_alive) == (True, False, True)


@pytest.mark.parametrize(
    "pieces",
    [(b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-Any: trailer\r\n\r\n",), (b"3\r\nab", b"c\r\n", b"2\r\nde\r\n0\r\n", b"\r\n")],
    ids=["with a trailer", "in pieces"],
)
def test_a_body_is_taken_once_and_trailers_are_ignored(pieces: tuple[bytes, ...]) -> None:
    parser = parse(HEAD % (b"Y", b"Transfer-Encoding: chunked\r\n"), *pieces)
    assert (parser.message_ended, parser.take_body(), parser.take_body()) == (True, b"abcde", b"")
    assert [value for name, value in parser.headers if name == b"x-any"] == [b"Y"]
    parser.expect_head()
    parser.feed(b"GET / HTTP/1.0\r\n\r\n")
    assert (parser.method, parser.version, parser.target, parser.headers) == ("GET", "1.0", b"/", [])
    assert (parser.message_ended, parser.keeps_alive) == (True, False)


@pytest.mark.parametrize(
    ("framing", "body"),
    [(b"Content-Length: 3\r\n", b"abc"), (b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n0\r\n\r\n"), (b"", b"")],
    ids=["length", "chunked", "no body"],
)
def test_an_upgrade_is_ignored_and_its_body_read(framing: bytes, body: bytes) -> None:
    parser = parse(HEAD % (b"Y", b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + framing))
    assert (parser.method, parser.target, parser.message_ended) == ("POST", b"/a?b#c", not body)
    parser.feed(body)
    assert (parser.message_ended, parser.take_body()) == (True, b"abc" if body else b"")


@pytest.mark.parametrize("wrong", [b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n"])
def test_what_is_no_http_is_a_value_error(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(wrong)
