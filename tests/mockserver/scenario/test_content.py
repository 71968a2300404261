from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_fixtures.texts.yaml import read_tree
from diarkit_mockserver.scenario.content import check_content
from diarkit_mockserver.scenario.model import SpokenSegment

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_mockserver.scenario.content import Spoken

RTTM = "SPEAKER a 1 0.5 1.5 <NA> <NA> anna <NA> <NA>\nSPEAKER a 2 2 0.25 <NA> <NA> bob <NA> <NA>\n"


def check(text: str, directory: Path) -> tuple[dict[int, Spoken], list[str]]:
    tree, _ = read_tree(text)
    assert tree is not None
    spoken, flaws = check_content(tree, directory)
    return spoken, [f"{flaw.place.line}:{flaw.place.column}: {flaw.text}" for flaw in flaws]


def test_an_rttm_file_says_who_speaks_when_in_seconds(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.rttm").write_text(RTTM)
    spoken, flaws = check("rules: [{then: {}}, {then: {rttm: sub/a.rttm}}, {then: {rttm: sub/a.rttm}}]", tmp_path)
    channels = (
        (SpokenSegment(speaker_id=0, start_time=0.5, end_time=2.0),),
        (SpokenSegment(speaker_id=0, start_time=2.0, end_time=2.25),),
    )
    assert spoken == {1: channels, 2: channels}
    assert flaws == []


def test_an_rttm_file_that_is_missing_is_named_at_its_key(tmp_path: Path) -> None:
    path = tmp_path / "none.rttm"
    assert check("rules: [{then: {rttm: none.rttm}}]", tmp_path) == (
        {},
        [f"1:23: rttm: can't read {path}: No such file or directory"],
    )


def test_a_wrong_line_of_an_rttm_file_is_named_with_its_own_number(tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_text(RTTM + "SPEAKER a 1 x 1 <NA> <NA> anna <NA> <NA>\n")
    _, (flaw,) = check("rules:\n- then:\n    rttm: a.rttm", tmp_path)
    assert flaw.startswith(f"3:11: rttm: {tmp_path / 'a.rttm'}:3: ")


def test_an_rttm_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.rttm").write_bytes(b"SPEAKER \xff")
    _, (flaw,) = check("rules: [{then: {rttm: a.rttm}}]", tmp_path)
    assert "a.rttm:1: expected UTF-8, got the byte 0xff" in flaw


def result(segments: str, count: int = 1, channel: str = "0") -> str:
    return f"{{channels: [{{channel_number: {channel}, speakers_count: {count}, segments: {segments}}}]}}"


@pytest.mark.parametrize(
    ("broken", "begins", "said"),
    [
        (
            result("[]", 4),
            "4, segments",
            "result.channels[0].speakers_count: expected 0, the number of speakers in its segments, got 4",
        ),
        (result("[]", 0, "-1"), "-1,", "result.channels[0].channel_number: expected at least 0, got -1"),
        ("{}", "{}", "result: expected the key channels, got none"),
        ("{channels: [], note: x}", "x}", "result.note: expected only channels, got the key 'note'"),
        (
            result("[{speaker_id: 0, start_time: 2, end_time: 1}]"),
            "1}]",
            "result.channels[0].segments[0].end_time: expected an end after the start at 2, got 1",
        ),
    ],
)
@pytest.mark.parametrize("setting", ["", ", breaks_contract: false", ", breaks_contract: 1"])
def test_a_result_that_breaks_the_contract_is_refused_where_it_does(
    broken: str, begins: str, said: str, setting: str, tmp_path: Path
) -> None:
    text = f"rules: [{{then: {{result: {broken}{setting}}}}}]"
    _, (flaw,) = check(text, tmp_path)
    line, column, message = flaw.split(":", 2)
    assert message == f" {said} (breaks_contract: true lets it pass)"
    assert (line, text[int(column) - 1 :].startswith(begins)) == ("1", True)


def test_a_seeded_task_has_a_result_that_keeps_the_contract_and_an_id_of_its_own(tmp_path: Path) -> None:
    text = "tasks:\n- {id: 1a, result: {}}\n- {id: 1b}\n- {result: 1, id: 1A}\n- {id: 2}\n"
    assert check(text, tmp_path) == (
        {},
        [
            "2:20: result: expected the key channels, got none",
            "4:19: id: expected a unique id, got 1A again",
        ],
    )


@pytest.mark.parametrize("broken", ["{}", "{channels: 1}", result("[]"), result("x", 7, "-1")])
def test_a_result_may_break_the_contract_if_the_rule_says_so(broken: str, tmp_path: Path) -> None:
    assert check(f"rules: [{{then: {{result: {broken}, breaks_contract: true}}}}]", tmp_path) == ({}, [])


@pytest.mark.parametrize(
    "segments",
    [
        "[{speaker_id: 3, start_time: 0, end_time: 1}]",
        "[{speaker_id: 0, start_time: 0, end_time: 1.125}]",
        "[{speaker_id: 0, start_time: 5, end_time: 6}, {speaker_id: 0, start_time: 0, end_time: 5.5}]",
    ],
)
def test_a_result_may_differ_from_what_is_only_inferred(segments: str, tmp_path: Path) -> None:
    assert check(f"rules: [{{then: {{result: {result(segments)}}}}}]", tmp_path) == ({}, [])


def test_segments_may_overlap_as_those_of_a_reference_do(tmp_path: Path) -> None:
    segments = "[[{speaker_id: 0, start_time: 0, end_time: 5}, {speaker_id: 1, start_time: 1, end_time: 2}]]"
    assert check(f"rules: [{{then: {{segments: {segments}}}}}]", tmp_path) == ({}, [])


@pytest.mark.parametrize(
    "text",
    ["[]", "x", "rules: 1", "rules: [1]", "rules: [{then: 1}]", "rules: [{then: {result: 1, segments: 1, rttm: 1}}]"],
)
def test_other_forms_are_left_to_others(text: str, tmp_path: Path) -> None:
    assert check(text, tmp_path) == ({}, [])
