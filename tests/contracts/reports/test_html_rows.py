from __future__ import annotations

import re
from typing import Any

import pytest

from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.reports import html_rows
from diarkit_contracts.reports.html_rows import ShownRow, list_rows, name_anchor
from diarkit_contracts.runs.verdict import RowRun


def show(verdict: Any, broken: tuple[str, ...] = ()) -> list[ShownRow]:
    return list(list_rows(verdict.rows, read_history(verdict.exchanges), broken))


def list_captions(row: ShownRow) -> list[str]:
    return [caption for figure in row.figures for _, caption in figure]


def list_pictures(row: ShownRow) -> list[str]:
    return [picture.svg for figure in row.figures for pictures, _ in figure for picture in pictures]


def test_a_plain_upload_is_drawn_with_what_was_answered_and_its_errors(verify_stub: Any) -> None:
    (row,) = show(verify_stub(None, "row-01"))
    (picture,) = list_pictures(row)
    for told in ("expected 0", "answer 0", "DER 0.0%", "who speaks when, as recorded and as answered"):
        assert told in picture


@pytest.mark.parametrize("row", ["row-02", "row-03", "row-04", "row-06"])
def test_an_answer_to_other_than_the_whole_file_stands_beside_it_without_errors(verify_stub: Any, row: str) -> None:
    (shown,) = show(verify_stub(None, row))
    recorded, answered = list_captions(shown)[:2]
    assert recorded == "What the recording holds."
    assert answered.startswith("What was answered for ")
    assert not [picture for picture in list_pictures(shown) if "DER" in picture]


def test_channels_keep_their_numbers(verify_stub: Any) -> None:
    (row,) = show(verify_stub(None, "row-04"))
    ((_, (answered, _)),) = row.figures
    assert [re.findall(r">channel (\d)<", picture.svg) for picture in answered] == [["0"], ["2"]]


def test_pictures_take_colours_and_size_from_the_page(verify_stub: Any) -> None:
    (row,) = show(verify_stub(None, "row-01"))
    (picture,) = list_pictures(row)
    head = picture.partition(">")[0]
    assert 'role="img" aria-label="Timeline of who speaks when' in head
    assert not re.search(r' (width|height)="', head)
    assert not {"#222222", "#f3f3f3", "#d0d0d0", "#ffffff"} & set(re.findall("#[0-9a-f]{6}", picture))


def test_a_refusal_has_no_picture_and_a_line(verify_stub: Any) -> None:
    (row,) = show(verify_stub(None, "bad-01"))
    assert row.figures == ()
    assert row.answers == ("404 resource.not-found",)
    assert [line.answered for line in row.lines] == ["404 resource.not-found"]


def test_a_body_that_is_the_same_as_before_is_shown_once(verify_stub: Any) -> None:
    (row,) = show(verify_stub(None, "row-01"))
    bodies = [line.body for line in row.lines]
    assert bodies[0]
    assert bodies[-1] == ""


def test_rows_with_findings_are_marked(verify_stub: Any) -> None:
    verdict = verify_stub(None, "row-01", "bad-01")
    rows = show(verdict, (verdict.rows[1].name,))
    assert [(row.anchor, row.broken) for row in rows] == [("row-01", False), ("bad-01", True)]


def test_a_recording_is_one_row(verify_stub: Any) -> None:
    history = read_history(verify_stub(None, "row-01", "bad-01").exchanges)
    (row,) = list_rows((), history, ())
    assert row.anchor == "all-exchanges"
    assert len(row.lines) == len(history.exchanges)


def test_only_so_many_results_are_drawn(verify_stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = verify_stub(None, "row-01", "row-02")
    before = [len(row.figures) for row in show(verdict)]
    monkeypatch.setattr(html_rows, "MOST_PICTURES", before[0])
    assert [len(row.figures) for row in show(verdict)] == [before[0], 0]


def test_times_that_can_not_be_drawn_are_left_out(verify_stub: Any) -> None:
    (row,) = show(verify_stub({b'"start_time": 0.': b'"start_time": 100000000.'}, "row-01"))
    assert list_pictures(row)


def test_anchors_are_ids_of_rows() -> None:
    assert name_anchor("row-07[2ch-4.0s]") == "row-07"
    assert name_anchor("all exchanges") == "all-exchanges"
    (row,) = list_rows((RowRun(name="bad-02[x]", at=()),), read_history(()), ())
    assert row == ShownRow(anchor="bad-02", name="bad-02[x]", broken=False, answers=(), figures=(), lines=())
