from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import pytest

from diarkit_contracts.api.states import ERROR_TYPE_OF_STATUS
from diarkit_contracts.exchanges.exchange import Answer
from diarkit_contracts.exchanges.history import START_PATH, is_uuid, read_object
from diarkit_contracts.rows.plan import choose_rows, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_contracts.exchanges.exchange import Request
    from diarkit_contracts.runs.verdict import RunVerdict

SERVE = "from diarkit_mockserver.commands.main import main; main()"
STOP_TIMEOUT_S = 60.0
SERVERS = Path(__file__).with_name("servers")


def _load_servers() -> None:
    """Make the folder `servers` a package `contract_servers`: in this import mode no folder of tests is on the path."""
    spec = importlib.util.spec_from_file_location(
        "contract_servers", SERVERS / "__init__.py", submodule_search_locations=[str(SERVERS)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


_load_servers()


class Serve(Protocol):
    def __call__(self, scenario: str) -> str: ...


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start `diarkit serve` with a scenario (YAML) and return its URL; it ends with the module."""
    with ExitStack() as running:

        def start(scenario: str) -> str:
            return running.enter_context(_serving(scenario, tmp_path_factory.mktemp("serve")))

        yield start


@contextmanager
def _serving(scenario: str, folder: Path) -> Iterator[str]:
    file = folder / "scenario.yaml"
    file.write_text(scenario, encoding="utf-8")
    command = [sys.executable, "-c", SERVE, "serve", "--port", "0", "--scenario", str(file)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DIARKIT_")}
    log = folder / "log.txt"
    with (
        log.open("wb") as err,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, env=environment, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            line = server.stdout.readline()
            assert line.startswith("listening on "), f"{line!r}\n{log.read_text(encoding='utf-8')}"
            yield line.removeprefix("listening on ").strip()
        finally:
            server.terminate()
            try:
                server.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                server.kill()
                raise


class ManualClock:
    """Time that goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.seconds += seconds

    def today(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds - 1000)


class StubServer:
    """A correct server in memory, as a transport; `tamper` may change each answer on its way."""

    URL = "http://stub:8000"

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.seen: list[Request] = []
        self.polls_until_done = 1
        self.tamper: Callable[[Request, Answer], Answer] = lambda _, answer: answer
        self._tasks: dict[str, tuple[Any, int]] = {}

    def connect(self, url: str) -> None:
        """Anybody is there."""

    def send(self, request: Request, content: bytes, within_s: float) -> Answer:  # noqa: ARG002 - the parts say it all
        self.clock.seconds += 0.001
        self.seen.append(request)
        return self.tamper(request, self._answer(request))

    def say(self, status: int, told: object, *headers: tuple[str, str]) -> Answer:
        return Answer(
            status=status, headers=(("Content-Type", "application/json"), *headers), body=json.dumps(told).encode()
        )

    def refuse(self, status: int, *headers: tuple[str, str]) -> Answer:
        return self.say(status, {"type": ERROR_TYPE_OF_STATUS[status], "message": "No.", "detail": []}, *headers)

    def _answer(self, request: Request) -> Answer:
        if request.path.startswith(START_PATH + "/"):
            return self._look(request) if request.method == "GET" else self.refuse(405, ("Allow", "GET"))
        if request.path == "/api/system/info":
            return self.say(200, {"version": "3.6.0"})
        if request.path == "/api/system/status":
            return Answer(status=200)
        if request.path != START_PATH or request.method != "POST":
            return self.refuse(405, ("Allow", "POST")) if request.path == START_PATH else self.refuse(404)
        return self._start(request)

    def _look(self, request: Request) -> Answer:
        task_id = request.path.rsplit("/", 1)[1]
        if not is_uuid(task_id):
            return self.refuse(422)
        if task_id not in self._tasks:
            return self.refuse(404)
        outcome, polls = self._tasks[task_id]
        self._tasks[task_id] = outcome, polls + 1
        if polls < self.polls_until_done:
            return self.say(200, {"task": {"task_id": task_id, "state": "running"}, "result": None, "error": None})
        state = "rejected" if outcome is None else "done"
        error = {"type": "task.validation-error", "message": "No audio."} if outcome is None else None
        return self.say(200, {"task": {"task_id": task_id, "state": state}, "result": outcome, "error": error})

    def _start(self, request: Request) -> Answer:
        if request.parts is None:
            return self.refuse(400)
        parts = {part.name: part for part in request.parts}
        config = read_object((parts["config"].text or "").encode()) if "config" in parts else {}
        if "file" not in parts or parts["file"].filename is None or config is None or not self._fits(request, config):
            return self.refuse(422)
        query = request.query
        asked = [int(number) for number in query.get("channels", "").split(",") if number]
        first, last = float(query.get("range_from", "0")), float(query.get("range_to", "1e9"))
        task_id = str(UUID(int=len(self.seen) + (4 << 76) + (8 << 60) + (7 << 120)))
        self._tasks[task_id] = self._diarize(parts["file"].sound, asked, first, last, query, config), 0
        told = {"task": {"task_id": task_id, "state": "pending"}}
        return self.say(202, told, ("X-Location", f"{self.URL}{START_PATH}/{task_id}"))

    def _fits(self, request: Request, config: Any) -> bool:
        query = request.query
        limits = [config[key] for key in ("max_speakers", "total_speakers") if key in config]
        return (
            len(limits) < 2
            and all(type(limit) is int and limit > 0 for limit in limits)
            and query.get("channel_mode", "split") in {"split", "mix"}
            and re.fullmatch(r"(\d+(,\d+)*)?", query.get("channels", "")) is not None
            and all(
                re.fullmatch(r"[\d.e-]+", value) and value[0] != "-" for key, value in query.items() if "range" in key
            )
        )

    def _diarize(self, sound: Any, asked: list[int], first: float, last: float, query: Any, config: Any) -> Any:
        if sound is None or not sound.length or any(number >= sound.channels for number in asked):
            return None
        last = min(last, sound.length / 100)
        if first >= last:
            return None
        told: list[Any] = []
        heard = {
            number: [
                (each.speaker, max(each.start / 100, first), min(each.end / 100, last))
                for each in sound.truth[number]
                if each.start / 100 < last - 0.01 and each.end / 100 > first + 0.01
            ]
            for number in dict.fromkeys(asked or range(sound.channels))
        }
        if query.get("channel_mode") == "mix":
            mixed = [(10 * number + who, *times) for number, said in heard.items() for who, *times in said]
            heard = {0: []}
            for who, start, end in sorted(mixed, key=lambda said: said[1]):
                begin = max([start, *(said[2] for said in heard[0])])
                heard[0] += [(who, begin, end)] if end - begin > 0.01 else []
        for number, spoken in heard.items():
            total, most = config.get("total_speakers"), config.get("max_speakers", 100)
            ids: dict[int, int] = {}
            segments = [
                {
                    "speaker_id": at % total if total else ids.setdefault(who % most, len(ids)),
                    "start_time": start,
                    "end_time": end,
                }
                for at, (who, start, end) in enumerate(spoken)
            ]
            told.append(
                {
                    "channel_number": number,
                    "speakers_count": len({s["speaker_id"] for s in segments}),
                    "segments": segments,
                }
            )
        return {"channels": told}


@pytest.fixture
def clock() -> ManualClock:
    """Time that goes on only when somebody sleeps."""
    return ManualClock()


@pytest.fixture
def stub(clock: ManualClock) -> StubServer:
    """A correct server in memory."""
    return StubServer(clock)


@pytest.fixture
def make_target(stub: StubServer, clock: ManualClock) -> Callable[..., Target]:
    """Make a client of the server in memory."""

    def make(**fields: Any) -> Target:
        return Target(**{"url": StubServer.URL, "transport": stub, "clock": clock, **fields})

    return make


@pytest.fixture
def verify_stub(stub: StubServer, make_target: Callable[..., Target]) -> Callable[..., RunVerdict]:
    """Verify the server in memory; bytes of its answers may be replaced, and only some rows sent."""

    def run(replaced: dict[bytes, bytes] | None = None, *rows: str, **fields: Any) -> RunVerdict:
        def tamper(_: Request, answer: Answer) -> Answer:
            body = answer.body
            for what, instead in (replaced or {}).items():
                body = body.replace(what, instead)
            return replace(answer, body=body)

        stub.tamper = tamper
        plan = choose_rows(rows) if rows else make_plan(Tier.LITE)
        return verify_target(plan, make_target(**fields))

    return run
