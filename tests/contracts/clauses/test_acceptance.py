from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses import acceptance
from diarkit_contracts.clauses.catalogue import find_clause, judge_all, list_clauses
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.exchanges.history import read_history

if TYPE_CHECKING:
    from collections.abc import Callable

CLAUSES = list_clauses(acceptance)

URL = "http://127.0.0.1:8000/api/technology/speaker-diarization"

ALLOWED: list[dict[str, Any]] = [
    {},
    {"config": {}},
    {"config": {"max_speakers": 100}},
    {"config": {"total_speakers": 1}},
    {"query": {"channel_mode": "mix", "channels": "1,0"}, "channels": 2},
    {"query": {"channels": ""}},
    {"query": {"range_from": "0.5", "range_to": "10"}},
    {"query": {"range_from": "0.5", "range_to": "1.3"}},
    {"seconds": 0.8},
    {"query": {"range_from": "0"}},
]

UNKNOWN: list[dict[str, Any]] = [{"config": {"language": "en"}}, {"query": {"colour": "blue"}}]

OPEN: list[dict[str, Any]] = [
    {"config": "{"},
    {"config": {"max_speakers": 1, "total_speakers": 1}},
    {"config": {"max_speakers": None}},
    {"config": {"max_speakers": True}},
    {"config": {"max_speakers": 0}},
    {"config": {"total_speakers": 101}},
    {"query": {"channel_mode": "stereo"}},
    {"query": {"channels": "1"}},
    {"query": {"channels": "0,0"}},
    {"query": {"channels": "x"}},
    {"query": {"channels": "9" * 5_000}},
    {"query": {"range_from": "10"}},
    {"query": {"range_from": "2", "range_to": "1"}},
    {"query": {"range_to": "5e-324"}},
    {"query": {"range_to": "0"}},
    {"query": {"range_from": "nan"}},
    {"query": {"range_to": ""}},
    {"query": {"range_from": "0.5", "range_to": "99"}},
    {"query": {"range_from": "0.5", "range_to": "1.2"}},
    {"seconds": 0},
    {"seconds": 0.79},
    {"file": False},
]


def refuse(status: int) -> Callable[[Any, dict[str, Any]], None]:
    """Write an upload that is refused with the envelope."""

    def write(script: Any, upload: dict[str, Any]) -> None:
        script.post(**upload, status=status, location=None)
        request = script.exchanges.pop().request
        script.refuse("POST", request.url, status, parts=request.parts)

    return write


@pytest.mark.parametrize("status", [400, 404, 415, 422])
@pytest.mark.parametrize("upload", ALLOWED, ids=str)
def test_an_upload_without_a_fault_must_not_be_refused(script: Any, upload: dict[str, Any], status: int) -> None:
    refuse(status)(script, upload)
    assert script.findings().get("acceptance.upload") == "error"


@pytest.mark.parametrize("upload", UNKNOWN, ids=str)
def test_what_is_unknown_must_not_be_refused(script: Any, upload: dict[str, Any]) -> None:
    refuse(422)(script, upload)
    assert script.findings() == {"acceptance.unknown-is-ignored": "warning"}


@pytest.mark.parametrize("upload", OPEN, ids=lambda upload: str(upload)[:60])
def test_what_has_a_fault_or_is_left_open_is_not_judged(script: Any, upload: dict[str, Any]) -> None:
    refuse(422)(script, upload)
    assert not {clause.id for clause in CLAUSES} & script.observed()


@pytest.mark.parametrize("filename", ["a", "a.mp3", "wav", ""])
def test_a_name_that_does_not_say_wav_is_not_judged(script: Any, filename: str) -> None:
    script.post(status=422, location=None)
    exchange = script.exchanges.pop()
    (part,) = exchange.request.parts
    script.refuse("POST", exchange.request.url, 422, parts=(replace(part, filename=filename),))
    assert "acceptance.upload" not in script.observed()


def test_audio_that_is_not_documented_for_rest_may_be_expected_only(script: Any) -> None:
    script.post(status=422, location=None)
    exchange = script.exchanges.pop()
    (part,) = exchange.request.parts
    unusual = replace(part, sound=replace(part.sound, is_usual=False))
    script.refuse("POST", exchange.request.url, 422, parts=(unusual,))
    (judgement,) = [each for each in judge_all(read_history(script.exchanges)) if each.clause.id == "acceptance.upload"]
    ((fault, severity),) = [(each.fault, each.fault.evidence.severity) for each in judgement.broken]
    assert (fault.got, severity) == ("422", Severity.WARNING)


@pytest.mark.parametrize("header", ["Transfer-Encoding", "Expect"])
def test_a_header_may_be_refused(script: Any, header: str) -> None:
    status = {"Transfer-Encoding": 411, "Expect": 417}[header]
    for sent in ((), ((header, "x"),)):
        script.post(status=202)
        request = script.exchanges.pop().request
        script.refuse("POST", request.url, status, parts=request.parts, sent=sent)
        assert ("acceptance.upload" in script.findings()) is (sent == ())
        script.exchanges.clear()


@pytest.mark.parametrize("status", [401, 403, 407, 408, 413, 429, 507])
def test_a_server_may_always_be_full_or_busy(script: Any, status: int) -> None:
    refuse(status)(script, {})
    assert not {clause.id for clause in CLAUSES} & script.observed()


@pytest.mark.parametrize(
    ("state", "findings"), [("done", {}), ("failed", {}), ("rejected", {"acceptance.not-rejected": "warning"})]
)
def test_its_task_must_not_be_rejected(script: Any, state: str, findings: dict[str, str]) -> None:
    script.get(script.post(), state)
    assert script.findings() == findings


@pytest.mark.parametrize(
    ("ends", "broken"),
    [
        ("done", 0),
        ("failed", 0),
        ("failed failed", 2),
        ("failed done", 0),
        ("failed rejected", 0),
        ("failed of-b-failed", 0),
        ("failed of-b-failed of-c-failed", 3),
        ("failed of-b-failed of-c-failed of-d-done of-e-done of-f-done", 3),
        ("failed of-b-failed of-c-failed of-d-done of-e-done of-f-done of-g-done", 0),
    ],
)
def test_its_task_must_not_fail_each_time_in_a_run_of_ours(script: Any, ends: str, broken: int) -> None:
    for end in ends.split():
        script.get(script.post(sha256=end.rpartition("-")[0].rjust(64, "0")), end.rpartition("-")[2])
    judged = judge(find_clause("acceptance.not-failed"), read_history(script.exchanges, given_up=frozenset()))
    assert len(judged.broken) == broken
    # Who recorded may have wanted tasks to fail.
    assert judge(find_clause("acceptance.not-failed"), read_history(script.exchanges)).observations == ()


def test_every_clause_was_broken_here() -> None:
    assert {clause.id for clause in CLAUSES} == {
        "acceptance.upload",
        "acceptance.unknown-is-ignored",
        "acceptance.not-rejected",
        "acceptance.not-failed",
    }
