"""Measures what is promised to take no longer than so much, and says whether it holds here. Exits with 1 if one does not.

python tests/benchmarks/promises.py [--rounds 5] [NAME ...]

The suite asks what comes out and never how long it took: a busy machine would refuse a change that is none of its doing. Here the
best of some rounds counts, in wall time; what is started as a command includes the start of Python.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from diarkit_fixtures.segments import Segment
from diarkit_fixtures.speech.synth import speak
from diarkit_fixtures.speech.voices import VOICES
from diarkit_fixtures.wav.file import write_wav_head
from diarkit_fixtures.wav.format import WavError
from diarkit_fixtures.wav.reader import WavReader
from diarkit_fixtures.wav.truth import pack_chunk
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.server import ServerThread, bind, write_url
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TESTS: Final = Path(__file__).parent.parent
ROUNDS: Final = 5
PATIENCE_S: Final = 60.0
DIARKIT: Final = (sys.executable, "-c", "from diarkit_mockserver.commands.main import main; main()")
BLOCK: Final = b"\xe8\x03" * (1 << 20)
LOAD: Final = (
    "import sys, time; began = time.perf_counter(); from pathlib import Path; from diarkit_mockserver.scenario import load as scenario_file;"
    " scenario_file.load_scenario(Path(sys.argv[1])); print(time.perf_counter() - began)"
)

FIRST: Final = """
import time, urllib.request
from diarkit_mockserver.harness.fake import Fake
FORM = b'--b\\r\\nContent-Disposition: form-data; name="file"; filename="a.wav"\\r\\n\\r\\nx\\r\\n--b--\\r\\n'
began = time.perf_counter()
fake = Fake()
server = fake.open_world("first")
upload = urllib.request.Request(server.endpoint, FORM, {"Content-Type": "multipart/form-data; boundary=b"})
with urllib.request.urlopen(upload) as accepted, urllib.request.urlopen(accepted.headers["x-location"]) as polled:
    polled.read()
