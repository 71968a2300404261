from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import requests
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample

from diarkit_contracts.api.result import list_result_faults
from diarkit_fixtures.segments import Segment
from diarkit_fixtures.wav.file import write_wav
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.journal.conduct import judge
from diarkit_mockserver.scenario.course import ByPolls, ByRealTime, BySeconds
from diarkit_mockserver.scenario.dump import dump_scenario
from diarkit_mockserver.scenario.load import load_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.strategies import scenarios
from diarkit_mockserver.world.platform import WORLDS, Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 60.0
RECORDING = write_wav(np.full((16_000, 1), 999, np.int16), 8000, truth=((Segment(0, 0, 90), Segment(1, 90, 200)),))
MOST_POLLS = 40
PLAIN = Scenario(course="immediate")
SEARCH = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Client:
    """A client that copes with all that the documents allow. Those below it have one mistake each."""

    final = ("done", "failed", "rejected")
    patience = 20

    def __init__(self, session: requests.Session, endpoint: str, sleep: Callable[[float], None]) -> None:
        self.session = session
        self.endpoint = endpoint
        self.sleep = sleep

    def run(self) -> object:
        """The number of speakers in all channels; or why there is none."""
        response = self.insist(self.post)
        if response.status_code != 202:
            return f"refused with {response.status_code}"
        url = requests.compat.urljoin(self.endpoint, response.headers["X-Location"])
        for _ in range(MOST_POLLS):
            response = self.insist(lambda: self.session.get(url, timeout=PATIENCE_S))
            if response.status_code != 200 and not self.may_come_back(response.status_code):
                return f"refused with {response.status_code}"
            if response.status_code == 200 and (state := response.json()["task"]["state"]) in self.final:
                return self.count_speakers(response.json()["result"]["channels"]) if state == "done" else state
            self.sleep(5)
        raise TimeoutError("no end")

    def post(self) -> requests.Response:
        files = {"file": ("call.wav", RECORDING)}
        return self.session.post(self.endpoint, files=files, timeout=PATIENCE_S)

    def insist(self, send: Callable[[], requests.Response]) -> requests.Response:
        for _ in range(self.patience):
            try:
                response = send()
            except requests.RequestException:
                self.sleep(5)
                continue
            if response.status_code not in (429, 507):
                break
            self.wait(float(response.headers.get("Retry-After", 5)))
        return response

    def wait(self, seconds: float) -> None:
        self.sleep(seconds)

    def may_come_back(self, _status: int) -> bool:
        return False

    def count_speakers(self, channels: list[Any]) -> int:
        return sum(len({segment["speaker_id"] for segment in channel["segments"]}) for channel in channels)


class TakesRejectedForPending(Client):
    final = ("done", "failed")


class TrustsTheFirstChannel(Client):
    def count_speakers(self, channels: list[Any]) -> int:
        return int(channels[0]["speakers_count"])


class DiesOnAnEmptyResult(Client):
    def count_speakers(self, channels: list[Any]) -> int:
        speakers = [max(segment["speaker_id"] for segment in channel["segments"]) + 1 for channel in channels]
        return sum(speakers)


class RetriesAtOnce(Client):
    def wait(self, _seconds: float) -> None:
        self.patience -= 1


class LoopsOn404(Client):
    def may_come_back(self, status: int) -> bool:
        return status == 404


class Lab:
    """One server, and a world of its own for each example."""

    def __init__(self) -> None:
        self.platform = Platform(World())
        self.thread = ServerThread(self.platform, bind("127.0.0.1", 0))
        self.session = requests.Session()

    def breaks(self, client: type[Client], scenario: Scenario, *, frozen: bool = True) -> str:
        """Let a client meet a scenario; how it failed, empty if it did not."""
        world = World("example", scenario, Clock(frozen=frozen))
        self.thread.call(self.platform.worlds.__setitem__, "example", world)

        def sleep(seconds: float) -> None:
            self.thread.call(world.clock.advance, seconds)

        try:
            came = client(self.session, f"{self.thread.url}{WORLDS}example{ENDPOINT}", sleep).run()
        except (LookupError, ValueError, TimeoutError) as error:
            return repr(error)
        entries = self.thread.call(lambda: tuple(world.journal))
        findings = judge(entries, now=world.clock.now())
        if findings:
            return "\n".join(map(str, findings))
        expected = expect(entries[-1].status, entries[-1].body)
        return "" if came == expected else f"expected {expected}, got {came}"

    def close(self) -> None:
        self.session.close()
        self.thread.stop()


