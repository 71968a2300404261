from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import BySeconds, StateSeconds
from diarkit_mockserver.scenario.dump import dump_rule, dump_scenario
from diarkit_mockserver.scenario.faults import Fault, Latency
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.load import load_scenario, parse_scenario
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When


def read(text: str) -> Scenario:
    return parse_scenario(text, source="dumped.yaml", directory=Path("nowhere"))


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        (Scenario(), "version: 1\n"),
        (Scenario(course="immediate", seed=7), "seed: 7\ncourse: immediate\n"),
        (Scenario(rules=(Rule(then=Then(speakers=0)),)), "rules:\n- then: {speakers: 0}\n"),
        (Scenario(rules=(Rule(then=Then()),)), "rules:\n- then: {}\n"),
        (
            Scenario(rules=(Rule(then=Then(http=HttpAnswer(status=429, retry_after=0)), times=2),)),
            "rules:\n- {then: {http: {status: 429, retry_after: 0}}, times: 2}\n",
        ),
        (
            Scenario(
                course=BySeconds(seconds=StateSeconds(pending=2.0, running=0.5)), limits=Limits(upload_seconds=None)
            ),
            "course: {seconds: {pending: 2, running: 0.5}}\nlimits: {upload_seconds: null}\n",
        ),
        (
            Scenario(faults=(Fault(body="html"), Fault(on="poll", latency=Latency(fixed=1.0), ordinal=(1, 2)))),
            "faults:\n- body: html\n- {on: poll, ordinal: [1, 2], latency: {fixed: 1}}\n",
        ),
        (
            Scenario(rules=(Rule(then=Then(failed="no: it's\n\u00e9\ufeff"), when=When(filename="on")),)),
            'rules:\n- {then: {failed: "no: it\'s\\U0000000aé\\U0000feff"}, when: {filename: on}}\n',
        ),
        (
            Scenario(rules=(Rule(then=Then(result={"channels": [], "1": 1.0, "a b": None}, breaks_contract=True)),)),
            'rules:\n- then: {result: {channels: [], "1": 1.0, a b: null}, breaks_contract: true}\n',
        ),
    ],
    ids=lambda value: "" if isinstance(value, Scenario) else repr(value)[:60],
)
def test_it_is_written_so(scenario: Scenario, expected: str) -> None:
    assert dump_scenario(scenario) == expected
    assert read(expected) == scenario


def test_an_rttm_file_that_was_read_is_written_as_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "two.rttm").write_text("SPEAKER a 1 0.50 1.50 <NA> <NA> anna <NA> <NA>\n")
    file = tmp_path / "scenario.yaml"
    file.write_text("rules: [{then: {rttm: two.rttm}}]")
    scenario = load_scenario(file)
    written = dump_scenario(scenario)
    assert written == "rules:\n- then: {segments: [[{speaker_id: 0, start_time: 0.5, end_time: 2}]]}\n"
    assert read(written) == scenario != replace(scenario, rules=())


def test_a_rule_alone_is_its_line_in_a_file() -> None:
    rule = Rule(when=When(filename="a"), then=Then(failed="Oh."), times=2)
    assert f"rules:\n{dump_rule(rule)}" == dump_scenario(Scenario(rules=(rule,)))
