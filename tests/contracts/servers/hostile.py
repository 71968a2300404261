"""Servers that try to hold who asks them, or to fill his memory: bytes on a socket, and answers of the fake blown up. Judges nothing."""

from __future__ import annotations

import gzip
import socket
import threading
from contextlib import contextmanager, suppress
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from contract_servers.breaking import change_answer, change_result, change_status
from contract_servers.broken_connections import end_tasks
from contract_servers.fake import Fake, Told
from contract_servers.listening import listen

from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from contract_servers.breaking import Channel, Wrap
    from contract_servers.fake import Asked, Server

Hostile: TypeAlias = "Callable[[], AbstractContextManager[str]]"
"""Lets a server listen on loopback; gives its URL."""

JSON: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED: Final = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
STILL: Final = threading.Event()
"""Never set: who waits for it lets time go by. Here time has to: how long a run takes is what is measured."""


@contextmanager
def say(pieces: Callable[[], Iterable[bytes]], every_s: float = 0.0) -> Iterator[str]:
    """Let a server listen that answers whatever is asked with the same pieces, one each so many seconds; then it says nothing."""

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while connection.recv(1 << 20):
                for piece in pieces():
                    connection.sendall(piece)
                    STILL.wait(every_s)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def spoil(wrap: Wrap, scenario: Scenario | None = None) -> Hostile:
    """Let the fake listen, its answers changed."""
    return lambda: listen(wrap(Fake(scenario or Scenario(course="immediate"))))


def send_bytes(head: bytes, each: bytes, every_s: float = 0.0) -> Hostile:
    """Answer with a head and then the same bytes again and again."""
    return lambda: say(lambda: chain([head], repeat(each)), every_s)


def send_once(*pieces: bytes) -> Hostile:
    """Answer with bytes."""
    return lambda: say(lambda: pieces)


def nest(times: int) -> bytes:
    """Write an answer whose few bytes are gigabytes when all its codings are taken off."""
    body = bytes(1 << 24)
    for _ in range(times):
        body = gzip.compress(body, mtime=0)
    codings = ", ".join(["gzip"] * times).encode()
    return JSON + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (codings, len(body), body)


def crowd(number: int) -> Wrap:
    """Let so many speak in each channel, each over all the others."""
    segments = [{"speaker_id": who, "start_time": who / 1e6, "end_time": 1e4} for who in range(number)]
    return change_result(lambda channels: [_fill(channel, segments) for channel in channels])


def overlap(number: int) -> Wrap:
    """Let two speak so often in each channel, over each other."""
    segments = [{"speaker_id": at % 2, "start_time": at / 100, "end_time": at / 100 + 9} for at in range(number)]
    return change_result(lambda channels: [_fill(channel, segments) for channel in channels])


def _fill(channel: Channel, segments: list[dict[str, Any]]) -> None:
    channel |= {"segments": segments, "speakers_count": len({each["speaker_id"] for each in segments})}


def widen(number: int) -> Wrap:
    """Give each result so many channels."""

    def change(channels: list[Channel]) -> None:
        channels *= number
        for at, channel in enumerate(channels):
            channels[at] = {**channel, "channel_number": at}

    return change_result(change)


def blow_up(change: Callable[[Any], Any]) -> Wrap:
    """Change each JSON body."""

    def change_body(_: Asked, told: Told) -> None:
        if told.body.startswith(b"{"):
            told.json = change(told.json)

    return change_answer(change_body)


def replace_body(make: Callable[[bytes], bytes]) -> Wrap:
    """Replace the bytes of each JSON body."""

    def change(_: Asked, told: Told) -> None:
        if told.body.startswith(b"{"):
            told.body = make(told.body)

    return change_answer(change)


def send_headers(*headers: tuple[str, str]) -> Wrap:
    """Add headers to each answer."""
    return change_answer(lambda _, told: told.headers.update(headers))


def lead_on(asked: Asked, told: Told) -> None:
    """Redirect to one path further each time."""
    told.status, told.body, told.headers = 302, b"", {"location": f"{asked.path}/more"}


def fall_behind(server: Server) -> Server:
    """Answer each request with what the one ahead of it asked for."""
    behind = Told(status=200, headers={"content-type": "application/json"}, body=b"{}")

    def answer(asked: Asked) -> Told:
        nonlocal behind
        behind, told = server(asked), behind
        return told

    return answer


def ask_to_wait(value: str) -> Wrap:
    """Refuse each upload for now, and ask to come back later."""

    def change(asked: Asked, told: Told) -> None:
        if asked.starts:
            told.status, told.headers = 503, {**told.headers, "retry-after": value}

    return change_answer(change)


DEEP: Final = b"[" * 200_000
NUMBERS: Final = count()
BELL: Final = "\x1b]0;a\x07\x1b[2J" * 2_000

