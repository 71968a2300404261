from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.exchanges.redaction import Redaction
from diarkit_contracts.reports.write import Kind, Report, ReportError, choose_folder, read_reports, write_reports

SECRET = "hunter2-hunter2"  # noqa: S105 - of nobody


def test_reports_are_named_in_one_text_or_several(tmp_path: Path) -> None:
    a, b, c = (tmp_path / name for name in ("a", "b", "c"))
    assert read_reports([f"json={a}, junit={b}", f"html={c}"]) == (
        Report(Kind.JSON, a),
        Report(Kind.JUNIT, b),
        Report(Kind.HTML, c),
    )
    assert read_reports([]) == ()


def test_github_goes_to_the_summary_of_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    assert read_reports(["github"]) == (Report(Kind.GITHUB, tmp_path / "summary"),)
    assert read_reports([f"github={tmp_path / 'own'}"]) == (Report(Kind.GITHUB, tmp_path / "own"),)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["pdf=x"], "expected reports such as json=FILE,junit=FILE,html=FILE,github=FILE, got 'pdf=x'"),
        ([""], "got ''"),
        (["json"], "expected a file for the report, as in json=json-report, got 'json'"),
        (["json=a,json=b"], "expected each report once, got json twice"),
        (["json=a", "html=a"], "expected a separate file for each report, got a twice"),
        (["json=no/such/folder/a"], "expected a file in a folder that exists"),
        (["json=."], "expected a file in a folder that exists"),
        (["github"], "expected a file for the report"),
    ],
)
def test_what_can_not_be_is_told(texts: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    with pytest.raises(ReportError) as caught:
        read_reports(texts)
    assert said in str(caught.value)


def test_files_of_findings_lie_beside_the_first_report_or_the_recording() -> None:
    json_, github = Report(Kind.JSON, Path("out/run.json")), Report(Kind.GITHUB, Path("summary"))
    assert choose_folder([github, json_], Path("x.ndjson")) == Path("out/run-inputs")
    assert choose_folder([github], Path("x.ndjson")) == Path("x-inputs")
    assert choose_folder([github]) is None


@pytest.mark.parametrize("kind", Kind)
def test_each_report_is_written_and_tells_no_secret(verify_stub: Any, stub: Any, tmp_path: Path, kind: Kind) -> None:
    stub.URL = f"http://me:{SECRET}@stub:8000"
    verdict = verify_stub(
        {b'"speakers_count": 2': b'"speakers_count": 3', b'"message": "No."': f'"message": "{SECRET}"'.encode()},
        headers=(("Authorization", f"Bearer {SECRET}"), ("X-Own", SECRET)),
        redaction=Redaction([f"Bearer {SECRET}", SECRET]),
    )
    assert ("Authorization", f"Bearer {SECRET}") in stub.seen[0].headers
    path = tmp_path / "report"
    write_reports([Report(kind, path)], verdict, Severity.ERROR, tmp_path)
    text = path.read_text("utf-8")
    assert "result.count-is-ids" in text
    assert "Authorization" in text
    assert SECRET not in text


def test_a_summary_is_added_to_that_of_others_and_a_file_is_replaced(verify_stub: Any, tmp_path: Path) -> None:
    for kind in (Kind.GITHUB, Kind.JSON):
        (tmp_path / kind).write_text("before\n", encoding="utf-8")
    write_reports([Report(kind, tmp_path / kind) for kind in (Kind.GITHUB, Kind.JSON)], verify_stub())
    assert (tmp_path / "github").read_text("utf-8").startswith("before\n## diarkit verify")
    assert json.loads((tmp_path / "json").read_text("utf-8"))["exit"] == 0
