from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.runs.baseline import apply_baseline, read_baseline
from diarkit_contracts.runs.verdict import Exit
from diarkit_fixtures.texts.read import TextError, load_text

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
        "b.yaml:3: result.count-is-ids was accepted until 2026-05-31: fix the server, or extend the date",
    )
    assert after.decide_exit() is Exit.FINDINGS


def test_an_entry_that_accepts_nothing_is_told_but_does_not_fail(verify_stub: Any) -> None:
    after = accept(verify_stub(), ALL)
    assert after.stale == ("b.yaml:3: result.count-is-ids was not found: remove the entry if it is fixed",)
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
    ((entry, _),) = read_baseline(load_text(path), str(path))
    assert (entry.clause, entry.row, entry.expires) == ("shape.json", "", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1: the file is empty"),
        ("- a", "1:1: expected a mapping (version, accepted), got a list"),
        ("accepted: []", "1:1: expected the key version, got none"),
        ("version: 2\naccepted: []", "1:10: version: expected 1, got the number 2"),
        ("version: 1", "1:1: expected the key accepted, got none"),
        ("version: 1\naccepted: {}", "2:11: accepted: expected a list, got a mapping"),
        ("version: 1\nacepted: []", "2:1: unknown key 'acepted': expected version or accepted; did you mean accepted?"),
        ("version: 1\nversion: 1\naccepted: []", "2:1: the key 'version' is there twice, first in line 1"),
        ("version: 1\naccepted:\n  - 7", "3:5: accepted: expected a mapping (clause, row, reason, expires), got the number 7"),
        ("version: 1\naccepted:\n  - clause: shape.json", "3:5: expected the key expires, got none"),
        (write("clause: shape.jsn, expires: 2026-01-01"),
         "3:14: clause: expected the id of a clause, got 'shape.jsn'; did you mean shape.json?"),
        (write("clause: xyz, expires: 2026-01-01"),
         "3:14: clause: expected the id of a clause, got 'xyz' (see `diarkit clauses`)"),
        (write("clause: shape.json, expires: soon"), "3:35: expires: expected a date such as 2026-12-31, got 'soon'"),
        (write("clause: shape.json, expires: ''"), "3:35: expires: expected a date such as 2026-12-31, got ''"),
        (write("clause: [a], expires: 2026-01-01"), "3:14: clause: expected a text, got a list"),
        ("version: 1\naccepted:\n- {clause: shape.json, reason: ' ', expires: 2026-01-01}",
         "3:32: reason: expected a reason, got ' '"),
        ("version: 1\naccepted: [", "3:1: not YAML: "),
        ("version: 1\n\x07", "2:1: not YAML: the character '\\x07' is not allowed"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(TextError) as caught:
        read_baseline(text, "b.yaml")
    assert any(str(one).startswith(f"b.yaml:{told}") for one in caught.value.problems), caught.value


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(TextError) as caught:
        read_baseline(write("clause: shape.jsn, expires: soon", "row: 7, expires: 2026-01-01"), "b.yaml")
    assert [(one.line, one.column) for one in caught.value.problems] == [(3, 14), (3, 34), (4, 5), (4, 11)]


def test_what_is_no_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_bytes(b"version: 1\n# \xff")
    with pytest.raises(TextError, match=r"b\.yaml:2:3: expected UTF-8, got the byte 0xff"):
        read_baseline(load_text(path), str(path))
