from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity, inferred
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.reports import html
from diarkit_contracts.reports.html import draw_results, write_html
from diarkit_contracts.rows.plan import list_rows
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.verdict import Accepted, Cause, Why
from diarkit_contracts.target.client import CAPS

VOID = {"meta", "br"}
COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}
EVIL = {
    b'"state": "done"': b'"state": "<script>alert(1)</script><img src=http://evil/x onerror=y>\\u001b[1m"',
    b'"message": "No."': b'"message": "</code></td><iframe src=http://evil>"',
}


class Page(HTMLParser):
    """Reads a page: its tags, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("replaced", [{}, COUNT, EVIL, {b"{": b"["}])
def test_a_page_is_whole_and_loads_nothing(verify_stub: Any, replaced: dict[bytes, bytes]) -> None:
    page = Page(write_html(verify_stub(replaced)))
    assert page.open == []
    assert not {"script", "img", "iframe", "link", "object", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in {"src", "srcset", "style"} or name.startswith("on")]
    assert {value[0] for name, value in page.attributes if name == "href"} <= {"#"}
    assert "url(" not in write_html(verify_stub(replaced))
    assert "@import" not in write_html(verify_stub(replaced))


def test_a_finding_is_headed_by_its_own_severity(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT)
    finding = next(each for each in verdict.findings if each.severity is Severity.ERROR)
    weaker = replace(finding, fault=replace(finding.fault, evidence=inferred("pages of a sibling")))
    page = write_html(replace(verdict, findings=(finding, weaker)))
    headings = re.findall(r"<h3><span>(\w+)</span> ([\w.-]+)</h3>", page)
    assert headings == [("error", finding.clause.id), ("warning", finding.clause.id)]


def test_links_lead_to_places_of_the_page(verify_stub: Any) -> None:
    page = Page(write_html(verify_stub(COUNT)))
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    links = {value[1:] for name, value in page.attributes if name == "href"}
    assert links
    assert links <= set(ids)


def test_a_finding_is_told_with_everything(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT, "row-01")
    text = write_html(verdict)
    for told in (
        "<title>FINDINGS: http://stub:8000</title>",
        verdict.findings[0].fault.expected,
        "<strong>3</strong>",
        "0: POST /api/technology/speaker-diarization -&gt; 202 pending",
        "speaker_diarization.openapi.yaml, line ",
        "diarkit verify http://stub:8000 --only row-01",
    ):
        assert told in text


@pytest.mark.parametrize(
    ("whys", "end"),
    [((), 0), ((Why(Cause.NEVER_SEEN, "never seen: x"),), 3), ((Why(Cause.UNREACHABLE, "gone & away"),), 4)],
)
def test_the_head_says_how_it_ended(verify_stub: Any, whys: tuple[Why, ...], end: int) -> None:
    text = write_html(replace(verify_stub(), whys=whys))
    assert f'<header class="end-{end}">' in text
    assert ("gone &amp; away" in text) is (end == 4)


def test_what_is_accepted_skipped_kept_and_undocumented_is_told(verify_stub: Any) -> None:
    verdict = verify_stub({b'"message": "No."': b'"message": "No.", "extra": 1', **COUNT})
    accepted = Accepted(finding=verdict.findings[0], reason="known", expires="2030-01-01")
    text = write_html(replace(verdict, accepted=(accepted,), stale=("f:1: old",), events=("429 twice",)))
    titles = re.findall(r"<h2>([^<]*)</h2>", text)
    assert titles == [
        "Findings", "Accepted by the baseline", "Stale baseline entries", "Undocumented", "Skipped", "Passed", "Events",
        "Requests and answers",
    ]  # fmt: skip
    assert "field extra" in text


def test_light_and_dark_and_narrow_screens_are_thought_of(verify_stub: Any) -> None:
    text = write_html(verify_stub())
    for said in ("prefers-color-scheme: dark", "max-width: 40rem", "width=device-width", "@media print"):
        assert said in text


def test_pictures_say_what_they_are_and_all_that_scrolls_is_reached_by_keyboard(verify_stub: Any) -> None:
    text = write_html(verify_stub(COUNT))
    assert text.count("<svg") == text.count('role="img" aria-label="Timeline of who speaks when')
    for scrolling in ("<figure", "<pre", '<div class="wide"'):
        opened = re.findall(f"{scrolling}[^>]*>", text)
        assert opened
        assert all('tabindex="0"' in tag or 'class="line"' in tag for tag in opened)


def test_a_full_run_is_a_page_below_a_megabyte(verify_stub: Any) -> None:
    rows = [row.id for row in list_rows() if row.needs is None]
    verdict = verify_stub({b'"speakers_count": ': b'"speakers_count": 9'}, *rows, caps=CAPS[Tier.FULL])
    assert len(verdict.rows) > 60
    assert len(verdict.findings) > 30
    assert len(write_html(verdict).encode()) < 1_000_000


def test_rows_with_findings_are_open_and_the_others_are_not(verify_stub: Any) -> None:
    text = write_html(verify_stub(COUNT, "row-01", "bad-01"))
    assert re.findall(r'<details id="([^"]*)"( class="broken" open)?>', text) == [
        ("row-01", ' class="broken" open'),
        ("bad-01", ""),
    ]


def test_a_row_shows_its_answers_once_and_a_body_where_it_is_new(verify_stub: Any) -> None:
    text = write_html(verify_stub(None, "row-01"))
    assert '<span class="answers">202 pending &rarr; 200 running &rarr; 200 done</span>' in text
    lines = re.findall(r"<tr><td>\d+</td><td>.*</tr>", text)
    assert [">{&#34;" in line for line in lines] == [True, True, True, *[False] * (len(lines) - 3)]
    assert len(lines) > 3


def test_a_recording_is_one_row(verify_stub: Any) -> None:
    verdict = replace(verify_stub(None, "row-01", "bad-01"), rows=())
    text = write_html(verdict)
    assert re.findall(r'<details id="([^"]*)"', text) == ["all-exchanges"]
    assert len(re.findall(r"<tr><td>\d+</td><td>", text)) == len(verdict.exchanges)


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
    monkeypatch.setattr(html, "MOST_PICTURES", 1)
    assert list(draw_results(history)) == [first]


def test_times_that_can_not_be_drawn_are_left_out(verify_stub: Any) -> None:
    assert draw(verify_stub({b'"start_time": 0.': b'"start_time": 100000000.'}, "row-01"))[0]
