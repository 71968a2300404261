"""Measures one server once: its start, four presses, its memory; compares nothing."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speed_process import TICKS_PER_S, Running, run
from speed_requests import Answer, Request, ask
from speed_servers import Exchanges, Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from speed_load import Pressed

    Press = Callable[[int, Request, int, Path], Pressed]

DONE_TIMEOUT_S = 20.0
LOOK_S = 0.02
REFUSED_SHARE = 0.01
"""More than that share of refusals and the figure would be of something else."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One press."""

    per_second: float
    said: str = ""
    """Why there is no figure; empty if there is one."""

    per_cpu_second: float = 0
    """Answers per second of the server's own processor time: what else the machine does changes little of it."""

    by_generator: bool = False
    """The generator took more of the processor than the server: the figure is a lower bound."""


@dataclass(frozen=True, slots=True)
class Round:
    """All that is measured of one server in one round."""

    start_s: float
    start_cpu_s: float
    idle_mb: float
    loaded_mb: float
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Cell:
    """One press of the table."""

    name: str
    of: str
    connections: int


CELLS = (
    Cell("GET/s at 1", "poll", 1),
    Cell("GET/s at 64", "poll", 64),
    Cell("POST 10 KB/s at 1", "small", 1),
    Cell("POST 10 KB/s at 64", "small", 64),
    Cell("POST MB/s at 8", "large", 8),
)
WARMING = (CELLS[1], CELLS[3])
"""Pressed first and not counted: virtual machines compile what is used often."""


def expect_taken(request: Request, answer: Answer) -> Answer:
    """Let pass what says yes.

    Raises:
        RuntimeError: It says no.
    """
    if not 200 <= answer.status < 300:
        raise RuntimeError(f"{request.method} {request.path}: expected 2xx, got {answer.status}: {answer.body[:300]!r}")
    return answer


def await_task(port: int, large: Request) -> tuple[Request, Answer, Answer]:
    """Upload, and poll until it is done; the poll, the answer to the upload, the answer to the poll."""
    accepted = expect_taken(large, ask(port, large))
    path = accepted.headers["x-location"]
    poll = Request("GET", path[path.index("/api") :])
    gives_up_at = time.monotonic() + DONE_TIMEOUT_S
    while time.monotonic() < gives_up_at:
        looked = expect_taken(poll, ask(port, poll))
        if b'"done"' in looked.body:
            return poll, accepted, looked
        time.sleep(LOOK_S)
    raise RuntimeError(f"expected a task that is done, got: {looked.body[:300]!r}")


def capture_exchanges(fake: Server) -> Exchanges:
    """Ask the fake for what the stubs are to answer."""
    with run(fake.command, fake.files) as running:
        _, accepted, done = await_task(running.port, fake.large)
    return Exchanges(fake.small, fake.large, accepted.body.decode(), done.body.decode())


def press(running: Running, request: Request, connections: int, generator: Press, scratch: Path) -> Figure:
    """Ask once to see whether it is taken at all, then press."""
    try:
        answer = ask(running.port, request)
    except (OSError, http.client.HTTPException) as error:
        return Figure(0, f"no answer: {type(error).__name__}")
    if answer.status >= 400:
        return Figure(0, f"refuses: {answer.status}")
    before = running.cpu_s()
    pressed = generator(running.port, request, connections, scratch)
    server_cpu_s = running.cpu_s() - before
    if pressed.refused > REFUSED_SHARE * pressed.answers:
        return Figure(0, f"fails {pressed.refused} of {pressed.answers}")
    by_generator = connections > 1 and pressed.generator_cpu_s > server_cpu_s
    return Figure(
        pressed.answers / pressed.seconds,
        per_cpu_second=pressed.answers / max(server_cpu_s, 1 / TICKS_PER_S),
        by_generator=by_generator,
    )


def measure(server: Server, generator: Press, scratch: Path) -> Round:
    """Start a server, press it, end it."""
    with run(server.command, server.files) as running:
        start_cpu_s, idle_mb = running.cpu_s(), running.memory_mb()
        for request in server.before:
            expect_taken(request, ask(running.port, request))
        poll = server.poll or await_task(running.port, server.large)[0]
        expect_taken(poll, ask(running.port, poll))
        requests = {"poll": poll, "small": server.small, "large": server.large}
        for cell in WARMING:
            press(running, requests[cell.of], cell.connections, generator, scratch)
        figures = {cell.name: press(running, requests[cell.of], cell.connections, generator, scratch) for cell in CELLS}
        return Round(running.start_s, start_cpu_s, idle_mb, running.memory_mb(), figures)
