from __future__ import annotations

import re
from typing import Any

import pytest

from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.reports.html_rows import draw_rows, name_anchor
from diarkit_contracts.runs.verdict import RowRun


def draw(verdict: Any, broken: tuple[str, ...] = ()) -> str:
    return "\n".join(draw_rows(verdict.rows, read_history(verdict.exchanges), broken))


def test_a_plain_upload_is_drawn_with_what_was_answered_and_its_errors(verify_stub: Any) -> None:
    text = draw(verify_stub(None, "row-01"))
    assert text.count("<svg") == 1
    assert "expected 0" in text
    assert "answer 0" in text
    assert "DER 0.0%" in text


@pytest.mark.parametrize("row", ["row-02", "row-03", "row-04", "row-06"])
def test_an_answer_to_other_than_the_whole_file_stands_beside_it_without_errors(verify_stub: Any, row: str) -> None:
    text = draw(verify_stub(None, row))
    assert text.count("<svg") >= 2
    assert "What the recording holds." in text
    assert "What was answered for " in text
    assert "DER" not in text


def test_channels_keep_their_numbers(verify_stub: Any) -> None:
    answered = draw(verify_stub(None, "row-04")).partition("What the recording holds.")[2]
    assert re.findall(r">channel (\d)<", answered) == ["0", "2"]


def test_a_refusal_has_no_picture_and_a_table(verify_stub: Any) -> None:
    text = draw(verify_stub(None, "bad-01"))
    assert "<svg" not in text
    assert "404 resource.not-found" in text


def test_rows_with_findings_are_open(verify_stub: Any) -> None:
    verdict = verify_stub(None, "row-01", "bad-01")
    text = draw(verdict, (verdict.rows[1].name,))
    assert re.findall(r'<details id="([^"]*)"( class="broken" open)?>', text) == [
        ("row-01", ""),
        ("bad-01", ' class="broken" open'),
    ]


def test_a_recording_is_one_row(verify_stub: Any) -> None:
    history = read_history(verify_stub(None, "row-01", "bad-01").exchanges)
    text = "\n".join(draw_rows((), history, ()))
    assert text.count("<details") == 1
    assert text.count("<tr><td>") == len(history.exchanges)


def test_times_that_can_not_be_drawn_are_left_out(verify_stub: Any) -> None:
    verdict = verify_stub({b'"start_time": 0.': b'"start_time": 100000000.'}, "row-01")
    assert "<svg" in draw(verdict)


def test_anchors_are_ids_of_rows() -> None:
    assert name_anchor("row-07[2ch-4.0s]") == "row-07"
    assert name_anchor("all exchanges") == "all-exchanges"
    assert "\n".join(draw_rows((RowRun(name="bad-02[x]", at=()),), read_history(()), ())).startswith(
        '<details id="bad-02">'
    )
