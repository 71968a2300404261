from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.course import ByPolls, ByRealTime, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.faults import Drip, Fault, HttpFault, Latency, LogNormal, Outage
from diarkit_mockserver.limits import Limits, Rate
from diarkit_mockserver.scenario import Dialect, HttpAnswer, Media, Rule, Scenario, SpokenSegment, Then
from diarkit_mockserver.scenario_dump import dump_scenario
from diarkit_mockserver.scenario_file import load_scenario, parse_scenario
from diarkit_mockserver.strategies import scenarios
from diarkit_mockserver.when import ConfigPattern, When

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [
        "",
        "on",
        "null",
        "~",
        "1",
        "1e3",
        "0x1f",
        ".inf",
        "- a",
        "a: b",
        "a #b",
        "'",
        '"',
        "\\",
        "{",
        "[a]",
        "\u2028",
        "\ufeff",
    ]
)
COUNTS = st.integers(0, 9)
SECONDS = st.floats(0, 1e6)
COURSES = st.one_of(
    st.sampled_from(["immediate", "manual"]),
    st.builds(ByPolls, polls=st.builds(PollCounts, pending=COUNTS, running=COUNTS)),
    st.builds(BySeconds, seconds=st.builds(StateSeconds, pending=SECONDS, running=SECONDS)),
    st.builds(ByRealTime, realtime_factor=st.floats(0.01, 1e6), workers=st.integers(1, 9)),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
SPOKEN = st.builds(
    lambda speaker, start, length: SpokenSegment(
        speaker_id=speaker, start_time=start / 100, end_time=(start + length) / 100
    ),
    COUNTS,
    COUNTS,
    st.integers(1, 1000),
)
POLL_ERRORS = st.builds(
    HttpAnswer,
    status=st.integers(400, 599),
    on=st.just("poll"),
    times=st.integers(1, 9),
    message=st.none() | TEXTS,
    retry_after=st.none() | COUNTS,
)
COMMON: dict[str, Any] = {"http": st.none() | POLL_ERRORS, "course": st.none() | COURSES}
THENS = st.one_of(
    st.builds(Then, result=st.dictionaries(TEXTS, ANYTHING, max_size=3), breaks_contract=st.just(value=True), **COMMON),
    st.builds(Then, segments=st.lists(st.lists(SPOKEN, max_size=2).map(tuple), max_size=2).map(tuple), **COMMON),
    st.builds(Then, speakers=COUNTS, **COMMON),
    st.builds(Then, failed=TEXTS, **COMMON),
    st.builds(Then, rejected=TEXTS, **COMMON),
    st.builds(Then, http=st.integers(400, 599)),
)
WHENS = st.builds(
    When,
    filename=st.none() | TEXTS,
    sha256=st.none() | st.text("0123456789abcdef", min_size=8, max_size=64),
    config=st.none() | st.builds(ConfigPattern, max_speakers=st.none() | COUNTS, total_speakers=st.none() | COUNTS),
    channel_mode=st.sampled_from([None, "split", "mix"]),
    channels=st.none() | st.sampled_from(["0", "1,0"]),
    range_from=st.none() | SECONDS,
    submission=st.none() | st.integers(1, 9),
)
EFFECTS: dict[str, st.SearchStrategy[Any]] = {
    "http": st.integers(400, 599)
    | st.builds(HttpFault, status=st.integers(400, 599), body=st.none() | TEXTS, retry_after=st.none() | COUNTS),
    "latency": st.builds(Latency, fixed=SECONDS)
    | st.builds(Latency, log_normal=st.builds(LogNormal, median=SECONDS))
    | st.builds(Latency, uniform=st.tuples(st.floats(0, 1), st.floats(1, 2))),
    "connection": st.sampled_from(["reset_before_headers", "close_in_body"]),
    "body": st.sampled_from(["empty", "html"]),
    "drip": st.builds(Drip, bytes=st.integers(1, 99), every=SECONDS),
    "outage": st.builds(Outage, seconds=SECONDS),
    "task": st.sampled_from(["lost", "stuck"]),
    "result": st.sampled_from(["overlap", "unsorted"]),
}
FAULTS = st.one_of(
    *(
        st.builds(
            Fault,
            on=st.sampled_from(["submit", "any"])
            if name in ("task", "result")
            else st.sampled_from(["submit", "poll", "any"]),
            when=WHENS,
            ordinal=st.none() | st.integers(1, 9) | st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
            share=st.none() | st.floats(0, 1),
            times=st.none() | st.integers(1, 9),
            **{name: effect},
        )
        for name, effect in EFFECTS.items()
    )
)
SOME = {"max_size": 3}
SCENARIOS = st.builds(
    Scenario,
    seed=st.integers(),
    course=COURSES,
    rules=st.lists(st.builds(Rule, when=WHENS, then=THENS, times=st.none() | st.integers(1, 99)), **SOME).map(tuple),
    faults=st.lists(FAULTS, **SOME).map(tuple),
    limits=st.builds(
        Limits,
        upload_bytes=st.none() | COUNTS,
        audio_seconds=st.none() | SECONDS,
        rate=st.none() | st.builds(Rate, requests=COUNTS, seconds=st.floats(0.001, 1e6)),
        licensed=st.booleans(),
        before_body=st.sampled_from([(), ("rate",), ("licensed", "storage_bytes")]),
    ),
    media=st.builds(Media, duration=st.floats(0, 86_400), channels=st.integers(1, 64)),
    dialect=st.builds(
        Dialect, x_location=st.sampled_from(["absolute", "relative"]), times=st.sampled_from(["file", "range"])
    ),
)


def read(text: str) -> Scenario:
    return parse_scenario(text, source="dumped.yaml", directory=Path("nowhere"))


@given(SCENARIOS)
def test_whatever_a_scenario_says_is_read_back_equal(scenario: Scenario) -> None:
    assert read(dump_scenario(scenario)) == scenario


@given(scenarios() | scenarios(timed=True))
def test_what_is_explored_can_be_replayed_from_a_file(scenario: Scenario) -> None:
    assert read(dump_scenario(scenario)) == scenario


@given(SCENARIOS)
def test_it_is_as_short_as_can_be(scenario: Scenario) -> None:
    """One line for each key that is not the default's, one for each rule and each fault."""
    lines = dump_scenario(scenario).split("\n")
    changed = [
        name
        for name in ("seed", "course", "limits", "media", "dialect")
        if getattr(scenario, name) != getattr(Scenario(), name)
    ]
    lists = [held for held in (scenario.rules, scenario.faults) if held]
    assert lines[-1] == ""
    assert len(lines) - 1 == max(1, len(changed) + len(lists) + sum(map(len, lists)))


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