HOSTILE: Final[dict[str, Hostile]] = {
    "nothing at all": send_once(),
    "a byte of the head every 2 s": lambda: say(lambda: (bytes([byte]) for byte in JSON), 2.0),
    "a byte of the body every 2 s": send_bytes(JSON + b"Content-Length: 1000\r\n\r\n", b" ", 2.0),
    "100 Continue without an end": send_bytes(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
    "103 Early Hints without an end, every second": send_bytes(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 1.0),
    "a header without an end": send_bytes(b"HTTP/1.1 200 OK\r\nX-More: ", b"a" * 65_536),
    "headers without an end": send_bytes(b"HTTP/1.1 200 OK\r\n", b"X-More: a\r\n" * 4_096),
    "a body without an end": send_bytes(CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    "chunks of a byte without an end": send_bytes(CHUNKED, b"1\r\n \r\n" * 1_000),
    "a chunk's extension without an end": send_bytes(CHUNKED + b"1;", b"a" * 65_536),
    "a body until the end of a connection that stays": send_bytes(JSON + b"\r\n", b"", 2.0),
    "no HTTP, without an end": send_bytes(b"", bytes(range(256)) * 256),
    "two answers to each request": send_once(JSON + b"Content-Length: 2\r\n\r\n{}", JSON + b"Content-Length: 4\r\n\r\nnull"),
    "answers one behind": spoil(fall_behind),
    "two codings that make 16 MB": send_once(nest(2)),
    "three codings in few bytes": send_once(nest(3)),
    "forty codings": send_once(nest(40)),
    "one coding, 16 MB of an answer each time": send_once(nest(1)),
    "a JSON of 200,000 brackets": spoil(replace_body(lambda _: DEEP)),
    "a JSON of 200,000 objects in one another": spoil(replace_body(lambda _: b'{"a":' * 200_000)),
    "a number of 3,000,000 digits": spoil(replace_body(lambda body: body[:-1] + b', "n": ' + b"9" * 3_000_000 + b"}")),
    "3,900,000 bytes of spaces with each answer": spoil(replace_body(lambda body: body + b" " * 3_900_000)),
    "15 MB with each answer": spoil(replace_body(lambda body: body + b" " * 15_000_000)),
    "a text of 3 MB in each answer": spoil(blow_up(lambda body: {**body, "more": "\\\u2028" * 500_000})),
    "70,000 unknown fields in each answer": spoil(blow_up(lambda body: {**body, **{f"f{number}": number for number in range(70_000)}})),
    "new fields in each answer": spoil(blow_up(lambda body: {**body, **{f"f{next(NUMBERS)}": 0 for _ in range(20_000)}})),
    "details without number": spoil(blow_up(lambda body: {**body, "detail": [{"message": "", "location": []}] * 30_000})),
    "an id of 1 MB": spoil(blow_up(lambda body: {**body, "task": {"task_id": "a" * 1_000_000, "state": "pending"}})),
    "escapes of a terminal in each text": spoil(blow_up(lambda body: {**body, "message": BELL})),
    "an X-Location of 60,000 characters": spoil(send_headers(("X-Location", "http://127.0.0.1/" + "a/" * 30_000))),
    "an X-Location that is no URL": spoil(send_headers(("X-Location", "http://[::1:x@/%zz\u00ff"))),
    "90 unknown headers": spoil(send_headers(*((f"x-{number}", "a" * 100) for number in range(90)))),
    **{f"{number:,} speakers at a time": spoil(crowd(number)) for number in (150, 400, 1_000, 100_000)},
    **{f"{number:,} overlapping segments": spoil(overlap(number)) for number in (26_000, 100_000)},
    **{f"{number:,} channels": spoil(widen(number)) for number in (400, 20_000, 100_000)},
    "redirects without an end": spoil(change_answer(lead_on)),
    "tasks that never end": spoil(end_tasks(lambda _: "running")),
    "each upload refused with a wait of years": spoil(ask_to_wait("999999999")),
    "each upload refused with a wait of 4 s": spoil(ask_to_wait("4")),
    "a date in Retry-After that is none": spoil(ask_to_wait("Mon, 99 Foo 99999999999999999999 00:00:00 GMT")),
    "a status of none": spoil(change_status(202, 999)),
    "uploads are never answered": spoil(change_answer(lambda asked, _: STILL.wait(60.0) if asked.starts else None)),
}  # fmt: skip
"""By what they do."""

ODD: Final = frozenset(
    {
        "an X-Location of 60,000 characters", "an X-Location that is no URL", "90 unknown headers", "escapes of a terminal in each text",
        "new fields in each answer",
    }
)  # fmt: skip
"""Those that break nothing."""
