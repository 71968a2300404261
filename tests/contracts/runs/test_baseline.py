from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.runs.baseline import BaselineError, apply_baseline, load_baseline, read_baseline
from diarkit_contracts.runs.verdict import Exit

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 6, 1)
COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}


def write(*entries: str) -> str:
    return "version: 1\naccepted:\n" + "".join(f"  - {{{entry}, reason: known}}\n" for entry in entries)


def accept(verdict: Any, *entries: str) -> Any:
    return apply_baseline(verdict, read_baseline(write(*entries), "b.yaml"), TODAY)


ALL = "clause: result.count-is-ids, expires: 2026-06-01"


def test_an_accepted_finding_is_shown_and_does_not_fail(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT)
    broken = [each for each in verdict.findings if each.clause.id == "result.count-is-ids"]
    after = accept(verdict, ALL)
    assert [each.finding for each in after.accepted] == broken
    assert {each.reason for each in after.accepted} == {"known"}
    assert len(after.findings) == len(verdict.findings) - len(broken)
    assert (verdict.decide_exit(), after.decide_exit()) == (Exit.FINDINGS, Exit.FINE)
    assert after.stale == ()


@pytest.mark.parametrize("row", ["row-01", '"row-01[2ch-4.0s]"'])
def test_an_entry_for_a_row_is_for_this_row_alone(verify_stub: Any, row: str) -> None:
    after = accept(verify_stub(COUNT), f"{ALL}, row: {row}")
    assert {each.finding.row for each in after.accepted} == {"row-01[2ch-4.0s]"}
    assert after.decide_exit() is Exit.FINDINGS


def test_the_entry_of_a_row_counts_before_that_of_all(verify_stub: Any) -> None:
    text = write(ALL).replace("known", "all of them") + write(f"{ALL}, row: row-01").partition("accepted:\n")[2]
    after = apply_baseline(verify_stub(COUNT), read_baseline(text, "b.yaml"), TODAY)
    reasons = {each.finding.row.partition("[")[0]: each.reason for each in after.accepted}
    assert (reasons.pop("row-01"), set(reasons.values())) == ("known", {"all of them"})
    assert after.stale == ()


def test_the_day_after_the_last_day_it_fails_again_and_says_so(verify_stub: Any) -> None:
    after = accept(verify_stub(COUNT), "clause: result.count-is-ids, expires: 2026-05-31")
    assert after.accepted == ()
    assert after.stale == (
        "b.yaml:3: result.count-is-ids was accepted until 2026-05-31: mend the server, or say a later day",
    )
    assert after.decide_exit() is Exit.FINDINGS


def test_an_entry_that_accepts_nothing_is_told_but_does_not_fail(verify_stub: Any) -> None:
    after = accept(verify_stub(), ALL)
    assert after.stale == ("b.yaml:3: result.count-is-ids was not found: if it is mended, drop the entry",)
    assert after.decide_exit() is Exit.FINE


def test_an_entry_of_a_row_that_was_not_sent_may_be_needed_elsewhere(verify_stub: Any) -> None:
    assert accept(verify_stub(None, "bad-01"), f"{ALL}, row: row-01").stale == ()
    assert accept(verify_stub(None, "row-01"), f"{ALL}, row: row-01").stale != ()


@pytest.mark.parametrize("ending", ["yaml", "json"])
def test_a_file_is_yaml_or_json(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"b.{ending}"
    path.write_text(
        '{"version": 1, "accepted": [\n{"clause": "shape.json", "reason": "r", "expires": "2026-01-01"}]}'
        if ending == "json"
        else "version: 1\naccepted:\n- clause: shape.json\n  reason: r\n  expires: 2026-01-01\n",
        encoding="utf-8",
    )
    (entry,) = load_baseline(path).entries
    assert (entry.clause, entry.row, entry.expires) == ("shape.json", "", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "got nothing"),
        ("- a", 1, "expected the file to have the keys version, accepted"),
        ("accepted: []", 1, "expected `version: 1`"),
        ("version: 2\naccepted: []", 1, "expected `version: 1`"),
        ("version: 1", 1, "expected a list under `accepted`"),
        ("version: 1\naccepted: {}", 2, "expected a list under `accepted`"),
        ("version: 1\nother: 2\naccepted: []", 2, "got 'other'"),
        ("version: 1\nversion: 1\naccepted: []", 2, "version is there twice"),
        ("version: 1\naccepted:\n  - 7", 3, "expected an entry to have the keys"),
        ("version: 1\naccepted:\n  - clause: shape.json", 3, "expected reason and expires in each entry"),
        (write("clause: shape.jsn, expires: 2026-01-01"), 3, "did you mean shape.json?"),
        (write("clause: xyz, expires: 2026-01-01"), 3, "see `diarkit clauses`"),
        (write("clause: shape.json, expires: soon"), 3, "expected a day such as 2026-12-31 for expires, got 'soon'"),
        (write("clause: shape.json, expires: ''"), 3, "expected a text for expires"),
        (write("clause: [a], expires: 2026-01-01"), 3, "expected a text for clause"),
        ("version: 1\naccepted: [", 2, "expected YAML or JSON"),
        ("version: 1\n\x07", 1, "expected YAML or JSON"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, line: int, said: str) -> None:
    with pytest.raises(BaselineError) as caught:
        read_baseline(text, "b.yaml")
    assert (caught.value.file, caught.value.line) == ("b.yaml", line)
    assert said in caught.value.reason
    assert str(caught.value).startswith(f"b.yaml:{line}: ")


def test_what_is_no_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_bytes(b"version: 1\n# \xff")
    with pytest.raises(BaselineError, match=r"b\.yaml:2: expected UTF-8"):
        load_baseline(path)
