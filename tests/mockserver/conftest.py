from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import numpy as np
import pytest

from diarkit_fixtures.wav.file import write_wav
from diarkit_mockserver.intake.submission import Media, MediaFacts, Parameters, Submission
from diarkit_mockserver.intake.upload import UploadReader
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.front import PLAIN, Front
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from diarkit_fixtures.segments import Channels
    from diarkit_mockserver.forward.gateway import Gateway
    from diarkit_mockserver.intake.upload import Upload

BOUNDARY = "boundary-of-the-tests"
PROGRAM = "from diarkit_mockserver.commands.main import main; main()"
PATIENCE_S = 60.0

Part = tuple[str, bytes]
"""What follows `form-data` in a part's Content-Disposition, and the part's content."""


class MakeWav(Protocol):
    def __call__(
        self, seconds: float = 2.0, *, loud: tuple[bool, ...] = (True,), truth: Channels | None = None, level: int = 999
    ) -> bytes: ...


class MakeForm(Protocol):
    def __call__(self, *parts: Part, boundary: str = BOUNDARY) -> bytes: ...


class ReadUpload(Protocol):
    def __call__(
        self, body: bytes, *, chunk: int = 65536, content_type: str = ..., largest_file: int = 1 << 30
    ) -> Upload: ...


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The only value of a header."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2
        return values[0] if values else None


@pytest.fixture(scope="session")
def make_wav() -> MakeWav:
    """Write PCM at 8 kHz: a square wave in each loud channel, zeros in the others; other levels are other files."""

    def make(
        seconds: float = 2.0, *, loud: tuple[bool, ...] = (True,), truth: Channels | None = None, level: int = 999
    ) -> bytes:
        frames = round(seconds * 8000)
        wave = np.where(np.arange(frames) // 20 % 2, level, -level)
        samples = np.stack([wave * heard for heard in loud], axis=1).astype(np.int16)
        return write_wav(samples, 8000, truth=truth)

    return make


@pytest.fixture(scope="session")
def make_form() -> MakeForm:
    """Write a multipart body."""

    def make(*parts: Part, boundary: str = BOUNDARY) -> bytes:
        written = (
            f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
            for head, content in parts
        )
        return b"".join(written) + f"--{boundary}--\r\n".encode()

    return make


@pytest.fixture(scope="session")
def form_type() -> str:
    """Content type of the bodies of `make_form`."""
    return f"multipart/form-data; boundary={BOUNDARY}"


@pytest.fixture(scope="session")
def read_upload(form_type: str) -> ReadUpload:
    """Push a body through the reader in chunks of one size."""

    def read(body: bytes, *, chunk: int = 65536, content_type: str = form_type, largest_file: int = 1 << 30) -> Upload:
        reader = UploadReader(content_type, largest_file=largest_file, assumed=Media())
        for start in range(0, len(body), chunk):
            reader.feed(body[start : start + chunk])
        return reader.close()

    return read


@pytest.fixture(scope="session")
def make_submission() -> Callable[..., Submission]:
    """Make what the world takes in: by default ten seconds of one loud channel, without parameters."""

    def make(
        *,
        filename: str = "call.wav",
        sha256: str = "a" * 64,
        length: int = 1000,
        loud: tuple[bool, ...] = (True,),
        truth: Channels | None = None,
        fault: str | None = None,
        assumed: bool = False,
        **parameters: object,
    ) -> Submission:
        media = MediaFacts(kind="wav", length=length, loud=loud, truth=truth, fault=fault, assumed=assumed)
        asked = Parameters(**parameters)  # type: ignore[arg-type]
        return Submission(filename=filename, sha256=sha256, size=1, media=media, parameters=asked)

    return make


@pytest.fixture(scope="session")
def ask() -> Callable[..., Answer]:
    """Send one request over a connection of its own, to a path under a base URL."""

    def send(
        url: str,
        method: str = "GET",
        path: str = "",
        body: bytes | Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_S)
        try:
            connection.request(method, address.path + path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    return send


@pytest.fixture(scope="session")
def submit(ask: Callable[..., Answer], make_form: MakeForm, form_type: str) -> Callable[..., Answer]:
    """Upload one file to the server at a URL."""

    def post(
        url: str,
        content: bytes,
        *,
        filename: str = "call.wav",
        config: str | None = None,
        query: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        parts = [(f'name="file"; filename="{filename}"', content)]
        if config is not None:
            parts.append(('name="config"', config.encode()))
        path = "/api/technology/speaker-diarization" + (f"?{query}" if query else "")
        return ask(url, "POST", path, make_form(*parts), {"Content-Type": form_type, **(headers or {})})

    return post


@pytest.fixture
def start() -> Iterator[Callable[..., ServerThread]]:
    """Start a fake in a thread; it ends with the test."""
    with ExitStack() as stack:

        def run(
            scenario: Scenario | None = None,
            *,
            platform: Platform | None = None,
            host: str = "127.0.0.1",
            front: Front = PLAIN,
            gateway: Gateway | None = None,
        ) -> ServerThread:
            used = platform or Platform(World(scenario=scenario or Scenario(course="immediate")))
            thread = ServerThread(used, bind(host, 0), front, gateway)
            stack.callback(thread.stop)
            return thread

        yield run


@dataclass(frozen=True)
class Running:
    url: str
    process: subprocess.Popen[str]
    log: Path

    def end(self, number: int = signal.SIGTERM, seconds: float = PATIENCE_S) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


@pytest.fixture(scope="session")
def plain_environment() -> dict[str, str]:
    """The environment without settings of the fake, and without proxies."""
    drop = ("diarkit_", "http_proxy", "https_proxy", "all_proxy", "pytest_", "cov_core")
    return {name: value for name, value in os.environ.items() if not name.lower().startswith(drop)}


@pytest.fixture
def serve(tmp_path: Path, plain_environment: dict[str, str]) -> Iterator[Callable[..., Running]]:
    """Start `diarkit serve` with flags; what still runs at the end of the test is ended."""
    with ExitStack() as stack:

        def run(*flags: str, env: dict[str, str] | None = None, command: str = "serve") -> Running:
            return stack.enter_context(_running(command, flags, {**plain_environment, **(env or {})}, tmp_path))

        yield run


@contextmanager
def _running(name: str, flags: tuple[str, ...], environment: dict[str, str], folder: Path) -> Iterator[Running]:
    log = folder / f"log-{len(list(folder.glob('log-*')))}.txt"
    command = [sys.executable, "-c", PROGRAM, name, *flags]
    with (
        log.open("wb") as err,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, env=environment, text=True) as process,
    ):
        assert process.stdout is not None
        guard = threading.Timer(PATIENCE_S, process.kill)
        guard.start()
        try:
            line = process.stdout.readline()
            guard.cancel()
            assert line.startswith(("listening on http://", "listening on https://")), (
                f"{line!r}\n{log.read_text('utf-8')}"
            )
            yield Running(line.removeprefix("listening on ").strip(), process, log)
        finally:
            guard.cancel()
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(PATIENCE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise


@pytest.fixture(scope="session")
def diarkit(plain_environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command to its end."""

    def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env={**plain_environment, **(env or {})},
            check=False,
        )

    return run
