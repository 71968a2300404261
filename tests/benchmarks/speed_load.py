"""Presses a server with one request for some time and counts the answers; knows neither what is asked nor who answers.

`wrk` is the generator where it is installed. The other one, asyncio on uvloop with httptools, is several times slower: the
figures of fast servers then are the generator's. Both say what they took of the processor, which shows who was the slower one.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import httptools
import uvloop
from speed_requests import NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from speed_requests import Request

SECONDS = 1
"""Of each press: wrk takes whole seconds only."""

SCRIPT = """
local files = {{{bodies}}}
local heads = {{{headers}}}
local requests, count = {{}}, 0
function init()
  for index, name in ipairs(files) do
    local file = io.open(name, "rb")
    local body = file:read("*a")
    file:close()
    if body == "" then body = nil end
    requests[index] = wrk.format("{method}", "{path}", heads[index], body)
  end
end
function request()
  count = count + 1
  local text = requests[count % #requests + 1]
  {numbering}
  return text
end
function done(summary)
  local bad = summary.errors
  print("counted", summary.requests, bad.status, bad.connect + bad.read + bad.write + bad.timeout, summary.duration)
end
"""

NUMBERING = 'text = text:gsub("{number}", count, 1)'


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of a press."""

    answers: int
    refused: int
    """Answers that are neither 2xx nor 3xx, and connections that broke."""

    seconds: float
    generator_cpu_s: float


def press_with_wrk(port: int, request: Request, connections: int, scratch: Path) -> Pressed:
    """Let wrk ask, with one thread: one core is the server's."""
    script = scratch / "press.lua"
    bodies: list[str] = []
    headers: list[str] = []
    for number, each in enumerate((request, *request.others)):
        body = scratch / f"body-{number}"
        body.write_bytes(each.body)
        bodies.append(f'"{body}"')
        headers.append("{" + ", ".join(f'["{name}"] = "{value}"' for name, value in each.headers) + "}")
    numbering = NUMBERING.format(number=NUMBER) if NUMBER in request.path else ""
    script.write_text(
        SCRIPT.format(
            bodies=", ".join(bodies),
            headers=", ".join(headers),
            method=request.method,
            path=request.path,
            numbering=numbering,
        )
    )
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--timeout", "10s", "-s", str(script)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    counted = next(line for line in ended.stdout.splitlines() if line.startswith("counted"))
    answers, refused, broken, microseconds = (int(number) for number in counted.split()[1:])
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Pressed(answers, refused + broken, microseconds / 1e6, cpu_s)


class Asker(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(
        self, requests: Iterator[bytes], numbers: Iterator[int], connect_again: Callable[[Asker], None]
    ) -> None:
        self.answers = 0
        self.refused = 0
        self._requests = requests
        self._numbers = numbers
        self._transport: asyncio.Transport | None = None
        self._connect_again = connect_again

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but descent
        self._parser = httptools.HttpResponseParser(self)
        self._ask(self._transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.answers += 1
        self.refused += self._parser.get_status_code() >= 400
        assert self._transport is not None
        if self._parser.should_keep_alive():
            self._ask(self._transport)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.refused += exc is not None
        self._connect_again(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _ask(self, transport: asyncio.Transport) -> None:
        request = next(self._requests)
        if NUMBER.encode() in request[:200]:
            request = request.replace(NUMBER.encode(), str(next(self._numbers)).encode(), 1)
        transport.write(request)


async def keep_asking(port: int, requests: list[bytes], connections: int) -> tuple[int, int, float]:
    """Hold connections that ask until the time is over; answers, refusals, seconds."""
    loop = asyncio.get_running_loop()
    connecting: set[asyncio.Task[object]] = set()
    ends_at = loop.time() + SECONDS

    def connect(asker: Asker) -> None:
        if loop.time() < ends_at:
            task: asyncio.Task[object] = loop.create_task(loop.create_connection(lambda: asker, "127.0.0.1", port))
            connecting.add(task)
            task.add_done_callback(connecting.discard)

    numbers = itertools.count()
    turns = itertools.cycle(requests)
    askers = [Asker(turns, numbers, connect) for _ in range(connections)]
    began = loop.time()
    for asker in askers:
        connect(asker)
    await asyncio.sleep(SECONDS)
    counted = sum(asker.answers for asker in askers), sum(asker.refused for asker in askers), loop.time() - began
    await asyncio.gather(*connecting, return_exceptions=True)
    for asker in askers:
        asker.close()
    return counted


def press_with_asyncio(port: int, request: Request, connections: int, _scratch: Path) -> Pressed:
    """Ask from this process."""
    before = time.process_time()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        answers, refused, seconds = runner.run(
            keep_asking(port, [each.raw() for each in (request, *request.others)], connections)
        )
    return Pressed(answers, refused, seconds, time.process_time() - before)


GENERATORS: dict[str, Callable[[int, Request, int, Path], Pressed]] = {
    "wrk": press_with_wrk,
    "asyncio": press_with_asyncio,
}
