"""Measures polls and uploads per second of the fake, beside a server that is written as FastAPI's own pages teach it.

FastAPI takes forms with python-multipart, which the kit does not bring, so the peer gets an environment of its own:

    python -m venv OTHER && OTHER/bin/pip install fastapi 'uvicorn[standard]' python-multipart
    python tests/benchmarks/speed.py --peer OTHER/bin/python [--seconds 1] [--rounds 3] [--connections 32]

Both servers run as processes of their own on loopback and take turns. The peer keeps tasks in a dictionary and answers a
prepared result: it does less than the fake, which reads the file and draws a conversation. Figures only rank; the ratio counts.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from diarkit_fixtures.wav import write_wav

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT = "/api/technology/speaker-diarization"
BOUNDARY = "b"
START_TIMEOUT_S = 20.0

FAKE = """
from diarkit_mockserver.cli import main
main(["serve", "--port", "0", "--log-level", "error"])
"""

PEER = """
import asyncio, hashlib, socket, uuid
from typing import Annotated
import uvicorn
from fastapi import FastAPI, File, Form, Response, UploadFile
from pydantic import BaseModel

class Segment(BaseModel):
    speaker_id: int
    start_time: float
    end_time: float

class Channel(BaseModel):
    channel_number: int
    speakers_count: int
    segments: list[Segment]

class Result(BaseModel):
    channels: list[Channel]

class Info(BaseModel):
    task_id: uuid.UUID
    state: str

class Accepted(BaseModel):
    task: Info

class Task(BaseModel):
    task: Info
    result: Result | None = None
    error: dict | None = None

app = FastAPI()
tasks: dict[uuid.UUID, str] = {}
segments = [Segment(speaker_id=i % 2, start_time=i, end_time=i + 0.5) for i in range(15)]
result = Result(channels=[Channel(channel_number=0, speakers_count=2, segments=segments)])

@app.post("/api/technology/speaker-diarization", status_code=202)
async def start(file: Annotated[UploadFile, File()], response: Response, config: Annotated[str | None, Form()] = None) -> Accepted:
    digest = hashlib.sha256()
    while piece := await file.read(65536):
        digest.update(piece)
    task_id = uuid.uuid4()
    tasks[task_id] = digest.hexdigest()
    response.headers["X-Location"] = f"/api/technology/speaker-diarization/{task_id}"
    return Accepted(task=Info(task_id=task_id, state="pending"))

@app.get("/api/technology/speaker-diarization/{task_id}")
async def look(task_id: uuid.UUID) -> Task:
    assert task_id in tasks
    return Task(task=Info(task_id=task_id, state="done"), result=result)

bound = socket.create_server(("127.0.0.1", 0), backlog=2048)
print(f"listening on http://127.0.0.1:{bound.getsockname()[1]}", flush=True)
config = uvicorn.Config(app, log_level="error", access_log=False)
asyncio.run(uvicorn.Server(config).serve(sockets=[bound]))
"""


@dataclass(frozen=True)
class Load:
    """One kind of request, as bytes."""

    name: str
    request: bytes


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, request: bytes, ended: asyncio.Future[None]) -> None:
        self.answers = 0
        self.status = b""
        self._request = request
        self._ended = ended
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, found, body = self._came.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self.status, self._came = head[9:12], b""
        self.answers += 1
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        if not self._ended.done():
            self._ended.set_exception(ConnectionError("the server closed a connection"))

    def close(self) -> None:
        self._ended.cancel()
        self._transport.abort()


async def press(port: int, load: Load, connections: int, seconds: float, expected: bytes) -> float:
    """Ask over many connections for some seconds; answers per second."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    askers = [
        (await loop.create_connection(lambda: Asker(load.request, ended), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    before, began = sum(asker.answers for asker in askers), loop.time()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(ended), seconds)
    per_second = (sum(asker.answers for asker in askers) - before) / (loop.time() - began)
    wrong = {asker.status for asker in askers if asker.answers} - {expected}
    for asker in askers:
        asker.close()
    if wrong or not per_second:
        raise RuntimeError(f"{load.name}: expected answers with {expected!r}, got {wrong or 'none'}")
    return per_second


async def ask_once(port: int, request: bytes) -> bytes:
    """Send one request and return what comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head


def write_upload(content: bytes) -> bytes:
    """Write a whole upload request."""
    body = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="call.wav"\r\n\r\n'.encode()
        + content
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )
    head = (
        f"POST {ENDPOINT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
    )
    return head.encode() + body


def write_poll(accepted: bytes) -> bytes:
    """Write the poll that the head of a 202 leads to."""
    location = accepted.lower().partition(b"x-location:")[2].partition(b"\r\n")[0].strip().decode()
    return f"GET {ENDPOINT}/{location.rpartition('/')[2]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@contextlib.contextmanager
def serve(python: str, program: str) -> Iterator[int]:
    """Run a server; its port."""
    with subprocess.Popen([python, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield int(line.rpartition(":")[2])
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_S)


def measure(python: str, program: str, upload: bytes, connections: int, seconds: float) -> dict[str, float]:
    """Start a server, measure both operations, end it."""
    with serve(python, program) as port:
        poll = write_poll(asyncio.run(ask_once(port, upload)))
        return {
            "GET": asyncio.run(press(port, Load("GET", poll), connections, seconds, b"200")),
            "POST": asyncio.run(press(port, Load("POST", upload), connections, seconds, b"202")),
        }


def main() -> None:
    """Measure in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure (default: 1)")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken of (default: 3)")
    parser.add_argument("--connections", type=int, default=32, help="kept open (default: 32)")
    parser.add_argument("--peer", default=sys.executable, help="Python with fastapi, uvicorn and python-multipart")
    asked = parser.parse_args()
    noise = np.random.default_rng(1).integers(-9000, 9000, (5000, 1), dtype=np.int16)
    upload = write_upload(write_wav(noise, 8000))
    figures: dict[str, list[dict[str, float]]] = {"fake": [], "peer": []}
    for _ in range(asked.rounds):
        for name, python, program in (("fake", sys.executable, FAKE), ("peer", asked.peer, PEER)):
            figures[name].append(measure(python, program, upload, asked.connections, asked.seconds))
    sys.stdout.write(f"{asked.connections} connections, uploads of {len(upload):,} bytes, medians of {asked.rounds}\n")
    for operation in ("GET", "POST"):
        fake, peer = (statistics.median(each[operation] for each in figures[name]) for name in ("fake", "peer"))
        sys.stdout.write(f"{operation:4}  fake {fake:8,.0f}/s   FastAPI {peer:8,.0f}/s   {fake / peer:5.1f} x\n")


if __name__ == "__main__":
    main()
