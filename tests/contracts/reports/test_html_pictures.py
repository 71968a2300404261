from __future__ import annotations

import re
from typing import Any

import pytest

from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.reports import html_pictures
from diarkit_contracts.reports.html_pictures import draw_results


def draw(verdict: Any) -> tuple[list[str], list[str]]:
    """Draw the results of a verdict: all pictures, and all captions."""
    figures = [each for figure in draw_results(read_history(verdict.exchanges)).values() for each in figure]
    return [picture.svg for pictures, _ in figures for picture in pictures], [caption for _, caption in figures]


def test_a_plain_upload_is_drawn_with_what_was_answered_and_its_errors(verify_stub: Any) -> None:
    pictures, _ = draw(verify_stub(None, "row-01"))
    for told in ("expected 0", "answer 0", "DER 0.0%", "who speaks when, as recorded and as answered"):
        assert told in pictures[0]


@pytest.mark.parametrize("row", ["row-02", "row-03", "row-04", "row-06"])
def test_an_answer_to_other_than_the_whole_file_stands_beside_it_without_errors(verify_stub: Any, row: str) -> None:
    pictures, captions = draw(verify_stub(None, row))
    assert captions[0] == "The truth of the recording."
    assert captions[1].startswith("The answer for ")
    assert not [picture for picture in pictures if "DER" in picture]


def test_channels_keep_their_numbers(verify_stub: Any) -> None:
    (_, (answered, _)), *_ = draw_results(read_history(verify_stub(None, "row-04").exchanges)).values()
    assert [re.findall(r">channel (\d)<", picture.svg) for picture in answered] == [["0"], ["2"]]


def test_pictures_take_colours_and_size_from_the_page(verify_stub: Any) -> None:
    picture = draw(verify_stub(None, "row-01"))[0][0]
    head = picture.partition(">")[0]
    assert 'role="img" aria-label="Timeline of who speaks when' in head
    assert not re.search(r' (width|height)="', head)
    assert not {"#222222", "#f3f3f3", "#d0d0d0", "#ffffff"} & set(re.findall("#[0-9a-f]{6}", picture))


def test_a_refusal_has_no_picture(verify_stub: Any) -> None:
    assert draw(verify_stub(None, "bad-01")) == ([], [])


def test_only_so_many_results_are_drawn(verify_stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    history = read_history(verify_stub(None, "row-01", "row-02").exchanges)
    first = next(iter(draw_results(history)))
    monkeypatch.setattr(html_pictures, "MOST_PICTURES", 1)
    assert list(draw_results(history)) == [first]


def test_times_that_can_not_be_drawn_are_left_out(verify_stub: Any) -> None:
    assert draw(verify_stub({b'"start_time": 0.': b'"start_time": 100000000.'}, "row-01"))[0]
