"""What is asked of every server of the speed benchmark, as values and as bytes; knows no server and no load."""

from __future__ import annotations

import hashlib
import http.client
from dataclasses import dataclass, replace

import numpy as np

from diarkit_fixtures.wav.file import write_wav

ENDPOINT = "/api/technology/speaker-diarization"
TASK_ID = "123e4567-e89b-12d3-a456-426614174000"
"""The task that stubs answer for, whatever was uploaded before."""

NUMBER = "@NUMBER@"
VARIANTS = 100
LARGEST_VARIED = 100_000
"""Bytes of a body; more of a large one would not fit into the memory of a small machine's generator."""

SAMPLE_RATE_HZ = 8000
ANSWER_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request; a load sends it again and again."""

    method: str
    path: str
    """`@NUMBER@` in it stands for another number in each request."""

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    others: tuple[Request, ...] = ()
    """A load sends these in turns with it: no two uploads of real clients have the same bytes."""

    def raw(self) -> bytes:
        """Write it as HTTP/1.1."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.method != "GET":
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


POLL = Request("GET", f"{ENDPOINT}/{TASK_ID}")


def ask(port: int, request: Request) -> Answer:
    """Send one request over a connection of its own.

    Raises:
        OSError: Nobody answers.
        http.client.HTTPException: What answers is no HTTP.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request(request.method, request.path, request.body or None, dict(request.headers))
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def write_noise(file_bytes: int) -> bytes:
    """Write a mono WAV of noise, so that no silence is skipped and nothing compresses.

    Args:
        file_bytes: About how large the file gets.
    """
    noise = np.random.default_rng(1).integers(-9000, 9000, (file_bytes // 2, 1), dtype=np.int16)
    return write_wav(noise, SAMPLE_RATE_HZ)


def write_upload(content: bytes) -> Request:
    """Write the forms that upload a file, each with other samples and a boundary of its own, as real clients draw them."""
    count = VARIANTS if len(content) < LARGEST_VARIED else 4
    first, *others = (_write_form(content, number) for number in range(count))
    return replace(first, others=tuple(others))


def _write_form(content: bytes, number: int) -> Request:
    """Write one form. The part names its type, as curl's does: without one, Prism ends."""
    boundary = hashlib.sha256(str(number).encode()).hexdigest()[:32]
    content = content[:200] + number.to_bytes(4, "little") + content[204:]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return Request("POST", ENDPOINT, (("Content-Type", f"multipart/form-data; boundary={boundary}"),), body)
