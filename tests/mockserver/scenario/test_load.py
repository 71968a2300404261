from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from diarkit_fixtures.texts.read import Problem
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.load import ScenarioError, load_scenario, parse_scenario
from diarkit_mockserver.scenario.model import (
    Rule,
    Scenario,
    SpokenSegment,
    Then,
)
from diarkit_mockserver.scenario.when import SUBMISSION, ConfigPattern, When

EXAMPLE = """\
version: 1
seed: 42
course: {polls: {pending: 1, running: 1}}
rules:
  - when: {filename: "broken*.wav"}
    then: {rejected: "The media file cannot be decoded."}
  - when: {config: {total_speakers: 3}, occurrence: 2}
    then: {failed: "Processing failed.", course: immediate}
  - when: {sha256: "9f86d081"}
    then: {rttm: truth/meeting.rttm}
  - when: {filename: "call.wav"}
    then: {result: {channels: [{channel_number: 0, speakers_count: 1, segments: [{speaker_id: 0, start_time: 0.5, end_time: 2.25}]}]}}
  - then: {speakers: 2}
    times: 10
"""
RTTM = "SPEAKER meeting 1 0.50 1.50 <NA> <NA> anna <NA> <NA>\nSPEAKER meeting 2 2.00 0.25 <NA> <NA> bob <NA> <NA>\n"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "meeting.rttm").write_text(RTTM)
    file = tmp_path / "example.yaml"
    file.write_text(EXAMPLE)
    return file


def parse(text: str, directory: Path = Path("nowhere")) -> Scenario:
    return parse_scenario(text, source="s.yaml", directory=directory)


def complain(text: str, directory: Path = Path("nowhere")) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse(text, directory)
    return str(caught.value).splitlines()


