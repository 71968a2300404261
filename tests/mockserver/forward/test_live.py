from __future__ import annotations

import asyncio
import gzip
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.exchanges.exchange import Answer, Loss
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.transport import Way
from diarkit_mockserver.forward import live as live_module
from diarkit_mockserver.forward.live import Live, find_path, write_back, write_onward
from diarkit_mockserver.intake.request import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def send(url: str, body: Any = None, headers: Any = ((b"host", b"h"),)) -> Answer:
    async def run() -> Answer:
        live = Live(Way(url=url))
        try:
            return await live.send("POST" if body else "GET", "/x?a=%20", headers, body)
        finally:
            await live.close()

    return asyncio.run(run())


def lose(url: str) -> tuple[Loss, str]:
    with pytest.raises(UnreachableError) as caught:
        send(url)
    return caught.value.lost.kind, caught.value.reason


def test_a_whole_answer_comes_back(stub: Any) -> None:
    live = stub(b"HTTP/1.1 404 N\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
    answer = send(f"{live.url}/below")
    assert (answer.status, answer.body, answer.header("a")) == (404, b"hi", "1")
    assert live.asked == [b"GET /below/x?a=%20 HTTP/1.1\r\nhost: h\r\n\r\n"]


def test_a_body_goes_out_as_it_comes(stub: Any) -> None:
    async def write() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    live = stub()
    send(live.url, write(), ((b"host", b"h"), (b"content-length", b"7")))
    assert live.asked == [b"POST /x?a=%20 HTTP/1.1\r\nhost: h\r\ncontent-length: 7\r\n\r\none two"]


def test_a_connection_is_not_used_twice() -> None:
    """A platform that hangs up on a connection with the next request on the way loses no request."""

    met: list[Any] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def run() -> list[int]:
        async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
            live = Live(Way(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
            answers = [await live.send("GET", "/", ((b"host", b"h"),), None) for _ in range(2)]
            await live.close()
            await asyncio.gather(*met)
        return [each.status for each in answers]

    assert asyncio.run(run()) == [200, 200]


def test_a_coding_that_nobody_asked_for_is_taken_off(stub: Any) -> None:
    packed = gzip.compress(b"plain")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nA: 1\r\nContent-Length: %d\r\n\r\n" % len(packed)
    answer = send(stub(head + packed).url)
    assert (answer.body, answer.headers) == (b"plain", (("A", "1"),))


@pytest.mark.parametrize(
    ("answer", "loss", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Loss.CUT, "incomplete"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", Loss.BADLY_CODED, "'br'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200, Loss.TOO_LARGE, "larger than 100 bytes"),
        (b"HTTP/1.1 700 Odd\r\nContent-Length: 0\r\n\r\n", Loss.BADLY_FRAMED, "got 700"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n", Loss.BADLY_FRAMED, "not HTTP"),
    ],
)
def test_what_is_no_answer_is_lost(
    stub: Any, monkeypatch: pytest.MonkeyPatch, answer: bytes, loss: Loss, reason: str
) -> None:
    monkeypatch.setattr(live_module, "LARGEST_ANSWER", 100)
    came, told = lose(stub(answer).url)
    assert (came, reason in told) == (loss, True), told


def test_the_time_of_an_answer_is_bounded(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "ANSWER_S", 0.0)
    assert lose(stub().url) == (Loss.TOO_SLOW, "the answer did not end within 0 s")


def test_nobody_there_is_told(stub: Any) -> None:
    loss, reason = lose("http://127.0.0.1:1")
    assert loss is Loss.REFUSED
    assert "connection refused" in reason


TASK = "/api/technology/speaker-diarization/1"


def write(*headers: tuple[bytes, bytes], own: tuple[tuple[str, str], ...] = ()) -> tuple[tuple[bytes, bytes], ...]:
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
    assert write(*headers) == (*OURS, *onward)


def test_a_header_of_the_way_counts_before_the_clients() -> None:
    assert write((b"x-a", b"client"), own=(("X-A", "way"),)) == (*OURS, (b"x-a", b"way"))


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
