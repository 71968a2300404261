from __future__ import annotations

import json
import re
from html import unescape

import pytest

from diarkit_contracts.coverage.points import Source, Tally, list_points
from diarkit_contracts.reports.coverage import FORMS, MOST, list_next, write_coverage, write_share

POINTS = list_points()
PLAYS = {point.id: f"play({index} < 1 | 2)" for index, point in enumerate(reversed(POINTS))}
TALLY = Tally(frozenset(point.id for point in POINTS[:3]), frozenset({POINTS[0].id}))
WHOLE = Tally(*[frozenset(point.id for point in POINTS)] * 2)


def test_the_most_useful_come_first_and_what_was_met_not_at_all() -> None:
    following = list_next(TALLY, PLAYS)
    assert [point for point, _ in following] == list(reversed(POINTS))[:MOST]
    met = {POINTS[0].id: "x", POINTS[5].id: "y"}
    assert list_next(TALLY, met) == [(POINTS[5], "y")]


def test_the_share_counts_what_was_met_and_by_whom() -> None:
    assert (
        write_share(TALLY)
        == f"3 of {len(POINTS)} points met ({300 / len(POINTS):.1f} %), 1 of them without a conduct finding"
    )


def test_a_text_names_ten_things_to_do_and_counts_the_rest() -> None:
    text = write_coverage("text", TALLY, PLAYS)
    assert text.count("play(") == MOST
    sent = sum(point.source is Source.SENT for point in POINTS)
    assert f"and {sent - MOST} more" in text


def test_nothing_is_left_to_say_when_all_is_met() -> None:
    assert write_coverage("text", WHOLE, PLAYS).splitlines() == [write_share(WHOLE)]


@pytest.mark.parametrize("form", ["html", "md", "json"])
@pytest.mark.parametrize("tally", [TALLY, WHOLE], ids=["some", "all"])
def test_each_form_has_all_points(form: str, tally: Tally) -> None:
    written = unescape(write_coverage(form, tally, PLAYS))
    assert all(point.text in written for point in POINTS)


def test_json_is_for_programs() -> None:
    written = json.loads(write_coverage("json", TALLY, PLAYS))
    assert [point["id"] for point in written["points"]] == [point.id for point in POINTS]
    standings = [point["standing"] for point in written["points"][:4]]
    assert standings == ["met, and the client behaved", "met", "met", "never met"]


def test_a_page_loads_nothing_and_escapes_what_it_shows() -> None:
    page = write_coverage("html", TALLY, PLAYS)
    assert "default-src 'none'" in page
    assert re.findall(r"(?:src|href)=", page) == []
    assert "play(0 &lt; 1 | 2)" in page
    assert "play(0 < 1" not in page


def test_a_table_of_markdown_is_not_broken_by_what_is_in_it() -> None:
    rows = [line for line in write_coverage("md", TALLY, PLAYS).splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


def test_the_forms_are_those_of_the_flags() -> None:
    assert set(FORMS) == {"text", "html", "md", "json"}