def test_the_example_means_what_it_says(example: Path) -> None:
    channels = {"channel_number": 0, "speakers_count": 1}
    segments = [{"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}]
    spoken = (
        (SpokenSegment(speaker_id=0, start_time=0.5, end_time=2.0),),
        (SpokenSegment(speaker_id=0, start_time=2.0, end_time=2.25),),
    )
    assert load_scenario(example) == Scenario(
        seed=42,
        course=ByPolls(polls=PollCounts(pending=1, running=1)),
        rules=(
            Rule(when=When(filename="broken*.wav"), then=Then(rejected="The media file cannot be decoded.")),
            Rule(
                when=When(config=ConfigPattern(total_speakers=3), occurrence=2),
                then=Then(failed="Processing failed.", course="immediate"),
            ),
            Rule(when=When(sha256="9f86d081"), then=Then(segments=spoken)),
            Rule(when=When(filename="call.wav"), then=Then(result={"channels": [{**channels, "segments": segments}]})),
            Rule(then=Then(speakers=2), times=10),
        ),
    )


def test_json_is_read_as_well() -> None:
    assert parse(json.dumps({"version": 1, "rules": [{"then": {"http": 507}}]}, indent=2)).rules == (
        Rule(then=Then(http=507)),
    )


def test_on_is_a_key_like_any_other() -> None:
    assert parse("rules: [{then: {http: {status: 429, on: poll, times: 2, retry_after: 0}}}]").rules[0].then.http == (
        HttpAnswer(status=429, on="poll", times=2, retry_after=0)
    )


def test_what_is_left_out_has_its_default() -> None:
    assert parse("version: 1") == Scenario()
    assert parse("{}") == Scenario()


def test_a_problem_names_file_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("version: 1\nruls: []\n")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    (problem,) = caught.value.problems
    assert (problem.source, problem.line, problem.column) == (str(file), 2, 1)
    assert str(caught.value).startswith(f"{file}:2:1: unknown key 'ruls': expected version, seed, course, rules")
    assert str(caught.value).endswith("; did you mean rules?")


def test_all_problems_are_named_at_once_in_the_order_of_the_file() -> None:
    text = """\
seed: yes
course: {pols: 1}
rules:
  - then: {rttm: missing.rttm}
    times: 0
  - then: {failed: a, rejected: b}
    then: {}
  - when: {filname: x}
    then: {result: {channels: [{channel_number: 0, speakers_count: 2, segments: []}]}}
colour: red
"""
    assert [line.partition(": ")[0] for line in complain(text)] == [
        "s.yaml:1:7",
        "s.yaml:2:10",
        "s.yaml:4:18",
        "s.yaml:5:12",
        "s.yaml:6:33",
        "s.yaml:7:5",
        "s.yaml:8:12",
        "s.yaml:9:68",
        "s.yaml:10:1",
    ]


def test_one_mistake_is_named_once() -> None:
    assert complain("seed: !!int x") == ["s.yaml:1:7: expected what the tag !!int says, got 'x'"]
    assert complain("rules: [{then: {segments: [[{speaker_id: x, start_time: 0, end_time: 1}]]}}]") == [
        "s.yaml:1:42: speaker_id: expected a whole number, got the text 'x'"
    ]
    assert len(complain("rules:\n  - &r {then: {speakers: -1}}\n  - *r\n  - *r\n")) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: the file is empty"),
        ("rules: [{then: {}}]\n---\n{}", "2:1: expected one document, but a second one begins here"),
        ("seed: 1\nseed: 2", "2:1: the key 'seed' is there twice, first in line 1"),
        ("version: 2", "1:10: version: expected 1, got the number 2"),
        (
            "course: sometimes",
            ("1:9: course: expected immediate or manual, or a mapping with polls, seconds or realtime_factor, "
            "got the text 'sometimes'"),
        ),
        (
            "course: {minutes: 1}",
            ("1:10: course: expected immediate or manual, or a mapping with polls, seconds or realtime_factor, "
            "got the key 'minutes'"),
        ),
        ("course: {polls: {pending: -1}}", "1:27: expected a number of polls >= 0"),
        ("course: {realtime_factor: 0}", "1:27: expected a realtime_factor > 0"),
        ("rules: [{}]", "1:9: expected the key then, got none"),
        ("rules: [{then: {http: 199}}]", "1:23: expected an HTTP status from 200 to 599, got 199"),
        (
            "rules: [{then: {http: soon}}]",
            "1:23: http: expected a whole number, or a mapping (status, on, times, message, retry_after, retry_after_as, headers, body, content_type), got the text 'soon'",
        ),
        (
            "rules: [{then: {http: {status: 429, on: pol}}}]",
            "1:41: on: expected submit or poll, got the text 'pol'; did you mean poll?",
        ),
        ("rules: [{when: {channels: 0}, then: {}}]", "1:27: channels: expected a text, got the number 0: put it in quotes"),
        ("rules: [{when: {sha256: '12'}, then: {}}]", "1:25: expected 8 to 64 hexadecimal digits in sha256, got '12'"),
        ("rules: [{then: {failed: }}]", "1:25: failed: expected a text, got nothing"),
        ("media: {duration: -1}", "1:19: expected a duration from 0 to 86400 seconds, got -1.0"),
        ("dialect: {x_location: relativ}", "1:23: x_location: expected absolute, relative or absent, got the text 'relativ'; did you mean relative?"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_in_plain_words(text: str, said: str) -> None:
    assert complain(text) == [f"s.yaml:{said}"]


def test_no_word_of_a_library_is_in_a_message() -> None:
    text = (
        "course: 1\nrules: [{then: {http: x, course: {polls: 1}}, when: 3, times: x}]\nmedia: []\ndialect: {times: 1}"
    )
    assert not re.search(
        r"pydantic|literal\[|ByPolls|HttpAnswer|dataclass|tag:yaml|NoneType|str\b", "\n".join(complain(text))
    )


def test_a_file_that_is_not_utf_8_is_refused_with_the_place(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    for data, line, column in [
        (b"seed: 1\n# caf\xe9\n", 2, 6),
        (b"\xff\xfe", 1, 1),
        ("é: ".encode() + b"\x80", 1, 4),
        (b"a\n\xff", 2, 1),
    ]:
        file.write_bytes(data)
        with pytest.raises(ScenarioError, match="expected UTF-8, got the byte 0x") as caught:
            load_scenario(file)
        (problem,) = caught.value.problems
        assert (problem.line, problem.column) == (line, column)


def test_a_file_that_can_not_be_opened_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_scenario(tmp_path / "none.yaml")


def test_problems_are_kept_as_fields() -> None:
    error = ScenarioError([Problem("a.yaml", 1, 2, "x"), Problem("a.yaml", 3, 4, "y")])
    assert isinstance(error, ValueError)
    assert str(error) == "a.yaml:1:2: x\na.yaml:3:4: y"
    assert error.problems[1].line == 3


def test_the_example_loads_without_what_takes_long_to_import(example: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from diarkit_mockserver.scenario import load as scenario_file\n"
        "assert not {'yaml', 'pydantic', 'numpy'} & set(sys.modules)\n"
        "print(len(scenario_file.load_scenario(Path(sys.argv[1])).rules))\n"
        "assert not {'pydantic', 'numpy', 'asyncio'} & set(sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(example)], check=True, capture_output=True)
    assert int(ended.stdout) == len(load_scenario(example).rules) > 0


@pytest.mark.parametrize(
    ("segment", "said"),
    [
        ("{speaker_id: -1, start_time: 0, end_time: 1}", "expected a speaker_id from 0, got -1"),
        (
            "{speaker_id: 0, start_time: -2, end_time: 1}",
            "expected 0 <= start_time < end_time, got -2 and 1",
        ),
        ("[0, 2, 1]", "expected 0 <= start_time < end_time, got 2 and 1"),
        (
            "[0, 1]",
            "segments: expected a mapping (speaker_id, start_time, end_time), or a list of these, got a list of 2",
        ),
    ],
)
def test_segments_must_have_times_that_a_recording_has(segment: str, said: str) -> None:
    assert complain(f"rules: [{{then: {{segments: [[{segment}]]}}}}]") == [f"s.yaml:1:29: {said}"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{connection: rest}", "connection: expected reset_before_headers, "),
        ("{latency: {fixed: -1}}", "expected 0 to 1000000 seconds, got -1.0"),
        ("{latency: {log_normal: {median: 1, sigma: 9}}}", "expected a median of 0 to "),
    ],
)
def test_what_does_not_fit_is_not_missing_as_well(fault: str, said: str) -> None:
    (line,) = complain(f"faults: [{fault}]")
    assert line.partition(": ")[2].startswith(said)


def test_segments_may_be_lists_of_three() -> None:
    both = [
        parse_scenario(f"rules: [{{then: {{segments: [[{text}]]}}}}]", source="s.yaml", directory=None)
        for text in ("[0, 0.5, 2]", "{speaker_id: 0, start_time: 0.5, end_time: 2}")
    ]
    assert both[0] == both[1]


def test_a_key_that_was_renamed_names_the_ones_to_choose_from() -> None:
    (said,) = complain("rules: [{when: {submission: 3}, then: {failed: x}}]")
    assert said.endswith("there is no key 'submission': " + SUBMISSION)


def test_keys_for_anchors_are_ignored_and_lists_may_be_empty() -> None:
    text = "x-busy: &busy {http: 503}\nrules:\nfaults:\n- {<<: *busy, on: poll}\n"
    read = parse_scenario(text, source="s.yaml", directory=None)
    assert (read.rules, read.faults) == ((), (Fault(on="poll", http=503),))
    (said,) = complain("rules: [{x-busy: 1, then: {}}]")
    assert "unknown key 'x-busy'" in said
