from __future__ import annotations

import pytest

from diarkit_contracts.exchanges.exchange import Answer
from diarkit_contracts.target.transport import Way
from diarkit_mockserver.forward.heads import find_path, write_back, write_onward
from diarkit_mockserver.intake.request import Request

TASK = "/api/technology/speaker-diarization/1"


def send(*headers: tuple[bytes, bytes], own: tuple[tuple[str, str], ...] = ()) -> tuple[tuple[bytes, bytes], ...]:
    request = Request("GET", "/", "", headers, scheme="http", server="proxy:1")
    return write_onward(request, "live:2", Way(url="http://live:2", headers=own))


OURS = ((b"host", b"live:2"), (b"accept-encoding", b"identity"))


@pytest.mark.parametrize(
    ("headers", "onward"),
    [
        ([(b"host", b"proxy"), (b"accept-encoding", b"br"), (b"a", b"1"), (b"a", b"2")], [(b"a", b"1"), (b"a", b"2")]),
        (
            [(b"authorization", b"Bearer x"), (b"cookie", b"a=b")],
            [(b"authorization", b"Bearer x"), (b"cookie", b"a=b")],
        ),
        ([(b"connection", b"close, X-Hop"), (b"x-hop", b"1"), (b"te", b"trailers"), (b"expect", b"100-continue")], []),
        ([(b"content-length", b"3")], [(b"content-length", b"3")]),
        ([(b"transfer-encoding", b"Chunked")], [(b"transfer-encoding", b"chunked")]),
    ],
)
def test_what_goes_on(headers: list[tuple[bytes, bytes]], onward: list[tuple[bytes, bytes]]) -> None:
    assert send(*headers) == (*OURS, *onward)


def test_a_header_of_the_way_counts_before_the_clients() -> None:
    assert send((b"x-a", b"client"), own=(("X-A", "way"),)) == (*OURS, (b"x-a", b"way"))


def test_what_comes_back() -> None:
    headers = (
        ("X-Location", "there"),
        ("Keep-Alive", "5"),
        ("Connection", "X-Hop"),
        ("X-Hop", "1"),
        ("B", "é€"),
        ("B", "2"),
    )
    assert write_back(Answer(status=200, headers=headers), str.upper) == (
        (b"x-location", b"THERE"), (b"b", b"\xe9?"), (b"b", b"2"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (f"http://live:2/p{TASK}", TASK),
        (f"https://inside{TASK}?a=b#c", f"{TASK}?a=b#c"),
        (f"/p{TASK}", TASK),
        ("http://live:2/p/x", "/x"),
        ("/p/x", "/x"),
        ("http://live:2/else", None),
        ("http://elsewhere/p/x", None),
        ("x/y", None),
        ("http://[", None),
    ],
)
def test_where_an_address_leads(url: str, path: str | None) -> None:
    assert find_path(url, "live:2", "/p") == path