def expect(status: int, body: bytes) -> object:
    """What the last answer of a world was about, in the client's words."""
    if status != 200:
        return f"refused with {status}"
    answer = json.loads(body)
    state = answer["task"]["state"]
    return sum(one["speakers_count"] for one in answer["result"]["channels"]) if state == "done" else state


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (TakesRejectedForPending, "rules:\n- then: {rejected: .*}\n"),
        (TrustsTheFirstChannel, "rules:\n- then: {result: {channels: .*}}\n"),
        (DiesOnAnEmptyResult, "rules:\n- then: {speakers: 0}\n|rules:\n- then: {result: .* segments: \\[\\]}.*\n"),
        (RetriesAtOnce, "(?:limits: {rate: .*}|rules:\n- .*status: 429.*|faults:\n- .*status: 429.*)\n"),
        (LoopsOn404, "faults:\n- (?:{on: submit, task: lost}|{on: poll, http: 404})\n"),
    ],
)
def test_a_planted_mistake_is_found_and_shrunk_to_a_few_lines(
    lab: Lab, tmp_path: Path, client: type[Client], expected: str
) -> None:
    """Row 2 of the demands too: what follows a script's end is always defined, so that shrinking never ends in StopIteration."""
    assert lab.breaks(client, PLAIN) == ""
    scenario = find(scenarios(timed=True), lambda scenario: lab.breaks(client, scenario) != "", settings=SEARCH)
    written = dump_scenario(scenario)
    assert re.fullmatch("course: immediate\n(?:" + expected + ")", written), written
    assert written.count("\n") <= 6
    assert lab.breaks(Client, scenario) == ""
    replayed = tmp_path / "smallest.yaml"
    replayed.write_text(written, "utf-8")
    assert lab.breaks(client, load_scenario(replayed)) == lab.breaks(client, scenario) != ""


@pytest.mark.parametrize("timed", [True, False])
def test_a_good_client_survives_all_that_a_platform_may_do(lab: Lab, *, timed: bool) -> None:
    with pytest.raises(NoSuchExample):
        find(
            scenarios(timed=timed, dialects=True),
            lambda scenario: lab.breaks(Client, scenario, frozen=timed) != "",
            settings=SEARCH,
        )


def test_it_shrinks_to_a_platform_where_every_task_is_done_at_once() -> None:
    for options in ({}, {"timed": True}, {"network": False}, {"dialects": True}):
        assert find(scenarios(**options), lambda _: True, settings=SEARCH) == PLAIN


@pytest.mark.parametrize(
    "wanted",
    [
        lambda s: isinstance(s.course, ByPolls),
        lambda s: isinstance(s.course, BySeconds),
        lambda s: isinstance(s.course, ByRealTime),
        lambda s: s.limits.rate is not None,
        lambda s: s.limits.finished_seconds is not None,
        lambda s: any(rule.then.failed for rule in s.rules),
        lambda s: any(rule.then.result and len(rule.then.result["channels"]) == 3 for rule in s.rules),
        lambda s: any(rule.then.http_answer and rule.then.http_answer.status == 507 for rule in s.rules),
        lambda s: len({str(rule.then.course) for rule in s.rules}) > 1,
        lambda s: any(fault.connection for fault in s.faults),
        lambda s: any(fault.http_answer and fault.http_answer.retry_after for fault in s.faults),
    ],
)
def test_every_kind_of_behaviour_comes_up(wanted: Callable[[Scenario], object]) -> None:
    assert find(scenarios(timed=True), lambda scenario: bool(wanted(scenario)), settings=SEARCH)


@given(scenarios())
def test_without_time_nothing_has_to_be_waited_for(scenario: Scenario) -> None:
    assert not any(word in dump_scenario(scenario) for word in ("seconds:", "realtime_factor", "limits"))
    waits = [rule.then.http_answer.retry_after for rule in scenario.rules if rule.then.http_answer is not None]
    waits += [fault.http_answer.retry_after for fault in scenario.faults if fault.http_answer is not None]
    assert not any(waits)


@given(scenarios(network=False))
def test_without_the_network_every_answer_arrives(scenario: Scenario) -> None:
    assert not any(fault.connection or fault.latency for fault in scenario.faults)


@given(scenarios(timed=True))
def test_only_what_the_documents_allow_is_answered(scenario: Scenario) -> None:
    answers = [rule.then.http_answer for rule in scenario.rules]
    assert {answer.status for answer in answers if answer is not None} <= {400, 403, 413, 422, 429, 507}
    assert {fault.http_answer.status for fault in scenario.faults if fault.http_answer} <= {400, 404, 422, 429}
    for rule in scenario.rules:
        assert rule.then.result is None or list_result_faults(rule.then.result) == ()


def test_a_failing_example_prints_its_scenario_as_a_file() -> None:
    @settings(SEARCH, phases=[Phase.generate, Phase.shrink])
    @given(scenarios())
    def check(scenario: Scenario) -> None:
        assert not any(rule.then.failed for rule in scenario.rules)

    with pytest.raises(AssertionError) as caught:
        check()
    told = "\n".join(caught.value.__notes__)
    yaml = "course: immediate\nrules:\n- then: {failed: Processing failed.}\n"
    assert f"the scenario, for diarkit serve --scenario FILE:\n{yaml}" in told
