from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.commands.verify import clauses, verify
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.rows.plan import list_rows
from diarkit_contracts.target import transport as http_transport
from diarkit_contracts.target.client import UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://stub:8000"


@pytest.fixture
def run(stub: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `verify` against the server in memory, as fast as it goes."""

    class Transport:
        def __init__(self, *_: Any) -> None:
            self.send = stub.send

        def close(self) -> None:
            stub.closed = True

    monkeypatch.setattr(http_transport, "HttpTransport", Transport)
    monkeypatch.setattr("diarkit_contracts.target.pace.SystemClock.sleep", lambda *_: None)

    def call(*arguments: str, **environment: str) -> Any:
        return CliRunner().invoke(verify, list(arguments), env=environment)

    return call


def test_a_run_says_what_it_costs_and_what_it_found(run: Any) -> None:
    ended = run(URL)
    assert ended.exit_code == 0, ended.output
    assert ended.stderr.startswith("plan lite: 10 tasks, 18 bad requests, about 60 polls, 1.2 MB")
    assert "no findings" in ended.stdout


@pytest.mark.parametrize(("tier", "announced"), [("lite", True), ("probe", False)])
def test_spare_tasks_are_announced_if_there_are_any(run: Any, tier: str, announced: bool) -> None:
    assert ("; up to " in run(URL, "--tier", tier).stderr) is announced


def test_a_finding_ends_with_1_and_its_evidence(run: Any, stub: Any) -> None:
    stub.tamper = lambda _, answer: stub.refuse(400) if answer.status == 422 else answer
    assert run(URL).exit_code == 0
    stub.tamper = lambda _, answer: type(answer)(status=500) if answer.status == 422 else answer
    ended = run(URL)
    assert ended.exit_code == 1
    assert "shape.status  bad-02[bad-task-id]" in ended.stdout
    assert "one of 200, 400, 404, 422, 429 for GET" in ended.stdout


def test_warnings_fail_only_if_asked_to(run: Any, stub: Any) -> None:
    stub.tamper = lambda _, answer: type(answer)(status=404, body=b"") if answer.status == 405 else answer
    assert run(URL).exit_code == 0
    assert run(URL, "--fail-on", "warning").exit_code == 1


def test_too_little_seen_ends_with_3(run: Any) -> None:
    ended = run(URL, "--max-tasks", "0")
    assert ended.exit_code == 3
    assert "never seen: a task that is done" in ended.stdout


def test_a_server_that_does_not_answer_ends_with_4(run: Any, stub: Any) -> None:
    def lose(request: Any, _: Any) -> Any:
        raise UnreachableError(request.url, "gone")

    stub.tamper = lose
    ended = run(URL)
    assert ended.exit_code == 4
    assert "http://stub:8000 does not answer: gone" in ended.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["stub:8000"],
        ["ftp://stub"],
        ["http://stub:port"],
        ["http://"],
        [URL + "?x=1"],
        [URL, "--only", "row-700"],
        [URL, "--profile", "9"],
        [URL, "--header", "no colon"],
        [URL, "--header", "bad name: x"],
        [URL, "--header", "X: a\nb"],
        [URL, "--recording", __file__],
        [URL, "--record", "no/such/folder/run.ndjson"],
        ["--recording", __file__],
    ],
)
def test_wrong_usage_ends_with_2_and_sends_nothing(run: Any, stub: Any, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
    assert stub.seen == []


def test_a_header_that_is_refused_is_not_repeated(run: Any) -> None:
    assert "s3cret" not in run(URL, "--header", "s3cret").output


def test_headers_come_from_flags_and_environment_and_are_kept_nowhere(run: Any, stub: Any, tmp_path: Path) -> None:
    record = tmp_path / "run.ndjson"
    ended = run(
        URL, "--header", "X-A: flag-value", "--record", str(record), DIARKIT_VERIFY_HEADERS="X-B: b-value\nX-C: c-value"
    )
    assert {"X-A", "X-B", "X-C"} <= {name for name, _ in stub.seen[0].headers}
    assert ("X-B", "b-value") in stub.seen[0].headers
    assert not any(
        secret in record.read_text(encoding="utf-8") + ended.output for secret in ("flag-value", "b-value", "c-value")
    )


def test_user_and_password_of_the_url_go_as_a_header_with_every_call(run: Any, stub: Any, tmp_path: Path) -> None:
    record = tmp_path / "run.ndjson"
    run("http://me:pass%20word@stub:8000", "--tier", "probe", "--record", str(record))
    assert {request.url.startswith("http://stub:8000/") for request in stub.seen} == {True}
    assert ("Authorization", "Basic bWU6cGFzcyB3b3Jk") in stub.seen[-1].headers
    assert "bWU6" not in record.read_text(encoding="utf-8")


def test_a_recording_is_judged_without_a_call(run: Any, stub: Any, tmp_path: Path) -> None:
    record = tmp_path / "run.ndjson"
    run(URL, "--record", str(record))
    stub.seen.clear()
    ended = run("--recording", str(record))
    assert (ended.exit_code, stub.seen) == (0, [])
    assert "no findings" in ended.stdout


def test_single_rows_are_sent_alone_after_the_version(run: Any, stub: Any) -> None:
    ended = run(URL, "--only", "row-07", "--only", "bad-01")
    assert ended.exit_code == 0
    assert [request.method for request in stub.seen] == ["GET", "POST", *["GET"] * 6]


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (TerminatedError, 143)])
def test_who_ends_a_run_at_the_version_gets_a_verdict(
    run: Any, stub: Any, tmp_path: Path, error: type[BaseException], code: int
) -> None:
    def end(*_: Any) -> None:
        raise error

    stub.tamper = end
    report = tmp_path / "run.json"
    assert run(URL, "--report", f"json={report}").exit_code == code
    assert len(stub.seen) == 1
    outcomes = json.loads(report.read_text(encoding="utf-8"))["outcomes"]
    assert {each["ending"] for each in outcomes} == {"skipped"}


def test_a_missing_extra_is_named_with_what_to_do(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    ended = run(URL)
    assert ended.exit_code == 2
    assert "pip install 'diarkit[verify]'" in ended.output


def test_all_clauses_and_rows_are_listed() -> None:
    listed = CliRunner().invoke(clauses, []).output
    assert all(
        clause.id in listed and clause.sentence in listed and clause.evidence.source in listed for clause in CLAUSES
    )
    rows = CliRunner().invoke(clauses, ["--rows"]).output
    assert all(row.name in rows for row in list_rows())


def test_the_connection_is_closed(run: Any, stub: Any) -> None:
    run(URL, "--tier", "probe")
    assert stub.closed


def test_recordings_of_somebody_s_own_are_sent_instead_of_a_plan(run: Any, tmp_path: Path) -> None:
    files = [tmp_path / "one.wav", tmp_path / "two.wav"]
    for file in files:
        file.write_bytes(make_input("wav:1ch:2.0s:silence"))
    ended = run(URL, *(word for file in files for word in ("--audio", str(file))))
    assert ended.exit_code == 3, ended.output
    assert ended.stderr.startswith("plan audio: 10 tasks, 0 bad requests, about 60 polls, 0.")
    assert "and up to 2 tasks more, depending on the answers" in ended.stderr
    # The server in memory knows no FLAC.
    assert "audio-1-flac[1ch-2.0s]" in ended.stdout
    assert "it has no result to compare" in ended.stdout
    assert "audio-2-limited[1ch-2.0s]" not in ended.stdout.partition("passed")[2]


@pytest.mark.parametrize("more", [("--tier", "fuzz"), ("--only", "row-01")])
def test_recordings_and_another_plan_are_wrong_usage(run: Any, tmp_path: Path, more: tuple[str, ...]) -> None:
    file = tmp_path / "one.wav"
    file.write_bytes(b"")
    ended = run(URL, "--audio", str(file), *more)
    assert ended.exit_code == 2
    assert "expected one of" in ended.stderr


def test_a_recording_that_is_too_large_is_wrong_usage(
    run: Any, tmp_path: Path, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diarkit_contracts.rows.audio.MOST_BYTES", 10)
    file = tmp_path / "one.wav"
    file.write_bytes(bytes(11))
    ended = run(URL, "--audio", str(file))
    assert ended.exit_code == 2
    assert "expected a recording of at most 0 MB, got a larger one: cut it" in " ".join(ended.stderr.split())
    assert stub.seen == []