print(time.perf_counter() - began)
fake.stop()
"""


@dataclass(frozen=True)
class Promise:
    """Something that takes no more than so many seconds; a ratio where it is measured against something else."""

    name: str
    sentence: str
    limit: float
    measure: Callable[[], float]
    unit: str = "s"


def load(path: str) -> Any:
    """Load a file of tests: what it plays out is timed here."""
    spec = importlib.util.spec_from_file_location(f"played_{Path(path).stem}", TESTS / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def take(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


@contextmanager
def run_serve(*flags: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `diarkit serve` on a free port: its URL and its process."""
    with subprocess.Popen(
        [*DIARKIT, "serve", "--port", "0", *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().removeprefix("listening on ").strip(), process
        finally:
            process.kill()


def measure_day() -> float:
    """Live 24 hours of queue, rate windows and expiry once, on a server in a thread."""
    return take(load("end_to_end/test_story.py").live_a_day)


def measure_worlds() -> float:
    """Make a world and drop it, a thousand times."""
    platform = Platform(World())

    def come_and_go() -> None:
        for number in range(1000):
            platform.worlds[str(number)] = World(str(number), Scenario())
            del platform.worlds[str(number)]

    return take(come_and_go)


def measure_start() -> float:
    """Start a server in a thread and get its first answer."""
    with ExitStack() as stack:

        def begin() -> None:
            thread = ServerThread(Platform(World()), bind("127.0.0.1", 0))
            stack.callback(thread.stop)
            host, _, port = thread.url.removeprefix("http://").partition(":")
            with socket.create_connection((host, int(port)), PATIENCE_S) as connection:
                connection.sendall(b"GET /api/system/info HTTP/1.1\r\nHost: x\r\n\r\n")
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")

        return take(begin)


def measure_stop_of_a_thread() -> float:
    """Stop a server with 200 idle connections, ten half-sent uploads and ten dripping answers."""
    stop = load("end_to_end/test_stop.py")
    thread = ServerThread(Platform(World("", stop.DRIPPING)), bind("127.0.0.1", 0))
    with ExitStack() as stack:
        stop.Crowd(stack, thread.url)
        return take(thread.stop)


def measure_stop_of_a_process() -> float:
    """Send SIGTERM to `diarkit serve` with the same crowd, and wait for its end."""
    stop = load("end_to_end/test_stop.py")
    faults = "course: immediate\nfaults: [{on: submit, when: {filename: slow}, drip: {bytes: 1, every: 1000}}]\n"
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Path(folder, "dripping.yaml").write_text(faults, "utf-8")
        url, process = stack.enter_context(run_serve("--scenario", f"{folder}/dripping.yaml"))
        stop.Crowd(stack, url)

        def end() -> None:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)

        return take(end)


def measure_taken_port() -> float:
    """Start `diarkit serve` on a port in use."""
    with bind("127.0.0.1", 0) as bound:
        command = [*DIARKIT, "serve", "--port", write_url(bound).rpartition(":")[2]]
        return take(lambda: _run(command, expected=2))


def measure_demo() -> float:
    """Run `diarkit demo`."""
    return take(lambda: _run([*DIARKIT, "demo"]))


def measure_import() -> float:
    """Load the scenario file of the examples in a fresh process, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scenario.yaml")
        file.write_text(
            "version: 1\nseed: 42\ncourse: {polls: {pending: 1, running: 1}}\nrules: [{then: {speakers: 2}}]\n"
        )
        return min(float(_run([sys.executable, "-c", LOAD, str(file)])) for _ in range(2))  # the first one compiles


def measure_fake() -> float:
    """Start a `Fake()` in a fresh process that has its modules, open a world there, submit and poll once."""
    return min(float(_run([sys.executable, "-c", FIRST])) for _ in range(2))  # the first one compiles


def measure_speech() -> float:
    """Speak a minute at 16 kHz."""
    talk = tuple(Segment(at % 2, at * 300, at * 300 + 290) for at in range(20))
    return take(lambda: speak(talk, VOICES, 6000, 16_000, "key"))


def measure_reader() -> float:
    """Read 200 MB of sound, as a part of the time of its digest."""
    reader = WavReader()
    reader.feed(write_wav_head(100 * len(BLOCK) // 2, 8000, channels=1))
    reader.feed(BLOCK)
    digest = hashlib.sha256()

    def read() -> None:
        for _ in range(98):
            reader.feed(BLOCK)

    def sign() -> None:
        for _ in range(98):
            digest.update(BLOCK)

    return take(read) / take(sign)


def measure_empty_chunks() -> float:
    """Refuse a WAV of half a million empty chunks."""
    data = b"RIFF\xff\xff\xff\xffWAVE" + pack_chunk(b"junk", b"") * 500_000

    def read() -> None:
        try:
            WavReader().feed(data)
        except WavError:
            return
        raise AssertionError("expected a refusal")

    return take(read)


def measure_crowd_of_speakers() -> float:
    """Answer two hours of sound that are to have a hundred thousand speakers."""
    diarize = load("mockserver/world/test_diarize.py")
    natural = diarize.draw(diarize.HOURS_2, True)
    return take(lambda: diarize.answer(natural, diarize.HOURS_2, total_speakers=100_000))


def _run(command: list[str], expected: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIARKIT_")}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE_S, check=False)
    if ended.returncode != expected:
        raise RuntimeError(f"expected exit code {expected}, got {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return ended.stdout


PROMISES: Final = (
    Promise("day", "24 hours of queue, windows and expiry", 1.0, measure_day),
    Promise("worlds", "a thousand worlds come and go", 1.0, measure_worlds),
    Promise("start", "a server in a thread answers", 0.1, measure_start),
    Promise("stop", "it stops, whatever is open", 1.0, measure_stop_of_a_thread),
    Promise("sigterm", "`diarkit serve` ends, whatever is open", 1.0, measure_stop_of_a_process),
    Promise("port", "a port in use is told", 1.0, measure_taken_port),
    Promise("demo", "`diarkit demo`", 5.0, measure_demo),
    Promise("import", "a scenario file is loaded, imports included", 0.2, measure_import),
    Promise("fake", "a fresh `Fake()` answers, modules imported", 0.03, measure_fake),
    Promise("speech", "a minute is spoken at 16 kHz", 2.0, measure_speech),
    Promise("reader", "a WAV is read, against its digest", 0.2, measure_reader, "x"),
    Promise("chunks", "half a million empty chunks are refused", 0.5, measure_empty_chunks),
    Promise("speakers", "two hours with 100,000 speakers are answered", 2.0, measure_crowd_of_speakers),
)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of each; the best counts (default: {ROUNDS})")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(promise.name for promise in PROMISES))
    asked = parser.parse_args()
    unknown = set(asked.names) - {promise.name for promise in PROMISES}
    if unknown:
        parser.error(f"expected names of promises, got {', '.join(sorted(unknown))}")
    logging.getLogger("diarkit").setLevel(logging.ERROR)
    sys.stdout.write(f"{'promise':9} {'what':46} {'limit':>8} {'here':>9}   best of {asked.rounds}\n")
    broken = 0
    for promise in PROMISES:
        if asked.names and promise.name not in asked.names:
            continue
        best = min(promise.measure() for _ in range(asked.rounds))
        holds = best <= promise.limit
        broken += not holds
        told = f"{promise.limit:>6g} {promise.unit} {best:>7.3f} {promise.unit}   {'holds' if holds else 'BROKEN'}"
        sys.stdout.write(f"{promise.name:9} {promise.sentence:46} {told}\n")
        sys.stdout.flush()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
