from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.reports.text import MOST_OTHERS, list_lines
from diarkit_contracts.runs.verdict import Cause, Undocumented, Why
from diarkit_contracts.target.client import Caps

COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}


def show(verdict: Any, *arguments: Any, **options: Any) -> str:
    return click.unstyle("\n".join(list_lines(verdict, *arguments, **options)))


def test_a_finding_says_what_was_expected_and_seen_and_how_it_is_known_and_repeated(verify_stub: Any) -> None:
    verdict = verify_stub(COUNT, "row-01")
    lines = show(verdict).splitlines()
    assert lines[:4] == [
        "error: result.count-is-ids  row-01[2ch-4.0s]",
        f"  {verdict.findings[0].clause.sentence}",
        f"  expected  {verdict.findings[0].fault.expected}",
        "  seen      3",
    ]
    assert lines[4] == "  exchange  0: POST /api/technology/speaker-diarization -> 202 pending"
    assert lines[6].startswith("  evidence  INF: ")
    assert lines[7] == "  repeat    diarkit verify http://stub:8000 --only row-01"
    assert lines[8].startswith("  curl      curl -i -F ")
    assert lines[9] == "            (--report html=FILE saves wav-2ch-4.0s.wav for it)"
    assert "    | import httpx" in lines


def test_a_saved_file_is_named_by_its_path(verify_stub: Any) -> None:
    shown = show(verify_stub(COUNT, "row-01"), folder=Path("some/folder"))
    assert 'file=@"some/folder/wav-2ch-4.0s.wav"' in shown
    assert "saves" not in shown


def test_findings_come_first_and_the_verdict_last(verify_stub: Any) -> None:
    lines = show(verify_stub(COUNT)).splitlines()
    heads = [line for line in lines if line and not line.startswith(" ")]
    assert heads[0].startswith("error: ")
    assert heads.index("skipped") < heads.index("passed") < len(heads) - 2
    assert heads[-2] == "http://stub:8000 against profile 3.6, tier lite"
    assert heads[-1].startswith("FINDINGS: ")


def test_a_row_is_shown_how_to_be_repeated_once(verify_stub: Any) -> None:
    verdict = verify_stub({**COUNT, b'"start_time": 0': b'"start_time": 90'}, "row-01")
    assert len(verdict.findings) > 1
    shown = show(verdict)
    assert shown.count("import httpx") == 1
    assert shown.count("--only row-01") == len(verdict.findings)


def test_every_skip_has_its_reason_and_every_pass_its_observations(verify_stub: Any) -> None:
    verdict = verify_stub()
    shown = show(verdict)
    assert verdict.skipped
    skipped = shown.partition("skipped\n")[2].partition("\n\n")[0]
    for each in verdict.skipped:
        assert each.name in skipped.partition(f"  {each.reason}\n")[2]
    kept = {line.split()[0]: line.split()[1] for line in shown.partition("passed\n")[2].split("\n\n")[0].splitlines()}
    assert kept == {each.clause.id: str(each.observations) for each in verdict.passed}


def test_the_same_mistake_in_other_rows_is_told_in_short_and_in_many_by_their_names(verify_stub: Any) -> None:
    verdict = verify_stub({b'"type": "': b'"type": "x'})
    shown = show(verdict)
    schema = [finding for finding in verdict.findings if finding.clause.id == "shape.schema"]
    assert len(schema) > MOST_OTHERS + 1
    assert shown.count(schema[0].clause.sentence) == 1
    for finding in schema[: MOST_OTHERS + 1]:
        assert f"error: shape.schema  {finding.row}" in shown
        assert f"--only {finding.row.partition('[')[0]}" in shown
    left = schema[MOST_OTHERS + 1 :]
    names = shown.partition(f"error: shape.schema  and in {len(left)} rows more\n")[2].partition("\n\n")[0]
    assert [name.strip() for name in " ".join(names.split()).split(", ")] == [finding.row for finding in left]
    assert "for complete findings: --report html=FILE" in shown


def test_a_run_that_could_show_nothing_says_what_to_do_at_its_end(verify_stub: Any) -> None:
    assert "what to do" not in show(verify_stub())
    lines = show(verify_stub(None, caps=Caps(tasks=0, spare=0))).splitlines()
    at = lines.index("what to do")
    assert lines[at + 1] == "  rows were skipped by the limit on tasks: raise --max-tasks"
    assert at > len(lines) - 8


def test_what_a_server_says_reaches_no_terminal_as_it_is(verify_stub: Any) -> None:
    verdict = verify_stub({b'"state": "done"': b'"state": "\\u001b[2Jdone\\u202e"'}, "row-01")
    shown = "\n".join(list_lines(verdict))
    assert r"\x1b[2Jdone\u202e" in shown
    assert "\x1b[2J" not in shown


def test_a_server_that_does_not_answer_is_two_lines(verify_stub: Any) -> None:
    from dataclasses import replace  # noqa: PLC0415

    verdict = replace(verify_stub(), whys=(Why(Cause.UNREACHABLE, "u does not answer: gone"),))
    assert show(verdict) == "u does not answer: gone\nUNREACHABLE: http://stub:8000 against profile 3.6, tier lite"


@pytest.mark.parametrize("fail_on", Severity)
def test_the_colour_of_the_end_is_that_of_the_exit_code(verify_stub: Any, fail_on: Severity) -> None:
    verdict = verify_stub({b'"resource.not-found"': b'"request.invalid"'})
    last = list(list_lines(verdict, fail_on))[-1]
    assert last.startswith("\x1b[32m" if verdict.decide_exit(fail_on) == 0 else "\x1b[31m")


@pytest.mark.parametrize(
    ("number", "shown", "left"),
    [(3, 3, ""), (20, 20, ""), (500, 20, "  and 480 more: --report json=FILE has them all")],
)
def test_of_what_is_not_documented_a_few_are_listed_and_the_others_counted(
    verify_stub: Any, number: int, shown: int, left: str
) -> None:
    more = tuple(Undocumented(what=f"field own_{each}", at=0) for each in range(number))
    lines = show(replace(verify_stub(), undocumented=more)).splitlines()
    assert sum("field own_" in line for line in lines) == shown
    assert [line for line in lines if line.startswith("  and ")] == ([left] if left else [])
